"""An inbound SMS that is handed on as one, however many parts it came in."""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from heliograph.gsm.dcs import Alphabet, parse
from heliograph.gsm.segment import Segment
from heliograph.model.link import Inbound
from heliograph.service.encode import text_of
from heliograph.store.part import Part, PartSet


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """An inbound SMS that is handed on as one: a single one, a joined one, or a part whose others never came.

    `udh` is hex: of a single SMS or a lone part. `part`: number and total of a lone part, with the id of its set.
    `is_third`: it, or the part that was missing, came twice in the 60 s before."""

    link_id: int
    source: str
    destination: str | None
    payload: str
    udh: str
    user_data: str
    dcs: int
    pid: int
    segments: int
    received_at_ms: int
    part: tuple[int, int, str] | None = None
    is_third: bool = False

    @classmethod
    def of_single(cls, inbound: Inbound, *, is_third: bool = False, part: tuple[int, int, str] | None = None) -> "Arrived":
        payload = text_of([Segment(1, 1, inbound.udh, inbound.user_data)], inbound.dcs)
        return cls(
            link_id=inbound.link_id,
            source=inbound.source,
            destination=inbound.destination,
            payload=payload,
            udh=inbound.udh.hex().upper(),
            user_data=inbound.user_data.hex().upper(),
            dcs=inbound.dcs,
            pid=inbound.pid,
            segments=1,
            received_at_ms=inbound.received_at_ms,
            part=part,
            is_third=is_third,
        )

    @classmethod
    def of_set(cls, parts: PartSet, held: Sequence[Part], received_at_ms: int, *, is_third: bool = False) -> "Arrived":
        """All parts of a set."""
        first = held[0]
        in_ucs2 = [part.dcs for part in held if parse(part.dcs).alphabet is Alphabet.UCS2]
        return cls(
            link_id=parts.link_id,
            source=parts.source,
            destination=parts.dest or None,
            payload=_joined(held),
            udh="",
            user_data="",
            dcs=in_ucs2[0] if in_ucs2 else first.dcs,
            pid=first.pid,
            segments=len(held),
            received_at_ms=received_at_ms,
            is_third=is_third,
        )

    @classmethod
    def of_lone_part(cls, parts: PartSet, part: Part) -> "Arrived":
        """One part of a set whose others never came."""
        return cls(
            link_id=parts.link_id,
            source=parts.source,
            destination=parts.dest or None,
            payload=text_of([_segment(part, 1, 1)], part.dcs),
            udh=part.udh,
            user_data=part.user_data,
            dcs=part.dcs,
            pid=part.pid,
            segments=1,
            received_at_ms=part.received_at_ms,
            part=(part.number, parts.total, str(parts.id)),
        )


def _joined(held: Sequence[Part]) -> str:
    """The text of all parts. Those that follow each other in one alphabet are put together before they are read."""
    runs = [list(run) for _, run in groupby(held, lambda part: parse(part.dcs).alphabet)]
    numbered = [[_segment(part, number, len(run)) for number, part in enumerate(run, 1)] for run in runs]
    return "".join(text_of(segments, run[0].dcs) for segments, run in zip(numbered, runs, strict=True))


def _segment(part: Part, number: int, total: int) -> Segment:
    return Segment(number, total, bytes.fromhex(part.udh), bytes.fromhex(part.user_data))
