"""A PDU in lines for people: what `trace` prints. Passwords are never shown; text only where data_coding leaves no doubt."""

from collections.abc import Callable, Iterator

from heliograph.smpp import status, tlv, value
from heliograph.smpp.codec import fields_of
from heliograph.smpp.field import DistributionList, SmeAddress, UnsuccessSme
from heliograph.smpp.pdu import DataSm, DeliverSm, Pdu, SubmitMulti, SubmitSm

HIDDEN = "(hidden)"
MAX_OCTETS = 200
"""Longer values are cut, and their length is said."""


def lines(pdu: Pdu) -> list[str]:
    """The name and what came of it, then a line for each field that says something, then the TLVs."""
    return [_head(pdu), *(f"  {line}" for line in _fields(pdu)), *(f"  {line}" for line in _tlvs(pdu))]


def text_of(octets: bytes, data_coding: int) -> str | None:
    """The text of octets where it is sure: ASCII that has one reading in every alphabet, UCS2, and Latin-1 said to be so; else None."""
    try:
        match data_coding:
            case value.DataCoding.UCS2:
                text = octets.decode("utf-16-be")
            case value.DataCoding.LATIN_1:
                text = octets.decode("latin-1")
            case value.DataCoding.DEFAULT | value.DataCoding.IA5:
                text = octets.decode("ascii")
            case _:
                return None
    except UnicodeDecodeError:
        return None
    if data_coding == value.DataCoding.DEFAULT and any(character in _NOT_THE_SAME_IN_GSM for character in text):
        return None
    return text if all(character.isprintable() or character in "\r\n" for character in text) else None


_NOT_THE_SAME_IN_GSM = frozenset("$@[\\]^_`{|}~")
"""ASCII whose octet is another character in the GSM alphabet; which one it is, data_coding 0 does not say (`$` is at 0x02 there)."""

_ESM_CLASS = (
    (0x03, 0x01, "datagram"),
    (0x03, 0x02, "transaction"),
    (0x03, 0x03, "store and forward"),
    (0x3C, 0x04, "delivery receipt"),
    (0x3C, 0x08, "delivery acknowledgement"),
    (0x3C, 0x10, "user acknowledgement"),
    (0x3C, 0x18, "conversation abort"),
    (0x3C, 0x20, "intermediate notification"),
    (0x40, 0x40, "user data header"),
    (0x80, 0x80, "reply path"),
)
_REGISTERED_DELIVERY = (
    (0x03, 0x01, "receipt"),
    (0x03, 0x02, "receipt on failure"),
    (0x03, 0x03, "receipt on success"),
    (0x04, 0x04, "delivery acknowledgement"),
    (0x08, 0x08, "user acknowledgement"),
    (0x10, 0x10, "intermediate notification"),
)

_WORDS: dict[str, Callable[[int], str]] = {
    "ton": lambda number: _name(value.Ton, number),
    "npi": lambda number: _name(value.Npi, number),
    "message_state": lambda number: _name(value.MessageState, number),
    "data_coding": lambda number: _name(value.DataCoding, number),
    "esm_class": lambda number: _flags(number, _ESM_CLASS),
    "registered_delivery": lambda number: _flags(number, _REGISTERED_DELIVERY),
    "interface_version": lambda number: f"{number >> 4}.{number & 0x0F}",
}


def _head(pdu: Pdu) -> str:
    head = f"{pdu.name}, sequence {pdu.sequence_number}"
    if not pdu.is_response and not pdu.command_status:
        return head
    meaning = status.meaning_of(pdu.command_status)
    return f"{head}: {meaning.name} (0x{pdu.command_status:02X}), {meaning.words}"


def _fields(pdu: Pdu) -> Iterator[str]:
    for name in fields_of(type(pdu)):
        content = getattr(pdu, name)
        if name == "password":
            yield f"{name}: {HIDDEN}"
        elif isinstance(content, tuple):
            yield from (f"{name}: {_item(item)}" for item in content)
        elif content or name == "data_coding":
            yield f"{name}: {_shown(name, content, pdu)}"


def _tlvs(pdu: Pdu) -> Iterator[str]:
    for found in pdu.tlvs:
        kind = tlv.KINDS.get(found.tag)
        if kind is None or not kind.fits(found.octets):
            yield f"{tlv.name_of(found.tag)}: {_octets(found.octets)}"
        else:
            yield f"{kind.name}: {_shown(kind.name, kind.read(found.octets), pdu)}"


def _shown(name: str, content: object, pdu: Pdu) -> str:
    match content:
        case int():
            words = next((words for ending, words in _WORDS.items() if name.endswith(ending)), None)
            return f"{content} ({words(content)})" if words else str(content)
        case bytes():
            text = text_of(content, getattr(pdu, "data_coding", _UNKNOWN)) if name in _TEXTS and not _has_header(pdu) else None
            return _octets(content) if text is None else repr(text)
        case tlv.NetworkError():
            return f"network {content.network}, code {content.code}"
        case _:
            return repr(content)


_UNKNOWN = -1
_TEXTS = ("short_message", "message_payload")


def _has_header(pdu: Pdu) -> bool:
    return isinstance(pdu, SubmitSm | DeliverSm | DataSm | SubmitMulti) and bool(pdu.esm_class & value.EsmClass.UDHI)


def _item(item: object) -> str:
    match item:
        case SmeAddress():
            return f"{item.destination_addr} (ton {item.dest_addr_ton}, npi {item.dest_addr_npi})"
        case DistributionList():
            return f"list {item.dl_name}"
        case UnsuccessSme():
            return f"{item.destination_addr}: {status.meaning_of(item.error_status_code).name}"
        case _:
            return str(item)


def _octets(octets: bytes) -> str:
    shown = octets[:MAX_OCTETS].hex()
    return f"{shown or 'no octets'}{'...' if len(octets) > MAX_OCTETS else ''} ({len(octets)} octets)" if octets else "no octets"


def _name(kind: type[value.Ton | value.Npi | value.MessageState | value.DataCoding], number: int) -> str:
    try:
        return kind(number).name.lower().replace("_", " ")
    except ValueError:
        return f"0x{number:02X}"


def _flags(number: int, table: tuple[tuple[int, int, str], ...]) -> str:
    return ", ".join(words for mask, bits, words in table if number & mask == bits) or "none"
