"""Delivery receipts: heliograph.smpp.receipt."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.link import ReceiptState
from heliograph.smpp import receipt, tlv
from heliograph.smpp.errors import ValueNotAllowedError
from heliograph.smpp.pdu import DataSm, DeliverSm
from heliograph.smpp.receipt import IdReading, Receipt, read_id
from heliograph.smpp.tlv import NetworkError, Tlv
from heliograph.smpp.value import MessageState
from tests.smpp.material import vectors

TEXT = "id:4711 sub:001 dlvrd:001 submit date:2501011200 done date:2501011201 stat:DELIVRD err:000 text:hi"


@pytest.mark.parametrize("vector", vectors("smpp_receipt"), ids=lambda vector: vector["source"])
def test_a_text_of_others_is_read(vector: dict[str, Any]) -> None:
    found = receipt.parse_text(vector["text"])
    read = (found.message_id, found.stat, found.error, found.sub, found.dlvrd, found.submit_date, found.done_date, found.text)
    assert read == tuple(vector[name] for name in ("id", "stat", "err", "sub", "dlvrd", "submit", "done", "rest"))
    assert len(found.doubts) == vector["doubts"], found.doubts


ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64).filter(
    lambda text: not text.endswith((":", "="))
)
moments = st.integers(0, 3_000_000_000_000)


@given(
    ids,
    st.sampled_from(MessageState),
    moments,
    moments,
    st.integers(0, 999).map("{:03}".format) | st.from_regex(r"[\w.-]{1,8}", fullmatch=True, alphabet=st.characters(max_codepoint=0x7F)),
    st.text(st.characters(max_codepoint=0xFF), max_size=30),
)
def test_what_we_write_we_read(message_id: str, state: MessageState, submitted: int, done: int, error: str, text: str) -> None:
    if any(mark in message_id for mark in ":="):
        return
    written = receipt.format_text(message_id, state, submitted, done, error, text)
    found = receipt.parse_text(written)
    assert (found.message_id, found.state, found.error, found.text) == (message_id, state, error, text[:20])
    assert receipt.date_ms(found.submit_date or "") == submitted // 60_000 * 60_000
    assert receipt.date_ms(found.done_date or "") == done // 60_000 * 60_000
    assert found.doubts == ()


def test_our_text_is_that_of_the_appendix() -> None:
    written = receipt.format_text("4711", MessageState.UNDELIVERABLE, 1735732800000, 1735732860000, "027", "The first twenty characters")
    assert written == "id:4711 sub:001 dlvrd:000 submit date:2501011200 done date:2501011201 stat:UNDELIV err:027 text:The first twenty cha"
    assert all(len(word) == 7 for word in receipt.WORDS.values())


@pytest.mark.parametrize(("message_id", "error"), [("1", "123456789"), ("1", ""), ("1", "0 0"), ("1", "é"), ("", "000"), ("a b", "000")])
def test_what_nobody_could_read_is_not_written(message_id: str, error: str) -> None:
    with pytest.raises(ValueNotAllowedError):
        receipt.format_text(message_id, MessageState.DELIVERED, 0, 0, error)


@given(st.text(max_size=200), st.binary(max_size=200), st.integers(0, 255), st.integers(0, 255))
def test_reading_never_fails(text: str, octets: bytes, data_coding: int, state: int) -> None:
    receipt.parse_text(text)
    receipt.parse_text("id:" + text + "stat:" + text)
    receipt.parse(DeliverSm(short_message=octets, data_coding=data_coding, tlvs=(Tlv(0x0427, bytes((state,))), Tlv(0x001E, octets))))


# TLVs and text together


def test_the_tlvs_alone_are_a_receipt() -> None:
    tlvs = receipt.tlvs_of("4711", MessageState.EXPIRED, NetworkError(3, 27))
    found = receipt.parse(DeliverSm(esm_class=4, tlvs=(*tlvs, tlv.USER_MESSAGE_REFERENCE.make(9))))
    expected = Receipt(receipted_message_id="4711", state=MessageState.EXPIRED, network_error=NetworkError(3, 27), user_message_reference=9)
    assert found == expected
    assert receipt.tlvs_of("4711", MessageState.EXPIRED) == tlvs[:2]


def test_the_text_alone_is_a_receipt() -> None:
    found = receipt.parse(DeliverSm(short_message=TEXT.encode()))
    assert (found.message_id, found.state, found.receipted_message_id, found.doubts) == ("4711", MessageState.DELIVERED, None, ())


def test_what_the_tlvs_lack_stays_a_doubt() -> None:
    assert len(receipt.parse(DeliverSm()).doubts) == 2
    assert receipt.parse(DeliverSm(tlvs=(tlv.MESSAGE_STATE.make(2),))).doubts == ("no id in the text",)


def test_where_they_disagree_the_tlv_counts() -> None:
    found = receipt.parse(DeliverSm(short_message=TEXT.encode(), tlvs=receipt.tlvs_of("4711", MessageState.EXPIRED)))
    assert found.state is MessageState.EXPIRED
    assert found.doubts == ("message_state says EXPIRED, the text says DELIVRD",)


def test_a_state_nobody_knows_leaves_the_text() -> None:
    found = receipt.parse(DeliverSm(short_message=TEXT.encode(), tlvs=(tlv.MESSAGE_STATE.make(77),)))
    assert found.state is MessageState.DELIVERED
    assert found.doubts == ("message_state 77 is not known",)


@pytest.mark.parametrize(
    "pdu",
    [
        DeliverSm(short_message=TEXT.encode("utf-16-be"), data_coding=8),
        DeliverSm(short_message=TEXT.encode() + b"\0"),
        DeliverSm(tlvs=(tlv.MESSAGE_PAYLOAD.make(TEXT.encode()),)),
        DataSm(tlvs=(tlv.MESSAGE_PAYLOAD.make(TEXT.encode()),)),
    ],
)
def test_the_text_may_stand_elsewhere(pdu: DeliverSm | DataSm) -> None:
    assert receipt.parse(pdu) == receipt.parse_text(TEXT)


# Tables


def test_every_state_has_its_word_in_the_model() -> None:
    assert set(receipt.MODEL_WORDS) == set(MessageState)
    assert set(receipt.MODEL_WORDS.values()) <= {state.value for state in ReceiptState} | {"timeline"}


@pytest.mark.parametrize(
    ("stat", "word"),
    [
        ("DELIVRD", "delivered"),
        *((stat, "failed") for stat in ("UNDELIV", "REJECTD", "UNKNOWN", "FAILED", "SKIPPED")),
        ("EXPIRED", "expired"),
        ("DELETED", "deleted"),
        *((stat, "timeline") for stat in ("ENROUTE", "ACCEPTD", "BUFFRED", "SCHEDLD", "NOVELTY")),
    ],
)
def test_a_word_means_what_the_rules_say(stat: str, word: str) -> None:
    assert receipt.parse_text(f"id:1 stat:{stat}").model_word == word


@pytest.mark.parametrize(
    ("text", "reading", "expected"),
    [
        ("00FF", IdReading.RAW, "00FF"),
        ("00FF", IdReading.HEX, "255"),
        ("0255", IdReading.DECIMAL, "255"),
        ("00FF", IdReading.DECIMAL, None),
        ("a29f-6845", IdReading.HEX, None),
        ("", IdReading.HEX, None),
        ("1" * 65, IdReading.DECIMAL, None),
        ("٣", IdReading.DECIMAL, None),
    ],
)
def test_an_id_is_read_as_the_profile_says(text: str, reading: IdReading, expected: str | None) -> None:
    assert read_id(text, reading) == expected


usual_parts = st.tuples(
    st.text(st.characters(codec="latin-1", exclude_characters="\0"), max_size=12),
    st.sampled_from(["2501011200", "2513011200", "2502291200", "250228120059", "YYMMDDhhmm"]),
    st.sampled_from(["DELIVRD", "delivrd", "UNHEARD", "EXPIRED"]),
    st.text(max_size=20),
)


@given(usual_parts)
@pytest.mark.parametrize("text", ["text", "Text"])
def test_the_short_way_of_reading_says_what_the_long_way_says(text: str, parts: tuple[str, str, str, str]) -> None:
    message_id, date, stat, rest = parts
    written = f"id:{message_id} sub:001 dlvrd:001 submit date:{date} done date:{date} stat:{stat} err:000 {text}:{rest}"
    short = receipt.parse_text(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receipt, "_USUAL", re.compile(r"(?!)"))
        assert receipt.parse_text(written) == short


def test_fields_of_its_own_between_the_usual_ones_are_nobodys() -> None:
    found = receipt.parse_text("id:9 mcc:262 submit date:2501011200\tprice:0.01 stat:DELIVRD mnc:01 err:0")
    assert (found.message_id, found.submit_date, found.stat, found.error) == ("9", "2501011200", "DELIVRD", "0")
