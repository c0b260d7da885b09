"""Connected Devices: the list, searched and filtered by its address, so that a view can be kept and sent to a colleague."""

from collections.abc import Mapping
from typing import Any, Final

from heliograph.model.device import DeviceStatus
from heliograph.model.permission import Right
from heliograph.service import glance
from heliograph.service.glance import Sought
from heliograph.service.manage import policy, sim
from heliograph.store.listing import Order
from heliograph.web.portal.page import Asked, Fields, Page
from heliograph.web.portal.reply import Reply

PER_PAGE: Final = 50
SORTS: Final = ("name", "-name", "msisdn", "-msisdn", "iccid", "-iccid", "service_profile", "-service_profile", "id", "-id")
FILTERS: Final = ("q", "name", "iccid", "imsi", "msisdn", "tag", "policy", "status")
STATUSES: Final = {"enabled": DeviceStatus.ENABLED, "disabled": DeviceStatus.DISABLED}


async def show(asked: Asked) -> Reply:
    """One page of the list."""
    chosen = {name: asked.query.text(name) for name in FILTERS}
    sort = asked.query.text("sort") if asked.query.text("sort") in SORTS else "name"
    found = await glance.page(asked.core, asked.actor, sought(asked.query), (order_of(sort),), asked.query.number("page", 1) or 1, PER_PAGE)
    policies = await policy.views(asked.core, asked.actor)
    return asked.render(
        "devices.html",
        found=found,
        chosen=chosen,
        is_filtered=any(chosen.values()),
        sort=sort,
        pairs=pairs_of(chosen) | {"sort": sort if sort != "name" else None},
        policies={each.id: each for each in policies},
        can_enter=await sim.can_enter(asked.core, asked.actor),
        DeviceStatus=DeviceStatus,
    )


def sought(query: Fields) -> Sought:
    """What an address asks for. Raises Problem for a policy that is no number."""
    texts = {name: query.text(name) or None for name in ("name", "iccid", "imsi", "msisdn", "tag")}
    status = STATUSES.get(query.text("status"))
    return Sought(
        anything=query.text("q") or None, policy_id=query.number("policy"), status_id=None if status is None else int(status), **texts
    )


def pairs_of(chosen: Mapping[str, str]) -> dict[str, Any]:
    """The filters as they stand in an address."""
    return {name: value for name, value in chosen.items() if value}


def order_of(sort: str) -> Order:
    """`-name`: by name, from its end."""
    return Order(sort.removeprefix("-"), sort.startswith("-"))


PAGES: Final[dict[str, Page]] = {
    "/devices": Page(get=show, read=Right.READ),
}
