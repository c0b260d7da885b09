"""A webhook: what it is told, about which devices, in which format (design: webhooks). How it is called is not decided here."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from heliograph.model.event import is_pattern, wants
from heliograph.model.problem import Code, Problem


class Format(StrEnum):
    """emnify: an SMS by POST, its receipt by PATCH, in the bodies of the compatible API. native: every event by POST, as the event stream
    tells it. It cannot be changed, since it decides by which way an event becomes a delivery."""

    EMNIFY = "emnify"
    NATIVE = "native"


class ScopeType(StrEnum):
    """Whose events: of all the organisation, of the devices whose policy has it as its webhook, of some devices, of those with a tag."""

    ORGANISATION = "organisation"
    POLICY = "policy"
    DEVICES = "devices"
    TAGS = "tags"


class Parts(StrEnum):
    """A long SMS of a device as one, or part by part as the parts come."""

    JOINED = "joined"
    SEPARATE = "separate"


EMNIFY_EVENTS: Final = ("sms.received", "sms.delivered", "sms.failed", "sms.expired")
EMNIFY_KNOWS: Final = (*EMNIFY_EVENTS, "sms.canceled")
RECEIPT_METHODS: Final = ("PATCH", "POST", "PUT")
MOST_HEADERS, MOST_HEADER, MOST_NAMED = 20, 2000, 500
_CATCH_HOOK: Final = re.compile(r"https?://hooks\.zapier\.com[:/]", re.IGNORECASE)
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]*")
OURS: Final = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"})


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    type: ScopeType = ScopeType.POLICY
    device_ids: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()


class WebhookSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """`events`: types, `sms.*` or `*`. `headers`: sent beside ours. `ca`: PEM of the authorities that are trusted for it alone."""

    format: Format = Format.EMNIFY
    events: tuple[str, ...] = EMNIFY_EVENTS
    scope: Scope = Scope()
    parts: Parts = Parts.JOINED
    receipt_method: str = "PATCH"
    headers: dict[str, str] = {}
    ca: str | None = None

    @property
    def is_told_at_once(self) -> bool:
        """Whether the transaction that changes a message writes the delivery too. Others are told by the feed."""
        return self.format is Format.EMNIFY and self.scope.type is ScopeType.POLICY

    def wants(self, kind: str) -> bool:
        return wants(self.events, kind)


def of_a_policy(url: str) -> WebhookSettings:
    """As the compatible API makes it."""
    return WebhookSettings(receipt_method=receipt_method_for(url))


def receipt_method_for(url: str) -> str:
    """How receipts go to a URL of which nobody says more: by PATCH, as on emnify, and to a Catch Hook of Zapier by POST, since Zapier
    documents POST, PUT and GET for it and no PATCH."""
    return "POST" if is_catch_hook(url) else "PATCH"


def is_catch_hook(url: str) -> bool:
    """Whether it is Zapier that answers there."""
    return _CATCH_HOOK.match(url) is not None


@lru_cache(maxsize=4096)
def read(settings: str) -> WebhookSettings:
    """Settings as they were kept."""
    return msgspec.json.decode(settings, type=WebhookSettings)


def written(settings: WebhookSettings) -> str:
    """Settings as they are kept."""
    return msgspec.json.encode(settings).decode()


def check(settings: WebhookSettings) -> None:
    """Raises Problem with a part for each field that is not taken."""
    problems = [
        *_of_events(settings),
        *_of_scope(settings.scope),
        *_of_headers(settings.headers, is_emnify=settings.format is Format.EMNIFY),
    ]
    if settings.receipt_method not in RECEIPT_METHODS:
        problems.append(_bad("receipt_method", f"receipt_method '{settings.receipt_method}': give one of {', '.join(RECEIPT_METHODS)}"))
    if settings.parts is Parts.SEPARATE and not settings.is_told_at_once:
        text = "parts 'separate' is for a webhook of the format emnify with scope policy, whose devices' SMS are then kept part by part"
        problems.append(_bad("parts", text))
    if problems:
        raise Problem(Code.INVALID, "Webhook validation error", parts=tuple(problems))


def _of_events(settings: WebhookSettings) -> list[Problem]:
    if not settings.events:
        return [_bad("events", "events is empty: name what the webhook is told, * for everything")]
    known = EMNIFY_KNOWS if settings.format is Format.EMNIFY else None
    for each in settings.events:
        if known is not None and each not in known:
            return [
                _bad("events", f"events: the format emnify has no body for '{each}': give some of {', '.join(known)}, or format native")
            ]
        if not is_pattern(each):
            return [_bad("events", f"events: there is no event type '{each}': GET /api/v1/webhook/event_type lists them")]
    return []


def _of_scope(scope: Scope) -> list[Problem]:
    needed: Mapping[ScopeType, tuple[str, Sequence[object]]] = {
        ScopeType.DEVICES: ("scope.endpoints", scope.device_ids),
        ScopeType.TAGS: ("scope.tags", scope.tags),
    }
    if scope.type not in needed:
        return []
    field, named = needed[scope.type]
    if not 1 <= len(named) <= MOST_NAMED:
        return [_bad(field, f"{field} has {len(named)} entries: name 1 to {MOST_NAMED}, or take another scope.type")]
    return []


def _of_headers(headers: Mapping[str, str], *, is_emnify: bool) -> list[Problem]:
    if len(headers) > MOST_HEADERS:
        return [_bad("headers", f"headers has {len(headers)} entries, at most {MOST_HEADERS} are sent")]
    for name, value in headers.items():
        if name.lower() in OURS or name.lower().startswith("webhook-") or (name.lower() == "authorization" and is_emnify):
            return [_bad("headers", f"headers: {name} is set by Heliograph itself: leave it out")]
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value) or len(value) > MOST_HEADER:
            return [_bad("headers", f"headers: '{name[:100]}' is no header in visible ASCII of at most {MOST_HEADER} characters")]
    return []


def _bad(field: str, text: str) -> Problem:
    return Problem(Code.INVALID, text, field=field)
