"""What applications are told: receipts, what devices send, and that a device is back; kept while nobody is bound, spread, tried again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.segment import Segment, join, split
from heliograph.model.link import ErrorClass, ReceiptState, Refused
from heliograph.model.message import State
from heliograph.model.notification import ACCOUNT_KEPT_MS, ACCOUNT_SCHEDULE_MS, NotificationState
from heliograph.service import notify
from heliograph.service.timeline import timeline
from heliograph.smpp import receipt, status, tlv
from heliograph.smpp.long_message import content_of
from heliograph.smpp.pdu import AlertNotification, DeliverSm, SubmitSm, response_to
from heliograph.smpp.session import Profile
from heliograph.smpp.tlv import NetworkError
from heliograph.smpp.value import EsmClass, MessageState
from heliograph.smppd.server import ServerSettings
from tests.core_world import Setting, msisdn
from tests.scripted import TAKEN
from tests.smppd.house import House, until

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "absent subscriber")
UNKNOWN_SUBSCRIBER = Refused(ErrorClass.PERMANENT, "unknown subscriber")


@pytest.fixture
async def house(smpp_url: str) -> AsyncIterator[House]:
    async with House(smpp_url, Setting(devices=3), org_1={}) as made:
        await made.policy(1, esme_interface_type_id=2)
        yield made


def to(device: int = 1, **fields: Any) -> SubmitSm:
    pdu = SubmitSm(
        source_addr="Alarm",
        source_addr_ton=5,
        destination_addr="+" + msisdn(device),
        dest_addr_ton=1,
        dest_addr_npi=1,
        short_message=b"hello",
        registered_delivery=1,
    )
    return msgspec.structs.replace(pdu, **fields)


async def told(house: House, count: int, app: Any) -> list[DeliverSm]:
    await until(lambda: len(app.delivered) >= count, f"{count} deliver_sm")
    await settled(house)
    assert len(app.delivered) == count
    found: list[DeliverSm] = app.delivered
    return found


async def settled(house: House) -> None:
    """Everything that needs no time has happened, on the wires too."""
    for _ in range(4):
        await asyncio.sleep(0.005)
        await house.world.settle()
    await house.world.advance(0.1)


def states(house: House) -> list[int]:
    return [row.state for row in house.world.rows("SELECT state FROM notification WHERE account IS NOT NULL ORDER BY id")]


# receipts


async def test_a_receipt_says_the_same_in_text_and_tlvs_with_the_addresses_of_the_submit(house: House) -> None:
    app = await house.bind()
    message_id = (await app.ask(to(tlvs=(tlv.USER_MESSAGE_REFERENCE.make(77),), service_type="METER"))).message_id
    (pdu,) = await told(house, 1, app)
    assert pdu.esm_class == EsmClass.MC_DELIVERY_RECEIPT
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (1, 1, "+" + msisdn(1))
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (5, 0, "Alarm")
    assert pdu.service_type == "METER"
    found = receipt.parse(pdu)
    assert found.doubts == ()
    assert (found.message_id, found.receipted_message_id, found.user_message_reference) == (message_id, message_id, 77)
    assert (found.state, found.stat, found.error, found.dlvrd) == (MessageState.DELIVERED, "DELIVRD", "000", 1)
    await until(lambda: states(house) == [NotificationState.DELIVERED], "the states of what is told")


async def test_a_peer_of_33_gets_the_text_alone_with_the_id_as_it_was_told(house: House) -> None:
    app = await house.bind(version=0x33)
    message_id = (await app.ask(to())).message_id
    (pdu,) = await told(house, 1, app)
    assert pdu.tlvs == ()
    assert receipt.parse(pdu).message_id == message_id
    assert len(message_id) == 8


@pytest.mark.parametrize(
    ("asked", "delivered", "failed"),
    [(0x00, 0, 0), (0x01, 1, 1), (0x02, 0, 1), (0x03, 1, 0), (0x0C, 0, 0), (0x0D, 1, 1), (0x11, 1, 1), (0x12, 0, 1)],
)
async def test_a_final_receipt_comes_as_registered_delivery_asks(house: House, asked: int, delivered: int, failed: int) -> None:
    app = await house.bind()
    await app.ask(to(registered_delivery=asked))
    await told(house, delivered, app)
    app.delivered.clear()
    house.world.link.says(UNKNOWN_SUBSCRIBER)
    await app.ask(to(registered_delivery=asked))
    await told(house, failed, app)
    if failed:
        found = receipt.parse(app.delivered[0])
        assert (found.state, found.error, found.network_error) == (MessageState.UNDELIVERABLE, "038", (3, 38))


async def test_an_intermediate_notification_comes_once_when_a_message_begins_to_wait(house: House) -> None:
    app = await house.bind()
    house.world.link.says(ABSENT, ABSENT)
    await app.ask(to(registered_delivery=0x11))
    (pdu,) = await told(house, 1, app)
    assert pdu.esm_class == EsmClass.INTERMEDIATE_NOTIFICATION
    assert receipt.parse(pdu).state is MessageState.ENROUTE
    await house.world.advance(21)
    await house.world.reachable()
    await house.world.advance(21)
    await told(house, 2, app)
    assert receipt.parse(app.delivered[1]).state is MessageState.DELIVERED


async def test_a_message_that_expires_and_one_that_was_cancelled_are_reported(house: House) -> None:
    app = await house.bind()
    house.world.link.says(ABSENT)
    await app.ask(to(validity_period="000000000200000R"))
    await settled(house)
    house.world.link.otherwise = ABSENT
    await house.world.jump(125)
    await house.world.sweep()
    (pdu,) = await told(house, 1, app)
    found = receipt.parse(pdu)
    assert (found.state, found.stat) == (MessageState.EXPIRED, "EXPIRED")


async def test_a_long_text_in_one_payload_has_one_receipt(house: House) -> None:
    app = await house.bind()
    await app.ask(to(short_message=b"", tlvs=(tlv.MESSAGE_PAYLOAD.make(b"long " * 60),)))
    await told(house, 1, app)
    assert len(house.world.link.sent) == 2


async def test_the_receipt_of_an_applications_message_goes_to_that_account_alone(house: House) -> None:
    await house.add("pol_1")
    mine, other = await house.bind("org_1"), await house.bind("pol_1")
    await mine.ask(to())
    await told(house, 1, mine)
    assert other.delivered == []
    assert house.world.courier.delivered == [], "no webhook hears of it"


async def test_a_stored_link_is_reported_when_its_receipt_comes(house: House) -> None:
    app = await house.bind()
    house.world.link.says(TAKEN)
    message_id = int((await app.ask(to())).message_id)
    await settled(house)
    assert app.delivered == []
    assert house.world.message(message_id).state == State.BUFFERED
    await house.world.receipt("id:ref", state=ReceiptState.DELIVERED)
    await told(house, 1, app)


@pytest.mark.parametrize(
    ("error", "network_error", "word", "tlv_value"),
    [
        ("34", NetworkError(3, 34), "034", (3, 34)),
        ("0BC", None, "0BC", None),
        ("1234", NetworkError(8, 40_000), "1234", (8, 40_000)),
        ("more than can be said", NetworkError(3, 1), "000", (3, 1)),
        (None, None, "000", None),
    ],
)
async def test_the_networks_own_error_is_passed_on_as_its_receipt_says_it(
    house: House, error: str | None, network_error: NetworkError | None, word: str, tlv_value: tuple[int, int] | None
) -> None:
    number = None if network_error is None else network_error.number
    app = await house.bind()
    house.world.link.says(TAKEN)
    await app.ask(to())
    await settled(house)
    await house.world.receipt("id:ref", state=ReceiptState.FAILED, error=error, network_error=number)
    (pdu,) = await told(house, 1, app)
    found = receipt.parse(pdu)
    assert (found.stat, found.error, found.network_error) == ("UNDELIV", word, tlv_value)


async def test_the_networks_error_of_a_receipt_that_came_before_its_response_is_passed_on_too(house: House) -> None:
    app = await house.bind()
    await house.world.receipt("id:ref", state=ReceiptState.FAILED, error="34", network_error=NetworkError(3, 34).number)
    house.world.link.says(TAKEN)
    await app.ask(to())
    (pdu,) = await told(house, 1, app)
    found = receipt.parse(pdu)
    assert (found.stat, found.error, found.network_error) == ("UNDELIV", "034", (3, 34))


async def test_the_networks_error_of_a_refusal_is_passed_on(house: House) -> None:
    app = await house.bind()
    house.world.link.says(Refused(ErrorClass.PERMANENT, "unknown subscriber", network_error=NetworkError(3, 1).number))
    await app.ask(to())
    (pdu,) = await told(house, 1, app)
    found = receipt.parse(pdu)
    assert (found.stat, found.error, found.network_error) == ("UNDELIV", "001", (3, 1))


async def test_a_receipt_of_success_names_no_error(house: House) -> None:
    app = await house.bind()
    house.world.link.says(TAKEN)
    await app.ask(to())
    await settled(house)
    await house.world.receipt("id:ref", state=ReceiptState.DELIVERED, error="000", network_error=NetworkError(3, 0).number)
    (pdu,) = await told(house, 1, app)
    found = receipt.parse(pdu)
    assert (found.stat, found.error, found.network_error) == ("DELIVRD", "000", None)


# what devices send


async def test_what_a_device_sends_reaches_the_application_whose_policy_says_smpp(house: House) -> None:
    app = await house.bind()
    await house.world.hear(msisdn(1), "1000", "Stand 42 €")
    (pdu,) = await told(house, 1, app)
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (1, 1, msisdn(1))
    assert (pdu.dest_addr_ton, pdu.destination_addr) == (0, "1000")
    assert (pdu.esm_class, pdu.data_coding) == (0, 0)
    assert gsm7.decode(pdu.short_message) == "Stand 42 €"
    assert house.world.courier.delivered == []


async def test_the_account_of_a_policy_hears_its_devices_and_the_organisations_what_none_takes(house: House) -> None:
    of_organisation = await house.bind("org_1")
    await house.world.hear(msisdn(1), "1000", "first")
    await told(house, 1, of_organisation)
    await house.add("pol_1")
    of_policy = await house.bind("pol_1")
    await house.world.hear(msisdn(1), "1000", "second")
    await told(house, 1, of_policy)
    assert len(of_organisation.delivered) == 1


async def test_a_policy_whose_interface_is_no_smpp_says_nothing_to_who_is_bound(house: House) -> None:
    await house.policy(1, esme_interface_type_id=1)
    app = await house.bind()
    await house.world.hear(msisdn(1), "1000")
    await settled(house)
    assert app.delivered == []
    assert len(house.world.courier.delivered) == 1


async def test_octets_and_header_go_on_as_they_came(house: House) -> None:
    app = await house.bind()
    await house.world.hear(msisdn(1), "1000", octets=b"\x00\x01\xff", udh=bytes.fromhex("0605040B8423F0"), dcs=4)
    (pdu,) = await told(house, 1, app)
    assert (pdu.esm_class, pdu.data_coding) == (EsmClass.UDHI, 4)
    assert pdu.short_message == bytes.fromhex("0605040B8423F0") + b"\x00\x01\xff"


LONG = "Der Zähler meldet {4711} € seit gestern, " * 6


@pytest.mark.parametrize("style", ["udh", "sar", "payload"])
@pytest.mark.parametrize(("text", "alphabet", "dcs"), [(LONG, Alphabet.GSM7, 0), ("Ж" * 150, Alphabet.UCS2, 8)])
async def test_a_long_text_is_handed_on_as_the_account_wants_it(house: House, style: str, text: str, alphabet: Alphabet, dcs: int) -> None:
    await house.add("org_1", long_messages=style)
    app = await house.bind()
    for segment in split(text, alphabet, 7):
        await house.world.hear(msisdn(1), "1000", octets=segment.user_data, udh=segment.udh, dcs=dcs)
    total = 1 if style == "payload" else len(split(text, alphabet, 7))
    pdus = await told(house, total, app)
    contents = [content_of(pdu) for pdu in pdus]
    parts = [
        Segment(each.part.number if each.part else 1, each.part.total if each.part else 1, each.udh, each.user_data) for each in contents
    ]
    assert join(parts, alphabet) == text


async def test_a_peer_of_33_gets_a_long_text_in_parts_whatever_its_account_wants(house: House) -> None:
    await house.add("org_1", long_messages="payload")
    app = await house.bind(version=0x33)
    for segment in split(LONG, Alphabet.GSM7, 7):
        await house.world.hear(msisdn(1), "1000", octets=segment.user_data, udh=segment.udh)
    pdus = await told(house, 2, app)
    assert all(pdu.short_message and not pdu.tlvs for pdu in pdus)


async def test_an_account_of_latin_1_is_written_to_in_latin_1(house: House) -> None:
    await house.add("org_1", default_coding="latin-1")
    app = await house.bind()
    await house.world.hear(msisdn(1), "1000", "Grüße")
    (pdu,) = await told(house, 1, app)
    assert (pdu.data_coding, pdu.short_message) == (0, "Grüße".encode("latin-1"))


async def test_what_an_alphabet_lacks_comes_in_ucs_2_and_is_cut_anew_where_it_no_longer_fits(house: House) -> None:
    await house.add("org_1", default_coding="ascii")
    app = await house.bind()
    await house.world.hear(msisdn(1), "1000", "Zähler " * 20)
    pdus = await told(house, 3, app)
    assert {pdu.data_coding for pdu in pdus} == {8}
    contents = [content_of(pdu) for pdu in pdus]
    parts = [Segment(each.part.number, each.part.total, each.udh, each.user_data) for each in contents if each.part]
    assert join(parts, Alphabet.UCS2) == "Zähler " * 20


@pytest.mark.parametrize(("elements", "septets", "text"), [("240101", b"\x1bs" * 2, "şş")], ids=["national table"])
async def test_a_text_in_parts_that_the_default_alphabet_lacks_comes_in_ucs_2(
    house: House, elements: str, septets: bytes, text: str
) -> None:
    app = await house.bind()
    for number in (1, 2):
        header = bytes.fromhex(f"00030702{number:02X}{elements}")
        await house.world.hear(msisdn(1), "1000", octets=septets, udh=bytes((len(header),)) + header)
    (pdu,) = await told(house, 1, app)
    assert (pdu.data_coding, pdu.short_message.decode("utf-16-be")) == (8, text * 2)
    await until(lambda: states(house) == [NotificationState.DELIVERED], "the states of what is told")


async def test_a_text_that_cannot_be_cut_for_an_application_is_given_up_and_says_why(house: House) -> None:
    await house.add("org_1", default_coding="latin-1")
    app = await house.bind()
    for segment in split("€" + "a" * (153 * 255 - 2), Alphabet.GSM7, 7):
        await house.world.hear(msisdn(1), "1000", octets=segment.user_data, udh=segment.udh)
    await until(lambda: states(house) == [NotificationState.GIVEN_UP], "the states of what is told")
    assert app.delivered == []
    (attempt,) = house.world.rows("SELECT error FROM delivery_attempt")
    assert "cannot be said in SMPP" in attempt.error
    await house.world.hear(msisdn(1), "1000", "the next")
    await told(house, 1, app)


# to whom, when, and how often


async def test_what_waits_while_nobody_is_bound_comes_in_order_at_the_bind(house: House) -> None:
    for number in range(25):
        await house.world.hear(msisdn(1), "1000", f"{number}")
    await house.world.jump(86_400)
    transmitter = await house.bind(how="transmitter")
    await settled(house)
    assert transmitter.delivered == []
    app = await house.bind(how="receiver")
    pdus = await told(house, 25, app)
    assert [pdu.short_message for pdu in pdus] == [b"%d" % number for number in range(25)]


@pytest.mark.parametrize("is_bound", [False, True])
async def test_what_must_wait_costs_no_claim_for_each(house: House, monkeypatch: pytest.MonkeyPatch, is_bound: bool) -> None:
    """Nobody is bound, or who is bound answers nothing: no look for what is due brings anything until that changes."""
    await house.add("org_1", deliver_window=1)
    if is_bound:
        app = await house.bind()
        app.answers = lambda pdu: None
        await house.world.hear(msisdn(1), "1000", "under way")
        await told(house, 1, app)
    claims = []
    make = notify.claim
    monkeypatch.setattr(notify, "claim", lambda *given: claims.append(given) or make(*given))
    for number in range(20):
        await house.world.hear(msisdn(1), "1000", f"{number}")
    assert len(states(house)) == 20 + is_bound
    assert len(claims) <= 1, "the first finds out that something waits"


async def test_what_waits_seven_days_is_given_up(house: House) -> None:
    await house.world.hear(msisdn(1), "1000")
    await house.world.jump(ACCOUNT_KEPT_MS / 1000 + 60)
    await house.world.sweep()
    await until(lambda: states(house) == [NotificationState.GIVEN_UP], "the states of what is told")


async def test_sessions_of_an_account_share_what_comes(house: House) -> None:
    apps = [await house.bind(), await house.bind(), await house.bind(how="receiver")]
    for number in range(30):
        await house.world.hear(msisdn(1), "1000", f"{number}")
    await until(lambda: sum(len(app.delivered) for app in apps) == 30, "all")
    assert all(len(app.delivered) >= 5 for app in apps), [len(app.delivered) for app in apps]


async def test_no_more_is_under_way_than_the_window_of_a_session(house: House) -> None:
    await house.add("org_1", deliver_window=3)
    app = await house.bind()
    app.answers = lambda pdu: None
    for number in range(10):
        await house.world.hear(msisdn(1), "1000", f"{number}")
    await settled(house)
    assert len(app.delivered) == 3


class Narrow(ServerSettings):
    def profile(self) -> Profile:
        return replace(super().profile(), window=3)


async def test_a_text_in_parts_waits_until_its_session_has_room_for_all_of_it(smpp_url: str) -> None:
    async with House(smpp_url, Setting(devices=1), Narrow(enquire_link_ms=0, inactivity_ms=0), org_1={}) as house:
        await house.policy(1, esme_interface_type_id=2)
        app = await house.bind()
        app.answers = lambda pdu: None
        for text in ("first", "second"):
            await house.world.hear(msisdn(1), "1000", text)
        first, second = await told(house, 2, app)
        for segment in split(LONG, Alphabet.GSM7, 7):
            await house.world.hear(msisdn(1), "1000", octets=segment.user_data, udh=segment.udh)
        await told(house, 2, app)
        app.answers = lambda pdu: 0
        for pdu in (first, second):
            app.wire.send(response_to(pdu))
        await until(lambda: states(house) == [NotificationState.DELIVERED] * 3, "the states of what is told")
        assert len(app.delivered) == 4, "each part came once"


@pytest.mark.parametrize("answer", [status.RX_T_APPN, status.RSYSERR, status.RMSGQFUL, status.RTHROTTLED])
async def test_a_temporary_refusal_is_tried_again(house: House, answer: int) -> None:
    app = await house.bind()
    answers = [answer]
    app.answers = lambda pdu: answers.pop() if answers else 0
    await house.world.hear(msisdn(1), "1000")
    await told(house, 1, app)
    await until(lambda: states(house) == [NotificationState.WAITING], "the states of what is told")
    await house.world.advance(ACCOUNT_SCHEDULE_MS[0] / 1000 * 1.2)
    await told(house, 2, app)
    await until(lambda: states(house) == [NotificationState.DELIVERED], "the states of what is told")
    first, second = house.world.rows("SELECT status, error FROM delivery_attempt ORDER BY number")
    assert (first.status, second.status) == (answer, 0)
    assert status.MEANINGS[answer].name in first.error


@pytest.mark.parametrize("answer", [status.RX_P_APPN, status.RX_R_APPN, status.RINVDSTADR, 0x4FF])
async def test_a_refusal_for_good_ends_it(house: House, answer: int) -> None:
    app = await house.bind()
    app.answers = lambda pdu: answer
    await house.world.hear(msisdn(1), "1000")
    await told(house, 1, app)
    await until(lambda: states(house) == [NotificationState.GIVEN_UP], "the states of what is told")


async def test_a_message_in_parts_of_which_one_is_refused_comes_again_whole(house: House) -> None:
    app = await house.bind()
    answers = [0, status.RX_T_APPN]
    app.answers = lambda pdu: answers.pop() if answers else 0
    for segment in split(LONG, Alphabet.GSM7, 7):
        await house.world.hear(msisdn(1), "1000", octets=segment.user_data, udh=segment.udh)
    await told(house, 2, app)
    await house.world.advance(ACCOUNT_SCHEDULE_MS[0] / 1000 * 1.2)
    await told(house, 4, app)
    await until(lambda: states(house) == [NotificationState.DELIVERED], "the states of what is told")


async def test_what_a_session_took_to_its_grave_goes_to_the_next_one(house: House) -> None:
    app = await house.bind()
    app.answers = lambda pdu: None
    for number in range(4):
        await house.world.hear(msisdn(1), "1000", f"{number}")
    await told(house, 4, app)
    app.wire.close("it dies")
    another = await house.bind()
    await told(house, 4, another)
    await until(lambda: states(house) == [NotificationState.DELIVERED] * 4, "the states of what is told")
    assert {row.tries for row in house.world.rows("SELECT tries FROM notification")} == {1}


async def test_no_answer_is_a_failed_try(smpp_url: str) -> None:
    quick = ServerSettings(enquire_link_ms=0, inactivity_ms=0, response_ms=2000)
    async with House(smpp_url, Setting(devices=1), quick, org_1={}) as house:
        await house.policy(1, esme_interface_type_id=2)
        app = await house.bind()
        app.answers = lambda pdu: None
        await house.world.hear(msisdn(1), "1000")
        await told(house, 1, app)
        await house.world.advance(3)
        await settled(house)
        await until(lambda: house.world.rows("SELECT tries, state FROM notification") == [(1, NotificationState.WAITING)], "its failure")


async def test_a_session_that_answers_nothing_keeps_nothing_from_those_that_do(smpp_url: str) -> None:
    quick = ServerSettings(enquire_link_ms=0, inactivity_ms=0, response_ms=2000)
    async with House(smpp_url, Setting(devices=1), quick, org_1={"deliver_window": 4}) as house:
        await house.policy(1, esme_interface_type_id=2)
        mute, other = await house.bind(), await house.bind()
        mute.answers = lambda pdu: None
        for number in range(12):
            await house.world.hear(msisdn(1), "1000", f"{number}")
        await until(lambda: len(mute.delivered) + len(other.delivered) == 12, "both have their part")
        held = len(mute.delivered)
        assert 1 <= held <= 4
        await house.world.advance(3)
        tries = "SELECT tries FROM notification WHERE state = 1"
        await until(lambda: [row.tries for row in house.world.rows(tries)] == [1] * held, "what it did not answer is to come again")
        await house.world.advance(ACCOUNT_SCHEDULE_MS[0] / 1000 + 1)
        await until(lambda: states(house) == [NotificationState.DELIVERED] * 12, "the other has all of it")
        assert len(mute.delivered) == held, "it is not tried again while another has room"
        await other.leave()
        for number in range(5):
            await house.world.hear(msisdn(1), "1000", f"{number} more")
        await until(lambda: len(mute.delivered) == held + 1, "alone it is tried")
        await settled(house)
        assert len(mute.delivered) == held + 1, "with one at a time"
        mute.answers = lambda pdu: 0
        mute.wire.send(response_to(mute.delivered[-1]))
        await until(lambda: states(house) == [NotificationState.DELIVERED] * 17, "until it answers")


# a device is back


async def test_an_account_that_asks_for_it_is_told_when_a_device_is_back_that_was_waited_for(house: House) -> None:
    await house.add("org_1", alerts=True)
    app = await house.bind()
    house.world.link.says(ABSENT)
    await app.ask(to(registered_delivery=0))
    await settled(house)
    await house.world.reachable(2)
    await settled(house)
    assert app.others == [], "nothing waited for that one"
    await house.world.reachable(1)
    await until(lambda: app.others, "the alert")
    (alert,) = app.others
    assert isinstance(alert, AlertNotification)
    assert (alert.source_addr, tlv.MS_AVAILABILITY_STATUS.find(alert.tlvs)) == (msisdn(1), 0)
    await until(lambda: states(house) == [NotificationState.DELIVERED], "the states of what is told")


async def test_a_message_of_the_device_tells_that_it_is_back_too_and_nobody_is_told_who_did_not_ask(house: House) -> None:
    app = await house.bind()
    house.world.link.says(ABSENT, ABSENT)
    await app.ask(to(registered_delivery=0))
    await house.world.hear(msisdn(1), "1000")
    await settled(house)
    assert app.others == []
    await house.add("org_1", alerts=True)
    again = await house.bind()
    await house.world.advance(21)
    house.world.link.says(ABSENT)
    await again.ask(to(registered_delivery=0))
    await settled(house)
    await house.world.hear(msisdn(1), "1000")
    await until(lambda: app.others or again.others, "the alert")


async def test_alerts_are_deleted_when_they_are_over_for_an_hour(house: House) -> None:
    await house.add("org_1", alerts=True)
    app = await house.bind()
    house.world.link.says(ABSENT)
    await app.ask(to(registered_delivery=0))
    await settled(house)
    await house.world.reachable(1)
    await until(lambda: app.others, "the alert")
    await house.world.sweep()
    assert len(states(house)) == 1
    await house.world.jump(3700)
    await house.world.sweep()
    await until(lambda: states(house) == [], "the states of what is told")


async def test_an_alert_is_no_news_after_a_minute(house: House) -> None:
    await house.add("org_1", alerts=True)
    sender = await house.bind(how="transmitter")
    house.world.link.says(ABSENT)
    await sender.ask(to(registered_delivery=0))
    await settled(house)
    await house.world.reachable(1)
    await house.world.jump(90)
    app = await house.bind()
    await settled(house)
    assert app.others == []
    await until(lambda: states(house) == [NotificationState.DELIVERED], "the states of what is told")


async def test_the_timeline_tells_what_an_application_was_told_over_smpp(house: House) -> None:
    message_id = (await house.world.hear(msisdn(1), "1000", "waits")).message_id
    assert message_id is not None
    steps = await timeline(house.world.core, house.world.actor(), message_id)
    assert [each.text for each in steps if each.type.startswith("smpp")] == [
        "The application is to be told, over SMPP, by its account org_1",
        "It waits until org_1 is bound to receive",
    ]
    await house.bind(answers=lambda pdu: status.RX_R_APPN)
    await until(lambda: states(house) == [NotificationState.GIVEN_UP], "the end of its delivery")
    texts = [each.text for each in await timeline(house.world.core, house.world.actor(), message_id) if each.type.startswith("smpp")]
    assert "RX_R_APPN (0x66)" in texts[1]
    assert texts[2] == "It was given up: the application refused it for good"
