"""What is sent is what arrives, whatever a link writes: texts that are cut here, read at the other end by the tables and nothing else."""

from collections.abc import AsyncIterator, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm.dcs import Alphabet, parse
from heliograph.links.smpp.address import Addresses
from heliograph.links.smpp.incoming import Reader
from heliograph.links.smpp.outgoing import Writer
from heliograph.links.smpp.settings import SmppSettings, profile
from heliograph.links.smpp.settings import parse as read_settings
from heliograph.model.ids import LinkId
from heliograph.model.link import Inbound
from heliograph.model.message import State, fresh_segments, grown
from heliograph.model.problem import Problem
from heliograph.service.arrived import Arrived
from heliograph.service.cut import cut
from heliograph.service.draft import Draft
from heliograph.service.encode import encode
from heliograph.service.receive import concatenation_of
from heliograph.service.timeline import timeline
from heliograph.smpp import status
from heliograph.smpp.pdu import DeliverSm, SubmitSm
from heliograph.store.message import Head
from heliograph.store.part import Part, PartSet
from tests.links.smsc import Smsc
from tests.manual_clock import EPOCH_MS
from tests.smpp.phone import CannotWriteError, arrived, written
from tests.smpp_world import SmppWorld

HOUR = 3600
ALPHABETS = ("gsm7", "gsm7_packed", "latin-1", "ascii")
STYLES = ("udh", "sar", "payload")
EURO = "Guthaben: 5 € "  # Latin-1 has no euro sign, ASCII no more than that
GSM = "".join(each for each in gsm7.decode(bytes(set(range(128)) - {0x1B})) if each not in "\r\n")
CLASSES = {
    "pure GSM 7-bit": "Zähler {0} @ £$¥ ΔΩ ÄÖÑÜ§¿ ",
    "extension table": "[{€}]~^|\\",
    "national letters": "ça, São Tomé, Łódź ",
    "surrogate pairs": "a😀",
    "at signs": "@",
    "ASCII": "plain text 123 ",
}
LENGTHS = (1, 69, 70, 71, 133, 134, 135, 152, 153, 154, 159, 160, 161, 305, 306, 307, 459)
"""Around each border: 70 and 160 of one SMS, 67 and 153 of a part, and their multiples."""


def settings_of(alphabet: str, style: str, **more: object) -> SmppSettings:
    fields = {"host": "h", "system_id": "s", "default_alphabet": alphabet, "long_messages": style} | more
    return read_settings(msgspec.json.encode(fields).decode())


def head_of(text: str, states: str | None = None, dcs: int | None = None) -> Head:
    encoded = encode(Draft(text, dcs=dcs))
    return Head(
        message_id=300, lane_id=1, lane_seq=1, organisation_id=1, device_id=1, source="1000", source_type=145, address="423663920000001",
        payload=text, dcs=encoded.dcs, pid=0, udh=encoded.udh, segment_states=states or fresh_segments(encoded.segments),
        expiry_at_ms=EPOCH_MS + HOUR * 1000,
    )  # fmt: skip


def submits_of(head: Head, settings: SmppSettings) -> list[SubmitSm]:
    made = profile(LinkId(1), "Link", settings)
    writer = Writer(settings, Addresses(settings, made))
    return [writer.pdu(each, EPOCH_MS) for each in cut(head, made)]


@pytest.mark.parametrize(("alphabet", "style"), [*product(ALPHABETS, STYLES)])
def test_what_is_sent_arrives_character_by_character_around_each_border(alphabet: str, style: str) -> None:
    settings = settings_of(alphabet, style)
    for name, pattern in CLASSES.items():
        for length in LENGTHS:
            for text in ((pattern * 500)[:length], "x" * (length - 1) + "€", "x" * (length - 1) + pattern[0]):
                assert arrived(submits_of(head_of(text), settings), alphabet, is_cut_there=style == "payload") == text, (name, length)


@given(
    st.lists(st.sampled_from([*GSM, *"€{}[]~", "ç", "Ł", "😀", "ab", EURO, "x" * 66, "y" * 152]), min_size=1, max_size=40).map("".join),
    st.sampled_from(ALPHABETS),
    st.sampled_from(STYLES),
)
def test_what_is_sent_arrives_whatever_the_link_writes(text: str, alphabet: str, style: str) -> None:
    submits = submits_of(head_of(text), settings_of(alphabet, style))
    assert arrived(submits, alphabet, is_cut_there=style == "payload") == text


@given(
    st.lists(st.sampled_from([*"€{}[]~", "ab", EURO, "x" * 60]), min_size=4, max_size=40).map("".join),
    st.sampled_from(["latin-1", "ascii"]),
    st.sampled_from(["udh", "sar"]),
    st.data(),
)
def test_what_is_left_of_a_text_goes_on_in_the_same_places_by_any_link(text: str, alphabet: str, style: str, data: st.DataObject) -> None:
    """Some parts were taken by one link, the others go by a second, which writes another alphabet."""
    head = head_of(text)
    first = submits_of(head, settings_of(alphabet, style))
    states = grown(head.segment_states, len(first))
    taken = data.draw(st.sets(st.integers(0, len(first) - 1), min_size=1))
    states = "".join("a" if at in taken else letter for at, letter in enumerate(states))
    if len(states) == len(head.segment_states) and parse(head.dcs).alphabet is Alphabet.GSM7 and len(first) > 1:
        assert {pdu.data_coding for pdu in first} == {0}, "cut anew, a text has more segments than were counted"
    rest = submits_of(head_of(text, states), settings_of(alphabet, style))
    assert arrived([*(first[at] for at in taken), *rest], alphabet) == text
    if {pdu.data_coding for pdu in first} == {8}:
        elsewhere = submits_of(head_of(text, states), settings_of("gsm7", style))
        assert arrived([*(first[at] for at in taken), *elsewhere], "gsm7") == text


def test_cut_anew_a_text_has_more_segments_than_were_counted_so_that_the_rest_is_known_by_their_number() -> None:
    text = "{" * 40 + "x" * 92 + "€€"  # 176 septets and 134 units: two segments either way
    latin_1, gsm = settings_of("latin-1", "udh"), settings_of("gsm7", "udh")
    counted = head_of(text).segment_states
    first = submits_of(head_of(text), latin_1)
    assert (len(counted), len(first)) == (2, 3)
    assert arrived([first[0], *submits_of(head_of(text, "aww"), gsm)], "gsm7") == text
    natural = submits_of(head_of(text), gsm)
    assert len(natural) == 2
    for states, left, data_coding in (("aw", natural[1], 8), ("wa", natural[0], 0)):
        (other,) = submits_of(head_of(text, states), latin_1)
        assert (other.data_coding, other.short_message[:6]) == (data_coding, left.short_message[:6]), "one of two, as it was cut"


@given(
    st.one_of(
        st.lists(st.sampled_from(pieces), min_size=1, max_size=30).map("".join)
        for pieces in ([*GSM, "€{}", "x" * 66, "y" * 152], ["ça", "Łódź", "😀", "ab", "é" * 66, "x" * 132])
    ),
    st.sampled_from([0, 3, 8]),
    st.sampled_from(ALPHABETS),
    st.sampled_from(STYLES),
    st.integers(0, 0xFFFF),
    st.randoms(),
)
@example("1234567", 0, "gsm7_packed", "udh", 0, Random(0))
@example("1234567" * 23, 0, "gsm7_packed", "payload", 0, Random(0))
@example("x" * 306, 0, "gsm7", "sar", 0x1234, Random(0))
def test_what_a_centre_brings_is_the_text_whatever_it_writes_and_in_whatever_order(
    text: str, data_coding: int, alphabet: str, style: str, reference: int, order: Random
) -> None:
    try:
        pdus = list(written(DeliverSm(source_addr="42", destination_addr="1000"), text, data_coding, alphabet, style, reference))
    except CannotWriteError:
        return
    order.shuffle(pdus)
    settings = settings_of(alphabet, style)
    made = profile(LinkId(1), "Link", settings)
    reader = Reader(settings, made, Addresses(settings, made))
    heard = [each for pdu in pdus for each in reader.inbound(pdu, 0)]
    if alphabet == "gsm7_packed" and data_coding == 0 and text.endswith("@"):
        text = text.removesuffix("@") if shown(heard) != text else text  # a last @ on an octet's border is taken for filler
    assert shown(heard) == text


def shown(heard: list[Inbound]) -> str:
    """The text that people see of parts that are put together, or of one SMS."""
    if len(heard) == 1:
        return Arrived.of_single(heard[0]).payload
    sets = {(each.alphabet or parse(each.dcs).alphabet.value, *_of(each)[:2]) for each in heard}
    assert len(sets) == 1, "parts of one SMS have one key"
    parts = [Part(1, _of(each)[2], each.udh.hex(), each.user_data.hex(), each.dcs, each.pid, 0) for each in heard]
    _, reference, total = sets.pop()
    assert sorted(part.number for part in parts) == list(range(1, total + 1))
    held = sorted(parts, key=lambda part: part.number)
    return Arrived.of_set(PartSet(1, 1, "42", "1000", reference, total, ""), held, 0).payload


def _of(heard: Inbound) -> tuple[int, int, int]:
    found = concatenation_of(heard.udh)
    assert found is not None
    return found.reference, found.total, found.number


def test_flash_stays_flash_in_ucs2() -> None:
    for text in ("5 €", EURO * 12):
        submits = submits_of(head_of(text, dcs=0x10), settings_of("latin-1", "udh"))
        assert {pdu.data_coding for pdu in submits} == {0x18}
        assert arrived(submits, "latin-1") == text


# with a message centre and a database


@pytest.fixture
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SmppWorld]:
    async with SmppWorld(str(tmp_path / "heliograph.db"), **getattr(request, "param", {})) as world:
        yield world


def using(**settings: Any) -> Any:
    return pytest.mark.parametrize("world", [settings], indirect=True)


def in_parts(smsc: Smsc) -> Sequence[bytes]:
    return [pdu.short_message[:6] for pdu in smsc.submits]


@using(default_alphabet="latin-1")
async def test_a_text_that_is_cut_anew_is_delivered_when_all_it_was_cut_into_is(world: SmppWorld) -> None:
    text = EURO * 12  # 180 septets, 168 characters
    message_id = await world.submit(text=text)
    assert arrived(world.smsc.submits, "latin-1") == text
    row = world.message(message_id)
    assert (row.segments, row.segment_states, row.state) == (2, "aaa", State.BUFFERED)
    (encoding,) = [step for step in await timeline(world.core, world.actor(1), message_id) if step.type == "encoding"]
    assert encoding.text.endswith("2 segments; one holds 160; a link whose alphabet lacks one of its characters made 3 of it, in UCS-2")
    for number, submit in enumerate(world.smsc.submits[:2], 1):
        await world.report(submit, str(number))
    assert world.message(message_id).state == State.BUFFERED, "a third part is on its way"
    await world.report(world.smsc.submits[2], "3")
    assert (world.message(message_id).state, world.message(message_id).segment_states) == (State.DELIVERED, "ddd")


@using(default_alphabet="latin-1", window=1)
async def test_of_a_text_that_was_cut_anew_the_missing_parts_alone_go_again(world: SmppWorld) -> None:
    text = EURO * 12
    world.smsc.on_submit = lambda submit: status.RSYSERR if submit.short_message[5:6] == b"\x02" else status.ROK
    message_id = await world.submit(text=text)
    assert world.message(message_id).segment_states == "awa"
    world.smsc.on_submit = lambda submit: status.ROK
    await world.jump(31)
    await world.advance(1)
    assert world.message(message_id).segment_states == "aaa"
    assert [pdu.short_message[5] for pdu in world.smsc.submits] == [1, 2, 3, 2]
    assert arrived([world.smsc.submits[0], *world.smsc.submits[2:]], "latin-1") == text


@using(default_alphabet="latin-1", on_unknown="retry")
async def test_a_text_of_one_segment_may_be_cut_anew_and_a_crash_sends_it_again_in_the_same_places(world: SmppWorld) -> None:
    text = "Preis: 5 € " * 12  # 144 septets: one SMS, in UCS-2 two
    world.smsc.on_submit = lambda submit: None
    message_id = await world.submit(text=text)
    before = in_parts(world.smsc)
    assert len(before) == 2
    world.smsc.on_submit = lambda submit: status.ROK
    world.smsc.submits.clear()
    world.smsc.lose()
    await world.advance(3)
    assert in_parts(world.smsc) == before
    assert arrived(world.smsc.submits, "latin-1") == text
    assert world.message(message_id).segment_states == "aa"
    tries = [(row.number, row.segment, row.reason or "") for row in world.rows("SELECT number, segment, reason FROM attempt ORDER BY 1, 2")]
    assert [(number, segment) for number, segment, _ in tries] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert all("duplicate" in reason for number, _, reason in tries if number == 2)


@using(default_alphabet="latin-1", receipts="none")
async def test_a_part_that_its_sender_cut_is_refused_before_it_is_accepted_and_its_sender_told_what_to_do(world: SmppWorld) -> None:
    long = "x" * 150 + "€"
    with pytest.raises(Problem, match=r"no '€'.*message_payload"):
        await world.submit(text=long, udh="050003070201")
    assert not world.rows("SELECT id FROM message")
    short = "x" * 65 + "€"
    for text, header in ((short, "050003070201"), ("é" * 153, "050003070202")):
        await world.submit(text=text, udh=header)
    assert [pdu.data_coding for pdu in world.smsc.submits] == [8, 0]
    assert world.smsc.submits[0].short_message[6:] == short.encode("utf-16-be")
