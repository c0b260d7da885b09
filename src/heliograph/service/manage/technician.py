"""Technician links: make one for a device, list them, see who used them when, revoke them. What they open: `service/technician.py`."""

from collections.abc import Sequence

import msgspec

from heliograph.model.account import Actor
from heliograph.model.page import Page, page_within
from heliograph.model.permission import Right, require
from heliograph.model.problem import Code, Problem
from heliograph.service import audit
from heliograph.service.manage.scope import Office, changed_by, not_found, seen_by
from heliograph.service.secret import new_secret
from heliograph.store import command as command_store
from heliograph.store import device as device_store
from heliograph.store import technician as store
from heliograph.store.technician import TechnicianLink, Use
from heliograph.store.transaction import Transaction

PREFIX = "hgl_"
HOUR_MS = 3_600_000
USUAL_MS = 8 * HOUR_MS
LONGEST_MS = 7 * 24 * HOUR_MS
MOST_DESCRIPTION = 100
USES_MOST = 200


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """`description`: for whom. `commands`: saved commands, by id or by name, that are all it may send; None: whatever is written."""

    device_id: int
    description: str
    commands: tuple[int | str, ...] | None = None
    expires_at_ms: int | None = None


async def create(office: Office, actor: Actor, wanted: NewLink) -> tuple[TechnicianLink, str]:
    """A new link, for 8 hours where nothing else is wished, and its secret, which is known to nobody after this. Raises Problem."""
    scope, now_ms = changed_by(actor), office.clock.now_ms()
    expires_at_ms = now_ms + USUAL_MS if wanted.expires_at_ms is None else wanted.expires_at_ms
    _check(wanted, expires_at_ms, now_ms)
    token, token_hash = new_secret(PREFIX)
    return await office.database.write(_create, actor, scope, wanted, token_hash, expires_at_ms, now_ms), token


async def views(office: Office, actor: Actor, device_id: int, page: int, per_page: int) -> Page[TechnicianLink]:
    """The links the actor sees, the latest first; of one device, unless that is 0."""
    return await office.database.read(_views, seen_by(actor), device_id, page, per_page)


async def view(office: Office, actor: Actor, link_id: int) -> TechnicianLink:
    """One link. Raises Problem."""
    return await office.database.read(_view, seen_by(actor), link_id)


async def uses(office: Office, actor: Actor, link_id: int) -> list[Use]:
    """The latest uses of a link: when it was opened and what was sent by it, from where. Raises Problem."""
    require(actor, Right.CHANGE)
    return await office.database.read(_uses, seen_by(actor), link_id)


async def revoke(office: Office, actor: Actor, link_id: int) -> None:
    """End a link at once. Raises Problem, also where it is revoked."""
    await office.database.write(_revoke, actor, changed_by(actor), link_id, office.clock.now_ms())


def _check(wanted: NewLink, expires_at_ms: int, now_ms: int) -> None:
    if not wanted.description.strip() or len(wanted.description) > MOST_DESCRIPTION:
        text = f"description says for whom the link is, in at most {MOST_DESCRIPTION} characters: it stands in the audit"
        raise Problem(Code.INVALID, text, field="description")
    if not now_ms < expires_at_ms <= now_ms + LONGEST_MS:
        raise Problem(
            Code.INVALID, "expiry_date is not within the next 7 days: give one that is, or leave it out for 8 hours", field="expiry_date"
        )
    if wanted.commands is not None and not wanted.commands:
        raise Problem(Code.INVALID, "commands is empty: name some, or leave it out for the whole console", field="commands")


def _create(tx: Transaction, actor: Actor, scope: int, wanted: NewLink, token_hash: str, expires_at_ms: int, now_ms: int) -> TechnicianLink:
    device = device_store.lock(tx, scope, wanted.device_id)
    if device is None:
        raise not_found("Endpoint", wanted.device_id)
    home = device.organisation_id
    commands = None if wanted.commands is None else _chosen(tx, home, wanted.commands)
    link_id = store.insert(
        tx, home, device.id, token_hash, wanted.description.strip(), _written(commands), actor.email, now_ms, expires_at_ms
    )
    made = _view(tx, home, link_id)
    told = {"description": made.description, "endpoint": made.device_id, "commands": commands, "expires_at_ms": expires_at_ms}
    audit.record(tx, actor, "technician_link.created", home, now_ms, object_id=link_id, after=told)
    return made


def _chosen(tx: Transaction, organisation_id: int, wanted: Sequence[int | str]) -> list[int]:
    """The ids of saved commands. Raises Problem."""
    saved = command_store.of_organisation(tx, organisation_id)
    known: dict[int | str, int] = {each.name: each.id for each in saved}
    known |= {each.id: each.id for each in saved}
    for each in wanted:
        if each not in known:
            raise not_found("Saved command", each)
    return sorted({known[each] for each in wanted})


def _written(commands: Sequence[int] | None) -> str | None:
    return None if commands is None else msgspec.json.encode(commands).decode()


def _views(tx: Transaction, scope: int, device_id: int, page: int, per_page: int) -> Page[TechnicianLink]:
    total = store.count(tx, scope, device_id)
    page = page_within(page, per_page, total)
    return Page(store.links(tx, scope, device_id, (page - 1) * per_page, per_page), page, per_page, total)


def _view(tx: Transaction, scope: int, link_id: int) -> TechnicianLink:
    found = store.link(tx, scope, link_id)
    if found is None:
        raise not_found("Technician link", link_id)
    return found


def _uses(tx: Transaction, scope: int, link_id: int) -> list[Use]:
    return store.uses(tx, _view(tx, scope, link_id), USES_MOST)


def _revoke(tx: Transaction, actor: Actor, scope: int, link_id: int, now_ms: int) -> None:
    found = _view(tx, scope, link_id)
    if not store.revoke(tx, scope, link_id, now_ms):
        raise Problem(Code.NOT_ALLOWED, f"the technician link {link_id} is revoked already: nothing is to be done")
    audit.record(tx, actor, "technician_link.revoked", found.organisation_id, now_ms, object_id=link_id)
