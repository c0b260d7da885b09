"""SMPP accounts (ours): what an application binds with, of a service policy or of the organisation; the sessions that are bound, and what
was refused."""

from enum import IntEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model import esme
from heliograph.model.esme_refusal import remedy_of, words_of
from heliograph.model.problem import Code
from heliograph.service import smpp_refusal
from heliograph.service.manage import smpp_account as accounts
from heliograph.service.manage.smpp_account import Made
from heliograph.store.smpp_account import SmppAccount, SmppSession
from heliograph.store.smpp_refusal import SmppRefusal
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class Status(IntEnum):
    ENABLED = 0
    DISABLED = 1


Choice = Annotated[str, msgspec.Meta(max_length=20)]


class Settings(msgspec.Struct, kw_only=True):
    """What limits an account, and how it is spoken to; null: back to the default. `allowed_addresses`: networks it may bind from, none for
    any. `max_binds`: sessions at a time. `window`: requests of a session that may wait for our answers. `rate`: messages a second.
    `deliver_window`: our requests that may wait for the application's answers. `default_coding`: what data_coding 0 means: gsm7,
    gsm7_packed, latin-1, ascii. `coding_1`: what data_coding 1 means: ascii, gsm7. `long_messages`: how it gets them: udh, sar, payload.
    `alerts`: tell it when a device is back."""

    allowed_addresses: list[str] | UnsetType | None = UNSET
    max_binds: int | UnsetType | None = UNSET
    window: int | UnsetType | None = UNSET
    rate: int | UnsetType | None = UNSET
    deliver_window: int | UnsetType | None = UNSET
    default_coding: Choice | UnsetType | None = UNSET
    coding_1: Choice | UnsetType | None = UNSET
    long_messages: Choice | UnsetType | None = UNSET
    alerts: bool | UnsetType | None = UNSET


class AccountWanted(Settings, kw_only=True, forbid_unknown_fields=True):
    """`service_profile`: whose devices it is for; without it it is the organisation's."""

    service_profile: wire.Ref | UnsetType | None = UNSET


class AccountChange(Settings, kw_only=True, forbid_unknown_fields=True):
    """`status`: 0 enabled, 1 disabled."""

    status: wire.Ref | UnsetType = UNSET


class Id(msgspec.Struct, frozen=True):
    id: int


class AccountView(msgspec.Struct, kw_only=True):
    system_id: str
    status: wire.Described
    organisation: Id
    service_profile: Id | None
    created: str
    password_set: str
    allowed_addresses: list[str]
    max_binds: int
    window: int
    rate: int | None
    deliver_window: int
    default_coding: str
    coding_1: str
    long_messages: str
    alerts: bool


class AccountMade(AccountView, kw_only=True):
    """`password`: shown this once."""

    password: str


class SessionView(msgspec.Struct, kw_only=True):
    """`bind`: transmitter, receiver, transceiver. Noted every ten seconds: `submits` and `delivers`, what it asked for and was sent since
    its bind, and a minute; `unanswered`, its requests that wait for our answers, of which `window` may; `owed`, ours that wait for its."""

    id: int
    system_id: str
    bind: str
    version: str
    address: str
    tls: bool
    bound: str
    submits: int
    delivers: int
    submits_a_minute: int
    delivers_a_minute: int
    unanswered: int
    owed: int


class RefusalView(msgspec.Struct, kw_only=True):
    """`system_id`: null where it was no account's; `detail` has then what was named. `request`: bind, or the PDU. `command_status`: what
    the application was answered, 0 where nothing could be. `reason`: the rule; `why` and `remedy` say it in words. `detail`: of a submit
    the number that the last was for. `count`: how many since `first`."""

    system_id: str | None
    request: str
    command_status: int
    reason: str
    why: str
    remedy: str
    address: str
    detail: str | None
    count: int
    first: str
    last: str


_WANTED = wire.decoder(AccountWanted)
_CHANGE = wire.decoder(AccountChange)


@operation("List SMPP accounts", answer=list[AccountView])
async def list_accounts(call: Call) -> Answer:
    """All, without passwords."""
    return json([_view(each) for each in await accounts.views(call.context.core, call.actor)])


@operation(
    "Create an SMPP account",
    body=AccountWanted,
    example={"max_binds": 4, "allowed_addresses": ["203.0.113.0/24"]},
    answer=AccountMade,
    status=201,
    location=True,
    refuses=(Code.FORBIDDEN, Code.DUPLICATED, Code.INVALID_REFERENCE),
)
async def create(call: Call) -> Answer:
    """201, where it is, and the account with its password, which nobody can read again."""
    wanted = call.decode(_WANTED)
    policy_id = wire.id_of(wanted.service_profile)
    made = await accounts.create(call.context.core, call.actor, policy_id if isinstance(policy_id, int) else None, _settings(wanted))
    return created(f"{call.context.origin(call.scope)}/api/v1/smpp_account/{made.account.system_id}", _made(made))


@operation("Retrieve an SMPP account", answer=AccountView)
async def retrieve(call: Call) -> Answer:
    """One, without its password."""
    return json(_view(await accounts.view(call.context.core, call.actor, call.text("system_id"))))


@operation("Change an SMPP account", body=AccountChange, example={"rate": 100}, refuses=(Code.FORBIDDEN,))
async def change(call: Call) -> Answer:
    """Change what limits it, or switch it on or off. Open sessions follow within some seconds; those of a disabled one end."""
    wanted = call.decode(_CHANGE)
    status = wire.one_of(Status, wanted.status, "status")
    enabled = None if status is UNSET else status is Status.ENABLED
    await accounts.update(call.context.core, call.actor, call.text("system_id"), _settings(wanted), enabled=enabled)
    return NO_CONTENT


@operation("Delete an SMPP account", refuses=(Code.FORBIDDEN,))
async def delete(call: Call) -> Answer:
    """Delete it; its sessions end."""
    await accounts.delete(call.context.core, call.actor, call.text("system_id"))
    return NO_CONTENT


@operation("Reset the password of an SMPP account", answer=AccountMade, refuses=(Code.FORBIDDEN,))
async def reset(call: Call) -> Answer:
    """A new password, shown this once. The old one is no more, and sessions that were bound with it end."""
    return json(_made(await accounts.reset(call.context.core, call.actor, call.text("system_id"))))


@operation("List what applications were refused over SMPP", answer=list[RefusalView])
async def list_refusals(call: Call) -> Answer:
    """Binds and requests, the latest first, what is alike in one entry; for an operator also those that named no account that there is.
    Of an account the latest 40 sorts are kept, for 30 days. It is written some seconds after it happened."""
    return json([_refusal(each) for each in await smpp_refusal.refusals(call.context.core, call.actor)])


@operation("List SMPP sessions", answer=list[SessionView])
async def list_sessions(call: Call) -> Answer:
    """The sessions that are bound now, in all processes of the installation."""
    return json([_session(each) for each in await accounts.sessions(call.context.core, call.actor)])


def _settings(wanted: Settings) -> dict[str, Any]:
    found = {name: getattr(wanted, name) for name in esme.NAMES}
    return {name: value for name, value in found.items() if value is not UNSET}


def _fields(account: SmppAccount) -> dict[str, Any]:
    settings = esme.read(account.settings)
    return {
        "system_id": account.system_id,
        "status": wire.described(Status.ENABLED if account.disabled_at_ms is None else Status.DISABLED),
        "organisation": Id(account.organisation_id),
        "service_profile": None if account.policy_id is None else Id(account.policy_id),
        "created": wire.stamp(account.created_at_ms),
        "password_set": wire.stamp(account.password_at_ms),
    } | {name: getattr(settings, name) for name in esme.NAMES} | {"allowed_addresses": list(settings.allowed_addresses)}  # fmt: skip


def _view(account: SmppAccount) -> AccountView:
    return AccountView(**_fields(account))


def _made(made: Made) -> AccountMade:
    return AccountMade(password=made.password, **_fields(made.account))


def _refusal(refusal: SmppRefusal) -> RefusalView:
    return RefusalView(
        system_id=refusal.system_id or None,
        request=refusal.request,
        command_status=refusal.command_status,
        reason=refusal.reason,
        why=words_of(refusal.reason),
        remedy=remedy_of(refusal.reason),
        address=refusal.address,
        detail=refusal.detail or None,
        count=refusal.count,
        first=wire.stamp(refusal.first_at_ms),
        last=wire.stamp(refusal.last_at_ms),
    )


def _session(session: SmppSession) -> SessionView:
    return SessionView(
        id=session.id,
        system_id=session.system_id,
        bind=session.bind,
        version=f"{session.version >> 4}.{session.version & 15}",
        address=session.address,
        tls=bool(session.tls),
        bound=wire.stamp(session.bound_at_ms),
        submits=session.submits,
        delivers=session.delivers,
        submits_a_minute=session.submits_a_minute,
        delivers_a_minute=session.delivers_a_minute,
        unanswered=session.unanswered,
        owed=session.owed,
    )


ROUTES = {
    "/api/v1/smpp_account": Resource(GET=list_accounts, POST=create),
    "/api/v1/smpp_account/{system_id}": Resource(GET=retrieve, PATCH=change, DELETE=delete),
    "/api/v1/smpp_account/{system_id}/password": Resource(POST=reset),
    "/api/v1/smpp_refusal": Resource(GET=list_refusals),
    "/api/v1/smpp_session": Resource(GET=list_sessions),
}
