"""Cut the head of a lane into what is still to be sent of it, as a link takes it."""

from collections import deque

from heliograph.gsm.segment import Segment
from heliograph.model.ids import MessageId
from heliograph.model.link import Outgoing, reference_of
from heliograph.model.message import open_segments
from heliograph.service.encode import split
from heliograph.store.message import Head


def cut(head: Head) -> deque[Outgoing]:
    """The segments of a message that are not yet with the network, in order; none where all are."""
    if head.user_data is None:
        segments = split(head.payload, head.dcs, head.udh, head.message_id & 0xFF)
    else:
        segments = (Segment(1, 1, bytes.fromhex(head.udh), bytes.fromhex(head.user_data)),)
    return deque(_outgoing(head, segments[number - 1], number, len(segments)) for number in open_segments(head.segment_states))


def _outgoing(head: Head, segment: Segment, number: int, total: int) -> Outgoing:
    return Outgoing(
        message_id=MessageId(head.message_id),
        number=number,
        total=total,
        source=head.source,
        source_type=head.source_type,
        destination=head.address,
        udh=segment.udh,
        user_data=segment.user_data,
        dcs=head.dcs,
        pid=head.pid,
        reference=reference_of(head.message_id, number),
        expiry_at_ms=head.expiry_at_ms,
        want_receipt=True,
    )
