"""What is done to many devices at once: they are chosen in the list, one by one or all that it finds, then texted or given a policy."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

from heliograph.model.ids import DeviceId
from heliograph.model.problem import Code, Problem
from heliograph.service import glance, mailing
from heliograph.service.bulk import MOST
from heliograph.service.manage import fleet, policy
from heliograph.service.manage.device import DeviceChange
from heliograph.web.portal.console import EXPIRIES, KINDS, draft_of
from heliograph.web.portal.devices import sought
from heliograph.web.portal.page import MOST_DIGITS, Asked, Fields, Page
from heliograph.web.portal.render import counted, query
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import words_of

NAMED: Final = 12
ALL: Final = "all"


async def choose(asked: Asked) -> Reply:
    """What can be done to those that were chosen."""
    return await _page(asked, await _chosen(asked))


async def send(asked: Asked) -> Reply:
    """Send them an SMS, and show what becomes of it."""
    chosen = _ids(asked.form)
    try:
        mailing_id = await mailing.send(
            asked.core, asked.actor, chosen, draft_of(asked), asked.form.text("key") or secrets.token_urlsafe(12)
        )
    except Problem as problem:
        return await _page(asked, chosen, words_of(problem))
    return asked.see(f"/mailings/{mailing_id}")


async def give_policy(asked: Asked) -> Reply:
    """Give them all a service policy."""
    chosen = _ids(asked.form)
    wanted = asked.form.number("policy") or 0
    try:
        await fleet.update(asked.core, asked.actor, [(each, DeviceChange(service_profile_id=wanted)) for each in chosen])
    except Problem as problem:
        return await _page(asked, chosen, " ".join(words_of(each) for each in problem.parts[:5] or (problem,)))
    return asked.see("/devices" + query({"policy": wanted}), f"The policy of {counted(len(chosen), 'device')} is changed.")


async def _chosen(asked: Asked) -> list[DeviceId]:
    """Those that were ticked, or all that the list finds. Raises Problem for none, or too many."""
    if not asked.form.is_on(ALL):
        return _ids(asked.form)
    found = await glance.ids(asked.core, asked.actor, sought(asked.form), MOST + 1)
    return _bounded([DeviceId(each) for each in found])


def _ids(form: Fields) -> list[DeviceId]:
    typed = [
        *form.numbers("id"),
        *(int(each) for each in form.text("ids").split(",") if each.isascii() and each.isdigit() and len(each) <= MOST_DIGITS),
    ]
    return _bounded([DeviceId(each) for each in dict.fromkeys(typed)])


def _bounded(chosen: list[DeviceId]) -> list[DeviceId]:
    if not chosen:
        raise Problem(Code.INVALID, "No device was chosen: tick some in the list")
    if len(chosen) > MOST:
        raise Problem(Code.INVALID, f"More than {MOST} devices were chosen: narrow the list by a tag or a policy, and do it in turns")
    return chosen


async def _page(asked: Asked, chosen: Sequence[DeviceId], refusal: str = "") -> Reply:
    named = await glance.of_ids(asked.core, asked.actor, chosen[:NAMED])
    values: dict[str, Any] = {
        "chosen": chosen,
        "named": named,
        "policies": [(each.id, each.name) for each in await policy.views(asked.core, asked.actor)],
        "refusal": refusal,
        "written": asked.form,
        "key": secrets.token_urlsafe(12),
        "kinds": KINDS,
        "expiries": EXPIRIES,
    }
    return asked.render("many.html", 422 if refusal else 200, **values)


PAGES: Final[dict[str, Page]] = {
    "/devices/many": Page(post=choose),
    "/devices/many/send": Page(post=send),
    "/devices/many/policy": Page(post=give_policy),
}
