"""What links hear: an SMS from a device, from a phone to a device, or from nobody we know. One transaction, then the network is answered.

Serialised by the row of its set for a part, then by the lanes of the devices it concerns.
"""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from heliograph.gsm import udh
from heliograph.gsm.dcs import parse
from heliograph.gsm.errors import GsmError
from heliograph.model.ids import MessageId
from heliograph.model.link import Answer, Inbound, without_nul
from heliograph.service import fault
from heliograph.service.arrived import Arrived
from heliograph.service.core import Core
from heliograph.service.directory import Directory, Heard
from heliograph.service.inbound import Mailroom
from heliograph.store import part as part_store
from heliograph.store.part import Part, PartSet
from heliograph.store.transaction import Transaction

LOST_ANSWER_MS = 5 * 60_000
PART_AGE_MS = 10 * 60_000
STALE_BATCH = 200


class Arrival(msgspec.Struct, frozen=True):
    """An inbound SMS on its way into the database. `is_third`: it came twice in the 60 s before. `is_by_part`: a part of a long one that
    is not to wait for the others."""

    core: Core
    inbound: Inbound
    concatenation: udh.Concatenation | None
    now_ms: int
    is_third: bool = False
    is_by_part: bool = False

    @property
    def awaits_others(self) -> bool:
        return self.concatenation is not None and not self.is_by_part


async def receive(core: Core, inbound: Inbound) -> Answer:
    """Keep an inbound SMS and what follows from it; when this returns, the network may be answered."""
    inbound = _as_kept(inbound)
    now_ms, same = core.clock.now_ms(), f"{core.queues.profile(inbound.link_id).number_space}/{digest(inbound)}"
    arrival = Arrival(core, inbound, concatenation_of(inbound.udh), now_ms, core.repeats.is_third(same, now_ms))
    answer: Answer = await core.database.write_item(accept, arrival)
    core.repeats.note(same, now_ms)
    fault.point("receive.after_commit")
    return answer


async def answer_lost(core: Core, inbound: Inbound, answer: Answer) -> None:
    """The answer to `inbound` was not written before its session died: if it comes again within 5 minutes, it is the same SMS. What was
    refused is decided anew; what the database did not confirm may not be there."""
    if answer.refused is not None:
        return
    inbound, now_ms = _as_kept(inbound), core.clock.now_ms()
    await core.database.write(part_store.note_lost_answer, inbound.link_id, fingerprint(inbound), answer.message_id, now_ms)


def concatenation_of(octets: bytes) -> udh.Concatenation | None:
    """Which part of which long SMS this is; None where it is whole, or its header cannot be read."""
    if not octets:
        return None
    try:
        return udh.parse(octets).concatenation
    except GsmError:
        return None


def fingerprint(inbound: Inbound) -> str:
    """The same for the same SMS sent again: source, destination and octets; or the network's own id for it."""
    if inbound.transaction_id is not None:
        return f"id:{inbound.transaction_id}"
    return digest(inbound)


def digest(inbound: Inbound) -> str:
    """The same for the same source, destination and octets."""
    found = hashlib.sha256()
    for field in (inbound.source.encode(), (inbound.destination or "").encode(), inbound.udh, inbound.user_data):
        found.update(len(field).to_bytes(4, "big"))
        found.update(field)
    return found.hexdigest()


def _as_kept(inbound: Inbound) -> Inbound:
    """With numbers and id as the database keeps them."""
    source = without_nul(inbound.source)
    destination, transaction_id = (None if text is None else without_nul(text) for text in (inbound.destination, inbound.transaction_id))
    return msgspec.structs.replace(inbound, source=source, destination=destination, transaction_id=transaction_id)


def accept(tx: Transaction, items: Sequence[Arrival]) -> list[Answer | Exception]:
    """The batch use case: what to tell the network about each."""
    core, now_ms = items[0].core, items[0].now_ms
    wanted = [(item.inbound.link_id, fingerprint(item.inbound)) for item in items]
    repeated = part_store.take_lost_answers(tx, wanted, now_ms - LOST_ANSWER_MS)
    answers: dict[int, Answer | Exception] = {}
    fresh: list[tuple[int, Arrival]] = []
    for position, (item, key) in enumerate(zip(items, wanted, strict=True)):
        if key in repeated:
            known = repeated.pop(key)
            answers[position] = Answer(message_id=None if known is None else MessageId(known))
        else:
            fresh.append((position, item))
    directory = Directory(tx, core, _numbers(item.inbound for _, item in fresh))
    whole, lone = _collect(tx, [(position, _as_it_goes(item, directory)) for position, item in fresh], now_ms)
    mailroom = Mailroom(tx, core, directory, [*lone, *(arrived for _, arrived in whole)], now_ms)
    for arrived in lone:
        mailroom.sort(arrived)
    for position, arrived in whole:
        answers[position] = mailroom.sort(arrived)
    mailroom.write()
    fault.point("receive.before_commit")
    return [answers.get(position, Answer()) for position in range(len(items))]


def hand_out_stale_parts(tx: Transaction, core: Core, link_id: int, now_ms: int) -> int:
    """Turn sets of a link still incomplete 10 min after their last part into messages, part by part; how many sets there were."""
    sets = part_store.stale(tx, link_id, now_ms - PART_AGE_MS, STALE_BATCH)
    parts = part_store.of_sets(tx, (each.id for each in sets))
    arrived = [Arrived.of_lone_part(each, one) for each in sets for one in parts.get(each.id, [])]
    directory = Directory(tx, core, _numbers(arrived))
    mailroom = Mailroom(tx, core, directory, arrived, now_ms)
    for one in arrived:
        mailroom.sort(one)
    part_store.delete(tx, (each.id for each in sets))
    mailroom.write()
    return len(sets)


def _numbers(heard: Iterable[Inbound | Arrived]) -> set[Heard]:
    return {(each.link_id, number) for each in heard for number in (each.source, each.destination) if number}


def _as_it_goes(item: Arrival, directory: Directory) -> Arrival:
    """Parts that go on to another subscriber are forwarded as they are, and those for a webhook that wants them so are told as they come:
    each is an SMS of its own then."""
    inbound = item.inbound
    if item.concatenation is None:
        return item
    if directory.is_forwarded(inbound.link_id, inbound.source, inbound.destination):
        return msgspec.structs.replace(item, concatenation=None)
    return msgspec.structs.replace(item, is_by_part=directory.is_told_by_part(inbound.link_id, inbound.source))


def _collect(tx: Transaction, items: Sequence[tuple[int, Arrival]], now_ms: int) -> tuple[list[tuple[int, Arrived]], list[Arrived]]:
    """What is whole: single SMS, and sets of which the last missing part has come, at the position of that part. With it, the parts of
    sets that will never be whole, since another SMS came by their reference."""
    whole = [(position, _single(item)) for position, item in items if not item.awaits_others]
    in_parts = [(position, item, item.concatenation) for position, item in items if item.concatenation is not None and item.awaits_others]
    if not in_parts:
        return whole, []
    new_ids = tx.ids("part_set", len(in_parts))
    wanted = [_set_of(item.inbound, concat, set_id) for (_, item, concat), set_id in zip(in_parts, new_ids, strict=True)]
    puzzles = _open(tx, wanted, now_ms)
    left: list[_Puzzle] = []
    for (position, item, concat), each in zip(in_parts, wanted, strict=True):
        puzzle, part = puzzles[each.key], _part_of(item.inbound, concat)
        if puzzle.contradicts(part):
            left.append(puzzle)
            puzzle = puzzles[each.key] = _Puzzle(msgspec.structs.replace(each, id=tx.ids("part_set")[0]), is_new=True)
        if puzzle.add(part):
            whole.append((position, Arrived.of_set(puzzle.set, puzzle.parts, item.inbound.received_at_ms, is_third=item.is_third)))
    _write(tx, [*left, *puzzles.values()], left, now_ms)
    lone = [Arrived.of_lone_part(puzzle.set, part) for puzzle in left if not puzzle.is_complete for part in puzzle.parts]
    return sorted(whole, key=lambda pair: pair[0]), lone


def _single(item: Arrival) -> Arrived:
    """What stands for itself. A part that does is told with its number, the total and what its set has in common."""
    concat = item.concatenation
    part = None if concat is None else (concat.number, concat.total, f"{item.inbound.source}-{concat.reference}")
    return Arrived.of_single(item.inbound, is_third=item.is_third, part=part)


class _Puzzle:
    """A set under the hands of a batch. `is_new`: it has no row yet."""

    def __init__(self, parts: PartSet, held: Sequence[Part] = (), *, is_new: bool = False) -> None:
        self.set = parts
        self.is_new = is_new
        self.fresh: list[Part] = []
        self._held = {part.number: part for part in held}

    @property
    def parts(self) -> list[Part]:
        """By number."""
        return [self._held[number] for number in sorted(self._held)]

    @property
    def is_complete(self) -> bool:
        return len(self._held) == self.set.total

    def contradicts(self, part: Part) -> bool:
        """Whether the set has other octets in this part's place: references of 8 bits come again soon, so this is another SMS."""
        held = self._held.get(part.number)
        return held is not None and (held.udh, held.user_data, held.dcs) != (part.udh, part.user_data, part.dcs)

    def add(self, part: Part) -> bool:
        """Keep a part, unless it is there; whether it is the one that was missing."""
        if part.number in self._held:
            return False
        mine = msgspec.structs.replace(part, set_id=self.set.id)
        self._held[part.number] = mine
        self.fresh.append(mine)
        return self.is_complete


def _open(tx: Transaction, wanted: Sequence[PartSet], now_ms: int) -> dict[tuple[int, str, str, int, int, str], _Puzzle]:
    """Lock the sets, then read what they hold."""
    set_ids = part_store.open_sets(tx, wanted, now_ms)
    held = part_store.of_sets(tx, set_ids.values())
    return {each.key: _Puzzle(msgspec.structs.replace(each, id=set_ids[each.key]), held.get(set_ids[each.key], ())) for each in wanted}


def _write(tx: Transaction, puzzles: Sequence[_Puzzle], left: Sequence[_Puzzle], now_ms: int) -> None:
    """Forget the sets that are over, then make and fill those that go on: a set that replaces another has its key."""
    over = [puzzle for puzzle in puzzles if puzzle.is_complete or puzzle in left]
    going_on = [puzzle for puzzle in puzzles if puzzle not in over]
    part_store.delete(tx, [puzzle.set.id for puzzle in over])
    part_store.open_sets(tx, [puzzle.set for puzzle in going_on if puzzle.is_new], now_ms)
    part_store.add(tx, [part for puzzle in going_on for part in puzzle.fresh])


def _set_of(inbound: Inbound, concat: udh.Concatenation, set_id: int) -> PartSet:
    alphabet = inbound.alphabet or parse(inbound.dcs).alphabet.value
    return PartSet(set_id, inbound.link_id, inbound.source, inbound.destination or "", concat.reference, concat.total, alphabet)


def _part_of(inbound: Inbound, concat: udh.Concatenation) -> Part:
    return Part(
        0, concat.number, inbound.udh.hex().upper(), inbound.user_data.hex().upper(), inbound.dcs, inbound.pid, inbound.received_at_ms
    )
