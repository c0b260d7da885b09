"""`heliograph policy quota`: what volume of SMS each device has, where its service policy applies quotas."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Item, Said, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.cli.moment import ahead_ms
from heliograph.model.ids import DeviceId
from heliograph.service.manage import quota as quotas
from heliograph.service.manage.quota import QuotaView, QuotaWanted

app = App(name="quota", help="SMS quotas: the volume of each device, where its policy says apply_sms_quota=on.")

Which = Annotated[int, Parameter(name="DEVICE")]


@app.command
def show(device: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Show the SMS quota of a device.

    Parameters
    ----------
    device
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        return Item(_row(await quotas.view(desk, await desk.viewer(), DeviceId(device))))

    return at_desk(options, work)


@app.command(name="set")
def set_(
    device: Which,
    volume: int,
    /,
    *,
    expiry: str,
    threshold: int = 0,
    refill: Annotated[bool, Parameter(negative="")] = False,
    options: OrganisationOptions = ANY,
) -> int:
    """Give a device an SMS quota, over the one it has.

    Parameters
    ----------
    device
        Its id.
    volume
        Segments that it may send and receive from now on.
    expiry
        Until when: so long from now (90d), or a date (2027-01-31).
    threshold
        Per cent of the volume: once no more is left, that is an event.
    refill
        Fill it up again at each midnight UTC.
    """

    async def work(desk: Desk) -> Answer:
        until_ms = ahead_ms("--expiry", expiry, desk.clock.now_ms())
        wanted = QuotaWanted(volume=volume, expiry_at_ms=until_ms, threshold_percentage=threshold, auto_refill=refill)
        given = await quotas.put(desk, await desk.viewer(), DeviceId(device), wanted)
        return Said(f"device {device} may use {volume} segments until {time_of(until_ms)}", _row(given))

    return at_desk(options, work)


@app.command
def remove(device: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Take the SMS quota of a device away. Where its policy applies quotas, it sends and receives nothing then.

    Parameters
    ----------
    device
        Its id.
    """

    async def work(desk: Desk) -> Answer:
        await quotas.delete(desk, await desk.viewer(), DeviceId(device))
        return Said(f"device {device} has no SMS quota any more", {"device": device})

    return at_desk(options, work)


def _row(found: QuotaView) -> dict[str, Any]:
    quota = found.quota
    return {
        "status": found.status.name,
        "volume": quota.volume,
        "expiry": time_of(quota.expiry_at_ms),
        "threshold_percentage": quota.threshold_percentage,
        "threshold_volume": quota.threshold_volume,
        "auto_refill": quota.auto_refill,
        "last_volume_added": quota.last_volume_added,
        "last_status_change": time_of(found.status_changed_at_ms),
    }
