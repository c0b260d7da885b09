"""The table of rules.md, The traffic classes: whoever texts whomever, under every combination of both policies, seen at both ends.

`TABLE` is written from the prose and from nothing else. Its rows are the ends of an SMS, its cells what becomes of it there.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

import pytest

from heliograph.model.esme import Asked
from heliograph.model.ids import DeviceId
from heliograph.model.link import Answer
from heliograph.model.message import Direction, State
from heliograph.model.problem import Code, Problem
from heliograph.service import receive
from heliograph.service.draft import Draft
from heliograph.service.submit import prepare, submit
from heliograph.service.submit_to import ToNumber, accept_to
from heliograph.store.transaction import Transaction
from tests.core_world import Setting, World, add_device, insert, msisdn, statement

SWITCHES = ("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext")
COMBINATIONS = [dict(zip(SWITCHES, switches, strict=True)) for switches in product([0, 1], repeat=len(SWITCHES))]
OWN, TWINS, OTHER = range(1, 33), range(33, 65), range(65, 97)
"""Of organisation 1 two devices under each combination, of organisation 2 one."""
PHONE, ANOTHER_PHONE, APPLICATION = "491701234567", "491707654321", "1000"
SETTING = Setting(devices=0, organisations=2, webhook=False, may_return=True, window=5000)


class End(NamedTuple):
    """What the policy of a device at this end must allow, the first that is off refusing it."""

    traffic_class: str
    must_allow: tuple[str, str]


# from, to: at the sender, at the receiver (None: no device, so nobody is asked); the order in which they are asked is that of the words
TABLE = {
    ("own", "own"): (End("p2p_internal", ("mo", "sms_p2p_int")), End("p2p_internal", ("mt", "sms_p2p_int"))),
    ("own", "other"): (End("p2p_external_out", ("mo", "sms_p2p_ext")), End("p2p_external_in", ("mt", "sms_p2p_ext"))),
    ("other", "own"): (End("p2p_external_out", ("mo", "sms_p2p_ext")), End("p2p_external_in", ("mt", "sms_p2p_ext"))),
    ("own", "phone"): (End("p2p_external_out", ("mo", "sms_p2p_ext")), None),
    ("other", "phone"): (End("p2p_external_out", ("mo", "sms_p2p_ext")), None),
    ("phone", "own"): (None, End("p2p_external_in", ("mt", "sms_p2p_ext"))),
    ("phone", "other"): (None, End("p2p_external_in", ("mt", "sms_p2p_ext"))),
    ("own", "application"): (End("a2p_mo", ("mo", "sms_a2p")), None),
    ("other", "application"): (End("a2p_mo", ("mo", "sms_a2p")), None),
    ("application", "own"): (None, End("a2p_mt", ("mt", "sms_a2p"))),
}
REFUSED_AS = {"mt": "mt_off", "mo": "mo_off", "sms_a2p": "a2p_off", "sms_p2p_int": "p2p_internal_off", "sms_p2p_ext": "p2p_external_off"}
ENDS: dict[tuple[str, str], tuple[Iterable[int | None], Iterable[int | None]]] = {
    ("own", "own"): (OWN, TWINS),
    ("own", "other"): (OWN, OTHER),
    ("other", "own"): (OTHER, OWN),
    ("own", "phone"): (OWN, [None]),
    ("other", "phone"): (OTHER, [None]),
    ("phone", "own"): ([None], OWN),
    ("phone", "other"): ([None], OTHER),
    ("own", "application"): (OWN, [None]),
    ("other", "application"): (OTHER, [None]),
    ("application", "own"): ([None], OWN),
}


def populate(tx: Transaction) -> None:
    for device, switches in zip((*OWN, *TWINS, *OTHER), COMBINATIONS * 3, strict=True):
        organisation = 2 if device in OTHER else 1
        insert(
            tx, "service_profile", id=100 + device, organisation_id=organisation, name="Policy", esme_interface_type_id=1,
            created_at_ms=0, **switches,
        )  # fmt: skip
        add_device(tx, device, organisation)
        tx.run(statement(f"UPDATE device SET service_profile_id = {100 + device} WHERE id = {device}"))


def expected(end: End | None, device: int | None) -> str | None:
    """The rule by which this end refuses it; None: it allows it, or is nobody."""
    if end is None or device is None:
        return None
    switches = COMBINATIONS[(device - 1) % 32]
    return next((REFUSED_AS[name] for name in end.must_allow if not switches[name]), None)


async def say(world: World, kind: tuple[str, str], sender: int | None, receiver: int | None) -> Answer:
    """Have it sent; the answer the network gets, or one like it for the application."""
    if kind[0] == "application":
        try:
            return Answer(message_id=await submit(world.core, world.actor(), DeviceId(receiver or 0), Draft("hi")))
        except Problem as problem:
            return Answer(refused=problem.code.value)
    source = PHONE if sender is None else msisdn(sender)
    dialled = msisdn(receiver) if receiver else ANOTHER_PHONE if kind[1] == "phone" else APPLICATION
    return await receive.receive(world.core, world.inbound(source, dialled, b"hi"))


@pytest.mark.parametrize("kind", TABLE, ids=" to ".join)
@pytest.mark.parametrize("setting", [SETTING], indirect=True)
async def test_what_both_policies_say_is_what_becomes_of_it_at_both_ends(world: World, kind: tuple[str, str]) -> None:
    world.link.otherwise = None
    await world.database.write(populate)
    senders, receivers = ENDS[kind]
    pairs = list(product(senders, receivers))
    answers = await asyncio.gather(*(say(world, kind, *pair) for pair in pairs))
    await world.settle()
    rows = {row.id: row for row in world.rows(f"SELECT {COLUMNS} FROM message")}
    counted: Counter[tuple[int, str]] = Counter()
    for (sender, receiver), answer in zip(pairs, answers, strict=True):
        at_sender, at_receiver = TABLE[kind]
        of_sender, of_receiver = expected(at_sender, sender), expected(at_receiver, receiver)
        mo, mt = ends_of(rows, answer, sender, receiver)
        told = of_sender or (of_receiver and ("receiver_refuses" if is_between_organisations(kind) else of_receiver))
        assert answer.refused == told
        if sender is not None:
            assert at_sender is not None
            assert (mo.traffic_class, mo.reason_code) == (at_sender.traffic_class, told)
            assert (mo.state, world.events(mo.id)) == ((State.FAILED, ["sms.refused"]) if told else (State.DELIVERED, ["sms.received"]))
            counted[sender, "mo"] += not told
        if receiver is not None and of_sender is not None:
            assert mt is None, "it never got there"
        elif receiver is not None:
            assert at_receiver is not None
            assert (mt.device_id, mt.traffic_class, mt.reason_code) == (receiver, at_receiver.traffic_class, of_receiver)
            assert mt.state == (State.FAILED if of_receiver else State.PENDING)
            assert world.events(mt.id) == ["sms.refused" if of_receiver else "sms.accepted"]
            counted[receiver, "mt"] += not of_receiver
        if sender is not None and mt is not None:
            assert (mo.peer_id, mt.peer_id) == (mt.id, mo.id)
        if kind[1] == "phone":
            assert (rows.get(mo.peer_id) is None) == (told is not None), "what goes out has a row too"
    used = world.rows("SELECT scope_id, traffic, used FROM usage_counter WHERE scope = 'device' AND length(period) = 7 AND used <> 0")
    assert {(row.scope_id, row.traffic): row.used for row in used} == {each: count for each, count in counted.items() if count}


COLUMNS = "id, direction, state, reason_code, traffic_class, device_id, peer_id"


def is_between_organisations(kind: tuple[str, str]) -> bool:
    return set(kind) == {"own", "other"}


def ends_of(rows: dict[int, Any], answer: Answer, sender: int | None, receiver: int | None) -> tuple[Any, Any]:
    """The row at the sender and the one at the receiver."""
    if sender is not None:
        mo = rows[answer.message_id or 0]
        return mo, rows.get(mo.peer_id) if receiver is not None else None
    if answer.message_id is not None:
        return None, rows[answer.message_id]
    (refused,) = [row for row in rows.values() if row.device_id == receiver and row.direction == Direction.MT]
    return None, refused


@pytest.mark.parametrize("setting", [SETTING], indirect=True)
async def test_where_neither_end_is_a_device_that_may_be_meant_nothing_is_relayed(world: World) -> None:
    await world.database.write(populate)
    assert (await world.hear(PHONE, ANOTHER_PHONE)).refused == "no_relay"
    assert (await world.hear(PHONE, APPLICATION)).refused == "no_relay"
    assert await refused_to_number(world, ANOTHER_PHONE) is Code.NOT_A_DEVICE
    for device in OTHER:
        assert await refused_to_number(world, msisdn(device)) is Code.NOT_A_DEVICE
        with pytest.raises(Problem) as raised:
            await submit(world.core, world.actor(), DeviceId(device), Draft("hi"))
        assert raised.value.code is Code.INVALID_REFERENCE, "another organisation's device is not there"
    assert world.rows("SELECT id FROM message") == []


async def refused_to_number(world: World, number: str) -> Code:
    """As an application over SMPP would send it."""
    submission = prepare(world.core, world.actor(), DeviceId(0), Draft("hi"))
    (answer,) = await world.database.write_item(accept_to, [ToNumber(submission, Asked("org_1"), number)])
    assert isinstance(answer, Problem)
    return answer.code
