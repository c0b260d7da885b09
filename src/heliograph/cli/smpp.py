"""`heliograph smpp`: what applications bind with, and the sessions that are bound."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Item, Refusal, Said, Table, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.model import esme
from heliograph.model.esme_refusal import remedy_of, words_of
from heliograph.service import smpp_refusal
from heliograph.service.manage import policy as policies
from heliograph.service.manage import smpp_account as accounts
from heliograph.service.manage.smpp_account import Made
from heliograph.store.smpp_account import SmppAccount, SmppSession
from heliograph.store.smpp_refusal import SmppRefusal

app = App(name="smpp")
account = App(name="account", help="Accounts: what an application binds with.")
app.command(account)

COLUMNS: Final = (
    "system_id", "organisation", "policy_id", "state", "bound", "max_binds", "window", "rate", "allowed_addresses",
    "password_set", "refused",
)  # fmt: skip
WORDS: Final = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
SystemId = Annotated[str, Parameter(name="SYSTEM_ID")]
Changes = Annotated[Sequence[str], Parameter(name="KEY=VALUE")]


@account.command
def add(changes: Changes = (), /, *, policy: str | None = None, options: OrganisationOptions = ANY) -> int:
    """Make the SMPP account of a service policy, or of the organisation. Its password is shown once, alone on standard output.

    The account of a policy is for the policy's devices. That of the organisation sends to all, and hears from those whose policy has none.

    Parameters
    ----------
    changes
        Settings it begins with, as for `heliograph smpp account set`.
    policy
        The service policy, by id or name. Without it, the account is the organisation's.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.operator()
        policy_id = None if policy is None else await _policy(desk, policy)
        return _told(await accounts.create(desk, actor, policy_id, _changes(changes)))

    return at_desk(options, work)


@account.command(name="set")
def set_(system_id: SystemId, changes: Changes, /, *, options: OrganisationOptions = ANY) -> int:
    """Change an SMPP account.

    Keys: allowed_addresses (networks it may bind from, separated by commas); max_binds (sessions at a time); window (requests of a session
    that may wait for our answers); rate (messages a second); deliver_window (our requests that may wait for its answers);
    default_coding (what data_coding 0 means: gsm7, gsm7_packed, latin-1, ascii); coding_1 (what data_coding 1 means: ascii, gsm7);
    long_messages (how it gets them: udh, sar, payload); alerts (on or off: tell it when a device is back). A value left out (rate=) is
    back to what it was at first. Open sessions follow within some seconds.

    Parameters
    ----------
    system_id
        The account, such as pol_1.
    changes
        What is to be, as often as needed: `rate=100 max_binds=4`.
    """

    async def work(desk: Desk) -> Answer:
        wanted = _changes(changes)
        if not wanted:
            raise Refusal("nothing to change: say what is to be, for example rate=100")
        changed = await accounts.update(desk, await desk.viewer(), system_id, wanted)
        return Said(f"changed the SMPP account {system_id}", _row(changed))

    return at_desk(options, work)


@account.command
def reset(system_id: SystemId, /, *, options: OrganisationOptions = ANY) -> int:
    """Give an SMPP account a new password, shown once, alone on standard output. Sessions that were bound with the old one end.

    Parameters
    ----------
    system_id
        The account, such as pol_1.
    """

    async def work(desk: Desk) -> Answer:
        return _told(await accounts.reset(desk, await desk.viewer(), system_id))

    return at_desk(options, work)


@account.command
def enable(system_id: SystemId, /, *, options: OrganisationOptions = ANY) -> int:
    """Let an SMPP account bind again.

    Parameters
    ----------
    system_id
        The account, such as pol_1.
    """
    return _switch(system_id, options, enabled=True)


@account.command
def disable(system_id: SystemId, /, *, options: OrganisationOptions = ANY) -> int:
    """Let an SMPP account bind no more; its sessions end.

    Parameters
    ----------
    system_id
        The account, such as pol_1.
    """
    return _switch(system_id, options, enabled=False)


@account.command
def remove(system_id: SystemId, /, *, options: OrganisationOptions = ANY) -> int:
    """Delete an SMPP account; its sessions end.

    Parameters
    ----------
    system_id
        The account, such as pol_1.
    """

    async def work(desk: Desk) -> Answer:
        await accounts.delete(desk, await desk.viewer(), system_id)
        return Said(f"deleted the SMPP account {system_id}", {"system_id": system_id, "deleted": True})

    return at_desk(options, work)


@account.command(name="list")
def list_(*, options: OrganisationOptions = ANY) -> int:
    """List the SMPP accounts, with how many sessions each has now, and what was refused last."""

    async def work(desk: Desk) -> Answer:
        viewer = await desk.viewer()
        bound = Counter(each.system_id for each in await accounts.sessions(desk, viewer))
        last = smpp_refusal.last_of(await smpp_refusal.refusals(desk, viewer))
        rows = [
            _row(each) | {"bound": bound[each.system_id]} | _last(last.get(each.system_id)) for each in await accounts.views(desk, viewer)
        ]
        return Table(rows, COLUMNS, "no SMPP account yet: `heliograph smpp account add` makes one")

    return at_desk(options, work)


@account.command
def show(system_id: SystemId, /, *, options: OrganisationOptions = ANY) -> int:
    """Show an SMPP account: what limits it, who is bound by it, what it was refused of late and what to do about that.

    Parameters
    ----------
    system_id
        The account, such as pol_1.
    """

    async def work(desk: Desk) -> Answer:
        viewer = await desk.viewer()
        row = _row(await accounts.view(desk, viewer, system_id)) | await _waiting(desk, system_id)
        bound = [_session(each) for each in await accounts.sessions(desk, viewer) if each.system_id == system_id]
        refused = await smpp_refusal.refusals_of(desk, viewer, system_id)
        if options.json:
            return Item(row | {"sessions": bound, "refusals": [_refusal(each) for each in refused]})
        sessions = [f"bound    {each['bound']}  {each['bind']}  {each['version']}  {each['address']}" for each in bound]
        return Item(row, [*(sessions or ["no session is bound"]), *map(_told_of, refused)])

    return at_desk(options, work)


@app.command
def refusals(*, options: OrganisationOptions = ANY) -> int:
    """List what applications were refused over SMPP, the latest first, with what to do; binds that named no account that there is, too.

    What is alike stands in one line: account, request, reason and address. It is written some seconds after it happened.
    """

    async def work(desk: Desk) -> Answer:
        rows = [_refusal(each) for each in await smpp_refusal.refusals(desk, await desk.viewer())]
        columns = ("last", "count", "system_id", "request", "status", "why", "address", "detail", "remedy")
        return Table(rows, columns, "nothing was refused in the last 30 days")

    return at_desk(options, work)


@app.command
def sessions(*, options: OrganisationOptions = ANY) -> int:
    """List the sessions that are bound now, with what each asked for, was sent, and what is unanswered: of it, and of us (owed).

    Who is bound is said as it is; the four figures are noted every ten seconds.
    """

    async def work(desk: Desk) -> Answer:
        rows = [_session(each) for each in await accounts.sessions(desk, await desk.viewer())]
        columns = ("id", "system_id", "bind", "version", "address", "tls", "bound", "submits", "delivers", "unanswered", "owed")
        return Table(rows, columns, "no SMPP session")

    return at_desk(options, work)


async def _waiting(desk: Desk, system_id: str) -> dict[str, int]:
    """How many receipts and SMS wait for it; counted up to a thousand."""
    return {"waiting": (await accounts.waiting(desk, [system_id]))[system_id]}


def _switch(system_id: str, options: OrganisationOptions, *, enabled: bool) -> int:
    async def work(desk: Desk) -> Answer:
        changed = await accounts.update(desk, await desk.viewer(), system_id, {}, enabled=enabled)
        return Said(f"{'enabled' if enabled else 'disabled'} the SMPP account {system_id}", _row(changed))

    return at_desk(options, work)


async def _policy(desk: Desk, which: str) -> int:
    fitting = [each for each in await policies.views(desk, await desk.viewer()) if which in (str(each.id), each.name)]
    if len(fitting) != 1:
        why = "several service policies have that name: give the id" if fitting else "there is no such service policy"
        raise Refusal(f"--policy {which}: {why}; `heliograph policy list` shows which there are")
    return fitting[0].id


def _changes(texts: Sequence[str]) -> dict[str, object]:
    wanted: dict[str, object] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise Refusal(f"'{text}' is no KEY=VALUE: write for example rate=100")
        wanted[name] = _value(name, value)
    return wanted


def _value(name: str, text: str) -> object:
    if not text:
        return None
    if name == "allowed_addresses":
        return [each.strip() for each in text.split(",")]
    if name == "alerts":
        return WORDS.get(text.lower(), text)
    return int(text) if text.isascii() and text.isdigit() else text


def _told(made: Made) -> Said:
    text = f"SMPP account {made.account.system_id} of {made.account.organisation_name}, its password, shown this once:"
    return Said(text, _row(made.account) | {"password": made.password}, made.password)


def _row(account: SmppAccount) -> dict[str, Any]:
    return {
        "system_id": account.system_id,
        "organisation_id": account.organisation_id,
        "organisation": account.organisation_name,
        "policy_id": account.policy_id,
        "state": "enabled" if account.disabled_at_ms is None else "disabled",
        "created": time_of(account.created_at_ms),
        "password_set": time_of(account.password_at_ms),
    } | msgspec.structs.asdict(esme.read(account.settings))  # fmt: skip


def _refusal(refusal: SmppRefusal) -> dict[str, Any]:
    return {
        "system_id": refusal.system_id or None,
        "request": refusal.request,
        "status": f"0x{refusal.command_status:02X}" if refusal.command_status else None,
        "reason": refusal.reason,
        "why": words_of(refusal.reason),
        "remedy": remedy_of(refusal.reason),
        "address": refusal.address or None,
        "detail": refusal.detail or None,
        "count": refusal.count,
        "first": time_of(refusal.first_at_ms),
        "last": time_of(refusal.last_at_ms),
    }


def _told_of(refusal: SmppRefusal) -> str:
    row = _refusal(refusal)
    to = f" (last to {refusal.detail})" if refusal.detail else ""
    times = "once" if refusal.count == 1 else f"{refusal.count} times since {row['first']}"
    todo = row["remedy"][:1].upper() + row["remedy"][1:]
    return f"refused  {row['last']}  {row['request']} {row['status']} from {row['address']}, {times}: {row['why']}{to}. {todo}."


def _last(last: SmppRefusal | None) -> dict[str, Any]:
    """For the list: what was refused last, and all that is known of it for programs."""
    if last is None:
        return {"refused": None, "last_refusal": None}
    row = _refusal(last)
    return {"refused": f"{row['last']} {row['request']}: {row['why']}", "last_refusal": row}


def _session(session: SmppSession) -> dict[str, Any]:
    return {
        "id": session.id,
        "system_id": session.system_id,
        "bind": session.bind,
        "version": f"{session.version >> 4}.{session.version & 15}",
        "address": session.address,
        "tls": bool(session.tls),
        "node_id": session.node_id,
        "bound": time_of(session.bound_at_ms),
        "submits": session.submits,
        "delivers": session.delivers,
        "submits_a_minute": session.submits_a_minute,
        "delivers_a_minute": session.delivers_a_minute,
        "unanswered": session.unanswered,
        "owed": session.owed,
    }
