"""Inbound SMS on their way to being a message: parts of long ones, answers that were lost, and what belongs to nobody."""

from collections.abc import Iterable, Sequence

import msgspec

from heliograph.store.query import queries
from heliograph.store.transaction import Transaction

Q = queries("part")
LATEST = 50_000
"""How many messages a crash is searched back for: three seconds of the busiest installation."""


class PartSet(msgspec.Struct, array_like=True, frozen=True):
    """The parts of one long SMS belong together by all of these."""

    id: int
    link_id: int
    source: str
    dest: str
    reference: int
    total: int
    alphabet: str

    @property
    def key(self) -> tuple[int, str, str, int, int, str]:
        return (self.link_id, self.source, self.dest, self.reference, self.total, self.alphabet)


class Part(msgspec.Struct, array_like=True, frozen=True):
    """A part as it came; `udh` and `user_data` are hex."""

    set_id: int
    number: int
    udh: str
    user_data: str
    dcs: int
    pid: int
    received_at_ms: int


class Unmatched(msgspec.Struct, array_like=True, frozen=True):
    """An inbound SMS that belongs to nobody here, kept for the operator. `payload`: text, or hex where it is 8-bit; `udh` is hex."""

    message_id: int
    link_id: int
    source: str
    dest: str | None
    udh: str
    payload: str
    dcs: int
    received_at_ms: int
    reason: str


class LostAnswer(msgspec.Struct, array_like=True, frozen=True):
    link_id: int
    fingerprint: str
    message_id: int | None


class LastHeard(msgspec.Struct, array_like=True, frozen=True):
    """An inbound SMS as it was kept; `udh` is hex."""

    message_id: int
    source: str
    dest: str
    udh: str
    payload: str
    dcs: int


def open_sets(tx: Transaction, sets: Iterable[PartSet], now_ms: int) -> dict[tuple[int, str, str, int, int, str], int]:
    """Lock the rows of sets, made where they are missing; the id of each by its key."""
    distinct = {each.key: each for each in sets}
    rows = [(each.id, *each.key, now_ms) for _, each in sorted(distinct.items())]
    return {found.key: found.id for found in tx.many(Q["open_set"], rows, PartSet)}


def add(tx: Transaction, parts: Sequence[Part]) -> None:
    """Keep parts; one that is there already stays as it was."""
    tx.apply(Q["insert"], parts)


def of_sets(tx: Transaction, set_ids: Iterable[int]) -> dict[int, list[Part]]:
    """The parts of each set, by number."""
    found: dict[int, list[Part]] = {}
    for part in tx.many(Q["of_sets"], [(each,) for each in sorted(set(set_ids))], Part):
        found.setdefault(part.set_id, []).append(part)
    return found


def delete(tx: Transaction, set_ids: Iterable[int]) -> None:
    """Forget sets and their parts."""
    rows = [(each,) for each in sorted(set(set_ids))]
    tx.apply(Q["delete_parts"], rows)
    tx.apply(Q["delete_sets"], rows)


def stale(tx: Transaction, link_id: int, before_ms: int, most: int) -> list[PartSet]:
    """Sets of a link whose last part came before that time, locked."""
    return [PartSet(*row) for row in tx.run(Q["stale"], link_id=link_id, before=before_ms, most=most)]


def note_lost_answer(tx: Transaction, link_id: int, fingerprint: str, message_id: int | None, now_ms: int) -> None:
    """The network may send this SMS again, because the answer to it was not written."""
    tx.run(Q["note_lost_answer"], link_id=link_id, fingerprint=fingerprint, message_id=message_id, now=now_ms)


def heard_since(tx: Transaction, link_id: int, since_ms: int) -> list[LastHeard]:
    """SMS of one segment from devices that a link heard since then, among the latest of all messages."""
    return [LastHeard(*row) for row in tx.run(Q["heard_since"], link_id=link_id, since=since_ms, latest=LATEST)]


def take_lost_answers(tx: Transaction, wanted: Sequence[tuple[int, str]], after_ms: int) -> dict[tuple[int, str], int | None]:
    """Of these (link, fingerprint), those whose answer was lost since `after_ms`, with their messages; each is handed out once."""
    rows = [(link_id, fingerprint, after_ms) for link_id, fingerprint in sorted(set(wanted))]
    return {(row.link_id, row.fingerprint): row.message_id for row in tx.many(Q["lost_answers"], rows, LostAnswer)}


def forget_lost_answers(tx: Transaction, before_ms: int) -> None:
    """Drop notes older than that."""
    tx.run(Q["forget_lost_answers"], before=before_ms)


def keep_unmatched(tx: Transaction, rows: Sequence[Unmatched]) -> None:
    """Keep inbound SMS that belong to nobody."""
    tx.apply(Q["keep_unmatched"], rows)
