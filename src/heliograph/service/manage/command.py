"""Saved commands of an organisation: made, changed, deleted, taken over from the starter set. Their places: `model/command.py`."""

import msgspec

from heliograph.model.account import Actor
from heliograph.model.ids import OrganisationId
from heliograph.model.problem import Code, Problem
from heliograph.model.starter_commands import BY_KEY
from heliograph.service import audit
from heliograph.service.manage.scope import Office, changed_by, home_of, not_found, seen_by
from heliograph.store import command as store
from heliograph.store.command import Command
from heliograph.store.transaction import Transaction

MOST_NAME = 80
MOST_TEXT = 1000


async def list_of(office: Office, actor: Actor, organisation_id: int | None = None) -> list[Command]:
    """Those of the actor's organisation, by name; of another, for the operator."""
    scope = seen_by(actor)
    wanted = actor.organisation_id if organisation_id is None else organisation_id
    return await office.database.read(store.of_organisation, wanted if scope in (0, wanted) else actor.organisation_id)


async def view(office: Office, actor: Actor, command_id: int) -> Command:
    """One. Raises Problem."""
    found = await office.database.read(store.one, seen_by(actor), command_id)
    if found is None:
        raise not_found("Command", command_id)
    return found


async def create(office: Office, actor: Actor, name: str, text: str, description: str | None) -> int:
    """A new one; its id. Raises Problem."""
    new = _checked(Command(0, home_of(actor, None), name, text, description, None))
    return await office.database.write(_create, actor, new, office.clock.now_ms())


async def update(office: Office, actor: Actor, command_id: int, name: str, text: str, description: str | None) -> None:
    """Change one. Raises Problem."""
    await office.database.write(_update, actor, changed_by(actor), command_id, name, text, description, office.clock.now_ms())


async def delete(office: Office, actor: Actor, command_id: int) -> None:
    """Delete one; what was sent with it stays. Raises Problem."""
    await office.database.write(_delete, actor, changed_by(actor), command_id, office.clock.now_ms())


async def take_over(office: Office, actor: Actor, family: str) -> int:
    """Save the commands of a family of the starter set, but those whose name is taken; how many. Raises Problem."""
    if family not in BY_KEY:
        raise not_found("Family of devices", family)
    return await office.database.write(_take_over, actor, home_of(actor, None), family, office.clock.now_ms())


def _create(tx: Transaction, actor: Actor, new: Command, now_ms: int) -> int:
    command_id = store.insert(tx, new, now_ms)
    if command_id is None:
        raise _taken(new.name)
    audit.record(tx, actor, "command.created", new.organisation_id, now_ms, object_id=command_id, after=new)
    return command_id


def _update(tx: Transaction, actor: Actor, scope: int, command_id: int, name: str, text: str, description: str | None, now_ms: int) -> None:
    before = store.one(tx, scope, command_id)
    if before is None:
        raise not_found("Command", command_id)
    after = _checked(msgspec.structs.replace(before, name=name, text=text, description=description))
    if any(each.name == after.name and each.id != command_id for each in store.of_organisation(tx, before.organisation_id)):
        raise _taken(after.name)
    store.update(tx, after)
    audit.record(tx, actor, "command.changed", before.organisation_id, now_ms, object_id=command_id, before=before, after=after)


def _delete(tx: Transaction, actor: Actor, scope: int, command_id: int, now_ms: int) -> None:
    before = store.one(tx, scope, command_id)
    if before is None:
        raise not_found("Command", command_id)
    store.delete(tx, command_id)
    audit.record(tx, actor, "command.deleted", before.organisation_id, now_ms, object_id=command_id, before=before)


def _take_over(tx: Transaction, actor: Actor, home: OrganisationId, family: str, now_ms: int) -> int:
    taken = BY_KEY[family]
    made = 0
    for each in taken.commands:
        new = Command(0, home, each.name, each.text, each.description, taken.source)
        command_id = store.insert(tx, new, now_ms)
        if command_id is not None:
            audit.record(tx, actor, "command.created", home, now_ms, object_id=command_id, after=new)
            made += 1
    return made


def _checked(command: Command) -> Command:
    name = command.name.strip()
    if not 1 <= len(name) <= MOST_NAME:
        raise Problem(Code.INVALID, f"the name has 1 to {MOST_NAME} characters", field="name")
    if not 1 <= len(command.text) <= MOST_TEXT or not command.text.strip():
        raise Problem(Code.INVALID, f"the text has 1 to {MOST_TEXT} characters", field="text")
    return msgspec.structs.replace(command, name=name, description=(command.description or "").strip() or None)


def _taken(name: str) -> Problem:
    return Problem(Code.DUPLICATED, f"there is a command '{name}' already: choose another name", field="name")
