"""A stream cut into PDUs: heliograph.smpp.frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.smpp import status
from heliograph.smpp.codec import decode, encode
from heliograph.smpp.frame import MAX_PDU_OCTETS, Framer
from heliograph.smpp.pdu import EnquireLink, GenericNack, Pdu, SubmitSm
from tests.smpp.material import pdus


@given(st.lists(pdus, max_size=5), st.data())
def test_any_cut_gives_the_same_pdus(sent: list[Pdu], data: st.DataObject) -> None:
    stream = b"".join(encode(pdu) for pdu in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    framer = Framer()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += framer.receive(stream[start:end])
    assert [decode(frame) for frame in received] == sent
    assert framer.held_octets == 0
    assert framer.error is None


def test_octet_by_octet() -> None:
    framer = Framer()
    stream = encode(EnquireLink(1)) + encode(SubmitSm(2, short_message=b"hi")) + encode(EnquireLink(3))
    frames = [frame for at in range(len(stream)) for frame in framer.receive(stream[at : at + 1])]
    assert [decode(frame).sequence_number for frame in frames] == [1, 2, 3]


@pytest.mark.parametrize("length", [0, 15, MAX_PDU_OCTETS + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_refused_at_once_and_nothing_is_kept(length: int) -> None:
    framer = Framer()
    good = encode(EnquireLink(1))
    assert framer.receive(good + length.to_bytes(4)) == [good]
    assert framer.error is not None
    assert framer.error.command_status == status.RINVCMDLEN
    assert decode(framer.error.answer or b"") == GenericNack(0, status.RINVCMDLEN)
    assert framer.held_octets == 0
    assert framer.receive(good) == []
    assert framer.held_octets == 0


def test_the_nack_has_the_sequence_number_if_it_came_along() -> None:
    framer = Framer()
    framer.receive((0xFFFFFFFF).to_bytes(4) + encode(EnquireLink(77))[4:])
    assert framer.error is not None
    assert framer.error.sequence_number == 77


def test_the_largest_pdu_passes() -> None:
    framer = Framer()
    octets = MAX_PDU_OCTETS.to_bytes(4) + bytes(MAX_PDU_OCTETS - 4)
    assert framer.receive(octets[:-1]) == []
    assert framer.held_octets == MAX_PDU_OCTETS - 1
    assert framer.receive(octets[-1:]) == [octets]


def test_a_smaller_limit_can_be_set() -> None:
    framer = Framer(max_pdu_octets=20)
    framer.receive((21).to_bytes(4))
    assert framer.error is not None
