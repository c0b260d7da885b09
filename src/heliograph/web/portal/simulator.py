"""The simulator, in `heliograph try`: the simulated devices on a panel, each made to send or switched off, and a phone that texts one."""

from typing import Any, Final

import msgspec

from heliograph.model.ids import DeviceId, LinkId
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import glance, simulate
from heliograph.service.core import Simulator
from heliograph.service.glance import Sought
from heliograph.service.manage import link
from heliograph.service.manage.link import LinkChange
from heliograph.store.listing import Order
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.render import query
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import words_of

KIND: Final = "simulator"
OFF: Final = "absent"
USUAL: Final = "delivers"
PER_PAGE: Final = 25
MOST_RESTART_S: Final = 5.0
LOOK_S: Final = 0.1
PHONE: Final = {"source": "4915112345678", "dest": "", "text": "Where are you?"}
"""What the form of a phone begins with."""
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
    return asked.see(_here(asked), "The device sent it.")


async def call_in(asked: Asked) -> Reply:
    """Play a phone."""
    form = asked.form
    try:
        await simulate.call_in(asked.core, asked.actor, form.text("source"), form.text("dest"), form.raw("text"))
    except Problem as problem:
        return await _page(asked, problem)
    return asked.see(_here(asked), "The phone sent it, and the device has it.")


async def behave(asked: Asked) -> Reply:
    """Have a device behave otherwise: off, or as it is chosen."""
    wanted, number = asked.form.text("behaviour"), asked.form.text("msisdn")
    found = next(iter(await _simulators(asked)), None)
    if found is None or wanted not in WORDS:
        raise Problem(Code.NOT_FOUND, "there is no simulator here, or no such behaviour")
    view, behaviours = found
    running = asked.core.simulators.get(LinkId(view.id))
    if behaviours.get(number) != wanted:
        await link.update(asked.core, asked.actor, view.id, LinkChange(settings={"behaviours": behaviours | {number: wanted}}))
        await _until_it_runs_again(asked, LinkId(view.id), running)
    return asked.see(_here(asked), "It is off now." if wanted == OFF else "It is on now.")


async def _until_it_runs_again(asked: Asked, link_id: LinkId, before: Simulator | None) -> None:
    """A link takes up settings by starting anew: who has clicked here is to find it running, where this process runs it."""
    clock = asked.core.clock
    until = clock.monotonic() + MOST_RESTART_S
    while before is not None and clock.monotonic() < until and asked.core.simulators.get(link_id) in (None, before):
        await clock.sleep_until(clock.monotonic() + LOOK_S)


async def _simulators(asked: Asked) -> list[tuple[Any, dict[str, str]]]:
    views = [each for each in await link.views(asked.core, asked.actor) if each.kind == KIND]
    return [(each, msgspec.json.decode(each.settings).get("behaviours", {})) for each in views]


async def _page(asked: Asked, problem: Problem | None = None) -> Reply:
    simulators = await _simulators(asked)
    if not simulators:
        raise Problem(Code.NOT_FOUND, "there is no simulator link here: start `heliograph try`, or add a link of kind simulator")
    sought = asked.query.text("q")
    page = asked.query.number("page", 1) or 1
    found = await glance.page(asked.core, asked.actor, Sought(anything=sought or None), (Order("name", False),), page, PER_PAGE)
    behaviours: dict[str, str] = {}
    for _, each in simulators:
        behaviours |= each
    refusal = "" if problem is None else words_of(problem)
    typed = {name: asked.form.text(name, value) for name, value in PHONE.items()} if "source" in asked.form else PHONE
    return asked.render(
        "simulator.html",
        200 if problem is None else 422,
        found=found,
        sought=sought,
        pairs=_pairs(asked),
        behaviours=behaviours,
        words=WORDS,
        usual=USUAL,
        phone=typed,
        refusal=refusal,
    )


def _pairs(asked: Asked) -> dict[str, str]:
    """Which part of the panel is looked at, as it stands in an address."""
    return {name: asked.query.text(name) for name in ("q", "page") if asked.query.text(name)}


def _here(asked: Asked) -> str:
    return f"/simulator{query(_pairs(asked))}"


PAGES: Final[dict[str, Page]] = {
    "/simulator": Page(get=show, post=call_in, read=Right.OPERATE, write=Right.OPERATE),
    "/simulator/{device_id}/send": Page(post=originate, write=Right.OPERATE),
    "/simulator/behaviour": Page(post=behave, write=Right.OPERATE),
}
