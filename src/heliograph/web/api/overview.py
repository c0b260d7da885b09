"""The overview (ours): what was sent, received and delivered, how fast, what failed and why, which devices are busiest."""

from typing import Any

import msgspec

from heliograph.model.overview import Figures
from heliograph.model.problem import Code
from heliograph.service import overview as overviews
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource

USUAL = "24h"


class FiguresSeen(msgspec.Struct, kw_only=True):
    """Messages, each counted when it happened. `sent`: accepted for devices; `received`: from devices. `delivery_rate`: of those that
    ended otherwise than by a cancel, the share that arrived. `median_ms` and `p95_ms`: from acceptance, or the time it was scheduled for,
    to delivery, within 10 %. All three are null where nothing ended."""

    sent: int
    received: int
    delivered: int
    failed: int
    expired: int
    canceled: int
    refused: int
    delivery_rate: float | None
    median_ms: int | None
    p95_ms: int | None


class PointSeen(FiguresSeen, kw_only=True):
    """`from` and `until`: the span that is counted."""

    begin: str = msgspec.field(name="from")
    until: str


class NotArrived(msgspec.Struct, kw_only=True):
    """`event`: failed, expired or refused; `reason`: the rule or error that a message carries."""

    event: str
    reason: str
    messages: int


class BusySeen(msgspec.Struct, kw_only=True):
    """Segments that went to a device and came from it. `name` is null where it is no more."""

    endpoint: wire.Ref
    name: str | None
    sent: int
    received: int


class OverviewSeen(msgspec.Struct, kw_only=True):
    """`before`: the same figures of as many points before `from`. `busiest` counts whole days (UTC), since the one that `from` lies in,
    and is looked up four times a minute, less often in a large installation."""

    range: str
    begin: str = msgspec.field(name="from")
    until: str
    now: FiguresSeen
    before: FiguresSeen
    points: list[PointSeen]
    reasons: list[NotArrived]
    busiest: list[BusySeen]


@operation(
    "Retrieve the overview",
    answer=OverviewSeen,
    query={"range": Parameter(f"24h (by the hour), 7d (by six hours) or 30d (by the day, UTC); {USUAL} where it is left out.")},
    refuses=(Code.INVALID_QUERY,),
)
async def retrieve(call: Call) -> Answer:
    """Of your organisation; for the operator, of the whole installation. It is some seconds behind."""
    found = await overviews.overview(call.context.core, call.actor, call.query().get("range") or USUAL)
    seen = OverviewSeen(
        range=found.range,
        begin=wire.stamp(found.from_ms),
        until=wire.stamp(found.until_ms),
        now=FiguresSeen(**_figures(found.now)),
        before=FiguresSeen(**_figures(found.before)),
        points=[
            PointSeen(begin=wire.stamp(each.from_ms), until=wire.stamp(each.until_ms), **_figures(each.figures)) for each in found.points
        ],
        reasons=[NotArrived(event=each.figure, reason=each.reason, messages=each.messages) for each in found.reasons],
        busiest=[
            BusySeen(endpoint=wire.Ref(each.device_id), name=each.name, sent=each.sent, received=each.received) for each in found.busiest
        ],
    )
    return json(seen)


def _figures(figures: Figures) -> dict[str, Any]:
    return msgspec.structs.asdict(figures) | {"delivery_rate": figures.delivery_rate}


ROUTES = {"/api/v1/overview": Resource(GET=retrieve)}
