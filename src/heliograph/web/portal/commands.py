"""Saved commands: kept, taken over from the starter set, and sent to a device with their places filled in."""

from typing import Any, Final

from heliograph.model import command as model
from heliograph.model.ids import DeviceId
from heliograph.model.permission import Right
from heliograph.model.problem import Problem
from heliograph.model.starter_commands import FAMILIES
from heliograph.service.draft import Draft
from heliograph.service.manage import command as commands
from heliograph.service.manage import device as devices
from heliograph.service.submit import submit
from heliograph.store.command import Command
from heliograph.web.portal import render
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import errors_of, words_of


async def show_all(asked: Asked) -> Reply:
    """Those of the organisation, and what can be taken over."""
    found = await commands.list_of(asked.core, asked.actor)
    return asked.render("commands.html", found=found, families=FAMILIES, saved={each.name for each in found})


async def take_over(asked: Asked) -> Reply:
    """Save the commands of a family."""
    made = await commands.take_over(asked.core, asked.actor, asked.form.text("family"))
    return asked.see("/commands", f"{render.counted(made, 'command')} saved." if made else "They are saved already.")


async def form(asked: Asked) -> Reply:
    """An empty one."""
    return _form(asked, None)


async def create(asked: Asked) -> Reply:
    """Save a new one."""
    try:
        await commands.create(asked.core, asked.actor, asked.form.text("name"), asked.form.raw("text"), asked.form.text("description"))
    except Problem as problem:
        return _form(asked, None, problem)
    return asked.see("/commands", f"{asked.form.text('name')} is saved.")


async def show(asked: Asked) -> Reply:
    """One, to be changed."""
    return _form(asked, await _command(asked))


async def change(asked: Asked) -> Reply:
    """Change it."""
    command = await _command(asked)
    typed = asked.form.text("name"), asked.form.raw("text"), asked.form.text("description")
    try:
        await commands.update(asked.core, asked.actor, command.id, *typed)
    except Problem as problem:
        return _form(asked, command, problem)
    return asked.see("/commands", "Saved.")


async def delete(asked: Asked) -> Reply:
    """Delete it."""
    command = await _command(asked)
    await commands.delete(asked.core, asked.actor, command.id)
    return asked.see("/commands", f"{command.name} is deleted.")


async def fill(asked: Asked) -> Reply:
    """What is to be filled in before it goes to a device."""
    return await _fill(asked)


async def send(asked: Asked) -> Reply:
    """Send it to a device."""
    command, device_id = await _command(asked), DeviceId(asked.id("device_id"))
    values = {place.name: asked.form.raw(f"at_{place.name}") for place in model.places(command.text)}
    try:
        filled = model.fill(command.text, values)
        draft = Draft(filled.text, source=asked.form.text("sender") or None, secrets=filled.secrets)
        await submit(asked.core, asked.actor, device_id, draft)
    except Problem as problem:
        return await _fill(asked, problem)
    return asked.see(f"/devices/{device_id}")


async def _command(asked: Asked) -> Command:
    return await commands.view(asked.core, asked.actor, asked.id("command_id"))


def _form(asked: Asked, command: Command | None, problem: Problem | None = None) -> Reply:
    values: dict[str, Any] = {"command": command, "typed": asked.form if problem else None, "error": errors_of(problem)}
    return asked.render("command.html", 422 if problem else 200, **values)


async def _fill(asked: Asked, problem: Problem | None = None) -> Reply:
    command = await _command(asked)
    device = await devices.view(asked.core, asked.actor, DeviceId(asked.id("device_id")))
    names = {place.name for place in model.places(command.text)}
    parts = () if problem is None else problem.parts or (problem,)
    values: dict[str, Any] = {
        "command": command,
        "device": device,
        "places": model.places(command.text),
        "Kind": model.Kind,
        "errors": {each.field: words_of(each) for each in parts if each.field in names},
        "refusal": " ".join(words_of(each) for each in parts if each.field not in names),
        "typed": asked.form,
    }
    return asked.render("command_fill.html", 422 if problem else 200, **values)


PAGES: Final[dict[str, Page]] = {
    "/commands": Page(get=show_all, post=take_over),
    "/commands/new": Page(get=form, post=create, read=Right.CHANGE),
    "/commands/{command_id}": Page(get=show, post=change, read=Right.CHANGE),
    "/commands/{command_id}/delete": Page(post=delete),
    "/devices/{device_id}/commands/{command_id}": Page(get=fill, post=send, read=Right.CHANGE),
}
