"""Delivery receipts: what a deliver_sm or data_sm says about a message, by TLVs and by text in whatever dialect; and ours, written.

The text's form is only a recommendation (SMPP 3.4 appendix B), so reading never fails: it gives what it found, and what is doubtful about
it in words. Which message is meant is decided elsewhere.

    id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:EEE text:....
"""

import re
from enum import Enum

import msgspec

from heliograph.smpp import time, tlv
from heliograph.smpp.errors import TimeError, ValueNotAllowedError
from heliograph.smpp.pdu import DataSm, DeliverSm
from heliograph.smpp.tlv import NetworkError, Tlv
from heliograph.smpp.value import DataCoding, MessageState

WORDS = {
    MessageState.SCHEDULED: "SCHEDLD",
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
    MessageState.SKIPPED: "SKIPPED",
}
"""`stat` of each message_state, seven characters (SMPP 3.4 appendix B, table B-2; SCHEDLD and SKIPPED: 5.0's states in the same manner)."""

_OTHER_WORDS = {
    **{state.name: state for state in MessageState},
    "UNDELIVERED": MessageState.UNDELIVERABLE,
    "FAILED": MessageState.UNDELIVERABLE,
    "BUFFRED": MessageState.ENROUTE,
    "BUFFERED": MessageState.ENROUTE,
}
STATES = {word: state for state, word in WORDS.items()} | _OTHER_WORDS
"""What `stat` may say, in capitals."""

MODEL_WORDS = {
    MessageState.SCHEDULED: "timeline",
    MessageState.ENROUTE: "timeline",
    MessageState.DELIVERED: "delivered",
    MessageState.EXPIRED: "expired",
    MessageState.DELETED: "deleted",
    MessageState.UNDELIVERABLE: "failed",
    MessageState.ACCEPTED: "timeline",
    MessageState.UNKNOWN: "failed",
    MessageState.REJECTED: "failed",
    MessageState.SKIPPED: "failed",
}
"""Each state in the words of the model's ReceiptState; a word nobody knows is "timeline"."""

_STATE_OF = {int(state): state for state in MessageState}


class Receipt(msgspec.Struct, frozen=True):
    """What was found; None and "" where nothing was. Ids, dates and words stand as they came.

    `state`: of the TLV, else of `stat`. `network_error` is the TLV's, `error` the text's `err`. `doubts`: what is missing, unreadable or
    contradicts itself, in words.
    """

    message_id: str | None = None
    receipted_message_id: str | None = None
    user_message_reference: int | None = None
    state: MessageState | None = None
    stat: str = ""
    error: str | None = None
    network_error: NetworkError | None = None
    sub: int | None = None
    dlvrd: int | None = None
    submit_date: str | None = None
    done_date: str | None = None
    text: str = ""
    doubts: tuple[str, ...] = ()

    @property
    def model_word(self) -> str:
        return "timeline" if self.state is None else MODEL_WORDS[self.state]


def parse(pdu: DeliverSm | DataSm) -> Receipt:
    """The receipt in a PDU; never fails. Where TLV and text disagree, the TLV counts and the text is a doubt."""
    octets = pdu.short_message if isinstance(pdu, DeliverSm) else b""
    written = parse_text(_text_of(octets or tlv.MESSAGE_PAYLOAD.find(pdu.tlvs) or b"", pdu.data_coding))
    number = tlv.MESSAGE_STATE.find(pdu.tlvs)
    told = _STATE_OF.get(number) if number is not None else None
    doubts = list(written.doubts)
    if told is not None and not written.stat:
        doubts = [doubt for doubt in doubts if doubt != _NO_STAT]
    if number is not None and told is None:
        doubts.append(f"message_state {number} is not known")
    if told is not None and written.state not in (None, told):
        doubts.append(f"message_state says {told.name}, the text says {written.stat}")
    receipted = tlv.RECEIPTED_MESSAGE_ID.find(pdu.tlvs)
    if receipted and not written.message_id:
        doubts = [doubt for doubt in doubts if doubt != _NO_ID]
    return msgspec.structs.replace(
        written,
        receipted_message_id=receipted,
        user_message_reference=tlv.USER_MESSAGE_REFERENCE.find(pdu.tlvs),
        network_error=tlv.NETWORK_ERROR_CODE.find(pdu.tlvs),
        state=written.state if told is None else told,
        doubts=tuple(doubts),
    )


_NO_ID = "no id in the text"
_NO_STAT = "no stat in the text"
_FIELD = re.compile(r"(?<![a-z0-9_])(id|sub|dlvrd|submit\s*_?date|done\s*_?date|stat|err|text)\s*[:=]", re.IGNORECASE)

_MOMENT = r"(\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|1\d|2[0-8])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)"
_USUAL = re.compile(
    rf"id:([\w.-]+) sub:(\d{{1,10}}) dlvrd:(\d{{1,10}}) submit date:{_MOMENT} done date:{_MOMENT} stat:([A-Z]+) err:([\w.-]+) [Tt]ext:(.*)",
    re.ASCII | re.DOTALL,
)
"""A text with which nothing is wrong and which needs no search: 5 us in place of 38. A date after the 28th is looked at more closely."""
_DATE = re.compile(r"(submit|done)\s*_?date")
_WORDS_OF_ONE = frozenset({"id", "sub", "dlvrd", "stat", "err"})


def parse_text(text: str) -> Receipt:
    """The receipt in a text; never fails. Any order, any case, any field missing; of a field that comes twice the first counts, and of a
    field's words the first, since fields that no other centre has may stand between.

    What follows `text:` is the message's own words, whatever it looks like, if id and stat stand before it.
    """
    if (usual := _USUAL.fullmatch(text)) and (known := STATES.get(usual[6])) is not None:
        return Receipt(
            message_id=usual[1],
            state=known,
            stat=usual[6],
            error=usual[7],
            sub=int(usual[2]),
            dlvrd=int(usual[3]),
            submit_date=usual[4],
            done_date=usual[5],
            text=usual[8],
        )
    found = _fields(text)
    stat = found.get("stat", "").upper()
    state = STATES.get(stat)
    doubts = []
    if not found.get("id"):
        doubts.append(_NO_ID)
    if not stat:
        doubts.append(_NO_STAT)
    elif state is None:
        doubts.append(f"stat {found['stat']!r} is not known")
    counts = [name for name in ("sub", "dlvrd") if name in found and not _is_number(found[name])]
    dates = [name for name in ("submit date", "done date") if name in found and date_ms(found[name]) is None]
    doubts += [f"{name} {found[name]!r} is no number" for name in counts]
    doubts += [f"{name} {found[name]!r} cannot be read" for name in dates]
    return Receipt(
        message_id=found.get("id") or None,
        state=state,
        stat=found.get("stat", ""),
        error=found.get("err") or None,
        sub=_number(found.get("sub", "")),
        dlvrd=_number(found.get("dlvrd", "")),
        submit_date=found.get("submit date") or None,
        done_date=found.get("done date") or None,
        text=found.get("text", ""),
        doubts=tuple(doubts),
    )


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    matches = list(_FIELD.finditer(text))
    for position, match in enumerate(matches):
        name = _DATE.sub(r"\1 date", match[1].lower())
        end = matches[position + 1].start() if position + 1 < len(matches) else len(text)
        if name == "text" and "id" in found and "stat" in found:
            found.setdefault(name, text[match.end() :])
            break
        value = text[match.end() : end].strip()
        found.setdefault(name, value if name == "text" else _one_word(name, value))
    return found


def _one_word(name: str, value: str) -> str:
    """The first word, but for a date that only all its words may say."""
    words = value.split(maxsplit=1)
    return words[0] if len(words) > 1 and (name in _WORDS_OF_ONE or date_ms(words[0]) is not None) else value


def date_ms(date: str, quarters: int = 0) -> int | None:
    """The moment of a date in a receipt, written in a local time so many quarter hours ahead of UTC; None where it cannot be read."""
    try:
        return time.parse_local(date, quarters)
    except TimeError:
        return None


class IdReading(Enum):
    """How an id is to be read so that the response and the receipt say the same: they may differ in base, in zeros before it, in case."""

    RAW = "raw"
    DECIMAL = "decimal"
    HEX = "hex"


def read_id(text: str, reading: IdReading) -> str | None:
    """The id in one form for both: as it came, or the number it is in decimal; None where it is no such number."""
    if reading is IdReading.RAW:
        return text
    digits = "0123456789" if reading is IdReading.DECIMAL else "0123456789abcdefABCDEF"
    if not text or len(text) > 64 or text.strip(digits):
        return None
    return str(int(text, 10 if reading is IdReading.DECIMAL else 16))


TEXT_OCTETS = 20
"""How much of the message a receipt repeats (SMPP 3.4 appendix B)."""
ERROR_CHARACTERS = 8
_ERROR_WORD = re.compile(r"[\w.-]+", re.ASCII)


def format_text(message_id: str, state: MessageState, submitted_at_ms: int, done_at_ms: int, error: str = "000", text: str = "") -> str:
    """A receipt's text as SMPP 3.4 appendix B has it: times in UTC, `err` a network's own word, the first 20 characters of the message.

    ValueNotAllowedError where `error` is no word (`is_error_word`), or the id is empty or has a space: nobody could read them again.
    """
    if not is_error_word(error):
        raise ValueNotAllowedError(f"err of a receipt is up to {ERROR_CHARACTERS} letters and digits, not {error!r}")
    if not message_id or any(character.isspace() for character in message_id):
        raise ValueNotAllowedError(f"{message_id!r} cannot be the id of a receipt: one character at least, and no space")
    delivered = int(state is MessageState.DELIVERED)
    dates = f"submit date:{time.local(submitted_at_ms)} done date:{time.local(done_at_ms)}"
    return f"id:{message_id} sub:001 dlvrd:{delivered:03} {dates} stat:{WORDS[state]} err:{error} text:{text[:TEXT_OCTETS]}"


def is_error_word(text: str) -> bool:
    """Whether a receipt can say so in `err`: three digits by the specification, other words by some centres."""
    return len(text) <= ERROR_CHARACTERS and _ERROR_WORD.fullmatch(text) is not None


def tlvs_of(message_id: str, state: MessageState, network_error: NetworkError | None = None) -> tuple[Tlv, ...]:
    """What a peer of 3.4 or later gets beside the text (SMPP 3.4 4.6.1)."""
    tlvs = (tlv.RECEIPTED_MESSAGE_ID.make(message_id), tlv.MESSAGE_STATE.make(state))
    return tlvs if network_error is None else (*tlvs, tlv.NETWORK_ERROR_CODE.make(network_error))


def _text_of(octets: bytes, data_coding: int) -> str:
    if data_coding == DataCoding.UCS2:
        return octets.decode("utf-16-be", "replace")
    return octets.rstrip(b"\0").decode("latin-1")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _number(text: str) -> int | None:
    return int(text) if _is_number(text) else None
