"""One device: entered, changed, given a SIM and relieved of it, deleted. What a device may be is decided by `service/manage`."""

from typing import Any, Final

from msgspec import UNSET

from heliograph.model.device import DeviceStatus, SimStatus
from heliograph.model.ids import DeviceId, SimId
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import device as devices
from heliograph.service.manage import fit, tariff
from heliograph.service.manage import policy as policies
from heliograph.service.manage import sim as sims
from heliograph.service.manage.device import DeviceChange, SimChange
from heliograph.service.manage.sim import NewSim
from heliograph.store.device import DeviceView
from heliograph.store.listing import Order
from heliograph.web.portal.page import Asked, Fields, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import errors_of, portal_words

FREE: Final = 0
"""As the filter of SIMs has it: in no device."""
MOST_FREE: Final = 200
OF_NEW_SIM: Final = ("iccid", "msisdn", "imsi")


async def new_form(asked: Asked) -> Reply:
    """An empty form."""
    return await _form(asked, None)


async def create(asked: Asked) -> Reply:
    """Enter a device, and its SIM where it is a new one: both or neither."""
    try:
        tariffs = [each for each in await tariff.views(asked.core, asked.actor) if each.organisation_id == asked.actor.organisation_id]
        if not tariffs:
            raise Problem(Code.NOT_ALLOWED, "your organisation has no tariff: make one over the API, POST /api/v1/tariff_profile")
        wanted, new = _change(asked, tariff_profile_id=tariffs[0].id), _new_sim(asked.form)
        if new is None:
            made = await devices.create(asked.core, asked.actor, wanted)
        else:
            made = await fit.create(asked.core, asked.actor, wanted, new)
    except Problem as problem:
        return await _form(asked, None, problem)
    return asked.see(f"/devices/{made.id}", f"{made.name or 'The device'} is created.")


async def form(asked: Asked) -> Reply:
    """The device as it is, to be changed."""
    return await _form(asked, await _device(asked))


async def change(asked: Asked) -> Reply:
    """Change it."""
    device = await _device(asked)
    try:
        wanted, new = _change(asked), _new_sim(asked.form)
        if new is None:
            await devices.update(asked.core, asked.actor, DeviceId(device.id), wanted)
        else:
            await fit.update(asked.core, asked.actor, DeviceId(device.id), wanted, new)
    except Problem as problem:
        return await _form(asked, device, problem)
    return asked.see(f"/devices/{device.id}/settings", "Saved.")


async def release(asked: Asked) -> Reply:
    """Take its SIM out."""
    device = await _device(asked)
    await devices.update(asked.core, asked.actor, DeviceId(device.id), DeviceChange(sim=SimChange(None)))
    return asked.see(f"/devices/{device.id}/settings", "The SIM is released: it can be assigned to another device.")


async def switch_sim(asked: Asked) -> Reply:
    """Activate or suspend its SIM."""
    device = await _device(asked)
    if device.sim_id is None:
        raise Problem(Code.NO_SIM, "the device has no SIM")
    wanted = SimStatus.ACTIVATED if asked.form.is_on("activate") else SimStatus.SUSPENDED
    await sims.update(asked.core, asked.actor, SimId(device.sim_id), sims.SimChange(status=wanted))
    return asked.see(
        f"/devices/{device.id}/settings", "The SIM is activated." if wanted is SimStatus.ACTIVATED else "The SIM is suspended."
    )


async def delete(asked: Asked) -> Reply:
    """Delete it; its messages stay."""
    device = await _device(asked)
    try:
        await devices.delete(asked.core, asked.actor, DeviceId(device.id))
    except Problem as problem:
        return await _form(asked, device, problem)
    return asked.see("/devices", f"{device.name or 'The device'} is deleted.")


async def _device(asked: Asked) -> DeviceView:
    return await devices.view(asked.core, asked.actor, DeviceId(asked.id("device_id")))


def _change(asked: Asked, **more: Any) -> DeviceChange:
    """What the form asks for, a new SIM apart. Raises Problem."""
    form = asked.form
    return DeviceChange(
        name=form.text("name"),
        tags=form.text("tags") or None,
        imei=form.text("imei") or None,
        status=DeviceStatus.ENABLED if form.is_on("enabled") else DeviceStatus.DISABLED,
        service_profile_id=form.number("policy") or 0,
        sim=SimChange(form.number("sim")) if form.text("sim") else UNSET,
        **more,
    )


def _new_sim(form: Fields) -> NewSim | None:
    """The SIM that the form describes, None where it does not. Raises Problem."""
    if not any(form.text(name) for name in OF_NEW_SIM):
        return None
    if form.text("sim"):
        raise Problem(Code.INVALID, "choose a SIM above, or enter a new one here: not both", field="iccid")
    if not form.text("iccid"):
        raise Problem(Code.REQUIRED, "a new SIM needs its ICCID", field="iccid")
    return NewSim(
        iccid=form.text("iccid"),
        imsi=form.text("imsi") or None,
        msisdn=form.text("msisdn") or None,
        number_space=form.text("number_space"),
    )


async def _form(asked: Asked, device: DeviceView | None, problem: Problem | None = None) -> Reply:
    home = asked.actor.organisation_id if device is None else device.organisation_id
    free = await sims.page(asked.core, asked.actor, {"endpoint": FREE, "organisation": home}, (Order("iccid"),), 1, MOST_FREE)
    known = [each for each in await policies.views(asked.core, asked.actor) if each.organisation_id == home]
    typed = asked.form
    fields = ("name", "imei", "iccid", "imsi", "msisdn", "policy", "number_space")
    general = [] if problem is None else [portal_words(each.text) for each in problem.parts or (problem,) if each.field not in fields]
    return asked.render(
        "device.html",
        200 if problem is None else 422,
        device=device,
        typed=typed if problem is not None else None,
        error=errors_of(problem),
        general=general,
        policies=[(each.id, each.name) for each in known],
        free=free,
        can_enter=await sims.can_enter(asked.core, asked.actor),
        spaces=[("", "The installation's"), *((each, each) for each in await sims.number_spaces(asked.core, asked.actor))],
        DeviceStatus=DeviceStatus,
        SimStatus=SimStatus,
    )


PAGES: Final[dict[str, Page]] = {
    "/devices/new": Page(get=new_form, post=create, read=Right.CHANGE),
    "/devices/{device_id}/settings": Page(get=form, post=change),
    "/devices/{device_id}/settings/release": Page(post=release),
    "/devices/{device_id}/settings/sim": Page(post=switch_sim),
    "/devices/{device_id}/settings/delete": Page(post=delete),
}
