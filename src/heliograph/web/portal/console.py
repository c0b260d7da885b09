"""The SMS console of one device: everything it sent and received, a box to send from, and each message looked into.

The same message is drawn by the page, by the answer to a send, and by the stream; so a browser puts whichever comes first where it belongs.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec

from heliograph.gsm.dcs import Alphabet, of, parse
from heliograph.model import command
from heliograph.model.account import Actor
from heliograph.model.device import DeviceStatus
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.message import Direction, Segment, State, TrafficClass, secrets_of
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import explain, resend, thread, timeline
from heliograph.service.cancel import cancel, unknown
from heliograph.service.draft import Draft, with_text
from heliograph.service.encode import encode
from heliograph.service.idempotency import Once
from heliograph.service.manage import command as commands
from heliograph.service.step import Step
from heliograph.service.submit import accepted, accepted_once, prepare
from heliograph.service.thread import Line, Thread
from heliograph.store.feed import FeedEvent
from heliograph.store.search import FoundMessage
from heliograph.web.portal import live, render
from heliograph.web.portal.handed_over import handed_over
from heliograph.web.portal.live import Frame
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply, html
from heliograph.web.portal.state import shown
from heliograph.web.portal.watch import Watch
from heliograph.web.portal.words import portal_words, words_of

SHOWN_AT_ONCE: Final = 30
"""Two screens full. A message more costs 0.05 ms, so with 30 a device with 20,000 opens as fast as one with 20 (benchmarks/portal.py)."""
NEIGHBOURS: Final = 30
MOST_KEY: Final = 64
MOST_ON_THEIR_WAY: Final = 30
FLASH_DCS: Final = of(Alphabet.GSM7, message_class=0)
FLASH_UCS2_DCS: Final = of(Alphabet.UCS2, message_class=0)
BINARY_DCS: Final = of(Alphabet.OCTET)
ENCODINGS: Final = {Alphabet.GSM7: "GSM-7", Alphabet.UCS2: "UCS-2", Alphabet.OCTET: "8-bit"}
EXPIRIES: Final = (
    ("", "after 24 hours"),
    ("10", "after 10 minutes"),
    ("60", "after 1 hour"),
    ("360", "after 6 hours"),
    ("4320", "after 3 days"),
    ("10080", "after 7 days"),
)
KINDS: Final = (("text", "Text"), ("flash", "Flash: shown at once, not kept"), ("binary", "Binary: octets in hex"))
OF_DEVICE: Final = frozenset({Code.DEVICE_DISABLED, Code.SIM_NOT_ACTIVE, Code.NO_SIM})
"""Rules that are mended at the device, others in its policy."""
DONE_WELL: Final = frozenset({"accepted", "received", "released"})


class Written(Protocol):
    """What of a message tells its text, and what of it is hidden."""

    @property
    def payload(self) -> str: ...

    @property
    def terms(self) -> str | None: ...


async def show(asked: Asked) -> Reply:
    """The thread from its newest message back, or from the one before `before`."""
    return await _page(asked)


async def send(asked: Asked) -> Reply:
    """Send what was written; a form that comes twice sends once. Refused: the page again, with what was written and the reason."""
    device_id = DeviceId(asked.id("device_id"))
    try:
        submission = prepare(asked.core, asked.actor, device_id, draft_of(asked))
        key = asked.form.text("key")[:MOST_KEY]
        if key:
            told = await accepted_once(msgspec.structs.replace(submission, once=_once(asked.actor, device_id, key, asked.body)))
            message_id = int(told.answer)
        else:
            message_id = await accepted(submission)
    except Problem as problem:
        if asked.is_part:
            return html(words_of(problem), 422)
        return await _page(asked, refusal=words_of(problem), status=422)
    return await _changed(asked, device_id, message_id)


async def take_back(asked: Asked) -> Reply:
    """Cancel a message."""
    device_id, message_id = DeviceId(asked.id("device_id")), MessageId(asked.id("message_id"))
    try:
        await cancel(asked.core, asked.actor, device_id, message_id)
    except Problem as problem:
        if not asked.is_part:
            return asked.see(f"/devices/{device_id}", words_of(problem))
        return html(words_of(problem), 409)
    return await _changed(asked, device_id, message_id)


async def send_again(asked: Asked) -> Reply:
    """Send a message once more."""
    device_id, message_id = DeviceId(asked.id("device_id")), MessageId(asked.id("message_id"))
    try:
        found = await resend.original(asked.core, asked.actor, message_id)
        new_id = await accepted(resend.prepare_again(asked.core, asked.actor, found))
    except Problem as problem:
        if not asked.is_part:
            return asked.see(f"/devices/{device_id}", words_of(problem))
        return html(words_of(problem), 409)
    return await _changed(asked, device_id, new_id)


async def inspect(asked: Asked) -> Reply:
    """What became of a message, step by step: beside the thread, or for a script alone."""
    device_id, message_id = DeviceId(asked.id("device_id")), MessageId(asked.id("message_id"))
    line = await thread.line(asked.core, asked.actor, device_id, message_id)
    if line is None:
        raise unknown(message_id)
    steps = await timeline.timeline(asked.core, asked.actor, message_id)
    values: dict[str, Any] = {
        "line": line,
        "steps": steps,
        "parts": thread.parts(line.message),
        "tone_of": _tone_of,
        "device_id": device_id,
    }
    if asked.is_part:
        return asked.render("inspector_alone.html", **DRAWN, **values)
    return await _page(asked, **values)


async def stream(asked: Asked) -> Reply:
    """Tell of each message of the device that comes or changes, drawn anew."""
    device_id = DeviceId(asked.id("device_id"))
    seen = await thread.thread(asked.core, asked.actor, device_id, None, MOST_ON_THEIR_WAY)
    watch = Watch(seen.lines, asked.now_ms)

    async def told(events: Sequence[FeedEvent]) -> Iterable[Frame]:
        frames = []
        for message_id, is_told in watch.looked_at(events, device_id, asked.now_ms).items():
            line = await thread.line(asked.core, asked.actor, device_id, MessageId(message_id))
            looks_different = watch.sees(message_id, line, asked.now_ms)
            if line is not None and (is_told or looks_different):
                frames.append(Frame("sms", _item(asked, line)))
        return frames

    return await live.follow(asked, seen.device.organisation_id, told, lambda: watch.wait_s(asked.now_ms))


def draft_of(asked: Asked) -> Draft:
    """What a form of the composer asks for. Raises Problem."""
    form = asked.form
    kind = form.text("kind") or "text"
    payload = "".join(form.raw("text").split()) if kind == "binary" else form.raw("text")
    dcs = BINARY_DCS if kind == "binary" else None
    scheduled_at_ms = render.form_time_ms(asked.zone, form.text("scheduled_at"), "scheduled_at")
    minutes = form.number("expiry")
    draft = Draft(
        payload,
        source=form.text("sender") or None,
        dcs=dcs,
        scheduled_at_ms=scheduled_at_ms,
        expiry_at_ms=None if minutes is None else (scheduled_at_ms or asked.now_ms) + minutes * 60_000,
    )
    return with_text(_flash(draft) if kind == "flash" else draft)


def may_cancel(message: FoundMessage) -> bool:
    """Whether it is worth a try: it still waits, or some of it does. Whether it can be is decided by the service."""
    is_open = any(Segment(letter).is_open for letter in message.segment_states)
    return message.direction == Direction.MT and not State(message.state).is_final and is_open


def may_retry(message: FoundMessage) -> bool:
    """Whether it ended without reaching its device."""
    is_ours = message.direction == Direction.MT and message.traffic_class == TrafficClass.A2P_MT
    return is_ours and State(message.state) in (State.FAILED, State.EXPIRED, State.CANCELED)


async def _page(asked: Asked, status: int = 200, refusal: str = "", **inspected: Any) -> Reply:
    device_id = DeviceId(asked.id("device_id"))
    found = await thread.thread(asked.core, asked.actor, device_id, asked.query.number("before"), SHOWN_AT_ONCE)
    saved = await commands.list_of(asked.core, asked.actor, found.device.organisation_id)
    neighbours = await thread.neighbours(asked.core, asked.actor, asked.query.text("q"), NEIGHBOURS)
    values = {
        "thread": found,
        "device": found.device,
        "neighbours": neighbours,
        "sought": asked.query.text("q"),
        "is_enabled": found.device.status_id == DeviceStatus.ENABLED,
        "blocked": await _blocked(asked, device_id),
        "OF_DEVICE": OF_DEVICE,
        "senders": _senders(found),
        "commands": saved,
        "refusal": refusal,
        "written": asked.form,
        "key": secrets.token_urlsafe(12),
        "expiries": EXPIRIES,
        "kinds": KINDS,
        "line": None,
        "device_id": device_id,
    }
    return asked.render("console.html", status, **(values | DRAWN | inspected))


async def _changed(asked: Asked, device_id: DeviceId, message_id: int) -> Reply:
    if not asked.is_part:
        return asked.see(f"/devices/{device_id}")
    line = await thread.line(asked.core, asked.actor, device_id, MessageId(message_id))
    return html("" if line is None else _item(asked, line))


async def _blocked(asked: Asked, device_id: DeviceId) -> explain.Explanation | None:
    """Why nothing can be sent to the device now; None where it can, or where the reader may not."""
    if not asked.can(Right.CHANGE):
        return None
    found = await explain.explain_mt(asked.core, asked.actor, device_id, Draft("."))
    return None if found.is_allowed else found


def _senders(found: Thread) -> list[str]:
    """Those that were used lately, the latest first."""
    used = (each.message.source for each in reversed(found.lines) if each.message.direction == Direction.MT)
    return list(dict.fromkeys(each for each in used if each))[:8]


def _flash(draft: Draft) -> Draft:
    """The same, to be shown at once: class 0, in the alphabet it would have anyway."""
    is_gsm = parse(encode(draft).dcs).alphabet is Alphabet.GSM7
    return msgspec.structs.replace(draft, dcs=FLASH_DCS if is_gsm else FLASH_UCS2_DCS)


def _once(actor: Actor, device_id: DeviceId, key: str, body: bytes) -> Once:
    return Once(actor.organisation_id, "portal", f"u{actor.user_id} {key}", hashlib.sha256(b"%d\0%b" % (device_id, body)).hexdigest(), str)


def _item(asked: Asked, line: Line) -> str:
    return render.page("message_alone.html", asked.shared() | DRAWN | {"line": line, "device_id": line.message.device_id})


def said(message: Written) -> str:
    """The text of a message without the secrets that were filled into a saved command."""
    return command.masked(message.payload, secrets_of(message.terms))


def kind_of(dcs: int | None) -> str:
    """What a DCS that was asked for makes of a text, empty for an ordinary one."""
    found = None if dcs is None else parse(dcs)
    if found is None:
        return ""
    return "Binary" if found.alphabet is Alphabet.OCTET else "Flash" if found.message_class == 0 else ""


def encoding_of(message: FoundMessage) -> str:
    """The alphabet, in the word that people use."""
    return ENCODINGS[parse(message.dcs).alphabet]


def _tone_of(step: Step) -> str:
    """The colour of a step: how it went."""
    outcome = step.fields.get("outcome")
    if step.type == "final":
        return "ok" if step.fields.get("status") == "DELIVERED" else "bad"
    if step.type == "attempt":
        return "ok" if outcome == "accepted" else "warn"
    if step.type == "webhook_try":
        status = step.fields.get("status")
        return "ok" if isinstance(status, int) and 200 <= status < 300 else "warn"
    if step.type in ("webhook_given_up", "decision") and "rule" in step.fields:
        return "bad"
    return "ok" if step.type in DONE_WELL else ""


DRAWN: Final[dict[str, Any]] = {
    "said": said,
    "shown": shown,
    "worded": portal_words,
    "encoding_of": encoding_of,
    "is_flash": lambda message: parse(message.dcs).message_class == 0,
    "is_binary": lambda message: parse(message.dcs).alphabet is Alphabet.OCTET,
    "handed_over": handed_over,
    "may_cancel": may_cancel,
    "may_retry": may_retry,
    "MT": Direction.MT,
}
"""What the drawing of a message needs."""
PAGES: Final[dict[str, Page]] = {
    "/devices/{device_id}": Page(get=show, post=send),
    "/devices/{device_id}/stream": Page(get=stream),
    "/devices/{device_id}/sms/{message_id}": Page(get=inspect),
    "/devices/{device_id}/sms/{message_id}/cancel": Page(post=take_back),
    "/devices/{device_id}/sms/{message_id}/retry": Page(post=send_again),
}
