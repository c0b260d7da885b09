"""The saved commands of organisations."""

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("command")


class Command(msgspec.Struct, array_like=True, frozen=True):
    """`text`: with its places (`model/command.py`). `source`: the documentation it was taken from, None for one of theirs."""

    id: int
    organisation_id: int
    name: str
    text: str
    description: str | None
    source: str | None


def of_organisation(tx: Transaction, organisation_id: int) -> list[Command]:
    """Those of an organisation, by name."""
    return [Command(*row) for row in tx.run(Q["of_organisation"], organisation_id=organisation_id)]


def one(tx: Transaction, organisation_id: int, command_id: int) -> Command | None:
    """One of an organisation (0: of any), or None."""
    row = tx.one(Q["one"], organisation_id=organisation_id, id=command_id)
    return Command(*row) if row else None


def insert(tx: Transaction, new: Command, now_ms: int) -> int | None:
    """A new one; its id, which is given here, or None where the organisation has one of that name."""
    command_id = tx.ids("saved_command")[0]
    return command_id if tx.run(Q["insert"], now=now_ms, **(msgspec.structs.asdict(new) | {"id": command_id})) else None


def update(tx: Transaction, changed: Command) -> None:
    """Write a changed one."""
    tx.run(Q["update"], id=changed.id, name=changed.name, text=changed.text, description=changed.description)


def delete(tx: Transaction, command_id: int) -> None:
    """Delete one."""
    tx.run(Q["delete"], id=command_id)
