"""From what a caller wrote to what goes over the air: alphabet, DCS, number of segments; and the segments themselves when they are sent."""

import msgspec

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import segment, udh
from heliograph.gsm.dcs import Alphabet, Dcs, of, parse
from heliograph.gsm.errors import GsmError, TpduError
from heliograph.model.message import SourceType
from heliograph.model.problem import Code, Problem
from heliograph.model.source import checked_source
from heliograph.service.draft import Draft

UCS2_DCS = 8
MOST_OCTETS = 255


class Encoded(msgspec.Struct, frozen=True):
    """A draft that can be sent. `udh` is hex with its length octet, or ""."""

    dcs: int
    udh: str
    segments: int


def encode(draft: Draft) -> Encoded:
    """Choose the DCS where it is left open, and count segments. Raises Problem that names the field, and the character, at fault."""
    if not 0 <= draft.pid <= MOST_OCTETS:
        raise Problem(Code.INVALID, f"pid {draft.pid} is not an octet: give 0 to 255", field="pid")
    _check_text(draft.payload)
    if draft.user_data is not None:
        return _as_it_came(draft, draft.user_data)
    tp_dcs = _dcs(draft)
    alphabet = parse(tp_dcs).alphabet
    if alphabet is Alphabet.OCTET:
        _octets(draft.payload)
    if draft.udh:
        return Encoded(tp_dcs, *_with_udh(draft, alphabet))
    segments = _count(draft.payload, alphabet)
    if segments > segment.MAX_SEGMENTS:
        raise Problem(
            Code.INVALID, f"payload needs {segments} segments, at most {segment.MAX_SEGMENTS} can be sent: shorten it", field="payload"
        )
    return Encoded(tp_dcs, "", segments)


def split(payload: str, tp_dcs: int, udh_hex: str, reference: int) -> tuple[segment.Segment, ...]:
    """The segments of a message that `encode` accepted."""
    alphabet = parse(tp_dcs).alphabet
    if udh_hex:
        return (segment.Segment(1, 1, bytes.fromhex(udh_hex), _user_data(payload, alphabet)),)
    if alphabet is Alphabet.OCTET:
        return segment.split_octets(bytes.fromhex(payload), reference)
    return segment.split(payload, alphabet, reference)


def ucs2_dcs(tp_dcs: int) -> int:
    """The DCS of the same text in UCS-2: its class stays."""
    return of(Alphabet.UCS2, parse(tp_dcs).message_class)


def text_of(parts: tuple[segment.Segment, ...] | list[segment.Segment], tp_dcs: int) -> str:
    """The payload of inbound parts: text, or for 8-bit data hex. U+FFFD stands for U+0000, which no database keeps and devices do send."""
    joined = segment.join(parts, parse(tp_dcs).alphabet)
    return joined.hex().upper() if isinstance(joined, bytes) else joined.replace("\0", "\ufffd")


def source_of(draft: Draft, default: str | None) -> tuple[str, SourceType]:
    """The sender and its type: as asked for, else `default`, else none. Raises Problem where it is neither number nor short name."""
    source = draft.source or default
    if not source:
        return "", SourceType.NATIONAL
    return checked_source(source, draft.source_type)


def _check_text(payload: str) -> None:
    """Refuse what is no text anywhere: U+0000, which no database keeps, and halves of surrogate pairs."""
    try:
        payload.encode()
    except UnicodeEncodeError as error:
        text = f"payload: the character U+{ord(payload[error.start]):04X} is half of a surrogate pair: send both halves"
        raise Problem(Code.INVALID, text, field="payload") from error
    if "\0" in payload:
        raise Problem(Code.INVALID, "payload: the character U+0000 can not be sent as text: use an 8-bit dcs and hex", field="payload")


def _dcs(draft: Draft) -> int:
    if draft.dcs is None:
        return 0 if gsm7.fits(draft.payload) else UCS2_DCS
    dcs = _parsed(draft.dcs)
    if dcs.alphabet is Alphabet.GSM7 and (character := gsm7.first_unencodable(draft.payload)) is not None:
        text = f"payload: dcs {draft.dcs} is the GSM 7-bit alphabet, which has no '{character}': leave dcs out, or use 8"
        raise Problem(Code.INVALID, text, field="payload")
    return draft.dcs


def _parsed(tp_dcs: int) -> Dcs:
    try:
        dcs = parse(tp_dcs)
    except TpduError as error:
        raise Problem(Code.INVALID, f"dcs: {error}", field="dcs") from error
    if dcs.compressed:
        raise Problem(Code.NOT_SUPPORTED, f"dcs {tp_dcs} means compressed text, which is not supported: use 0, 4 or 8", field="dcs")
    return dcs


def _as_it_came(draft: Draft, user_data: str) -> Encoded:
    """One segment whose octets are not to be touched."""
    tp_dcs = draft.dcs or 0
    alphabet = _parsed(tp_dcs).alphabet
    header = _header(draft.udh) if draft.udh else b""
    _check_room(len(user_data) // (4 if alphabet is Alphabet.UCS2 else 2), alphabet, header)
    return Encoded(tp_dcs, header.hex().upper(), 1)


def _with_udh(draft: Draft, alphabet: Alphabet) -> tuple[str, int]:
    header = _header(draft.udh or "")
    _check_room(_units(draft.payload, alphabet), alphabet, header)
    return header.hex().upper(), 1


def _header(text: str) -> bytes:
    try:
        octets = bytes.fromhex(text)
        udh.parse(octets)
    except (ValueError, GsmError) as error:
        raise Problem(
            Code.INVALID, "udh is not a user data header: give it in hex with its length octet, such as 050003CC0201", field="udh"
        ) from error
    return octets


def _check_room(units: int, alphabet: Alphabet, header: bytes) -> None:
    room = segment.capacity(alphabet, len(header))
    if units > room:
        text = f"payload: beside this udh there is room for {room} units, not {units}: send it in parts, each with its udh, or without udh"
        raise Problem(Code.INVALID, text, field="payload")


def _count(payload: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.OCTET:
        return len(segment.split_octets(bytes.fromhex(payload), 0)) if len(payload) <= 2 * 255 * 134 else 256
    return segment.count(payload, alphabet)


def _units(payload: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.OCTET:
        return len(payload) // 2
    return len(_user_data(payload, alphabet)) // (2 if alphabet is Alphabet.UCS2 else 1)


def _octets(payload: str) -> bytes:
    try:
        return bytes.fromhex(payload)
    except ValueError as error:
        raise Problem(
            Code.INVALID_FORMAT, "payload: with an 8-bit dcs the payload is hex, two digits an octet, such as 0A1B2C", field="payload"
        ) from error


def _user_data(payload: str, alphabet: Alphabet) -> bytes:
    match alphabet:
        case Alphabet.GSM7:
            return gsm7.encode(payload)
        case Alphabet.UCS2:
            return gsm7.encode_ucs2(payload)
        case Alphabet.OCTET:
            return bytes.fromhex(payload)
