"""`heliograph technician-link`: one device's console for somebody without an account."""

from typing import Annotated

from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Said, Table, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.cli.moment import ahead_ms
from heliograph.daemon.start import ANY_ADDRESS
from heliograph.service.manage import technician
from heliograph.service.manage.technician import NewLink
from heliograph.store.technician import TechnicianLink

app = App(name="technician-link")
PAGE = 1000


@app.command
def create(
    device: Annotated[int, Parameter(name="DEVICE")],
    /,
    *,
    description: str,
    expires: str = "8h",
    command: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    options: OrganisationOptions = ANY,
) -> int:
    """Make a link that opens the console of one device. It is shown once, alone on standard output; only its hash is kept.

    Parameters
    ----------
    device
        The id of the device, as `heliograph device list` shows it.
    description
        For whom it is: the audit names whoever comes by it so.
    expires
        When it ends: a number of minutes, hours or days from now (90m, 8h, 2d), or a date; within 7 days.
    command
        The name of a saved command that it may send; give it once for each. Without any, whatever is written.
    """

    async def work(desk: Desk) -> Answer:
        until_ms = ahead_ms("--expires", expires, desk.clock.now_ms())
        new = NewLink(device_id=device, description=description, commands=command or None, expires_at_ms=until_ms)
        made, token = await technician.create(desk, await desk.viewer(), new)
        url = f"{_origin(desk)}/technician/{token}"
        device_name = made.device_name or str(made.device_id)
        text = f"technician link {made.id} to the device {device_name}, until {time_of(made.expires_at_ms)}, shown this once:"
        return Said(text, _row(made, desk.clock.now_ms()) | {"url": url}, url)

    return at_desk(options, work)


@app.command
def revoke(link_id: Annotated[int, Parameter(name="ID")], /, *, options: OrganisationOptions = ANY) -> int:
    """End a technician link at once.

    Parameters
    ----------
    link_id
        Its id, as `heliograph technician-link list` shows it.
    """

    async def work(desk: Desk) -> Answer:
        await technician.revoke(desk, await desk.viewer(), link_id)
        return Said(f"revoked the technician link {link_id}", {"id": link_id, "revoked": True})

    return at_desk(options, work)


@app.command(name="list")
def list_(*, device: int = 0, options: OrganisationOptions = ANY) -> int:
    """List technician links, the latest first, those that are over too; none is shown itself.

    Parameters
    ----------
    device
        Only those of this device.
    """

    async def work(desk: Desk) -> Answer:
        found = await technician.views(desk, await desk.viewer(), device, 1, PAGE)
        columns = ("id", "device", "description", "may_send", "state", "expires", "uses", "last_used")
        rows = [_row(each, desk.clock.now_ms()) for each in found.items]
        return Table(rows, columns, "no technician link yet: `heliograph technician-link create` makes one")

    return at_desk(options, work)


@app.command
def uses(link_id: Annotated[int, Parameter(name="ID")], /, *, options: OrganisationOptions = ANY) -> int:
    """List when a technician link was opened, what was sent by it, and from where.

    Parameters
    ----------
    link_id
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        found = await technician.uses(desk, await desk.viewer(), link_id)
        rows = [{"time": time_of(each.at_ms), "action": each.action, "address": each.address, "sms": each.message_id} for each in found]
        return Table(rows, ("time", "action", "address", "sms"), f"the technician link {link_id} was not used yet")

    return at_desk(options, work)


def _origin(desk: Desk) -> str:
    """How people reach the portal."""
    http = desk.config.http
    scheme = "https" if http.tls_certificate else "http"
    return http.public_url or f"{scheme}://{ANY_ADDRESS.get(http.listen.host, http.listen.host)}:{http.listen.port}"


def _row(link: TechnicianLink, now_ms: int) -> dict[str, object]:
    return {
        "id": link.id,
        "device_id": link.device_id,
        "device": link.device_name or link.device_id,
        "description": link.description,
        "state": link.status(now_ms),
        "created": time_of(link.created_at_ms),
        "created_by": link.made_by,
        "expires": time_of(link.expires_at_ms),
        "may_send": "anything" if link.command_ids is None else f"{len(link.command_ids)} commands",
        "uses": link.uses,
        "last_used": time_of(link.used_at_ms),
    }
