"""`heliograph link`: the legs toward mobile networks."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import App, Parameter, validators
from msgspec import UNSET

from heliograph.cli.answer import DONE, REFUSED, Answer, Item, Refusal, Said, Table, time_of
from heliograph.cli.answer import show as show_at_once
from heliograph.cli.desk import PLAIN, Desk, Options, at_desk
from heliograph.service.manage import link
from heliograph.service.manage.link import LinkChange
from heliograph.store.link import LinkView

app = App(name="link")

LOOK_S: Final = 0.5
TEXTS: Final = frozenset({"system_id", "password", "outbind_password", "system_type", "country", "national_prefix", "version", "name"})
"""Settings that are texts though they may look like numbers."""


@app.command
def add(
    kind: str,
    name: str,
    /,
    *,
    set_: Annotated[Sequence[str], Parameter(name="--set", negative="")] = (),
    stopped: Annotated[bool, Parameter(negative="")] = False,
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
        A setting of its kind (docs/links.md), KEY=VALUE, as often as needed; a value that is not text is written in JSON, and KEY=@FILE is
        what a file holds, a password say.
    stopped
        Do not start it yet.
    """

    async def work(desk: Desk) -> Answer:
        made = await link.add(desk, desk.caretaker(), name, kind, _given(set_), enabled=not stopped)
        return Said(f"added the link {name} ({kind}); its id:", {"id": made, "name": name, "kind": kind}, str(made))

    return at_desk(options, work)


@app.command(name="set")
def set_(
    which: Annotated[str, Parameter(name="LINK")],
    given: Annotated[tuple[str, ...], Parameter(name="SETTING")] = (),
    /,
    *,
    also: Annotated[Sequence[str], Parameter(name="--set", negative="")] = (),
    options: Options = PLAIN,
) -> int:
    """Change settings of a link; a running daemon drains it and starts it again so, within a second.

    Parameters
    ----------
    which
        Its id or name.
    given
        KEY=VALUE, as often as needed, KEY=@FILE for what a file holds; KEY= takes a setting away, so that its default or its preset counts.
        `name=...` renames it.
    also
        The same, written as for `link add`.
    """

    async def work(desk: Desk) -> Answer:
        found = await _find(desk, which)
        if not given and not also:
            raise Refusal("nothing to change: say what is to be, for example rate=100")
        settings = {key: None if value == "" else value for key, value in _given((*given, *also)).items()}
        name = settings.pop("name", UNSET)
        change = LinkChange(name=name if name is UNSET else str(name), settings=settings)
        await link.update(desk, desk.caretaker(), found.id, change)
        return Said(f"changed the link {found.name}", {"id": found.id, "name": found.name})

    return at_desk(options, work)


@app.command
def delete(which: Annotated[str, Parameter(name="LINK")], /, *, options: Options = PLAIN) -> int:
    """Delete a link that is stopped; what waits for it goes by another link that may, or waits for one.

    Parameters
    ----------
    which
        Its id or name.
    """

    async def work(desk: Desk) -> Answer:
        found = await _find(desk, which)
        await link.delete(desk, desk.caretaker(), found.id)
        return Said(f"deleted the link {found.name}", {"id": found.id, "name": found.name})

    return at_desk(options, work)


@app.command(name="list")
def list_(*, options: Options = PLAIN) -> int:
    """List the links, with their state and the process that runs each."""

    async def work(desk: Desk) -> Answer:
        rows = [_row(each, desk.clock.now_ms()) for each in await link.views(desk, desk.caretaker())]
        nothing = "no link yet: nothing can be sent. `heliograph link add simulator NAME` adds one to try things out"
        return Table(rows, ("id", "name", "kind", "state", "reason", "since", "process"), nothing)

    return at_desk(options, work)


@app.command
def show(which: Annotated[str, Parameter(name="LINK")], /, *, options: Options = PLAIN) -> int:
    """Show a link with its settings, what waits for it, and its latest ups and downs.

    Parameters
    ----------
    which
        Its id or name.
    """

    async def work(desk: Desk) -> Answer:
        found = await link.view(desk, desk.caretaker(), (await _find(desk, which)).id)
        row = _row(found.link, desk.clock.now_ms()) | {"destinations_waiting": found.waiting}
        if options.json:
            return Item(row | {"settings": found.settings})
        settings = [f"{name}={_written(value)}" for name, value in found.settings.items()]
        told = await link.told(desk, desk.caretaker(), found.link.id)
        history = [f"{time_of(each.at_ms)}  {each.kind:5}  {each.reason or '-'}" for each in told]
        return Item(row, [*settings, *(["", *history] if history else [])])

    return at_desk(options, work)


@app.command
def check(
    which: Annotated[str, Parameter(name="LINK")],
    /,
    *,
    send_to: str | None = None,
    try_all: Annotated[bool, Parameter(negative="")] = False,
    options: Options = PLAIN,
) -> int:
    """Try a link's peer from here, and say in words what is wrong with it. 1 where something is.

    Parameters
    ----------
    which
        Its id or name. It may run meanwhile, if the peer allows one more bind.
    send_to
        A number to send one test SMS to: then ids and receipts are tried too.
    try_all
        Where the bind is refused, try other versions and binds.
    """

    async def work(desk: Desk) -> Answer | int:
        found = await _find(desk, which)
        is_wrong = False
        async for finding in await link.check(desk, desk.caretaker(), found.id, send_to, try_all=try_all):
            is_wrong = is_wrong or finding.level == "wrong"
            show_at_once(Said("", msgspec.to_builtins(finding), f"{finding.level:5}  {finding.text}"), as_json=options.json)
        return REFUSED if is_wrong else DONE

    return at_desk(options, work)


@app.command
def trace(
    which: Annotated[str, Parameter(name="LINK")],
    /,
    *,
    seconds: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=86_400))] = 600,
    options: Options = PLAIN,
) -> int:
    """Print what a running link sends and receives, decoded, without secrets; end it with Ctrl-C.

    Parameters
    ----------
    which
        Its id or name.
    seconds
        For how long.
    """

    async def work(desk: Desk) -> Answer | int:
        found = await _find(desk, which)
        until = desk.clock.monotonic() + seconds
        _, after = await link.trace(desk, desk.caretaker(), found.id, None)
        while desk.clock.monotonic() < until:
            lines, after = await link.trace(desk, desk.caretaker(), found.id, after)
            for line in lines:
                way = "->" if line.is_sent else "<-"
                text = f"{time_of(line.at_ms)} {way} [{line.bind}] {line.pdu}"
                show_at_once(Said("", msgspec.to_builtins(line), text), as_json=options.json)
            await desk.clock.wait(asyncio.Event(), LOOK_S)
        return DONE

    return at_desk(options, work)


@app.command(name=["stop", "disable"])
def stop(which: Annotated[str, Parameter(name="LINK")], /, *, options: Options = PLAIN) -> int:
    """Switch a link off: it drains, and messages wait for it.

    Parameters
    ----------
    which
        Its id or name.
    """
    return _switch(which, options, on=False)


@app.command(name=["start", "enable"])
def start(which: Annotated[str, Parameter(name="LINK")], /, *, options: Options = PLAIN) -> int:
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


def _row(view: LinkView, now_ms: int) -> dict[str, Any]:
    state, reason = "disabled" if view.disabled_at_ms is not None else view.state, view.reason
    if link.is_abandoned(view, now_ms):
        state, reason = "abandoned", f"no daemon runs it: {view.node_name} gave its last sign of life at {time_of(view.beat_at_ms)}"
    return {
        "id": view.id,
        "name": view.name,
        "kind": view.kind,
        "state": state,
        "reason": reason,
        "since": time_of(view.changed_at_ms),
        "process": view.node_name,
    }


def _written(value: object) -> str:
    """As `link set` takes it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _given(given: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE each, a value that is JSON read as such, one that is @FILE from there. Raises Refusal."""
    settings: dict[str, Any] = {}
    for each in given:
        key, equals, text = each.partition("=")
        if not equals:
            raise Refusal(f"{each}: write KEY=VALUE")
        if text.startswith("@"):
            text = _content(Path(text[1:]))
        try:
            settings[key] = text if key in TEXTS else msgspec.json.decode(text)
        except msgspec.DecodeError:
            settings[key] = text
    return settings


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{path} cannot be read: {error}") from None
