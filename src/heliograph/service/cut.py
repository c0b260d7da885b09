"""Cut the head of a lane into what is still to be sent of it, as its link takes it.

Theory of operation. A message has as many segments as were counted when it was accepted, whatever link it goes by. A link whose alphabet is
not GSM 7-bit may lack a character of such a text (the euro sign in Latin-1): then all of it goes in UCS-2, cut anew, in more segments than
were counted. The first settlement gives the message as many segment states (`model.message.grown`), so the number of its states says how it
was cut: what is left of it after a failover or a crash is cut in the same places. So the new cut never has as many segments as the old.
"""

from collections import deque

from heliograph.gsm import alphabet as gsm7
from heliograph.gsm.dcs import Alphabet, parse
from heliograph.gsm.errors import SegmentError
from heliograph.gsm.segment import USER_DATA_OCTETS, Segment
from heliograph.gsm.segment import split as split_text
from heliograph.model.ids import MessageId
from heliograph.model.link import LinkProfile, Outgoing, reference_of
from heliograph.model.message import WHOLE, open_segments
from heliograph.service.encode import split, ucs2_dcs
from heliograph.store.message import Head

Cut = tuple[int, tuple[Segment, ...]]
"""The DCS of segments, and they."""


def cut(head: Head, profile: LinkProfile) -> deque[Outgoing]:
    """The segments of a message that are not yet with the network, in order; none where all are. One of the whole message, where the link
    takes it so and nothing of it was taken before."""
    if head.user_data is None:
        tp_dcs, segments = segments_of(head.payload, head.dcs, head.udh, head.message_id & 0xFF, head.segment_states, profile)
    else:
        tp_dcs, segments = head.dcs, (Segment(1, 1, bytes.fromhex(head.udh), bytes.fromhex(head.user_data)),)
    is_first_cut = len(segments) != len(head.segment_states)
    waiting = tuple(range(1, len(segments) + 1)) if is_first_cut else open_segments(head.segment_states)
    if profile.whole_messages and len(waiting) == len(segments) > 1:
        whole = Segment(WHOLE, WHOLE, b"", b"".join(segment.user_data for segment in segments))
        return deque([_outgoing(head, tp_dcs, whole, profile)])
    return deque(_outgoing(head, tp_dcs, segments[number - 1], profile) for number in waiting)


def segments_of(payload: str, tp_dcs: int, udh: str, reference: int, states: str, profile: LinkProfile | None = None) -> Cut:
    """A text as it was cut by what its segment states say; where nothing of it was taken before, as a link of `profile` needs it."""
    segments = split(payload, tp_dcs, udh, reference)
    was_cut_anew = len(states) > len(segments)
    if was_cut_anew or (profile is not None and profile.charset is not None and not udh and _needs_ucs2(payload, tp_dcs, states, profile)):
        return _in_ucs2(payload, tp_dcs, reference, segments)
    return tp_dcs, segments


def lacking(charset: str, payload: str) -> str | None:
    """The first character of a text that an alphabet has not."""
    try:
        payload.encode(charset)
    except UnicodeEncodeError as error:
        return payload[error.start]
    return None


def has_room_in_ucs2(payload: str, udh: str) -> bool:
    """Whether the text fits into one SMS in UCS-2, behind this header (hex)."""
    return len(gsm7.encode_ucs2(payload)) + len(udh) // 2 <= USER_DATA_OCTETS


def _needs_ucs2(payload: str, tp_dcs: int, states: str, profile: LinkProfile) -> bool:
    """A link that cuts by itself takes a text in UCS-2 as long as it is, and one that fits into one SMS is written so by the link."""
    is_fresh = len(open_segments(states)) == len(states)
    if profile.charset is None or profile.whole_messages or not is_fresh or not parse(tp_dcs).in_septets:
        return False
    return lacking(profile.charset, payload) is not None and not has_room_in_ucs2(payload, "")


def _in_ucs2(payload: str, tp_dcs: int, reference: int, as_counted: tuple[Segment, ...]) -> Cut:
    """Cut anew, into more segments than were counted; as it was where it would take more than there may be."""
    try:
        again = split_text(payload, Alphabet.UCS2, reference)
        if len(again) == len(as_counted):
            units = sum(len(each.user_data) for each in again) // 2
            again = split_text(payload, Alphabet.UCS2, reference, most_units=(units - 1) // len(again))
    except SegmentError:
        return tp_dcs, as_counted
    return ucs2_dcs(tp_dcs), again


def _outgoing(head: Head, tp_dcs: int, segment: Segment, profile: LinkProfile) -> Outgoing:
    return Outgoing(
        message_id=MessageId(head.message_id),
        number=segment.number,
        total=segment.total,
        source=head.source,
        source_type=head.source_type,
        destination=head.imsi if profile.by_imsi and head.imsi else head.address,
        udh=segment.udh,
        user_data=segment.user_data,
        dcs=tp_dcs,
        pid=head.pid,
        reference=reference_of(head.message_id, segment.number or 1),
        expiry_at_ms=head.expiry_at_ms,
        want_receipt=True,
    )
