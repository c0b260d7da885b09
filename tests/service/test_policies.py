"""What policies do to messages, seen at both ends (rules: The traffic classes; Counting)."""

import asyncio
import json
from typing import Any

import pytest

from heliograph.model.ids import DeviceId
from heliograph.model.link import Accepted, Delivery, ReceiptState
from heliograph.model.message import State
from heliograph.model.p2p import P2pRates
from heliograph.model.problem import Code, Problem
from heliograph.service.draft import Draft
from heliograph.service.submit import submit
from heliograph.service.timeline import timeline
from tests.core_world import DAY, MINUTE, Setting, World, msisdn, statement

PHONE = "491701234567"


def change(world: World, text: str) -> Any:
    return world.database.write(lambda tx: tx.run(statement(text)))


async def policy(
    world: World, device: int = 1, *, quota: bool = False, limits: tuple[int | None, int | None] = (None, None), **ours: Any
) -> None:
    """Give the policy of a device's organisation what is ours, and limits of the organisation."""
    organisation = world.organisation_of(device)
    settings = json.dumps(ours)
    await change(world, f"UPDATE service_profile SET settings = '{settings}', apply_sms_quota = {quota:d} WHERE id = {organisation}")
    mt, mo = ("NULL" if limit is None else limit for limit in limits)
    await change(world, f"UPDATE organisation SET mt_limit = {mt}, mo_limit = {mo} WHERE id = {organisation}")


async def refused(world: World, device: int = 1, text: str = "hello") -> Problem:
    with pytest.raises(Problem) as raised:
        await world.submit(device, text)
    return raised.value


def kept(world: World, device: int = 1) -> list[Any]:
    columns = "id, direction, state, reason_code, traffic_class, peer_id, organisation_id, source"
    return world.rows(f"SELECT {columns} FROM message WHERE device_id = :device ORDER BY id", device=device)


def happened(world: World, *types: str) -> list[Any]:
    found = world.rows("SELECT type, organisation_id, device_id, detail FROM event ORDER BY organisation_id, number")
    return [(each.type, each.device_id, json.loads(each.detail)) for each in found if each.type in types]


# the switches (each combination of them: test_traffic_classes.py)


async def test_a_refused_mt_is_kept_with_its_rule_and_not_counted(world: World) -> None:
    await change(world, "UPDATE service_profile SET mt = 0")
    problem = await refused(world)
    assert problem.code is Code.MT_OFF
    (row,) = kept(world)
    assert (row.state, row.reason_code) == (State.FAILED, "mt_off")
    assert world.events(row.id) == ["sms.refused"]
    assert (world.used(1), world.link.sent, world.notifications(row.id)) == (0, [], [])


# another organisation


@pytest.mark.parametrize("setting", [Setting(devices=2, organisations=2)], indirect=True)
async def test_a_sender_is_not_told_why_another_organisation_refuses(world: World) -> None:
    await change(world, "UPDATE device SET status_id = 1 WHERE id = 2")
    answer, of_phone = [await world.hear(msisdn(1), each) for each in (msisdn(2), PHONE)]
    assert answer.message_id is not None
    assert of_phone.message_id is not None
    sent, to_phone = world.message(answer.message_id), world.message(of_phone.message_id)
    (received,) = kept(world, 2)
    assert (received.reason_code, received.organisation_id) == ("device_disabled", 2)
    assert (answer.refused, sent.reason) == (of_phone.refused, to_phone.reason.replace(PHONE, msisdn(2)))
    steps = [[step.type for step in await timeline(world.core, world.actor(), row.id)] for row in (sent, to_phone)]
    assert steps[0] == steps[1]
    assert (world.used(1, "mo"), world.used(2, "mt")) == (0, 0)


@pytest.mark.parametrize("setting", [Setting(devices=2, organisations=2, may_return=True)], indirect=True)
async def test_where_a_phone_would_be_tried_it_is_told_only_that_the_number_does_not_take_it(world: World) -> None:
    await change(world, "UPDATE device SET status_id = 1 WHERE id = 2")
    answer = await world.hear(msisdn(1), msisdn(2))
    assert answer.message_id is not None
    assert answer.refused == "receiver_refuses"
    assert world.message(answer.message_id).reason == f"{msisdn(2)} does not take this SMS: ask its owner"


@pytest.mark.parametrize("setting", [Setting(devices=2, organisations=2)], indirect=True)
async def test_an_imsi_is_shown_to_nobody(world: World) -> None:
    inbound = world.rows("SELECT imsi FROM sim WHERE id = 1")[0].imsi
    await world.hear(inbound, msisdn(2))
    assert kept(world, 2)[0].source == msisdn(1)
    await change(world, "UPDATE sim SET msisdn = NULL WHERE id = 1")
    await world.hear(inbound, msisdn(2))
    assert kept(world, 2)[1].source == ""


async def test_nobody_dials_an_imsi(world: World) -> None:
    imsi = world.rows("SELECT imsi FROM sim WHERE id = 2")[0].imsi
    assert (await world.hear(msisdn(1), imsi)).refused == "no_route"


# the allow-list, loops and rates


async def test_an_allow_list_protects_a_device_from_who_knows_its_number(world: World) -> None:
    await policy(world, sender_allow_list=["4917012*", msisdn(2)])
    assert (await world.hear(PHONE, msisdn(1))).refused is None
    assert (await world.hear(msisdn(2), msisdn(1))).refused is None
    assert (await world.hear("491729999999", msisdn(1))).refused == "sender_not_allowed"
    assert (await world.hear(msisdn(3), msisdn(1))).refused == "sender_not_allowed"
    await world.submit(1, source="491729999999")
    assert [row.state for row in kept(world)] == [State.DELIVERED, State.DELIVERED, State.FAILED, State.FAILED, State.DELIVERED]


async def test_the_same_sms_for_the_third_time_in_60_s_is_a_loop(world: World) -> None:
    answers = [await world.hear(PHONE, msisdn(1), "ping") for _ in range(3)]
    assert [answer.refused for answer in answers] == [None, None, "loop"]
    assert (await world.hear(PHONE, msisdn(1), "pong")).refused is None
    await world.jump(MINUTE)
    assert (await world.hear(PHONE, msisdn(1), "ping")).refused is None


async def test_what_meters_repeat_to_the_application_is_no_loop(world: World) -> None:
    answers = [await world.hear(msisdn(1), "1000", "0 kWh") for _ in range(5)]
    assert [answer.refused for answer in answers] == [None] * 5


@pytest.mark.parametrize("setting", [Setting(p2p=P2pRates())], indirect=True)
async def test_the_sixth_p2p_sms_in_24_h_from_the_first_is_refused_and_told_once(world: World) -> None:
    for number in range(5):
        assert (await world.hear(msisdn(1), msisdn(2), f"{number}")).refused is None
        await world.jump(MINUTE)
    for number in (6, 7):
        answer = await world.hear(msisdn(1), msisdn(2), f"{number}")
        assert answer.refused == "p2p_rate"
        assert answer.message_id is not None
        assert world.message(answer.message_id).state == State.FAILED
    assert (await world.hear(msisdn(1), "1000")).refused is None, "to the application it may send"
    assert world.used(1, "mo") == 6
    assert happened(world, "p2p_limit.reached") == [("p2p_limit.reached", 1, {"traffic": "mo", "limit": 5})]
    await world.jump(DAY - 5 * MINUTE)
    assert (await world.hear(msisdn(1), msisdn(2), "a new day")).refused is None


@pytest.mark.parametrize("setting", [Setting(p2p=P2pRates())], indirect=True)
async def test_the_seventh_p2p_sms_received_in_60_s_is_refused(world: World) -> None:
    answers = [await world.hear(PHONE, msisdn(1), f"{number}") for number in range(8)]
    assert [answer.refused for answer in answers] == [None] * 6 + ["p2p_rate"] * 2
    assert happened(world, "p2p_limit.reached") == [("p2p_limit.reached", 1, {"traffic": "mt", "limit": 6})]
    await world.submit(1)
    await world.jump(MINUTE)
    assert (await world.hear(PHONE, msisdn(1), "later")).refused is None


# limits of a month


async def test_the_limit_of_a_month_refuses_with_emnifys_words(world: World) -> None:
    await policy(world, mt_limit=5)
    for _ in range(5):
        await world.submit()
    problem = await refused(world)
    assert (problem.code, problem.text) == (Code.MT_LIMIT, "Traffic limit of 5 MT-SMS per month exceeded")
    assert (world.used(1), kept(world)[-1].state) == (5, State.FAILED)
    await world.submit(2)
    await refused(world)
    limit = {"scope": "device", "traffic": "mt", "limit": 5, "month": "2027-01"}
    assert happened(world, "limit.reached") == [("limit.reached", 1, limit)]


async def test_segments_are_counted_all_or_none(world: World) -> None:
    await policy(world, mt_limit=3)
    await world.submit(1, "a" * 200)
    assert (await refused(world, 1, "b" * 200)).code is Code.MT_LIMIT
    assert world.used(1) == 2
    await world.submit(1, "c")
    assert world.used(1) == 3


async def test_a_limit_that_comes_later_counts_what_the_month_had(world: World) -> None:
    for _ in range(3):
        await world.submit()
    await policy(world, mt_limit=2)
    assert (await refused(world)).code is Code.MT_LIMIT
    assert len(happened(world, "limit.reached")) == 1


async def test_each_month_begins_at_nothing(world: World) -> None:
    await policy(world, mt_limit=1)
    await world.submit()
    await world.jump(16 * DAY + 16 * 3600 - 60)
    assert (await refused(world)).code is Code.MT_LIMIT
    await world.jump(60)
    await world.submit()


async def test_what_was_never_sent_is_given_back_to_its_limit(world: World) -> None:
    await policy(world, mt_limit=1, limits=(1, None))
    world.link.otherwise = None
    await world.submit(2)
    assert (await refused(world, 1)).code is Code.ORGANISATION_LIMIT
    await policy(world, mt_limit=1, limits=(3, None))
    await world.submit(1, scheduled_at_ms=world.now_ms + 60_000)
    await change(world, "UPDATE device SET status_id = 1 WHERE id = 1")
    await world.jump(MINUTE)
    await world.advance(7)
    await change(world, "UPDATE device SET status_id = 0 WHERE id = 1")
    assert world.used(1) == 0
    await world.submit(1)
    organisation = world.rows("SELECT used FROM usage_counter WHERE scope = 'organisation' AND traffic = 'mt'")
    assert [row.used for row in organisation] == [2]


async def test_what_a_device_sends_is_limited_too(world: World) -> None:
    await policy(world, mo_limit=2)
    answers = [await world.hear(msisdn(1), "1000", f"{number}") for number in range(3)]
    assert [answer.refused for answer in answers] == [None, None, "mo_limit"]
    assert world.used(1, "mo") == 2
    assert len(world.courier.delivered) == 2


async def test_a_receiver_without_room_refuses_the_whole_message_before_anything_is_counted(world: World) -> None:
    await policy(world, mt_limit=0)
    assert (await world.hear(msisdn(1), msisdn(2))).refused == "mt_limit"
    assert (world.used(1, "mo"), world.used(2, "mt")) == (0, 0)


async def test_several_to_one_device_in_one_batch_count_one_after_another(world: World) -> None:
    await policy(world, mt_limit=100)
    calls = [submit(world.core, world.actor(), DeviceId(1), Draft("a" * 200)) for _ in range(80)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    await world.settle()
    assert sum(not isinstance(answer, Problem) for answer in answers) == 50
    assert [isinstance(answer, Problem) for answer in answers] == [False] * 50 + [True] * 30
    assert world.used(1) == 100


async def test_an_organisation_has_a_limit_over_all_its_devices(world: World) -> None:
    await policy(world, limits=(3, 1))
    for device in (1, 2, 3):
        await world.submit(device)
    assert (await refused(world, 2)).code is Code.ORGANISATION_LIMIT
    assert [(await world.hear(msisdn(device), "1000")).refused for device in (1, 2)] == [None, "organisation_limit"]
    reached = [(device, detail["scope"], detail["traffic"]) for _, device, detail in happened(world, "limit.reached")]
    assert reached == [(None, "organisation", "mt"), (None, "organisation", "mo")]


# senders


async def test_who_names_no_sender_has_the_policys_then_the_organisations(world: World) -> None:
    await change(world, "UPDATE organisation SET default_source = 'Org'")
    await world.submit()
    await policy(world, default_source="Policy")
    await world.submit()
    await world.submit(source="Mine")
    assert [row.source for row in kept(world)] == ["Org", "Policy", "Mine"]


# strict order


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED)], indirect=True)
async def test_in_strict_order_the_next_message_waits_for_the_receipt_of_the_one_before(world: World) -> None:
    await policy(world, order="strict")
    world.link.otherwise = lambda _: Accepted(f"ref{len(world.link.sent)}", receipt_owed=True)
    first, second = await world.submit(text="first"), await world.submit(text="second")
    third = await world.submit(text="third", validity_s=100)
    await world.submit(2, text="another device's")
    assert [out.text for out in world.link.sent] == ["first", "another device's"]
    await world.receipt("id:ref1")
    await world.advance(1)
    assert [out.text for out in world.link.sent][2:] == ["second"]
    assert (world.message(first).state, world.message(second).state) == (State.DELIVERED, State.BUFFERED)
    await world.jump(101)
    assert world.message(third).state == State.EXPIRED, "while it waits it may expire"
    await world.receipt("id:ref3", state=ReceiptState.FAILED)
    await world.submit(text="fourth")
    await world.advance(1)
    assert [out.text for out in world.link.sent][3:] == ["fourth"]


@pytest.mark.parametrize("setting", [Setting(delivery=Delivery.STORED)], indirect=True)
async def test_without_it_nobody_waits(world: World) -> None:
    world.link.otherwise = lambda _: Accepted(f"ref{len(world.link.sent)}", receipt_owed=True)
    for _ in range(3):
        await world.submit()
    assert len(world.link.sent) == 3


# first contact


async def test_the_first_contact_with_a_device_is_an_event_and_so_is_one_after_long(world: World) -> None:
    await world.hear(msisdn(1), "1000")
    await world.hear(msisdn(1), "1000")
    first_ms = world.now_ms
    assert happened(world, "device.reachable") == [("device.reachable", 1, {"first_contact": True, "last_heard_at_ms": None})]
    await world.jump(29 * DAY)
    await world.reachable(1)
    second_ms = world.rows("SELECT heard_at_ms FROM lane WHERE device_id = 1")[0].heard_at_ms
    assert second_ms > first_ms
    await world.jump(31 * DAY)
    await world.reachable(1)
    await world.reachable(2)
    later = happened(world, "device.reachable")[1:]
    assert [(device, detail["first_contact"], detail["last_heard_at_ms"]) for _, device, detail in later] == [
        (1, False, second_ms),
        (2, True, None),
    ]
