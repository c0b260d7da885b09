"""The steps of a message's timeline, each kind made from what is kept of it. Which there are, and their order: `service/timeline.py`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm import segment
from heliograph.gsm.dcs import Alphabet, parse
from heliograph.model.explain import ERRORS, UNANSWERED, advice_on
from heliograph.model.link import ErrorClass
from heliograph.model.message import STATE_NAMES, Direction, State
from heliograph.model.notification import NotificationState
from heliograph.store.search import FoundMessage
from heliograph.store.timeline import Attempt, Delivery, Receipt, Try

Field = str | int | list[str] | None
ALPHABETS = {Alphabet.GSM7: "GSM 7-bit", Alphabet.UCS2: "UCS-2", Alphabet.OCTET: "8-bit data"}
UNITS = {Alphabet.GSM7: "characters", Alphabet.UCS2: "units of 16 bits", Alphabet.OCTET: "octets"}
STATE_WORDS = {
    State.DELIVERED: "Delivered",
    State.FAILED: "Failed",
    State.EXPIRED: "Expired",
    State.CANCELED: "Cancelled",
}
SHOWN_CHARACTERS = 10


class Step(msgspec.Struct, frozen=True):
    """One step: what kind, when, in plain words, and the same for programs. A field whose name ends in `_at_ms` is a moment."""

    type: str
    at_ms: int
    text: str
    fields: dict[str, Field] = {}


def moment(at_ms: int) -> str:
    """A moment as a timeline writes it."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def encoding(found: FoundMessage) -> Step:
    """Which alphabet, why, and how many segments that makes."""
    alphabet = parse(found.dcs).alphabet
    units = _units(found.payload, alphabet)
    foreign = list(dict.fromkeys(each for each in found.payload if not gsm7.fits(each))) if alphabet is Alphabet.UCS2 else []
    shown = ", ".join(f"'{each}'" for each in foreign[:SHOWN_CHARACTERS]) + (" and others" if len(foreign) > SHOWN_CHARACTERS else "")
    why = ""
    if foreign:
        why = f", since GSM 7-bit has no {shown}"
    elif alphabet is Alphabet.UCS2:
        why = ", as it was asked for: GSM 7-bit would do"
    header_octets = len(found.udh) // 2
    room = segment.capacity(alphabet, header_octets)
    parts = "1 segment" if found.segments == 1 else f"{found.segments} segments"
    size = f"{units} {UNITS[alphabet] if units != 1 else UNITS[alphabet].removesuffix('s')}"
    text = f"Written in {ALPHABETS[alphabet]}{why}: {size}, {parts}; one holds {room}"
    fields: dict[str, Field] = {"dcs": found.dcs, "alphabet": ALPHABETS[alphabet], "units": units, "segments": found.segments}
    if foreign:
        fields["not_in_gsm_7_bit"] = foreign
    sent = len(found.segment_states)
    if sent > found.segments:
        text += f"; a link whose alphabet lacks one of its characters made {sent} of it, in UCS-2"
        fields["segments_sent"] = sent
    if found.udh:
        fields["udh"] = found.udh
    return Step("encoding", found.submitted_at_ms, text, fields)


def attempt(each: Attempt, segments: int) -> Step:
    """One try of one segment, its error explained."""
    what = f"Try {each.number}" + (f", segment {each.segment} of {segments}" if segments > 1 and each.segment else "")
    where = f" by the link {each.link}" if each.link else ""
    fields: dict[str, Field] = {
        "number": each.number,
        "segment": each.segment,
        "outcome": each.outcome,
        "link": each.link,
        "answered_at_ms": each.answered_at_ms,
    }
    optional: dict[str, Field] = {"error_class": each.error_class, "code": each.code, "reason": each.reason, "reference": each.ref}
    fields |= {name: value for name, value in optional.items() if value is not None}
    if each.outcome == "accepted":
        reference = f" as {each.ref}" if each.ref else ""
        return Step("attempt", each.at_ms, f"{what}{where}: the network took it{reference}", fields)
    if each.outcome == "withdrawn":
        return Step("attempt", each.at_ms, f"{what}{where}: taken back before it was sent, {each.reason}", fields)
    meaning, advice = UNANSWERED if each.error_class is None else ERRORS[ErrorClass(each.error_class)]
    code = "" if each.code is None else f", code 0x{each.code:02X}"
    said = f" ({each.reason}{code})" if each.reason else ""
    return Step("attempt", each.at_ms, f"{what}{where}: {meaning}{said}", fields | {"advice": advice})


def receipt(each: Receipt, segments: int) -> Step:
    """A delivery receipt, and what it changed."""
    which = f" for segment {each.segment} of {segments}" if segments > 1 and each.segment else ""
    error = f", error {each.error}" if each.error and each.error.strip("0") else ""
    ends = {
        "late": "; it came after the end and changes nothing",
        "timeline": "; it is still under way there",
    }
    text = f"The network reports {each.word}{error}{which}{ends.get(each.disposition, '')}"
    fields: dict[str, Field] = {"state": each.state, "word": each.word, "segment": each.segment, "disposition": each.disposition}
    if each.error:
        fields["error"] = each.error
    return Step("receipt", each.received_at_ms, text, fields)


def deliveries(delivery: Delivery, tries: list[Try]) -> Iterator[Step]:
    """What the application was told: each try, then how it stands."""
    if delivery.account is not None:
        yield from _over_smpp(delivery, delivery.account, tries)
        return
    where = f"{delivery.method} {_public(delivery.url)}"
    about: dict[str, Field] = {"delivery": delivery.id, "event": delivery.type, "method": delivery.method, "url": _public(delivery.url)}
    yield Step("webhook", delivery.created_at_ms, f"The application is to be told: {where}", about)
    for each in tries:
        said = f"answered {each.status}" if each.status is not None else f"no answer: {each.error or 'unknown'}"
        fields: dict[str, Field] = {
            "delivery": delivery.id, "number": each.number, "status": each.status, "duration_ms": each.duration_ms, "error": each.error,
        }  # fmt: skip
        yield Step("webhook_try", each.at_ms, f"Webhook, try {each.number}: {said} after {each.duration_ms} ms", fields)
    if delivery.state == NotificationState.WAITING and delivery.due_at_ms is not None and tries:
        fields = about | {"next_try_at_ms": delivery.due_at_ms}
        yield Step("webhook_waiting", tries[-1].at_ms, f"The webhook is tried again at {moment(delivery.due_at_ms)}", fields)
    if delivery.state == NotificationState.GIVEN_UP and delivery.final_at_ms is not None:
        text = f"The webhook was given up after {len(tries)} tries: mend the receiver, then send the delivery again"
        yield Step("webhook_given_up", delivery.final_at_ms, text, about)


def _over_smpp(delivery: Delivery, account: str, tries: list[Try]) -> Iterator[Step]:
    about: dict[str, Field] = {"delivery": delivery.id, "event": delivery.type, "account": account}
    yield Step("smpp", delivery.created_at_ms, f"The application is to be told, over SMPP, by its account {account}", about)
    for each in tries:
        said = "it has it" if each.error is None else each.error
        fields: dict[str, Field] = {
            "delivery": delivery.id, "number": each.number, "status": each.status, "duration_ms": each.duration_ms, "error": each.error,
        }  # fmt: skip
        yield Step("smpp_try", each.at_ms, f"SMPP, try {each.number}: {said}, after {each.duration_ms} ms", fields)
    if delivery.state == NotificationState.WAITING and delivery.due_at_ms is not None:
        when = f"It is tried again at {moment(delivery.due_at_ms)}" if tries else f"It waits until {account} is bound to receive"
        yield Step(
            "smpp_waiting", tries[-1].at_ms if tries else delivery.created_at_ms, when, about | {"next_try_at_ms": delivery.due_at_ms}
        )
    if delivery.state == NotificationState.GIVEN_UP and delivery.final_at_ms is not None:
        why = "the application refused it for good" if tries else "nobody was bound to receive it in 7 days"
        yield Step("smpp_given_up", delivery.final_at_ms, f"It was given up: {why}", about)


def end(found: FoundMessage, at_ms: int) -> Step:
    """How it ended, and what to do about it."""
    state = State(found.state)
    reason = f": {found.reason}" if found.reason else ""
    word = "Received and kept" if state is State.DELIVERED and found.direction == Direction.MO else STATE_WORDS[state]
    fields: dict[str, Field] = {"status": STATE_NAMES[state]}
    optional: dict[str, Field] = {"reason_code": found.reason_code, "reason": found.reason, "advice": advice_on(found.reason_code)}
    fields |= {name: value for name, value in optional.items() if value is not None}
    return Step("final", at_ms, f"{word}{reason}", fields)


def _units(payload: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.OCTET:
        return len(payload) // 2
    return gsm7.septet_count(payload) if alphabet is Alphabet.GSM7 else len(payload.encode("utf-16-be", "surrogatepass")) // 2


def _public(url: str | None) -> str:
    """An address without what may be a secret: user, password, query."""
    if not url:
        return "a webhook that is deleted"
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
