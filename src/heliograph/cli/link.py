"""`heliograph link`: the legs toward mobile networks."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Item, Refusal, Said, Table, time_of
from heliograph.cli.desk import PLAIN, Desk, Options, at_desk
from heliograph.links import KINDS
from heliograph.log import hide
from heliograph.model.ids import LinkId
from heliograph.service.manage import link
from heliograph.store import link as store
from heliograph.store.link import LinkView

app = App(name="link")


@app.command
def add(
    kind: str,
    name: str,
    /,
    *,
    set_: Annotated[Sequence[str], Parameter(name="--set", negative="")] = (),
    options: Options = PLAIN,
) -> int:
    """Add a link; a running daemon starts it within a second.

    Parameters
    ----------
    kind
        What it speaks: smpp, to a message centre; or simulator, whose network and devices are played by the daemon, for trying out.
    name
        What people call it.
    set_
        A setting of its kind, KEY=VALUE, as often as needed; a value that is not text is written in JSON.
    """

    async def work(desk: Desk) -> Answer:
        wanted = _settings(kind, name, set_)
        made = await link.add(desk, desk.caretaker(), name, kind, wanted)
        return Said(f"added the link {name} ({kind}); its id:", {"id": made, "name": name, "kind": kind}, str(made))

    return at_desk(options, work)


@app.command(name="list")
def list_(*, options: Options = PLAIN) -> int:
    """List the links, with their state and the process that runs each."""

    async def work(desk: Desk) -> Answer:
        rows = [_row(each) for each in await link.views(desk, desk.caretaker())]
        nothing = "no link yet: nothing can be sent. `heliograph link add simulator NAME` adds one to try things out"
        return Table(rows, ("id", "name", "kind", "state", "reason", "since", "process"), nothing)

    return at_desk(options, work)


@app.command
def show(which: Annotated[str, Parameter(name="LINK")], /, *, options: Options = PLAIN) -> int:
    """Show a link with its settings and what waits for it.

    Parameters
    ----------
    which
        Its id or name.
    """

    async def work(desk: Desk) -> Answer:
        found = await _find(desk, which)
        waiting = await desk.database.read(store.waiting, found.id)
        settings = hide(None, "", msgspec.json.decode(found.settings, type=dict[str, Any]))
        return Item(_row(found) | {"destinations_waiting": waiting, "settings": dict(settings)})

    return at_desk(options, work)


@app.command
def disable(which: Annotated[str, Parameter(name="LINK")], /, *, options: Options = PLAIN) -> int:
    """Switch a link off: it drains, and messages wait for it.

    Parameters
    ----------
    which
        Its id or name.
    """
    return _switch(which, options, on=False)


@app.command
def enable(which: Annotated[str, Parameter(name="LINK")], /, *, options: Options = PLAIN) -> int:
    """Switch a link on again.

    Parameters
    ----------
    which
        Its id or name.
    """
    return _switch(which, options, on=True)


def _switch(which: str, options: Options, *, on: bool) -> int:
    async def work(desk: Desk) -> Answer:
        found = await _find(desk, which)
        await link.switch(desk, desk.caretaker(), found.id, on=on)
        return Said(f"switched the link {found.name} {'on' if on else 'off'}", {"id": found.id, "name": found.name, "enabled": on})

    return at_desk(options, work)


async def _find(desk: Desk, which: str) -> LinkView:
    for each in await link.views(desk, desk.caretaker()):
        if which in (str(each.id), each.name):
            return each
    raise Refusal(f"there is no link {which}: `heliograph link list` shows which there are")


def _row(view: LinkView) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "kind": view.kind,
        "state": "disabled" if view.disabled_at_ms is not None else view.state,
        "reason": view.reason,
        "since": time_of(view.changed_at_ms),
        "process": view.node_name,
    }


def _settings(kind: str, name: str, given: Sequence[str]) -> str:
    """The settings as JSON that the kind accepts. Raises Refusal."""
    if kind not in KINDS:
        raise Refusal(f"there is no link kind {kind}: choose one of {', '.join(KINDS)}")
    settings: dict[str, Any] = {}
    for each in given:
        key, equals, text = each.partition("=")
        if not equals:
            raise Refusal(f"--set {each}: write KEY=VALUE")
        try:
            settings[key] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            settings[key] = text
    encoded = msgspec.json.encode(settings).decode()
    try:
        KINDS[kind].profile(LinkId(0), name, encoded)
    except msgspec.ValidationError as error:
        raise Refusal(f"a setting of the link is wrong: {error}") from None
    return encoded
