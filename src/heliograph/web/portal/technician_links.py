"""Technician links: made for one device, shown once, seen with who used them when, revoked. What they open: `technician.py`."""

from typing import Any, Final

from heliograph.model.ids import DeviceId
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import glance
from heliograph.service.glance import Sought
from heliograph.service.manage import command, device, technician
from heliograph.service.manage.technician import HOUR_MS, NewLink
from heliograph.store.listing import Order
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import errors_of, words_of

PER_PAGE: Final = 50
LASTS: Final = (("1", "1 hour"), ("8", "8 hours"), ("24", "1 day"), ("72", "3 days"), ("168", "7 days"))


async def show_list(asked: Asked) -> Reply:
    """All, the latest first; of one device where its id is asked for."""
    device_id = asked.query.number("device") or 0
    found = await technician.views(asked.core, asked.actor, device_id, asked.query.number("page", 1) or 1, PER_PAGE)
    return asked.render("technician_links.html", found=found, device_id=device_id)


async def show_new(asked: Asked) -> Reply:
    """A form, for the device it is asked about."""
    device_id = asked.query.number("device")
    name = ""
    if device_id:
        shown = await device.view(asked.core, asked.actor, DeviceId(device_id))
        name = shown.name or str(device_id)
    return await _form(asked, {"device": name, "description": "", "lasts": "8", "commands": [], "whole": True})


async def create(asked: Asked) -> Reply:
    """Make one; it is shown this once."""
    form = asked.form
    typed = {name: form.text(name) for name in ("device", "description", "lasts")}
    chosen = form.numbers("commands")
    more: dict[str, Any] = {"commands": chosen, "whole": form.text("what") != "commands"}
    try:
        hours = int(typed["lasts"]) if typed["lasts"] in dict(LASTS) else 8
        new = NewLink(
            device_id=await _device(asked, typed["device"]),
            description=typed["description"],
            commands=None if more["whole"] else tuple(chosen),
            expires_at_ms=asked.now_ms + hours * HOUR_MS,
        )
        made, token = await technician.create(asked.core, asked.actor, new)
    except Problem as problem:
        return await _form(asked, typed | more, problem)
    return await _page(asked, made.id, url=f"{asked.origin}/technician/{token}")


async def show(asked: Asked) -> Reply:
    """One, with its uses."""
    return await _page(asked, asked.id("technician_link_id"))


async def revoke(asked: Asked) -> Reply:
    """End one at once."""
    link_id = asked.id("technician_link_id")
    try:
        await technician.revoke(asked.core, asked.actor, link_id)
    except Problem as problem:
        return asked.see(f"/technician-links/{link_id}", words_of(problem))
    return asked.see(f"/technician-links/{link_id}", "Revoked: whoever has it open is refused from now on.")


async def _device(asked: Asked, typed: str) -> int:
    """The one device that a name or a number means. Raises Problem."""
    if not typed:
        raise Problem(Code.REQUIRED, "which device? Type its name or its number", field="device")
    found = await glance.page(asked.core, asked.actor, Sought(anything=typed), (Order("name", False),), 1, 20)
    same = [each.device for each in found.items if typed in (each.device.name, each.device.msisdn, each.device.iccid)]
    devices = same or [each.device for each in found.items]
    if len(devices) != 1:
        text = (
            f"'{typed[:60]}' is no device"
            if not devices
            else f"'{typed[:60]}' is said of {found.total} devices: type one's whole name or number"
        )
        raise Problem(Code.INVALID, text, field="device")
    return int(devices[0].id)


async def _form(asked: Asked, typed: dict[str, Any], problem: Problem | None = None) -> Reply:
    saved = await command.list_of(asked.core, asked.actor)
    status = 200 if problem is None else 422
    refusal = "" if problem is None else words_of(problem)
    return asked.render(
        "technician_link_new.html", status, typed=typed, errors=errors_of(problem), refusal=refusal, lasts=LASTS, saved=saved
    )


async def _page(asked: Asked, link_id: int, url: str = "") -> Reply:
    found = await technician.view(asked.core, asked.actor, link_id)
    uses = await technician.uses(asked.core, asked.actor, link_id) if asked.can(Right.CHANGE) else []
    saved = await command.list_of(asked.core, asked.actor, found.organisation_id)
    names = [each.name for each in saved if each.id in (found.command_ids or ())]
    return asked.render("technician_link.html", link=found, uses=uses, url=url, how=found.status(asked.now_ms), names=names)


PAGES: Final[dict[str, Page]] = {
    "/technician-links": Page(get=show_list, post=create),
    "/technician-links/new": Page(get=show_new, read=Right.CHANGE),
    "/technician-links/{technician_link_id}": Page(get=show),
    "/technician-links/{technician_link_id}/revoke": Page(post=revoke),
}
