"""`heliograph sms`: send a message, list and show them, send one again, take one back, follow what happens to all."""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter

from heliograph.cli.answer import DONE, Answer, Item, Refusal, Said, Table, line, print_line, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.cli.moment import ago_ms
from heliograph.model.ids import DeviceId, MessageId
from heliograph.model.message import STATE_NAMES, Direction, State
from heliograph.service.cancel import cancel as cancel_message
from heliograph.service.draft import Draft, with_text
from heliograph.service.follow import follow
from heliograph.service.resend import original, prepare_again
from heliograph.service.search import Wanted, message, search
from heliograph.service.step import Step
from heliograph.service.submit import accepted, submit
from heliograph.service.timeline import timeline
from heliograph.store.feed import SmsEvent
from heliograph.store.search import FoundMessage, Place

app = App(name="sms")


@app.command
def send(
    device_id: Annotated[int, Parameter(name="DEVICE")],
    text: str,
    /,
    *,
    source: str | None = None,
    expires_in: Annotated[float | None, Parameter(name="--expires-in")] = None,
    options: OrganisationOptions = ANY,
) -> int:
    """Send a text to a device. A running daemon takes it on within a second.

    Parameters
    ----------
    device_id
        The device, by its id.
    text
        What to send; - takes standard input.
    source
        The sender. Without it, the one that the service policy or the organisation has.
    expires_in
        How many hours it is tried for; 24 if not said.
    """

    async def work(desk: Desk) -> Answer:
        payload = sys.stdin.read().removesuffix("\n") if text == "-" else text
        until_ms = None if expires_in is None else desk.clock.now_ms() + int(expires_in * 3_600_000)
        draft = with_text(Draft(payload, source=source, expiry_at_ms=until_ms))
        message_id = await submit(desk.core, await desk.viewer(), DeviceId(device_id), draft)
        return Said(f"accepted for device {device_id}; its id:", {"id": message_id, "device_id": device_id}, str(message_id))

    return at_desk(options, work)


@app.command(name="list")
def list_(
    *,
    device: int | None = None,
    tag: str | None = None,
    direction: Direction | None = None,
    status: Annotated[Sequence[State], Parameter(negative="")] = (),
    since: str | None = None,
    until: str | None = None,
    text: str | None = None,
    most: int = 50,
    options: OrganisationOptions = ANY,
) -> int:
    """List messages, newest first.

    Parameters
    ----------
    device
        Only those of this device, by its id.
    tag
        Only those of devices with this tag.
    direction
        Only those to devices (MT) or from them (MO).
    status
        Only those in this state; may be given several times.
    since
        From when: so long ago (90m, 12h, 7d), or a date (2027-01-31, 2027-01-31T08:00).
    until
        Until when, in the same form.
    text
        Only those whose text contains this; needs --device or --since.
    most
        How many at most.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.operator() if device is None else await desk.viewer()
        now_ms = desk.clock.now_ms()
        wanted = Wanted(
            device_id=device,
            tag=tag,
            direction=direction,
            states=tuple(status),
            from_ms=None if since is None else ago_ms("--since", since, now_ms),
            until_ms=None if until is None else ago_ms("--until", until, now_ms),
            text=text,
        )
        found = await search(desk.core, actor, wanted, Place(), max(1, most))
        if not found.is_complete:
            print("time was up before all was looked at: narrow it down with --device, --since or --until", file=sys.stderr)
        columns = ("id", "submitted", "direction", "device", "source", "dest", "status", "text")
        return Table([_row(each) for each in found.items], columns, "no message")

    return at_desk(options, work)


@app.command
def show(message_id: Annotated[int, Parameter(name="ID")], /, *, options: OrganisationOptions = ANY) -> int:
    """Show a message and every step of it in plain words: what was decided, each try, what the network and the application said.

    Parameters
    ----------
    message_id
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.viewer()
        found = await message(desk.core, actor, MessageId(message_id))
        steps = await timeline(desk.core, actor, MessageId(message_id))
        about = _row(found) | {"expires": time_of(found.expiry_at_ms), "segments": found.segments, "reason": found.reason}
        if options.json:
            told = [{"type": each.type, "at": time_of(each.at_ms), "text": each.text} | _advice(each) for each in steps]
            return Item(about | {"timeline": told})
        return Item(about, [f"{time_of(each.at_ms)}  {_in_words(each)}" for each in steps])

    return at_desk(options, work)


@app.command
def resend(message_id: Annotated[int, Parameter(name="ID")], /, *, options: OrganisationOptions = ANY) -> int:
    """Send a message that is over once more, as a new one.

    Parameters
    ----------
    message_id
        The id of the message that is over.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.viewer()
        found = await original(desk.core, actor, MessageId(message_id))
        again = await accepted(prepare_again(desk.core, actor, found))
        return Said(f"sent the message {message_id} again; the id of the new one:", {"id": again, "resend_of": message_id}, str(again))

    return at_desk(options, work)


@app.command
def cancel(message_id: Annotated[int, Parameter(name="ID")], /, *, options: OrganisationOptions = ANY) -> int:
    """Take a message back that is not delivered yet. Ends with 1 where it is over or with the network already.

    Parameters
    ----------
    message_id
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.viewer()
        found = await message(desk.core, actor, MessageId(message_id))
        if found.device_id is None:
            raise Refusal(f"message {message_id} goes from a device to a phone, and is the network's: there is nothing to cancel")
        await cancel_message(desk.core, actor, DeviceId(found.device_id), MessageId(message_id))
        return Said(f"cancelled message {message_id}", {"id": message_id, "device_id": found.device_id, "status": "CANCELED"})

    return at_desk(options, work)


@app.command
def tail(
    *,
    device: int | None = None,
    options: OrganisationOptions = ANY,
) -> int:
    """Follow what happens to messages from now on, a line for each event, until it is interrupted.

    Parameters
    ----------
    device
        Only that of this device, by its id.
    """

    async def work(desk: Desk) -> int:
        with contextlib.suppress(asyncio.CancelledError):  # interrupted: that is how it ends
            async for events in follow(desk, await desk.viewer()):
                if options.json and not events:
                    print_line(line({"following": True}))
                for event in events:
                    if device in (None, event.device_id):
                        print_line(line(_fields(event)) if options.json else _told(event))
        return DONE

    return at_desk(options, work)


def _row(found: FoundMessage) -> dict[str, Any]:
    return {
        "id": found.id,
        "submitted": time_of(found.submitted_at_ms),
        "organisation_id": found.organisation_id,
        "direction": Direction(found.direction).name,
        "class": found.traffic_class,
        "device_id": found.device_id,
        "device": found.device_name,
        "source": found.source,
        "dest": found.dest,
        "status": STATE_NAMES[State(found.state)],
        "text": found.payload,
    }


def _in_words(step: Step) -> str:
    advice = step.fields.get("advice")
    return f"{step.text}. What to do: {advice}" if advice else step.text


def _advice(step: Step) -> dict[str, Any]:
    return {"advice": step.fields["advice"]} if step.fields.get("advice") else {}


def _fields(event: SmsEvent) -> dict[str, Any]:
    return {
        "at": time_of(event.at_ms),
        "event": event.type,
        "organisation_id": event.organisation_id,
        "id": event.message_id,
        "device_id": event.device_id,
        "device": event.device_name,
        "direction": Direction(event.direction).name,
        "source": event.source,
        "dest": event.dest,
        "text": event.payload,
        "reason": event.reason,
    }


def _told(event: SmsEvent) -> str:
    direction = Direction(event.direction).name
    head = f"{time_of(event.at_ms)}  {event.type:13} {direction} {event.message_id:<8}"
    return f"{head} {event.device_name or '-'}  {event.source} > {event.dest}  {event.reason or event.payload}"
