"""Keeps what people did, for the event list: in the transaction that did it."""

import msgspec

from heliograph.model.account import Actor
from heliograph.store.feed import Emitted
from heliograph.store.transaction import Transaction

_encode = msgspec.json.Encoder().encode


def note(
    tx: Transaction, actor: Actor, kind: str, organisation_id: int, now_ms: int, *, device_id: int | None = None, **detail: object
) -> None:
    """Emit an event of what `actor` did; `detail` is what it was about, beside the device. Which of the operator's people did something in
    another organisation is told to the operator alone, by the audit."""
    if actor.user_id is not None and actor.organisation_id == organisation_id:
        detail["user"] = {"id": actor.user_id, "username": actor.email}
    tx.emit(Emitted(organisation_id, kind, now_ms, device_id, None, _encode(detail).decode() if detail else None))
