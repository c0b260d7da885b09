"""Applications bind, submit and ask over real sockets; what they are told is what the database keeps."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from structlog.testing import capture_logs

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import udh
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.segment import Segment, join, split
from heliograph.model.link import ErrorClass, Refused
from heliograph.model.message import State
from heliograph.smpp import status, time, tlv
from heliograph.smpp.codec import encode
from heliograph.smpp.command import HEADER, Command
from heliograph.smpp.field import DistributionList, SmeAddress
from heliograph.smpp.long_message import Style, pdus_of
from heliograph.smpp.pdu import (
    BindTransceiver,
    CancelSm,
    DataSm,
    EnquireLink,
    GenericNack,
    ParamRetrieve,
    Pdu,
    QuerySm,
    ReplaceSm,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)
from heliograph.smpp.value import MessageState
from heliograph.smppd import esme as esme_module
from heliograph.store import smpp_account as store
from heliograph.store.database import DatabaseLost
from heliograph.store.transaction import Transaction
from tests.core_world import Setting, insert, msisdn, statement
from tests.scripted import DELIVERED
from tests.smppd.house import PASSWORD, House, until


@pytest.fixture
async def house(smpp_url: str) -> AsyncIterator[House]:
    async with House(smpp_url, Setting(devices=4, organisations=2), org_1={}, pol_1={}) as made:
        yield made


def to(device: int = 1, text: bytes = b"hello", **fields: object) -> SubmitSm:
    return SubmitSm(source_addr="1000", destination_addr=msisdn(device), short_message=text, **fields)  # type: ignore[arg-type]


# binds


@pytest.mark.parametrize("how", ["transmitter", "receiver", "transceiver"])
@pytest.mark.parametrize(("version", "spoken"), [(0x33, 0x33), (0x34, 0x34), (0x50, 0x50), (0x00, 0x00), (0x40, 0x40)])
async def test_it_is_bound_in_each_way_and_each_version(house: House, how: str, version: int, spoken: int) -> None:
    app = await house.bind(how=how, version=version)
    (session,) = await house.world.database.read(store.sessions, 0)
    assert (session.system_id, session.bind, session.version) == ("org_1", how, version)
    esme = next(iter(house.server._esmes.values()))
    assert esme.version == spoken
    response = next(event.response for event in app.settled.values())
    assert response is not None
    assert (tlv.SC_INTERFACE_VERSION.find(response.tlvs) is not None) is (version >= 0x34)
    await app.leave()
    await until(lambda: not house.server._esmes, "the end")
    await house.world.advance(5)
    assert await house.world.database.read(store.sessions, 0) == []


@pytest.mark.parametrize(
    ("system_id", "password"), [("org_1", "nonsense"), ("org_9", PASSWORD), ("", ""), ("admin", "x" * 300), ("org_1", PASSWORD.upper())]
)
async def test_wrong_credentials_are_refused_alike_and_the_connection_may_try_again(house: House, system_id: str, password: str) -> None:
    app = await house.connect()
    answer = await app.ask(BindTransceiver(system_id="org_1", password=PASSWORD[:7], interface_version=0x34))
    assert answer.command_status == status.RBINDFAIL
    raw = await raw_bind(house, system_id, password)
    assert raw == (Command.BIND_TRANSCEIVER | 0x80000000, status.RBINDFAIL)


async def raw_bind(house: House, system_id: str, password: str) -> tuple[int, int]:
    """command_id and command_status of the answer to a bind whose fields may be longer than they can be."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    body = system_id.encode() + b"\0" + password.encode() + b"\0" + b"\0" + bytes((0x34, 0, 0)) + b"\0"
    writer.write(HEADER.pack(16 + len(body), Command.BIND_TRANSCEIVER, 0, 1) + body)
    answering = asyncio.ensure_future(reader.readexactly(16))
    await house.world.clock.advance_until(answering.done, "the answer", 0.3, 0.005)
    _, command_id, command_status, _ = HEADER.unpack(answering.result())
    writer.close()
    await writer.wait_closed()
    return command_id, command_status


async def test_an_account_is_bound_from_the_networks_it_names_alone(house: House) -> None:
    await house.add("org_1", allowed_addresses=["198.51.100.0/24", "10.0.0.0/8"])
    assert await raw_bind(house, "org_1", PASSWORD) == (Command.BIND_TRANSCEIVER | 0x80000000, status.RBINDFAIL)
    await house.add("org_1", allowed_addresses=["127.0.0.0/8"])
    await house.bind()


async def test_a_second_bind_and_a_submit_before_one_are_out_of_turn(house: House) -> None:
    stranger = await raw(house, to(), BindTransceiver(system_id="org_1", password=PASSWORD, interface_version=0x34), BindTransceiver())
    assert stranger == [status.RINVBNDSTS, status.RALYBND, status.ROK]


async def raw(house: House, *pdus: Pdu) -> list[int]:
    """The statuses of the answers to PDUs that are sent at once, whatever our own session would say to that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"".join(encode(pdu, number) for number, pdu in enumerate(pdus, 1)))
    found = []
    for _ in pdus:
        length, _, command_status, _ = HEADER.unpack(await asyncio.wait_for(reader.readexactly(16), 30))
        await reader.readexactly(length - 16)
        found.append(command_status)
    writer.close()
    await writer.wait_closed()
    return found


async def test_an_account_has_no_more_sessions_than_it_may(house: House) -> None:
    await house.add("org_1", max_binds=2)
    await house.bind()
    await house.bind()
    third = await house.connect()
    answer = await third.ask(BindTransceiver(system_id="org_1", password=PASSWORD, interface_version=0x34))
    assert answer.command_status == status.RBINDFAIL


async def test_a_reset_password_and_a_disabled_account_end_the_sessions_bound_before(house: House) -> None:
    first, second = await house.bind("org_1"), await house.bind("pol_1")
    await house.add("org_1", password="another8")
    await house.world.database.write(store.update, "pol_1", "{}", 1)
    await house.world.advance(3)
    await until(lambda: first.closed and second.closed, "both ends")


async def test_a_session_that_a_lost_commit_began_is_forgotten_and_those_that_are_there_stay(house: House) -> None:
    app = await house.bind()
    (kept,) = await house.world.database.read(store.sessions, 0)
    await house.world.database.write(store.insert_session, msgspec.structs.replace(kept, id=999))
    await house.world.advance(4)
    assert len(await house.world.database.read(store.sessions, 0)) == 2, "nothing is in doubt"
    house.world.database._writer.doubts += 1
    await house.world.advance(8)
    assert await house.world.database.read(store.sessions, 0) == [kept]
    assert (await app.ask(to())).command_status == 0


async def test_settings_that_change_hold_for_open_sessions(house: House) -> None:
    app = await house.bind()
    await house.world.database.write(store.update, "org_1", '{"rate":1}', None)
    await house.world.advance(3)
    answers = await app.ask_all(to(), to(2))
    assert [each.command_status for each in answers] == [0, status.RTHROTTLED]


# submits


async def test_a_submit_is_answered_with_the_id_under_which_it_is_kept(house: House) -> None:
    app = await house.bind()
    answer = await app.ask(to(1, b"Zeile 1\x0a@", source_addr_ton=5, registered_delivery=1))
    await house.world.settle()
    message = house.world.message(int(answer.message_id))
    assert (message.source, message.dest, message.state, message.device_id) == ("1000", msisdn(1), State.DELIVERED, 1)
    (sent,) = house.world.link.sent
    assert sent.outgoing.user_data == b"Zeile 1\x0a@"
    assert house.world.rows("SELECT door FROM message WHERE id = :id", id=message.id)[0].door == "smpp"


async def test_many_submits_of_one_read_are_answered_in_their_order_after_one_commit(house: House) -> None:
    app = await house.bind()
    answers = await app.ask_all(*(to(1 + 2 * (number % 2), b"%d" % number) for number in range(50)))
    assert [each.command_status for each in answers] == [0] * 50
    ids = [int(each.message_id) for each in answers]
    assert ids == sorted(ids)
    await house.world.settle()
    assert [house.world.message(each).payload for each in ids] == [str(number) for number in range(50)]


async def test_ids_are_decimal_to_34_and_eight_hex_digits_to_33(house: House) -> None:
    new, old = await house.bind(version=0x34), await house.bind(version=0x33)
    first = (await new.ask(to())).message_id
    second = (await old.ask(to())).message_id
    assert first.isdigit()
    assert len(second) == 8
    assert int(second, 16) == int(first) + 1


@pytest.mark.parametrize(
    ("number", "fields"),
    [("4915112345", {}), (msisdn(2), {}), ("", {}), ("Name", {"dest_addr_ton": 5}), ("*100#", {})],
    ids=["a phone", "another organisation's device", "nothing", "a name", "a service code"],
)
async def test_what_is_no_device_of_the_account_is_refused_and_not_kept(house: House, number: str, fields: dict[str, int]) -> None:
    app = await house.bind()
    answer = await app.ask(msgspec.structs.replace(to(), destination_addr=number, **fields))
    assert answer.command_status == status.RINVDSTADR
    assert house.world.rows("SELECT id FROM message") == []


async def test_an_account_of_a_policy_sends_to_its_devices_only(house: House) -> None:
    await house.world.database.write(_other_policy)
    of_policy, of_organisation = await house.bind("pol_1"), await house.bind("org_1")
    assert (await of_policy.ask(to(1))).command_status == 0
    assert (await of_policy.ask(to(3))).command_status == status.RINVDSTADR
    assert (await of_organisation.ask(to(3))).command_status == 0


def _other_policy(tx: Transaction) -> None:
    switches = dict.fromkeys(("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext", "esme_interface_type_id"), 1)
    insert(tx, "service_profile", id=9, organisation_id=1, name="Other", created_at_ms=0, **switches)
    tx.run(statement("UPDATE device SET service_profile_id = 9 WHERE id = 3"))


@pytest.mark.parametrize("written", ["+" + msisdn(1), "00" + msisdn(1), msisdn(1)])
async def test_a_number_may_be_written_as_people_write_it(house: House, written: str) -> None:
    app = await house.bind()
    assert (await app.ask(msgspec.structs.replace(to(), destination_addr=written))).command_status == 0


async def test_a_device_may_be_named_by_its_imsi_where_the_plan_says_so(house: House) -> None:
    app = await house.bind()
    imsi = house.world.rows("SELECT imsi FROM sim WHERE id = 1")[0].imsi
    assert (await app.ask(msgspec.structs.replace(to(), destination_addr=imsi))).command_status == status.RINVDSTADR
    assert (await app.ask(msgspec.structs.replace(to(), destination_addr=imsi, dest_addr_npi=6))).command_status == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [({"mt": 0}, status.RSUBMITFAIL), ({"sms_a2p": 0}, status.RSUBMITFAIL), ({"settings": '{"mt_limit":0}'}, status.RSUBMITFAIL)],
)
async def test_the_policy_decides_as_for_rest_and_what_it_refuses_is_kept_with_its_rule(
    house: House, values: dict[str, int | str], expected: int
) -> None:
    await house.policy(1, **values)
    app = await house.bind(version=0x50)
    answer = await app.ask(to())
    assert answer.command_status == expected
    words = tlv.ADDITIONAL_STATUS_INFO_TEXT.find(answer.tlvs)
    (kept,) = house.world.rows("SELECT state, reason FROM message")
    assert (kept.state, kept.reason) == (State.FAILED, words), "a peer of 5.0 is told why in words"


async def test_a_rate_and_a_window_answer_throttled_and_a_peer_of_50_sees_the_congestion(house: House) -> None:
    await house.add("org_1", rate=5)
    app = await house.bind(version=0x50)
    answers = await app.ask_all(*(to() for _ in range(8)))
    assert sorted(each.command_status for each in answers) == [0] * 5 + [status.RTHROTTLED] * 3
    throttled = [each for each in answers if each.command_status]
    assert {tlv.CONGESTION_STATE.find(each.tlvs) for each in throttled} == {100}
    await house.world.advance(1)
    assert (await app.ask(to())).command_status == 0
    await house.add("pol_1", window=3)
    narrow = await house.bind("pol_1", version=0x50)
    answers = await narrow.ask_all(*(to() for _ in range(5)))
    assert sorted(each.command_status for each in answers) == [0, 0, 0, status.RTHROTTLED, status.RTHROTTLED]
    old = await house.bind("org_1", version=0x34)
    await house.world.advance(1)
    assert tlv.CONGESTION_STATE.find((await old.ask(to())).tlvs) is None


async def test_each_destination_of_a_submit_multi_counts_for_the_rate(house: House) -> None:
    await house.add("org_1", rate=2)
    app = await house.bind()
    pdu = SubmitMulti(dest_address=tuple(SmeAddress(msisdn(each)) for each in (1, 3, 1, 3)), short_message=b"x")
    assert (await app.ask(pdu)).command_status == 0
    await house.world.advance(0.9)
    assert (await app.ask(to())).command_status == status.RTHROTTLED
    await house.world.advance(1)
    assert (await app.ask(to())).command_status == 0


async def test_validity_and_schedule_are_taken_as_smpp_writes_them(house: House) -> None:
    app = await house.bind()
    house.world.link.otherwise = None
    now_ms = house.world.now_ms
    validity, schedule = time.relative(3_600_000), time.absolute(now_ms + 7_200_000)
    relative = await app.ask(to(validity_period=validity))
    later = await app.ask(to(1, schedule_delivery_time=schedule, validity_period=time.absolute(now_ms + 10_800_000)))
    at_once = await app.ask(to(3, schedule_delivery_time="000000000000000R"))
    assert house.world.message(int(relative.message_id)).expiry_at_ms == now_ms + 3_600_000
    assert house.world.message(int(later.message_id)).expiry_at_ms == now_ms + 10_800_000
    await until(lambda: len(house.world.link.sent) == 2, "the two that do not wait")
    assert {each.outgoing.message_id for each in house.world.link.sent} == {int(relative.message_id), int(at_once.message_id)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"validity_period": "garbage"}, status.RINVEXPIRY),
        ({"schedule_delivery_time": "999999999999999+"}, status.RINVSCHED),
        ({"schedule_delivery_time": "200101000000000+"}, status.RINVSCHED),
        ({"validity_period": "200101000000000+"}, status.RINVEXPIRY),
        ({"sm_default_msg_id": 3}, status.RINVDFTMSGID),
        ({"replace_if_present_flag": 1}, status.RINVSUBREP),
        ({"esm_class": 0x40, "short_message": b"\x80x"}, status.RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": b"\x03\x00\x09\x01x"}, status.RINVESMCLASS),
        ({"short_message": b"x" * 200, "esm_class": 0x40}, status.RINVESMCLASS),
        ({"source_addr": "Much too long a name", "source_addr_ton": 5}, status.RINVSRCADR),
        ({"data_coding": 0x20}, status.RSUBMITFAIL),
        *(
            ({"data_coding": 8, "short_message": b"", "tlvs": (tlv.MESSAGE_PAYLOAD.make(text * 80),)}, status.RINVMSGLEN)
            for text in (b"\0a\0\0", b"\xd8\x3d\0a")
        ),
    ],
)
async def test_what_cannot_be_served_is_refused_by_the_field_at_fault(house: House, fields: dict[str, object], expected: int) -> None:
    app = await house.bind()
    assert (await app.ask(msgspec.structs.replace(to(), **fields))).command_status == expected
    assert house.world.rows("SELECT id FROM message") == []


async def test_a_data_sm_carries_its_text_in_message_payload(house: House) -> None:
    app = await house.bind()
    pdu = DataSm(
        source_addr="1000",
        destination_addr=msisdn(1),
        data_coding=8,
        tlvs=(tlv.MESSAGE_PAYLOAD.make("Grüße €".encode("utf-16-be")), tlv.QOS_TIME_TO_LIVE.make(600)),
    )
    answer = await app.ask(pdu)
    message = house.world.message(int(answer.message_id))
    assert (message.payload, message.expiry_at_ms) == ("Grüße €", house.world.now_ms + 600_000)


LONG = "Aus der Werkstatt: " + "der Zähler {steht} bei 4711 € und " * 12


@pytest.mark.parametrize("style", Style)
async def test_a_long_text_arrives_whole_however_it_is_cut(house: House, style: Style) -> None:
    app = await house.bind()
    segments = split(LONG, Alphabet.GSM7, 0x4B)
    pdus = pdus_of(to(), segments, style, 0x1234)
    answers = await app.ask_all(*pdus)
    assert [each.command_status for each in answers] == [0] * len(pdus)
    await until(lambda: len(house.world.link.sent) == len(segments), "all segments")
    sent = sorted((each.outgoing for each in house.world.link.sent), key=lambda each: each.udh)
    parts = []
    for each in sent:
        found = udh.parse(each.udh).concatenation
        assert found is not None
        parts.append(Segment(found.number, found.total, each.udh, each.user_data))
    assert join(parts, Alphabet.GSM7) == LONG
    assert len(house.world.rows("SELECT id FROM message")) == len(pdus), "one row for each submit"


@pytest.mark.parametrize("style", [Style.UDH, Style.SAR])
@pytest.mark.parametrize(("data_coding", "charset", "room"), [(1, "ascii", 153), (3, "latin-1", 134)])
async def test_a_long_text_in_another_alphabet_arrives_part_by_part(
    house: House, data_coding: int, charset: str, room: int, style: Style
) -> None:
    app = await house.bind()
    octets = ("Zaehlerstand 4711, " if charset == "ascii" else "Zählerstand 4711, ").encode(charset) * 12
    parts = [octets[at : at + room] for at in range(0, len(octets), room)]
    made = [Segment(number, len(parts), udh.concat(7, len(parts), number), each) for number, each in enumerate(parts, 1)]
    answers = await app.ask_all(*pdus_of(to(data_coding=data_coding), made, style, 7))
    assert [each.command_status for each in answers] == [0] * len(parts)
    await until(lambda: len(house.world.link.sent) == len(parts), "all parts")
    sent = sorted((each.outgoing for each in house.world.link.sent), key=lambda each: each.udh)
    assert {each.dcs for each in sent} == {0}
    assert gsm7.decode(b"".join(each.user_data for each in sent)) == octets.decode(charset)
    (answer,) = await app.ask_all(to(1, udh.concat(8, 2, 1) + "á".encode("latin-1") * 134, data_coding=3, esm_class=0x40))
    assert answer.command_status == status.RINVMSGLEN, "134 letters that are in UCS-2 alone have no room in a part"


async def test_half_a_surrogate_pair_goes_on_as_it_came(house: House) -> None:
    app = await house.bind()
    octets = "ab😀".encode("utf-16-be")
    for number, part in ((1, octets[:6]), (2, octets[6:])):
        header = bytes((5, 0, 3, 9, 2, number))
        answer = await app.ask(to(1, header + part, esm_class=0x40, data_coding=8))
        assert answer.command_status == 0
    await until(lambda: len(house.world.link.sent) == 2, "both parts")
    assert b"".join(each.outgoing.user_data for each in house.world.link.sent) == octets


async def test_octets_that_are_no_text_in_ucs_2_go_on_as_they_came(house: House) -> None:
    app = await house.bind()
    for number, octets in enumerate((b"\xd8\x3d", b"\0a\xdc\0", b"\0a\0", b"\0\0", b"\xff\xfd"), 1):
        assert (await app.ask(to(1, octets, data_coding=8))).command_status == 0
        await until(lambda: len(house.world.link.sent) == number, "it")  # noqa: B023
        assert house.world.link.sent[-1].outgoing.user_data == octets


async def test_latin_1_is_sent_in_the_alphabet_that_fits_and_ports_become_a_header(house: House) -> None:
    app = await house.bind()
    await app.ask(to(1, "Grüße".encode("latin-1"), data_coding=3))
    await app.ask(to(3, b"\x01\x02", data_coding=4, tlvs=(tlv.DESTINATION_PORT.make(2948), tlv.SOURCE_PORT.make(9200))))
    await until(lambda: len(house.world.link.sent) == 2, "both")
    first, second = house.world.link.sent
    assert (first.outgoing.dcs, first.text) == (0, "Grüße")
    assert (second.outgoing.udh, second.outgoing.user_data) == (bytes.fromhex("0605040B8423F0"), b"\x01\x02")


async def test_a_submit_multi_is_answered_for_each_destination(house: House) -> None:
    app = await house.bind()
    destinations = tuple(SmeAddress(each, 1, 1) for each in (msisdn(1), "4915112345", msisdn(3), msisdn(1)))
    answer = await app.ask(SubmitMulti(source_addr="1000", dest_address=destinations, short_message=b"to all", registered_delivery=1))
    assert answer.command_status == 0
    assert [(each.destination_addr, each.error_status_code) for each in answer.unsuccess_sme] == [("4915112345", status.RINVDSTADR)]
    await until(lambda: len(app.delivered) == 2, "a receipt for each")
    assert {each.source_addr for each in app.delivered} == {msisdn(1), msisdn(3)}
    assert {tlv.RECEIPTED_MESSAGE_ID.find(each.tlvs) for each in app.delivered} == {answer.message_id}
    none = await app.ask(SubmitMulti(dest_address=(SmeAddress("1"),), short_message=b"x"))
    assert (none.command_status, len(none.unsuccess_sme)) == (status.RINVDSTADR, 1)
    listed = await app.ask(SubmitMulti(dest_address=(DistributionList("all"),), short_message=b"x"))
    assert listed.command_status == status.RINVDLNAME
    assert (await app.ask(SubmitMulti(short_message=b"x"))).command_status == status.RINVNUMDESTS


async def test_a_submit_multi_whose_first_is_refused_goes_by_one_id_in_response_receipts_and_questions(house: House) -> None:
    await house.policy(1, settings='{"mt_limit": 1}')
    app = await house.bind()
    assert (await app.ask(to(1))).command_status == 0
    destinations = (SmeAddress(msisdn(1)), SmeAddress(msisdn(3)))
    answer = await app.ask(SubmitMulti(source_addr="1000", dest_address=destinations, short_message=b"to all", registered_delivery=1))
    assert (answer.command_status, [each.destination_addr for each in answer.unsuccess_sme]) == (0, [msisdn(1)])
    await until(lambda: app.delivered, "the receipt of the other")
    assert tlv.RECEIPTED_MESSAGE_ID.find(app.delivered[0].tlvs) == answer.message_id
    assert (await app.ask(QuerySm(message_id=answer.message_id))).message_state == MessageState.DELIVERED


async def test_what_waits_of_a_submit_multi_is_asked_for_replaced_and_cancelled_together(house: House) -> None:
    app = await house.bind()
    house.world.link.otherwise = None
    destinations = (SmeAddress(msisdn(1)), SmeAddress(msisdn(3)))
    for destination in (1, 3):
        await app.ask(to(destination, b"in front"))
    message_id = (await app.ask(SubmitMulti(source_addr="1000", dest_address=destinations, short_message=b"to all"))).message_id
    both = [int(message_id), int(message_id) + 1]
    assert (await app.ask(QuerySm(message_id=message_id))).message_state == MessageState.ENROUTE
    assert (await app.ask(QuerySm(message_id=str(both[1])))).command_status == status.RINVMSGID, "an id that nobody was told"
    assert (await app.ask(ReplaceSm(message_id=message_id, short_message=b"new"))).command_status == 0
    assert [house.world.message(each).payload for each in both] == ["new", "new"]
    assert (await app.ask(CancelSm(message_id=message_id))).command_status == 0
    assert [house.world.message(each).state for each in both] == [State.CANCELED] * 2
    assert (await app.ask(CancelSm(message_id=message_id))).command_status == status.RCANCELFAIL
    assert (await app.ask(QuerySm(message_id=message_id))).message_state == MessageState.DELETED


# query, cancel, replace


async def test_what_became_of_a_message_is_told_to_the_account_that_sent_it(house: House) -> None:
    app, other = await house.bind("org_1"), await house.bind("pol_1")
    house.world.link.says(None)
    message_id = (await app.ask(to())).message_id
    answer = await app.ask(QuerySm(message_id=message_id, source_addr="1000"))
    assert (answer.command_status, answer.message_state, answer.final_date) == (0, MessageState.ENROUTE, "")
    await until(lambda: house.world.link.open, "the send")
    house.world.link.open[0].answer(DELIVERED)
    await house.world.settle()
    answer = await app.ask(QuerySm(message_id=message_id))
    assert (answer.message_state, answer.message_id) == (MessageState.DELIVERED, message_id)
    assert time.parse(answer.final_date, 0) == pytest.approx(house.world.now_ms, abs=1000)
    for asked in (QuerySm(message_id=message_id, source_addr="1001"), QuerySm(message_id="99999"), QuerySm(message_id="0x1"), QuerySm()):
        assert (await app.ask(asked)).command_status == status.RINVMSGID
    assert (await other.ask(QuerySm(message_id=message_id))).command_status == status.RINVMSGID


async def test_each_end_of_a_message_is_told_with_its_state_its_date_and_its_error(house: House) -> None:
    app = await house.bind()
    link = house.world.link
    link.otherwise = Refused(ErrorClass.PERMANENT, "unknown subscriber")
    refused = (await app.ask(to(3))).message_id
    await house.world.settle()
    link.otherwise = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")
    waiting = (await app.ask(to())).message_id
    brief = (await app.ask(to(3, validity_period="000000000200000R"))).message_id
    await house.world.settle()
    taken_back = (await app.ask(to())).message_id
    assert (await app.ask(CancelSm(message_id=taken_back, source_addr="1000"))).command_status == 0
    await house.world.jump(125)
    await house.world.sweep()
    told = {}
    for message_id in (waiting, brief, refused, taken_back):
        answer = await app.ask(QuerySm(message_id=message_id))
        told[message_id] = (answer.message_state, answer.error_code, bool(answer.final_date))
    assert told == {
        waiting: (MessageState.ENROUTE, 0, False),
        brief: (MessageState.EXPIRED, 0, True),
        refused: (MessageState.UNDELIVERABLE, 38, True),
        taken_back: (MessageState.DELETED, 0, True),
    }


@pytest.mark.parametrize(("version", "state"), [(0x34, MessageState.ENROUTE), (0x50, MessageState.SCHEDULED)])
async def test_a_message_that_waits_for_its_time_is_scheduled_for_a_peer_of_50(house: House, version: int, state: MessageState) -> None:
    app = await house.bind(version=version)
    message_id = (await app.ask(to(schedule_delivery_time="000000010000000R"))).message_id
    assert (await app.ask(QuerySm(message_id=message_id))).message_state == state


async def test_a_waiting_message_is_cancelled_by_its_id_or_by_its_addresses(house: House) -> None:
    app = await house.bind()
    house.world.link.otherwise = None
    first = (await app.ask(to())).message_id
    ids = [(await app.ask(to(service_type=kind, registered_delivery=1))).message_id for kind in ("", "WAP", "WAP")]
    assert (await app.ask(CancelSm(message_id=ids[0]))).command_status == 0
    assert (await app.ask(CancelSm(message_id=ids[0]))).command_status == status.RCANCELFAIL
    assert house.world.message(int(ids[0])).state == State.CANCELED
    assert (await app.ask(CancelSm(service_type="WAP", source_addr="1000", destination_addr=msisdn(1)))).command_status == 0
    assert [house.world.message(int(each)).state for each in ids] == [State.CANCELED] * 3
    assert house.world.message(int(first)).state == State.PENDING, "it is of another service_type, and on its way"
    assert (await app.ask(CancelSm(source_addr="1000", destination_addr=msisdn(3)))).command_status == status.RCANCELFAIL
    await until(lambda: len(app.delivered) == 3, "a receipt for each")
    assert {tlv.MESSAGE_STATE.find(each.tlvs) for each in app.delivered} == {MessageState.DELETED}


async def test_a_waiting_message_is_replaced_and_keeps_its_id_and_place(house: House) -> None:
    app = await house.bind()
    house.world.link.says(None)
    first = (await app.ask(to())).message_id
    second = (await app.ask(to(1, b"old text"))).message_id
    assert (
        await app.ask(ReplaceSm(message_id=second, source_addr="1000", short_message=b"new", registered_delivery=1))
    ).command_status == 0
    assert (await app.ask(ReplaceSm(message_id=second, short_message=b"x" * 200))).command_status == status.RINVMSGLEN
    assert (await app.ask(ReplaceSm(message_id=first, short_message=b"x"))).command_status == status.RREPLACEFAIL
    assert (await app.ask(ReplaceSm(message_id="77", short_message=b"x"))).command_status == status.RINVMSGID
    await until(lambda: house.world.link.open, "the send")
    house.world.link.open[0].answer(DELIVERED)
    await until(lambda: len(house.world.link.sent) == 2, "the second")
    assert house.world.link.sent[1].text == "new"
    await until(lambda: app.delivered, "its receipt")


async def test_a_scheduled_message_is_replaced_with_another_time(house: House) -> None:
    app = await house.bind(version=0x50)
    now_ms = house.world.now_ms
    message_id = (await app.ask(to(schedule_delivery_time=time.absolute(now_ms + 3_600_000)))).message_id
    assert (await app.ask(QuerySm(message_id=message_id))).message_state == MessageState.SCHEDULED
    sooner = time.absolute(now_ms + 60_000)
    assert (await app.ask(ReplaceSm(message_id=message_id, schedule_delivery_time=sooner, short_message=b"soon"))).command_status == 0
    await house.world.jump(65)
    await house.world.advance(3)
    assert [each.text for each in house.world.link.sent] == ["soon"]


# the rest


async def test_what_33_alone_has_and_broadcast_are_refused_by_their_own_responses(house: House) -> None:
    app = await house.bind(version=0x33)
    assert (await app.ask(ParamRetrieve(param_name="x"))).command_status == status.RINVCMDID
    new = await house.bind(version=0x50)
    assert (await new.ask(EnquireLink())).command_status == 0
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(encode(BindTransceiver(system_id="org_1", password=PASSWORD, interface_version=0x50), 1))
    length, _, _, _ = HEADER.unpack(await reader.readexactly(16))
    await reader.readexactly(length - 16)
    writer.write(HEADER.pack(16, Command.BROADCAST_SM, 0, 2) + HEADER.pack(16, 0x999, 0, 3))
    _, command_id, command_status, number = HEADER.unpack(await reader.readexactly(16))
    assert (command_id, command_status, number) == (Command.BROADCAST_SM | 0x80000000, status.RPROHIBITED, 2)
    _, command_id, command_status, number = HEADER.unpack(await reader.readexactly(16))
    assert (command_id, command_status, number) == (GenericNack.command_id, status.RINVCMDID, 3)
    writer.close()
    await writer.wait_closed()


async def test_an_unbind_is_answered_after_what_was_asked_before_it(house: House) -> None:
    app = await house.bind()
    numbers = [app.wire.send(to(1, b"%d" % number)) for number in range(20)] + [app.wire.send(Unbind())]
    await until(lambda: numbers[-1] in app.settled, "the unbind")
    assert [number for number in app.settled if number in numbers] == numbers
    assert all(app.settled[number].response is not None for number in numbers)
    assert len(house.world.rows("SELECT id FROM message")) == 20


async def test_a_stop_unbinds_and_answers_what_was_asked(house: House) -> None:
    app, idle = await house.bind(), await house.connect()
    numbers = [app.wire.send(to(1, b"%d" % number)) for number in range(20)]
    await until(lambda: any(each.pending for each in house.server._esmes.values()) or len(app.settled) > 1, "the first read")
    stopping = asyncio.ensure_future(house.server.stop(10))
    await house.world.clock.advance_until(stopping.done, "the end", 0.05)
    await until(lambda: app.closed and idle.closed, "the ends")
    assert all(app.settled[number].response is not None for number in numbers)
    await until(lambda: house._running.done(), "the end of the server")
    house._running.result()


async def test_a_submit_that_crosses_our_unbind_is_not_kept(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(encode(BindTransceiver(system_id="org_1", password=PASSWORD, interface_version=0x34), 1))
    length, *_ = HEADER.unpack(await asyncio.wait_for(reader.readexactly(16), 30))
    await reader.readexactly(length - 16)
    stopping = asyncio.ensure_future(house.server.stop(10))
    _, command_id, _, number = HEADER.unpack(await asyncio.wait_for(reader.readexactly(16), 30))
    assert command_id == Command.UNBIND
    writer.write(encode(to(1, b"late"), 2))
    _, command_id, command_status, _ = HEADER.unpack(await asyncio.wait_for(reader.readexactly(16), 30))
    assert (command_id, command_status) == (SubmitSmResp.command_id, status.RTHROTTLED)
    writer.write(encode(UnbindResp(number)))
    assert await asyncio.wait_for(reader.read(), 30) == b""
    assert house.world.rows("SELECT id FROM message") == []
    while not stopping.done():
        await asyncio.sleep(0.002)
        await house.world.advance(0.05)
    writer.close()
    await writer.wait_closed()


async def test_a_batch_that_the_database_loses_is_answered_with_a_system_error(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    app = await house.bind()

    def lose(*_: object, **__: object) -> object:
        raise DatabaseLost("it is closing")

    monkeypatch.setattr(house.world.database, "write_item", lose)
    with capture_logs() as lines:
        assert (await app.ask(to())).command_status == status.RSYSERR
    assert [line["why"] for line in lines if line["event"] == "request refused"] == ["unavailable"]
    monkeypatch.undo()
    assert (await app.ask(to())).command_status == 0


async def test_a_bug_ends_the_esme_it_met_and_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    app, other = await house.bind(), await house.bind()
    monkeypatch.setattr(esme_module, "number_of", lambda *_: 1 / 0)
    app.wire.send(to())
    await until(lambda: app.closed, "the end of the first")
    monkeypatch.undo()
    assert (await other.ask(to())).command_status == 0
    assert not house._running.done()
