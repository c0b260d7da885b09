"""Cut the head of a lane into what is still to be sent of it, as its link takes it."""

from collections import deque

from heliograph.gsm.segment import Segment
from heliograph.model.ids import MessageId
from heliograph.model.link import LinkProfile, Outgoing, reference_of
from heliograph.model.message import WHOLE, open_segments
from heliograph.service.encode import split
from heliograph.store.message import Head


def cut(head: Head, profile: LinkProfile) -> deque[Outgoing]:
    """The segments of a message that are not yet with the network, in order; none where all are. One of the whole message, where the link
    takes it so and nothing of it was taken before."""
    if head.user_data is None:
        segments = split(head.payload, head.dcs, head.udh, head.message_id & 0xFF)
    else:
        segments = (Segment(1, 1, bytes.fromhex(head.udh), bytes.fromhex(head.user_data)),)
    waiting = open_segments(head.segment_states)
    if profile.whole_messages and len(waiting) == len(segments) > 1:
        whole = Segment(WHOLE, WHOLE, b"", b"".join(segment.user_data for segment in segments))
        return deque([_outgoing(head, whole, profile)])
    return deque(_outgoing(head, segments[number - 1], profile) for number in waiting)


def _outgoing(head: Head, segment: Segment, profile: LinkProfile) -> Outgoing:
    return Outgoing(
        message_id=MessageId(head.message_id),
        number=segment.number,
        total=segment.total,
        source=head.source,
        source_type=head.source_type,
        destination=head.imsi if profile.by_imsi and head.imsi else head.address,
        udh=segment.udh,
        user_data=segment.user_data,
        dcs=head.dcs,
        pid=head.pid,
        reference=reference_of(head.message_id, segment.number or 1),
        expiry_at_ms=head.expiry_at_ms,
        want_receipt=True,
    )
