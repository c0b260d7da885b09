"""The SMS quota of a device: what is left of it, given, changed, taken away."""

from collections.abc import Mapping
from typing import Any, Final

from heliograph.model.ids import DeviceId, PolicyId
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.model.quota import QuotaStatus
from heliograph.service.manage import device, policy, quota
from heliograph.service.manage.quota import QuotaView, QuotaWanted
from heliograph.web.portal import render
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.state import Shown
from heliograph.web.portal.words import errors_of, words_of

STATES: Final[Mapping[QuotaStatus, Shown]] = {
    QuotaStatus.ACTIVE: Shown("circle-check", "Active", "ok"),
    QuotaStatus.EXHAUSTED: Shown("ban", "Used up", "bad"),
    QuotaStatus.EXPIRED: Shown("alarm-clock-off", "Expired", "warn"),
}
FIELDS: Final = ("volume", "expiry", "threshold", "refill")
NAMES: Final = {"expiry_date": "expiry", "threshold_percentage": "threshold"}
"""Of fields that the service calls otherwise."""


async def show(asked: Asked) -> Reply:
    """What there is of it, and a form for another."""
    return await _page(asked)


async def give(asked: Asked) -> Reply:
    """Give the device one, over the one it has."""
    form, device_id = asked.form, DeviceId(asked.id("device_id"))
    try:
        expiry_at_ms = render.form_time_ms(asked.zone, form.text("expiry"), "expiry")
        volume = form.number("volume")
        if expiry_at_ms is None or volume is None:
            field = "volume" if volume is None else "expiry"
            raise Problem(Code.REQUIRED, "a quota needs a number of SMS and a time until which they are good", field=field)
        wanted = QuotaWanted(
            volume=volume,
            expiry_at_ms=expiry_at_ms,
            threshold_percentage=form.number("threshold") or 0,
            auto_refill=form.is_on("refill"),
        )
        await quota.put(asked.core, asked.actor, device_id, wanted)
    except Problem as problem:
        return await _page(asked, problem)
    return asked.see(asked.path, "The quota is given.")


async def take_away(asked: Asked) -> Reply:
    """Take it away."""
    await quota.delete(asked.core, asked.actor, DeviceId(asked.id("device_id")))
    return asked.see(asked.path.removesuffix("/delete"), "The quota is taken away.")


async def _found(asked: Asked, device_id: DeviceId) -> QuotaView | None:
    try:
        return await quota.view(asked.core, asked.actor, device_id)
    except Problem as problem:
        if problem.code is not Code.NOT_FOUND:
            raise
        return None


async def _page(asked: Asked, problem: Problem | None = None) -> Reply:
    seen = await device.view(asked.core, asked.actor, DeviceId(asked.id("device_id")))
    found = await _found(asked, DeviceId(seen.id))
    now: dict[str, Any] = {"volume": "", "expiry": "", "threshold": "20", "refill": False}
    if found is not None:
        now = {
            "volume": str(found.quota.volume),
            "expiry": found.quota.expiry_at_ms,
            "threshold": str(found.quota.threshold_percentage),
            "refill": found.quota.auto_refill,
        }
    typed = {name: asked.form.text(name) for name in FIELDS} if problem is not None else now
    parts = () if problem is None else problem.parts or (problem,)
    named = tuple(Problem(each.code, each.text, field=NAMES.get(each.field or "", each.field)) for each in parts)
    return asked.render(
        "device_quota.html",
        200 if problem is None else 422,
        device=seen,
        policy=await policy.view(asked.core, asked.actor, PolicyId(seen.service_profile_id)),
        found=found,
        state=STATES[found.status] if found is not None else None,
        typed=typed,
        errors=errors_of(Problem(Code.INVALID, "", parts=named) if named else None),
        refusal=" ".join(words_of(each) for each in named if each.field not in FIELDS),
    )


PAGES: Final[dict[str, Page]] = {
    "/devices/{device_id}/quota": Page(get=show, post=give),
    "/devices/{device_id}/quota/delete": Page(post=take_away, write=Right.CHANGE),
}
