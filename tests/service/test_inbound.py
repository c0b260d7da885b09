"""What links hear: to the application, to a device, or nowhere (rules: Where a device's message goes; Text, parts; Duplicates)."""

import json

import msgspec
import pytest

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh
from heliograph.model.ids import LinkId
from heliograph.model.link import Accepted, Answer, ErrorClass, Inbound, Refused
from heliograph.model.message import State
from heliograph.model.route import NumberRules
from heliograph.service import receive
from tests.core_world import MINUTE, Setting, World, imsi, msisdn, statement

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")
PHONE = "491701234567"
TWO_ORGANISATIONS = Setting(devices=2, organisations=2)


def part(reference: int, total: int, number: int) -> bytes:
    return udh.concat(reference, total, number)


def posted(world: World) -> list[object]:
    return [json.loads(delivery.body) for _, delivery in world.courier.delivered if delivery.method == "POST"]


async def test_an_sms_to_a_short_number_is_posted_with_emnifys_body(world: World) -> None:
    answer = await world.hear(msisdn(1), "12345", "hello")
    assert answer == Answer(message_id=answer.message_id)
    assert posted(world) == [
        {
            "id": answer.message_id, "pid": 0, "dcs": 0, "source_address": msisdn(1), "dest_address": "12345",
            "endpoint": {"id": 1, "name": "Device 1"},
            "multi_part_info": {"partno": 1, "total": 1, "identifier": str(answer.message_id)},
            "submit_date": "2027-01-15 08:00:00", "organisation": {"id": 1}, "payload": "hello",
        }
    ]  # fmt: skip
    (_, delivery) = world.courier.delivered[0]
    assert delivery.url == "http://hook1.example/sms"


async def test_an_mo_message_is_final_at_its_commit_and_counted(world: World) -> None:
    answer = await world.hear(msisdn(1), "12345", "hello")
    assert answer.message_id is not None
    message = world.message(answer.message_id)
    assert (message.direction, message.state, message.traffic_class) == (2, State.DELIVERED, "a2p_mo")
    assert world.events(message.id) == ["sms.received"]
    assert (world.used(1, "mo"), world.used(1, "mt")) == (1, 0)


async def test_its_hand_over_has_a_state_of_its_own(world: World) -> None:
    world.courier.otherwise = None
    answer = await world.hear(msisdn(1), "12345")
    assert answer.message_id is not None
    assert world.message(answer.message_id).state == State.DELIVERED
    (notification,) = world.notifications(answer.message_id)
    assert (notification.type, notification.method, notification.state) == ("sms.received", "POST", 1)


@pytest.mark.parametrize("source", [msisdn(2), imsi(2)])
async def test_a_device_is_known_by_its_msisdn_and_its_imsi(world: World, source: str) -> None:
    answer = await world.hear(source, "12345")
    assert answer.message_id is not None
    assert world.message(answer.message_id).device_id == 2


async def test_an_sms_without_a_destination_goes_to_the_application(world: World) -> None:
    await world.hear(msisdn(1), None)
    (body,) = posted(world)
    assert body["dest_address"] == ""  # type: ignore[index]


@pytest.mark.parametrize("setting", [Setting(webhook=False)], indirect=True)
async def test_without_a_webhook_it_is_kept_for_who_asks(world: World) -> None:
    answer = await world.hear(msisdn(1), "12345")
    assert answer.message_id is not None
    assert world.message(answer.message_id).state == State.DELIVERED
    assert world.notifications(answer.message_id) == []


async def test_octets_are_posted_as_hex_and_ucs2_as_text(world: World) -> None:
    await world.hear(msisdn(1), "12345", dcs=4, octets=b"\x00\xffA")
    await world.hear(msisdn(1), "12345", "čau \U0001f600", dcs=8)
    assert [body["payload"] for body in posted(world)] == ["00FF41", "čau \U0001f600"]  # type: ignore[index]


# device to device


async def test_a_device_texts_a_device_by_two_rows_that_know_each_other(world: World) -> None:
    answer = await world.hear(msisdn(1), msisdn(2), "hi there")
    assert answer.message_id is not None
    sent = world.message(answer.message_id)
    received = world.message(sent.peer_id)
    assert (sent.direction, sent.device_id, sent.state, sent.traffic_class) == (2, 1, State.DELIVERED, "p2p_internal")
    assert (received.direction, received.device_id, received.peer_id, received.state) == (1, 2, sent.id, State.DELIVERED)
    assert (received.source, received.dest, received.payload) == (msisdn(1), msisdn(2), "hi there")
    assert (world.used(1, "mo"), world.used(2, "mt")) == (1, 1)
    assert [out.text for out in world.link.sent] == ["hi there"]
    assert posted(world) == []
    assert world.notifications(received.id) == [], "no receipt for what no application sent"


@pytest.mark.parametrize("setting", [TWO_ORGANISATIONS], indirect=True)
async def test_between_organisations_it_is_external_for_both(world: World) -> None:
    answer = await world.hear(msisdn(1), msisdn(2))
    assert answer.message_id is not None
    sent = world.message(answer.message_id)
    received = world.message(sent.peer_id)
    assert (sent.organisation_id, sent.traffic_class) == (1, "p2p_external_out")
    assert (received.organisation_id, received.traffic_class) == (2, "p2p_external_in")


async def test_a_message_to_a_device_waits_for_it_as_any_other(world: World) -> None:
    world.link.says(ABSENT)
    answer = await world.hear(msisdn(1), msisdn(2))
    assert answer.message_id is not None
    received = world.message(answer.message_id).peer_id
    assert world.message(received).state == State.BUFFERED
    await world.jump(20)
    assert world.message(received).state == State.DELIVERED


async def test_a_device_may_text_itself(world: World) -> None:
    answer = await world.hear(msisdn(1), msisdn(1), "note to self")
    assert answer.refused is None
    assert [out.text for out in world.link.sent] == ["note to self"]


async def test_a_phone_texts_a_device(world: World) -> None:
    answer = await world.hear(PHONE, msisdn(1), "wake up")
    assert answer.message_id is not None
    message = world.message(answer.message_id)
    assert (message.direction, message.traffic_class, message.source, message.state) == (1, "p2p_external_in", PHONE, State.DELIVERED)
    assert world.notifications(message.id) == []


async def test_a_device_that_is_disabled_gets_and_sends_nothing_and_both_is_kept(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement("UPDATE device SET status_id = 1 WHERE id = 1")))
    sent, received = await world.hear(msisdn(1), "12345"), await world.hear(PHONE, msisdn(1))
    assert (sent.refused, received.refused) == ("device_disabled", "device_disabled")
    for answer in (sent, received):
        assert answer.message_id is not None
        message = world.message(answer.message_id)
        assert (message.state, message.reason_code) == (State.FAILED, "device_disabled")
        assert world.events(message.id) == ["sms.refused"]
    assert (world.used(1, "mo"), world.used(1, "mt")) == (0, 0), "what is refused is not counted"
    assert posted(world) == []
    assert world.link.sent == []


async def test_a_receiver_that_cannot_be_reached_refuses_the_whole_message(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement("UPDATE sim SET status_id = 2 WHERE id = 2")))
    answer = await world.hear(msisdn(1), msisdn(2))
    assert answer.refused == "sim_not_active"
    assert answer.message_id is not None
    sent = world.message(answer.message_id)
    received = world.message(sent.peer_id)
    assert sent.reason == "the receiver's SIM is not activated: activate it, then send again"
    assert (received.device_id, received.state, received.reason_code) == (2, State.FAILED, "sim_not_active")
    assert [world.events(each.id) for each in (sent, received)] == [["sms.refused"], ["sms.refused"]]
    assert (world.used(1, "mo"), world.used(2, "mt")) == (0, 0)
    assert world.link.sent == []


# nobody we know


@pytest.mark.parametrize(
    ("source", "destination"), [(msisdn(1), msisdn(2)), (msisdn(1), PHONE), (PHONE, msisdn(1))], ids=["internal", "out", "in"]
)
@pytest.mark.parametrize("setting", [Setting(may_return=True)], indirect=True)
async def test_the_same_sms_a_third_time_in_60_s_is_refused_as_a_loop(world: World, source: str, destination: str) -> None:
    first = await world.hear(source, destination, "ping")
    await world.jump(30)
    second = await world.hear(source, destination, "ping")
    await world.jump(29)
    third = await world.hear(source, destination, "ping")
    assert [first.refused, second.refused, third.refused] == [None, None, "loop"]
    kept = world.message(third.message_id or 0)
    assert (kept.state, kept.reason_code) == (State.FAILED, "loop")
    assert (await world.hear(source, destination, "pong")).refused is None
    await world.jump(61)
    assert (await world.hear(source, destination, "ping")).refused is None


async def test_a_long_sms_a_third_time_in_60_s_is_refused_as_a_loop(world: World) -> None:
    for refused in (None, None, "loop"):
        await world.hear(msisdn(1), msisdn(2), "one", udh=part(7, 2, 1))
        assert (await world.hear(msisdn(1), msisdn(2), "two", udh=part(7, 2, 2))).refused == refused


async def test_an_application_is_told_the_same_as_often_as_a_meter_likes(world: World) -> None:
    assert [(await world.hear(msisdn(1), "12345", "0")).refused for _ in range(5)] == [None] * 5


@pytest.mark.parametrize("setting", [Setting(may_return=True)], indirect=True)
async def test_two_links_that_return_sms_to_one_phone_share_its_lane(world: World) -> None:
    world.link.otherwise = None
    other = await world.own_another("Other")
    heard = [msgspec.structs.replace(world.inbound(msisdn(1), PHONE, b"one"), link_id=LinkId(each)) for each in (world.link_id, other)]
    answers = await world.database.write(
        lambda tx: receive.accept(tx, [receive.Arrival(world.core, each, None, world.now_ms) for each in heard])
    )
    await world.settle()
    (lane,) = world.rows("SELECT link_id, head_seq, next_seq FROM lane WHERE number = :number", number=PHONE)
    assert lane == (world.link_id, 1, 3)
    (sent,) = world.link.open
    sent.answer(Accepted())
    await world.settle()
    assert [each.outgoing.destination for each in world.link.sent] == [PHONE, PHONE]
    assert all(isinstance(answer, Answer) and answer.refused is None for answer in answers)


async def test_an_sms_that_a_link_heard_just_before_it_was_released_is_kept(world: World) -> None:
    world.core.queues.release(LinkId(world.link_id))
    answer = await world.hear(msisdn(1), "12345", "last words")
    assert answer.message_id is not None
    assert world.message(answer.message_id).state == State.DELIVERED


async def test_from_a_stranger_to_a_stranger_nothing_is_relayed(world: World) -> None:
    answer = await world.hear(PHONE, "491709999999")
    assert answer.refused == "no_relay"
    assert [row.reason for row in world.rows("SELECT reason FROM unmatched_inbound")] == ["no_relay"]
    assert world.rows("SELECT id FROM message") == []


@pytest.mark.parametrize(
    "setting",
    [Setting(numbers=("4711",)), Setting(rules=NumberRules(application_numbers=("471*",)))],
    indirect=True,
    ids=["link", "everywhere"],
)
async def test_from_a_stranger_to_an_application_it_is_kept_acknowledged_and_not_handed_on(world: World) -> None:
    answer = await world.hear(PHONE, "4711", "who is it for?")
    assert answer.refused is None
    (kept,) = world.rows("SELECT source, dest, reason, user_data FROM unmatched_inbound")
    assert kept.user_data == "who is it for?"
    assert (kept.source, kept.dest, kept.reason) == (PHONE, "4711", "unmatched")
    assert posted(world) == []


async def test_a_number_that_any_policy_lists_is_an_applications(world: World) -> None:
    await world.database.write(lambda tx: tx.run(statement("""UPDATE service_profile SET settings = '{"application_numbers":["80*"]}'""")))
    assert [(await world.hear(PHONE, each)).refused for each in ("8012345678", "8112345678")] == [None, "no_relay"]
    assert [row.reason for row in world.rows("SELECT reason FROM unmatched_inbound ORDER BY dest")] == ["unmatched", "no_relay"]


# parts


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
async def test_parts_are_joined_when_the_set_is_complete_whatever_their_order(world: World, order: tuple[int, ...]) -> None:
    texts = {1: "one ", 2: "two ", 3: "three"}
    answers = [await world.hear(msisdn(1), "12345", texts[number], udh=part(7, 3, number)) for number in order]
    assert [answer.message_id is not None for answer in answers] == [False, False, True]
    (body,) = posted(world)
    assert body["payload"] == "one two three"  # type: ignore[index]
    assert body["multi_part_info"] == {"partno": 1, "total": 1, "identifier": str(answers[2].message_id)}  # type: ignore[index]
    assert (len(world.rows("SELECT id FROM message")), world.used(1, "mo")) == (1, 3)
    assert world.rows("SELECT id FROM part_set") == []


async def test_a_surrogate_pair_that_a_device_split_heals(world: World) -> None:
    octets = "ok \U0001f600".encode("utf-16-be")
    await world.hear(msisdn(1), "12345", udh=part(1, 2, 1), dcs=8, octets=octets[:-2])
    await world.hear(msisdn(1), "12345", udh=part(1, 2, 2), dcs=8, octets=octets[-2:])
    (body,) = posted(world)
    assert body["payload"] == "ok \U0001f600"  # type: ignore[index]


async def test_sets_that_differ_in_anything_are_not_mixed(world: World) -> None:
    await world.hear(msisdn(1), "12345", "a", udh=part(7, 2, 1))
    await world.hear(msisdn(2), "12345", "b", udh=part(7, 2, 2))
    await world.hear(msisdn(1), "54321", "c", udh=part(7, 2, 2))
    await world.hear(msisdn(1), "12345", "d", udh=part(8, 2, 2))
    await world.hear(msisdn(1), "12345", "e", udh=part(7, 3, 2))
    await world.hear(msisdn(1), "12345", "f", udh=part(7, 2, 2), dcs=8)
    assert posted(world) == []
    await world.hear(msisdn(1), "12345", "b", udh=part(7, 2, 2))
    assert [body["payload"] for body in posted(world)] == ["ab"]  # type: ignore[index]


async def test_a_part_that_came_twice_counts_once(world: World) -> None:
    for _ in range(2):
        await world.hear(msisdn(1), "12345", "a", udh=part(7, 2, 1))
    await world.hear(msisdn(1), "12345", "b", udh=part(7, 2, 2))
    assert [body["payload"] for body in posted(world)] == ["ab"]  # type: ignore[index]


async def test_a_part_that_comes_again_with_other_octets_begins_another_sms_and_the_first_is_handed_out_by_part(world: World) -> None:
    await world.hear(msisdn(1), "12345", "old one ", udh=part(7, 3, 1))
    await world.hear(msisdn(1), "12345", "old two ", udh=part(7, 3, 2))
    answer = await world.hear(msisdn(1), "12345", "new one ", udh=part(7, 3, 1))
    assert answer == Answer(), "kept, and no message yet"
    (first, second) = posted(world)
    assert [first["payload"], second["payload"]] == ["old one ", "old two "]  # type: ignore[index]
    info = [body["multi_part_info"] for body in (first, second)]  # type: ignore[index]
    assert [(each["partno"], each["total"]) for each in info] == [(1, 3), (2, 3)]
    assert info[0]["identifier"] == info[1]["identifier"]
    await world.hear(msisdn(1), "12345", "new three", udh=part(7, 3, 3))
    await world.hear(msisdn(1), "12345", "new two ", udh=part(7, 3, 2))
    assert posted(world)[2]["payload"] == "new one new two new three"  # type: ignore[index]
    assert (world.rows("SELECT id FROM part_set"), world.rows("SELECT set_id FROM part")) == ([], [])


async def test_numbers_with_u_0000_are_kept_as_they_can_be(world: World) -> None:
    await world.hear("12\x0034", "12345", "one ", udh=part(7, 2, 1))
    await world.hear("12\x0034", "12345", "two", udh=part(7, 2, 2))
    await world.hear("\0", "\0", "whole")
    assert sorted(row.source for row in world.rows("SELECT source FROM unmatched_inbound")) == ["12\ufffd34", "\ufffd"]


async def test_parts_of_two_sms_by_one_reference_in_one_batch_are_not_mixed(world: World) -> None:
    texts = [(1, "a1"), (1, "b1"), (2, "b2"), (2, "c2"), (2, "c2"), (1, "c1")]
    octets = [(number, gsm7.encode(text)) for number, text in texts]
    heard = [world.inbound(msisdn(1), "12345", each, udh=part(7, 2, number)) for number, each in octets]
    batch = [receive.Arrival(world.core, each, receive.concatenation_of(each.udh), world.now_ms) for each in heard]
    answers = await world.database.write(lambda tx: receive.accept(tx, batch))
    await world.settle()
    assert [isinstance(answer, Answer) and answer.message_id is not None for answer in answers] == [False, False, True, False, False, True]
    assert sorted(body["payload"] for body in posted(world)) == ["a1", "b1b2", "c1c2"]  # type: ignore[index]
    assert (world.rows("SELECT id FROM part_set"), world.rows("SELECT set_id FROM part")) == ([], [])


async def test_a_set_still_incomplete_10_min_after_its_last_part_is_handed_out_by_part(world: World) -> None:
    await world.hear(msisdn(1), "12345", "one ", udh=part(7, 3, 1))
    await world.jump(9 * MINUTE)
    await world.hear(msisdn(1), "12345", "three", udh=part(7, 3, 3))
    await world.jump(10 * MINUTE - 1)
    await world.sweep()
    assert posted(world) == []
    await world.jump(1)
    await world.sweep()
    bodies = posted(world)
    assert [body["payload"] for body in bodies] == ["one ", "three"]  # type: ignore[index]
    info = [body["multi_part_info"] for body in bodies]  # type: ignore[index]
    assert [(each["partno"], each["total"]) for each in info] == [(1, 3), (3, 3)]
    assert info[0]["identifier"] == info[1]["identifier"]
    assert len({body["id"] for body in bodies}) == 2  # type: ignore[index]
    assert world.used(1, "mo") == 2
    assert world.rows("SELECT set_id FROM part") == []


async def test_a_part_that_comes_after_its_set_was_handed_out_starts_another(world: World) -> None:
    await world.hear(msisdn(1), "12345", "one ", udh=part(7, 2, 1))
    await world.jump(10 * MINUTE)
    await world.sweep()
    await world.hear(msisdn(1), "12345", "two", udh=part(7, 2, 2))
    await world.jump(10 * MINUTE)
    await world.sweep()
    assert [body["payload"] for body in posted(world)] == ["one ", "two"]  # type: ignore[index]


@pytest.mark.parametrize("header", [b"\x05\x00\x03\x07\x00\x01", b"\x05\x00\x03\x07\x02\x03", b"\x05\x00\x03", b"\x02\x70\x00"])
async def test_a_header_that_names_no_part_makes_no_set(world: World, header: bytes) -> None:
    answer = await world.hear(msisdn(1), "12345", "whole", udh=header)
    assert answer.message_id is not None
    assert len(posted(world)) == 1


async def test_parts_between_devices_are_forwarded_as_they_are(world: World) -> None:
    ports = udh.build(udh.Element(0x05, b"\x23\xf0\x23\xf0"))
    headers = [part(7, 2, number)[:1] + part(7, 2, number)[1:] + ports[1:] for number in (2, 1)]
    headers = [bytes([len(header) - 1]) + header[1:] for header in headers]
    answers = [await world.hear(msisdn(1), msisdn(2), text, udh=header) for text, header in zip(("b", "a" * 140), headers, strict=True)]
    assert [(out.outgoing.udh, out.text) for out in world.link.sent] == [(headers[0], "b"), (headers[1], "a" * 140)]
    for answer, header in zip(answers, headers, strict=True):
        assert answer.message_id is not None
        sent = world.message(answer.message_id)
        received = world.message(sent.peer_id)
        assert sent.udh == received.udh == header.hex().upper()
        assert (sent.segments, received.segments, received.state) == (1, 1, State.DELIVERED)
    assert (world.used(1, "mo"), world.used(2, "mt")) == (2, 2)


@pytest.mark.parametrize("setting", [Setting(may_return=True)], indirect=True)
async def test_parts_to_a_phone_and_from_one_are_forwarded_as_they_are(world: World) -> None:
    await world.hear(msisdn(1), PHONE, "out", udh=part(7, 2, 1))
    await world.hear(PHONE, msisdn(1), "in", udh=part(9, 2, 2))
    assert [(out.outgoing.udh, out.text, out.outgoing.destination) for out in world.link.sent] == [
        (part(7, 2, 1), "out", PHONE),
        (part(9, 2, 2), "in", msisdn(1)),
    ]
    assert world.rows("SELECT id FROM part_set") == []


async def test_a_text_in_a_national_alphabet_reaches_the_other_device_octet_for_octet(world: World) -> None:
    turkish = udh.build(udh.locking_shift(1))
    octets = gsm7.encode("şirket", 1, 0)
    answer = await world.hear(msisdn(1), msisdn(2), udh=turkish, octets=octets)
    (out,) = world.link.sent
    assert (out.outgoing.dcs, out.outgoing.udh, out.outgoing.user_data) == (0, turkish, octets)
    assert answer.message_id is not None
    assert world.message(world.message(answer.message_id).peer_id).payload == "şirket"


# what comes twice


async def test_the_same_text_twice_is_two_messages_since_meters_repeat_themselves(world: World) -> None:
    first, second = await world.hear(msisdn(1), "12345", "0 kWh"), await world.hear(msisdn(1), "12345", "0 kWh")
    assert first.message_id != second.message_id
    assert len(posted(world)) == 2


async def test_an_sms_whose_answer_was_lost_is_the_same_when_it_comes_again(world: World) -> None:
    inbound = world.inbound(msisdn(1), "12345", b"\x30")
    first = await receive.receive(world.core, inbound)
    await receive.answer_lost(world.core, inbound, first)
    await world.jump(4 * MINUTE)
    again = await world.hear(msisdn(1), "12345", "0")
    assert again.message_id == first.message_id
    assert len(world.rows("SELECT id FROM message")) == 1
    third = await world.hear(msisdn(1), "12345", "0")
    assert third.message_id != first.message_id, "an answer is lost once"


async def test_what_the_database_did_not_confirm_is_kept_when_it_comes_again(world: World) -> None:
    inbound = world.inbound(msisdn(1), "12345", b"\x30")
    await receive.answer_lost(world.core, inbound, Answer(refused="unavailable"))
    again = await world.hear(msisdn(1), "12345", "0")
    assert again.message_id is not None
    assert len(posted(world)) == 1


async def test_of_two_that_come_again_at_once_one_is_the_repeated_one(world: World) -> None:
    inbound = world.inbound(msisdn(1), "12345", b"\x30")
    first = await receive.receive(world.core, inbound)
    await receive.answer_lost(world.core, inbound, first)
    both = [world.spawn(receive.receive(world.core, inbound)) for _ in range(2)]
    await world.settle()
    assert len({each.result().message_id for each in both}) == 2
    assert len(world.rows("SELECT id FROM message")) == 2


async def test_a_lost_answer_is_forgotten_after_5_min(world: World) -> None:
    inbound = world.inbound(msisdn(1), "12345", b"\x30")
    first = await receive.receive(world.core, inbound)
    await receive.answer_lost(world.core, inbound, first)
    await world.jump(5 * MINUTE + 1)
    again = await world.hear(msisdn(1), "12345", "0")
    assert again.message_id != first.message_id
    await world.sweep()
    assert world.rows("SELECT fingerprint FROM answer_lost") == []


@pytest.mark.parametrize(("source", "destination", "text"), [(2, "12345", "0"), (1, "54321", "0"), (1, "12345", "1")])
async def test_only_equal_source_destination_and_octets_are_the_same_sms(world: World, source: int, destination: str, text: str) -> None:
    inbound = world.inbound(msisdn(1), "12345", b"\x30")
    first = await receive.receive(world.core, inbound)
    await receive.answer_lost(world.core, inbound, first)
    assert (await world.hear(msisdn(source), destination, text)).message_id != first.message_id


async def test_a_part_whose_answer_was_lost_does_not_start_a_second_set(world: World) -> None:
    inbound = world.inbound(msisdn(1), "12345", b"\x61", udh=part(7, 2, 2))
    await world.hear(msisdn(1), "12345", "b", udh=part(7, 2, 1))
    answer = await receive.receive(world.core, inbound)
    await receive.answer_lost(world.core, inbound, answer)
    await receive.receive(world.core, inbound)
    await world.settle()
    assert len(posted(world)) == 1
    assert world.rows("SELECT id FROM part_set") == []


def test_fields_that_run_into_each_other_have_different_fingerprints() -> None:
    one = receive.fingerprint(_inbound("12", "3", b"", b"a"))
    other = receive.fingerprint(_inbound("1", "23", b"", b"a"))
    shifted = receive.fingerprint(_inbound("12", "3", b"a", b""))
    assert len({one, other, shifted}) == 3


def _inbound(source: str, destination: str, header: bytes, user_data: bytes) -> Inbound:
    return Inbound(LinkId(1), source, destination, header, user_data, 0, 0, 0)


@pytest.mark.parametrize(
    ("octets", "payload"),
    [
        (b"\x00a\x00\x00\x00b", "a\ufffdb"),
        (b"\xd8\x3d", "\ufffd"),
        (b"\x00a\x00", "a\ufffd"),
        (b"\xff\xff\xfe\xff", "\uffff\ufeff"),
        (b"", ""),
    ],
    ids=["nul", "half a pair", "an odd octet", "no characters", "nothing"],
)
async def test_whatever_a_device_calls_ucs2_is_kept_and_posted(world: World, octets: bytes, payload: str) -> None:
    answer = await world.hear(msisdn(1), "12345", dcs=8, octets=octets)
    assert answer.message_id is not None
    assert world.message(answer.message_id).payload == payload
    (body,) = posted(world)
    assert body["payload"] == payload  # type: ignore[index]
