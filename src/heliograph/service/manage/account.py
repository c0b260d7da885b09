"""Organisations, their users and application tokens."""

from ipaddress import ip_network

import msgspec

from heliograph.model.account import Actor, Role
from heliograph.model.ids import OrganisationId, TokenId, UserId
from heliograph.model.page import Page
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.access import new_application_token
from heliograph.service.manage.scope import Office, administered_by, not_found, seen_by
from heliograph.store import account as store
from heliograph.store import event as event_store
from heliograph.store import policy as policy_store
from heliograph.store.account import Organisation, Token
from heliograph.store.event import EventFilter, EventView
from heliograph.store.policy import ServicePolicy
from heliograph.store.transaction import Transaction

DEFAULT_NAME = "Default"


def found_organisation(tx: Transaction, name: str, now_ms: int) -> OrganisationId:
    """A new organisation with a service policy and a tariff, so that it can have devices. Part of a transaction."""
    organisation_id = store.insert_organisation(tx, name, now_ms)
    policy_store.insert_tariff(tx, organisation_id, DEFAULT_NAME, None)
    policy_store.insert(tx, ServicePolicy(0, organisation_id, DEFAULT_NAME, mt=1, mo=1, sms_p2p_int=0, sms_p2p_ext=0), now_ms)
    return organisation_id


def enter_user(tx: Transaction, organisation_id: int, email: str, name: str, password_hash: str | None, role: Role, now_ms: int) -> UserId:
    """A new user. Part of a transaction. Raises Problem where the address is taken."""
    email = email.strip().lower()
    if "@" not in email or len(email) > 254:
        raise Problem(Code.INVALID_FORMAT, f"'{email}' is no e-mail address: write one such as ada@example.com", field="email")
    user_id = store.insert_user(tx, organisation_id, email, name, password_hash, role, now_ms)
    if user_id is None:
        raise Problem(Code.DUPLICATED, f"there is a user '{email}' already: choose another address", field="email")
    return user_id


async def create_token(
    office: Office,
    actor: Actor,
    *,
    description: str | None = None,
    ip: str | None = None,
    expiry_at_ms: int | None = None,
    role: Role = Role.ADMINISTRATOR,
) -> tuple[TokenId, str]:
    """A new application token of the actor's organisation; the text is known to nobody after this. Raises Problem."""
    administered_by(actor)
    now_ms = office.clock.now_ms()
    if role is Role.SUPER_ADMIN and actor.role is not Role.SUPER_ADMIN:
        raise Problem(Code.FORBIDDEN, "a token cannot do more than the one who makes it")
    if expiry_at_ms is not None and expiry_at_ms <= now_ms:
        raise Problem(Code.INVALID, "expiry_date is in the past: give one to come", field="expiry_date")
    if ip is not None and not _is_network(ip):
        raise Problem(Code.INVALID_FORMAT, f"ip '{ip}' is no network: give one in CIDR notation, such as 203.0.113.0/24", field="ip")
    token, token_hash = new_application_token()
    token_id = await office.database.write(_create_token, actor, token_hash, role, description, ip, expiry_at_ms, now_ms)
    return token_id, token


async def list_tokens(office: Office, actor: Actor) -> list[Token]:
    """The application tokens the actor may see, revoked ones too. Raises Problem."""
    return await office.database.read(store.tokens, administered_by(actor))


async def update_token(office: Office, actor: Actor, token_id: TokenId, *, description: str | None, revoked: bool | None) -> None:
    """Describe a token anew, revoke it, or take the revocation back; None leaves what is. Raises Problem."""
    await office.database.write(_update_token, actor, administered_by(actor), token_id, description, revoked, office.clock.now_ms())


async def my_organisation(office: Office, actor: Actor) -> Organisation:
    """The actor's own organisation. Raises Problem."""
    found = await office.database.read(store.organisation, actor.organisation_id)
    if found is None:
        raise not_found("Organisation", actor.organisation_id)
    return found


async def list_organisations(office: Office, actor: Actor) -> list[Organisation]:
    """The organisations the actor sees."""
    scope = seen_by(actor)
    return [each for each in await office.database.read(store.organisations) if scope in (0, each.id)]


async def every_organisation(office: Office) -> list[Organisation]:
    """All of the installation, for a face that knows that an operator asks."""
    return await office.database.read(store.organisations)


async def events(office: Office, actor: Actor, wanted: EventFilter, page: int, per_page: int) -> Page[EventView]:
    """What was done in the actor's organisation; for the operator, in all of the installation."""
    return await office.database.read(event_store.of_organisation, actor.scope, wanted, page, per_page)


def _create_token(
    tx: Transaction,
    actor: Actor,
    token_hash: str,
    role: Role,
    description: str | None,
    ip: str | None,
    expiry_at_ms: int | None,
    now_ms: int,
) -> TokenId:
    home = actor.organisation_id
    token_id = store.insert_token(
        tx, home, token_hash, role, now_ms, creator_id=actor.user_id, description=description, ip=ip, expiry_at_ms=expiry_at_ms
    )
    made = {"description": description, "role": role, "ip": ip, "expiry_at_ms": expiry_at_ms}
    audit.record(tx, actor, "token.created", home, now_ms, object_id=token_id, after=made)
    return token_id


def _update_token(
    tx: Transaction, actor: Actor, scope: int, token_id: int, description: str | None, revoked: bool | None, now_ms: int
) -> None:
    token = store.token(tx, scope, token_id)
    if token is None:
        raise not_found("Application token", token_id)
    revoked_at_ms = token.revoked_at_ms
    if revoked is not None:
        revoked_at_ms = (revoked_at_ms or now_ms) if revoked else None
    after = msgspec.structs.replace(
        token, description=token.description if description is None else description, revoked_at_ms=revoked_at_ms
    )
    store.update_token(tx, token_id, after.description, revoked_at_ms)
    audit.record(tx, actor, "token.changed", token.organisation_id, now_ms, object_id=token_id, before=token, after=after)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
