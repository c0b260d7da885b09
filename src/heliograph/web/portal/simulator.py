"""The simulator, in `heliograph try`: the simulated devices on a panel, each made to send or switched off, and a phone that texts one."""

from typing import Any, Final

import msgspec

from heliograph.model.ids import DeviceId
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import glance, simulate
from heliograph.service.glance import Sought
from heliograph.service.manage import link
from heliograph.service.manage.link import LinkChange
from heliograph.store.listing import Order
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import words_of

KIND: Final = "simulator"
OFF: Final = "absent"
USUAL: Final = "delivers"
MOST: Final = 100
WORDS: Final = {
    "delivers": "Takes every SMS",
    "absent-then-delivers": "Away at first, back after some seconds",
    "absent": "Off",
    "undeliverable": "Refused for good",
    "silent": "Accepted, then no receipt ever",
    "throttled": "Its network asks for fewer a second",
    "echo": "Answers with the same text",
    "apn": "Understands APN commands",
}


async def show(asked: Asked) -> Reply:
    """The panel."""
    return await _page(asked)


async def originate(asked: Asked) -> Reply:
    """Have a device send."""
    form, device_id = asked.form, DeviceId(asked.id("device_id"))
    try:
        await simulate.originate(asked.core, asked.actor, device_id, form.text("dest") or None, form.raw("text"), None, None)
    except Problem as problem:
        return await _page(asked, problem)
    return asked.see("/simulator", "The device sent it.")


async def call_in(asked: Asked) -> Reply:
    """Play a phone."""
    form = asked.form
    try:
        await simulate.call_in(asked.core, asked.actor, form.text("source"), form.text("dest"), form.raw("text"))
    except Problem as problem:
        return await _page(asked, problem)
    return asked.see("/simulator", "The phone sent it, and the device has it.")


async def behave(asked: Asked) -> Reply:
    """Have a device behave otherwise: off, or as it is chosen."""
    wanted, number = asked.form.text("behaviour"), asked.form.text("msisdn")
    found = next(((view, behaviours) for view, behaviours in await _simulators(asked)), None)
    if found is None or wanted not in WORDS:
        raise Problem(Code.NOT_FOUND, "there is no simulator here, or no such behaviour")
    view, behaviours = found
    change = LinkChange(settings={"behaviours": {name: each for name, each in behaviours.items() if name != number} | {number: wanted}})
    await link.update(asked.core, asked.actor, view.id, change)
    return asked.see("/simulator", "It behaves so within a second.")


async def _simulators(asked: Asked) -> list[tuple[Any, dict[str, str]]]:
    views = [each for each in await link.views(asked.core, asked.actor) if each.kind == KIND]
    return [(each, msgspec.json.decode(each.settings).get("behaviours", {})) for each in views]


async def _page(asked: Asked, problem: Problem | None = None) -> Reply:
    if not asked.core.simulators:
        raise Problem(Code.NOT_FOUND, "no simulator link runs here: start `heliograph try`, or add a link of kind simulator")
    found = await glance.page(asked.core, asked.actor, Sought(), (Order("name", False),), 1, MOST)
    behaviours: dict[str, str] = {}
    for _, each in await _simulators(asked):
        behaviours |= each
    refusal = "" if problem is None else " ".join(words_of(each) for each in problem.parts or (problem,))
    return asked.render(
        "simulator.html", 200 if problem is None else 422, found=found, behaviours=behaviours, words=WORDS, usual=USUAL, refusal=refusal
    )


PAGES: Final[dict[str, Page]] = {
    "/simulator": Page(get=show, post=call_in, read=Right.OPERATE, write=Right.OPERATE),
    "/simulator/{device_id}/send": Page(post=originate, write=Right.OPERATE),
    "/simulator/behaviour": Page(post=behave, write=Right.OPERATE),
}
