"""Tags of devices as things with an id. The devices' own texts say who has which."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from heliograph.store.listing import containing
from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("tag")


class Tag(msgspec.Struct, array_like=True):
    """A tag, locked by the transaction that read it, where it did so."""

    id: int
    organisation_id: int
    name: str
    color_id: int


class _Id(msgspec.Struct, array_like=True, frozen=True):
    id: int


def names_of(text: str | None) -> list[str]:
    """The tags in a device's text, in their order."""
    return list(dict.fromkeys(filter(None, (name.strip() for name in (text or "").split(",")))))


def add(tx: Transaction, organisation_id: int, named: Iterable[tuple[str, int]]) -> list[int]:
    """Make tags of these names and colours, but for those that there are; the ids of what was made."""
    wanted = list(named)
    if not wanted:
        return []
    ids = tx.ids("tag", len(wanted))
    rows = [(tag_id, organisation_id, name, color_id) for tag_id, (name, color_id) in zip(ids, wanted, strict=True)]
    return [row.id for row in tx.many(Q["insert"], rows, _Id)]


def tags(tx: Transaction, organisation_id: int) -> list[Tag]:
    """All of an organisation, by name."""
    return [Tag(*row) for row in tx.run(Q["list"], organisation_id=organisation_id)]


def lock(tx: Transaction, organisation_id: int, tag_id: int) -> Tag | None:
    """A tag of an organisation (0: of any), to be changed, or None."""
    row = tx.one(Q["lock"], id=tag_id, organisation_id=organisation_id)
    return Tag(*row) if row else None


def update(tx: Transaction, tag: Tag) -> None:
    """Write a changed tag back. The devices' texts: `replace`."""
    tx.run(Q["update"], id=tag.id, name=tag.name, color_id=tag.color_id)


def delete(tx: Transaction, tag_id: int) -> None:
    """Delete a tag. The devices' texts: `replace`."""
    tx.run(Q["delete"], id=tag_id)


def counts(tx: Transaction, organisation_id: int) -> Counter[str]:
    """How many devices have each name in their text, whether a tag of that name was made or not."""
    found: Counter[str] = Counter()
    for text, devices in tx.run(Q["texts"], organisation_id=organisation_id):
        for name in names_of(text):
            found[name] += devices
    return found


def replace(tx: Transaction, organisation_id: int, name: str, new: str | None, most: int, now_ms: int) -> int:
    """Put another name, or nothing, in the place of one in the texts of at most so many devices; how many those were."""
    place = f",{new}," if new else ","
    pattern = containing(f",{name},")
    return len(tx.run(Q["replace"], organisation_id=organisation_id, name=name, place=place, pattern=pattern, most=most, now=now_ms))
