"""What links hear: an SMS from a device, from a phone to a device, or from nobody we know. One transaction, then the network is answered.

Serialised by the row of its set for a part, then by the lanes of the devices it concerns.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from heliograph.gsm import udh
from heliograph.gsm.dcs import parse
from heliograph.gsm.errors import GsmError
from heliograph.model.ids import MessageId
from heliograph.model.link import Answer, Inbound
from heliograph.service import fault
from heliograph.service.core import Core
from heliograph.service.inbound import Arrived, Mailroom
from heliograph.store import part as part_store
from heliograph.store.part import Part, PartSet
from heliograph.store.transaction import Transaction

LOST_ANSWER_MS = 5 * 60_000
PART_AGE_MS = 10 * 60_000
STALE_BATCH = 200


class Arrival(msgspec.Struct, frozen=True):
    """An inbound SMS on its way into the database."""

    core: Core
    inbound: Inbound
    concatenation: udh.Concatenation | None
    now_ms: int


async def receive(core: Core, inbound: Inbound) -> Answer:
    """Keep an inbound SMS and what follows from it; when this returns, the network may be answered."""
    arrival = Arrival(core, inbound, concatenation_of(inbound.udh), core.clock.now_ms())
    answer: Answer = await core.database.write_item(accept, arrival)
    fault.point("receive.after_commit")
    return answer


async def answer_lost(core: Core, inbound: Inbound, answer: Answer) -> None:
    """The answer to `inbound` was not written before its session died: if it comes again within 5 minutes, it is the same SMS. What was
    refused is decided anew; what the database did not confirm may not be there."""
    if answer.refused is not None:
        return
    now_ms = core.clock.now_ms()
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
    digest = hashlib.sha256()
    for field in (inbound.source.encode(), (inbound.destination or "").encode(), inbound.udh, inbound.user_data):
        digest.update(len(field).to_bytes(4, "big"))
        digest.update(field)
    return digest.hexdigest()


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
    whole = _collect(tx, core, fresh, now_ms)
    mailroom = Mailroom(tx, core, [arrived for _, arrived in whole], now_ms)
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
    mailroom = Mailroom(tx, core, arrived, now_ms)
    for one in arrived:
        mailroom.sort(one)
    part_store.delete(tx, (each.id for each in sets))
    mailroom.write()
    return len(sets)


def _collect(tx: Transaction, core: Core, items: Sequence[tuple[int, Arrival]], now_ms: int) -> list[tuple[int, Arrived]]:
    """What is whole: single SMS, and sets of which the last missing part has come, at the position of that part."""
    whole = [(position, Arrived.of_single(item.inbound)) for position, item in items if item.concatenation is None]
    in_parts = [(position, item, item.concatenation) for position, item in items if item.concatenation is not None]
    if not in_parts:
        return whole
    new_ids = tx.ids("part_set", len(in_parts))
    wanted = [_set_of(item.inbound, concat, set_id) for (_, item, concat), set_id in zip(in_parts, new_ids, strict=True)]
    set_ids = part_store.open_sets(tx, wanted, now_ms)
    part_store.add(
        tx, [_part_of(set_ids[each.key], item.inbound, concat) for (_, item, concat), each in zip(in_parts, wanted, strict=True)]
    )
    held = part_store.of_sets(tx, set_ids.values())
    complete: dict[int, tuple[int, Arrived]] = {}
    for (position, item, _), each in zip(in_parts, wanted, strict=True):
        set_id = set_ids[each.key]
        if len(held[set_id]) == each.total:
            complete[set_id] = (position, Arrived.of_set(each, held[set_id], item.inbound.received_at_ms))
    part_store.delete(tx, complete)
    return sorted([*whole, *complete.values()], key=lambda pair: pair[0])


def _set_of(inbound: Inbound, concat: udh.Concatenation, set_id: int) -> PartSet:
    alphabet = parse(inbound.dcs).alphabet.value
    return PartSet(set_id, inbound.link_id, inbound.source, inbound.destination or "", concat.reference, concat.total, alphabet)


def _part_of(set_id: int, inbound: Inbound, concat: udh.Concatenation) -> Part:
    return Part(
        set_id, concat.number, inbound.udh.hex().upper(), inbound.user_data.hex().upper(), inbound.dcs, inbound.pid, inbound.received_at_ms
    )
