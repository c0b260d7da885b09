"""`heliograph sms`: send a message, follow what happens to all."""

import sys
from typing import Annotated, Any

from cyclopts import App, Parameter

from heliograph.cli.answer import DONE, Answer, Said, line, print_line, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.model.ids import DeviceId
from heliograph.model.message import Direction
from heliograph.service.draft import Draft
from heliograph.service.follow import follow
from heliograph.service.submit import submit
from heliograph.store.feed import SmsEvent

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
        draft = Draft(payload, source=source, expiry_at_ms=until_ms)
        message_id = await submit(desk.core, await desk.viewer(), DeviceId(device_id), draft)
        return Said(f"accepted for device {device_id}; its id:", {"id": message_id, "device_id": device_id}, str(message_id))

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
        async for events in follow(desk, await desk.viewer()):
            if options.json and not events:
                print_line(line({"following": True}))
            for event in events:
                if device in (None, event.device_id):
                    print_line(line(_fields(event)) if options.json else _told(event))
        return DONE

    return at_desk(options, work)


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
