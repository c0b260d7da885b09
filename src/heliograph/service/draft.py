"""What a caller wants sent, as the faces hand it over, and its encoding."""

import msgspec

from heliograph.model.problem import Code, Problem


class Draft(msgspec.Struct, frozen=True):
    """An MT message as asked for. `udh`: hex, with or without its length octet as emnify has it, or None. `dcs` None: chosen from the
    text. `source_type`: 145, 161, 208 or None. With an 8-bit `dcs`, `payload` is hex. `expiry_at_ms` None: 24 h from now,
    or from `scheduled_at_ms`, before which it is not sent. `user_data`: hex, the octets of one segment that go on as they came (unpacked
    septets, octets, 16-bit units); `payload` then shows them, and `dcs` says what they are. `secrets`: where in the payload, from start to
    end, stands what people are not shown again."""

    payload: str
    source: str | None = None
    source_type: int | None = None
    udh: str | None = None
    dcs: int | None = None
    pid: int = 0
    expiry_at_ms: int | None = None
    scheduled_at_ms: int | None = None
    user_data: str | None = None
    secrets: tuple[tuple[int, int], ...] = ()


def with_text(draft: Draft) -> Draft:
    """The draft of a person or a program that writes texts. Raises Problem where there is none: only with a header or a protocol of its own
    (a silent SMS, say) may a message be empty."""
    if not draft.payload and not draft.udh and not draft.pid:
        raise Problem(Code.REQUIRED, "payload is empty: write what to send (only with a udh or a pid may it be empty)", field="payload")
    return draft
