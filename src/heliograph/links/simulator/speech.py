"""What a simulated device or phone says, cut into short messages; and the parts of what it heard, joined.

Keeps the incomplete sets of parts, a bounded number of them: they are the memory of the devices, not of the link.
"""

from dataclasses import dataclass

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import dcs, segment, udh
from heliograph.gsm.dcs import Alphabet
from heliograph.gsm.errors import SegmentError, TpduError
from heliograph.gsm.segment import Segment
from heliograph.model.link import Outgoing
from heliograph.model.problem import Code, Problem

KEPT_SETS = 1000


@dataclass(frozen=True, slots=True)
class Speech:
    """An SMS as its parts go over the air. User data as in `Outgoing`."""

    dcs: int
    parts: tuple[Segment, ...]


def of_text(text: str, reference: int) -> Speech:
    """GSM 7-bit if the text fits, else UCS-2. `reference`, 0 to 255, names the set where there are several parts."""
    alphabet = Alphabet.GSM7 if gsm7.fits(text) else Alphabet.UCS2
    return Speech(dcs.of(alphabet), segment.split(text, alphabet, reference))


def of_octets(user_data: bytes, header: bytes, tp_dcs: int, reference: int) -> Speech:
    """User data and UDH (its length octet included, b"" without one) as given; in parts where they are longer than a short message.

    Problem where a part of a set, so marked in its header, is itself too long."""
    alphabet = _alphabet(tp_dcs)
    units = len(user_data) // 2 if alphabet is Alphabet.UCS2 else len(user_data)
    if units <= segment.capacity(alphabet, len(header)):
        return Speech(tp_dcs, (Segment(1, 1, header, user_data),))
    elements = _elements(header)
    if udh.Udh(elements).concatenation:
        raise Problem(Code.INVALID, "the SMS is marked as one part of several and longer than a part: shorten it", field="payload")
    return Speech(tp_dcs, _split(segment.join([Segment(1, 1, header, user_data)], alphabet), alphabet, reference, elements))


def repeated(heard: tuple[Segment, ...], tp_dcs: int, reference: int) -> Speech:
    """The same content with the same header elements, in a set of its own."""
    alphabet = _alphabet(tp_dcs)
    elements = tuple(element for element in _elements(heard[0].udh) if element.iei not in (udh.CONCATENATION_8, udh.CONCATENATION_16))
    return Speech(dcs.of(alphabet), _split(segment.join(heard, alphabet), alphabet, reference, elements))


def text_of(heard: tuple[Segment, ...], tp_dcs: int) -> str:
    """The text of all parts; 8-bit data as ASCII."""
    content = segment.join(heard, _alphabet(tp_dcs))
    return content if isinstance(content, str) else content.decode("ascii", "replace")


class Ear:
    """Puts the parts together that one device heard from one source."""

    def __init__(self) -> None:
        self._sets: dict[tuple[str, str, int, int], dict[int, Segment]] = {}

    def whole(self, outgoing: Outgoing) -> tuple[Segment, ...] | None:
        """The parts of the SMS that this segment completes, or None while some are missing."""
        found = udh.Udh(_elements(outgoing.udh)).concatenation
        if found is None:
            return (Segment(1, 1, outgoing.udh, outgoing.user_data),)
        key = (outgoing.destination, outgoing.source, found.reference, found.total)
        parts = self._sets.setdefault(key, {})
        parts[found.number] = Segment(found.number, found.total, outgoing.udh, outgoing.user_data)
        if len(parts) == found.total:
            return tuple(part for _, part in sorted(self._sets.pop(key).items()))
        if len(self._sets) > KEPT_SETS:
            del self._sets[next(iter(self._sets))]
        return None


def _split(content: str | bytes, alphabet: Alphabet, reference: int, elements: tuple[udh.Element, ...]) -> tuple[Segment, ...]:
    try:
        if isinstance(content, bytes):
            return segment.split_octets(content, reference, extra=elements)
        return segment.split(content, alphabet, reference, extra=elements)
    except SegmentError as error:
        raise Problem(Code.INVALID, f"{error}", field="payload") from error


def _alphabet(tp_dcs: int) -> Alphabet:
    read = dcs.parse(tp_dcs)
    return Alphabet.OCTET if read.compressed else read.alphabet


def _elements(header: bytes) -> tuple[udh.Element, ...]:
    """An unreadable header counts as none (3GPP TS 23.040 9.2.3.24)."""
    try:
        return udh.parse(header).elements if header else ()
    except TpduError:
        return ()
