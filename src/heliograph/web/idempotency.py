"""The header Idempotency-Key of calls that send: read here, kept and found by `service/idempotency.py`, answered here as it was.

A key holds for one organisation and one route; what makes two requests the same is path, query and body, octet by octet.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from heliograph.model.ids import MessageId
from heliograph.model.problem import Code, Problem
from heliograph.service.idempotency import MOST_OCTETS, Once, Told, earlier
from heliograph.service.submit import Submission, accepted, accepted_once
from heliograph.web.answer import Answer, Header
from heliograph.web.operation import Parameter
from heliograph.web.resource import Call

DECLARED: Final = {
    "Idempotency-Key": Parameter(
        "Have this request happen once: with the same key again, within 24 h, it is told what it was told the first time, with "
        "`Idempotency-Replayed: true`. 1 to 255 octets, a UUID for example; a refusal is not kept."
    )
}
"""For the documentation of a call that takes the header."""
REPLAYED: Final[Header] = (b"idempotency-replayed", b"true")
SPACE: Final = 0x20
_HEADER: Final = b"idempotency-key"


class _Kept(msgspec.Struct, array_like=True):
    """An answer as text. All but the octets of headers outside Latin-1 and of bodies outside UTF-8, of which we have none."""

    status: int
    headers: list[tuple[str, str]]
    body: str


def once(call: Call, route: str, answer: Callable[[Any], Answer]) -> Once | None:
    """What a request with a key asks for, None without one. `answer`: to the result, and called in another thread. Raises Problem."""
    key = next((value for name, value in call.scope["headers"] if name == _HEADER), None)
    if key is None:
        return None
    if not 0 < len(key) <= MOST_OCTETS or min(key) < SPACE:
        text = f"the header Idempotency-Key has {len(key)} octets: give 1 to {MOST_OCTETS}, no control characters, a UUID for example"
        raise Problem(Code.INVALID, text, field="Idempotency-Key")
    asked = [call.scope["path"].encode(), call.scope["query_string"], call.body]
    fingerprint = hashlib.sha256(b"\0".join(asked)).hexdigest()
    return Once(call.actor.organisation_id, route, key.decode("latin-1"), fingerprint, lambda result: _text(answer(result)))


def told(kept: Told) -> Answer:
    """The answer to a request with a key."""
    found = msgspec.json.decode(kept.answer, type=_Kept)
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in found.headers)
    return Answer(found.status, (*headers, REPLAYED) if kept.is_repeated else headers, found.body.encode())


async def sent(call: Call, route: str, prepare: Callable[[], Submission], created: Callable[[Submission, MessageId], Answer]) -> Answer:
    """Send one SMS, once where there is a key. Raises Problem."""
    if not any(name == _HEADER for name, _ in call.scope["headers"]):
        submission = prepare()
        return created(submission, await accepted(submission))
    wanted = once(call, route, lambda message_id: created(submission, message_id))
    assert wanted is not None
    try:
        submission = prepare()
    except Problem:
        if found := await earlier(call.context.core, wanted):  # its expiry_date may be in the past by now, say
            return told(found)
        raise
    return told(await accepted_once(msgspec.structs.replace(submission, once=wanted)))


def _text(answer: Answer) -> str:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    return msgspec.json.encode(_Kept(answer.status, headers, answer.body.decode())).decode()
