"""Usage of devices, SIMs and organisations, in segments. `volume_rx` is what devices received (MT), `volume_tx` what they sent (MO).

emnify's pages contradict each other about rx and tx; this is what its API specification says. There are no prices here: `cost` is 0, and
data, which passes elsewhere, is 0 too. A device's numbers are numbers and an organisation's are texts, as emnify documents them.
"""

from datetime import date

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.ids import DeviceId, SimId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import usage
from heliograph.service.manage.usage import Days, Summary, Usage
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource


class TypeOfTraffic(msgspec.Struct, frozen=True):
    id: int
    description: str
    unit: str


class Volume(msgspec.Struct, kw_only=True):
    """`volume_rx`: MT, what devices received; `volume_tx`: MO, what they sent; `volume`: both. Of SMS in segments."""

    volume: int
    volume_rx: int
    volume_tx: int
    cost: int = 0
    traffic_type: TypeOfTraffic


class VolumeInTexts(msgspec.Struct, kw_only=True):
    """The same as texts."""

    volume: str
    volume_rx: str
    volume_tx: str
    cost: str = "0"
    traffic_type_id: str
    traffic_type: TypeOfTraffic


class VolumeOfMonth(Volume, kw_only=True):
    """`id` is made of owner, month and type of traffic, as on emnify: 1234562024035. One of `endpoint_id` and `sim_id` is there."""

    id: int
    endpoint_id: int | UnsetType = UNSET
    sim_id: int | UnsetType = UNSET
    month: str
    traffic_type_id: int


class VolumeOfOrganisation(Volume, kw_only=True):
    month: str


class UsageOfMonth(msgspec.Struct):
    data: VolumeOfMonth
    sms: VolumeOfMonth


class UsageOfDay(msgspec.Struct):
    date: str
    data: Volume
    sms: Volume


class DayOfOrganisation(msgspec.Struct):
    date: str
    data: VolumeInTexts
    sms: VolumeInTexts


class MonthOfOrganisation(msgspec.Struct):
    data: VolumeOfOrganisation
    sms: VolumeOfOrganisation


class MonthsOfOrganisation(msgspec.Struct):
    last_month: MonthOfOrganisation
    current_month: MonthOfOrganisation


class Minutes(msgspec.Struct):
    """A pair for each minute, oldest first: when, as 08:15, and how many."""

    rx: list[tuple[str, int]]
    tx: list[tuple[str, int]]


class LastHour(msgspec.Struct):
    data: Minutes
    sms: Minutes


class UsageLately(msgspec.Struct, kw_only=True):
    """A month is there where it had traffic."""

    last_month: UsageOfMonth | UnsetType = UNSET
    current_month: UsageOfMonth | UnsetType = UNSET
    last_hour: LastHour


DATA, SMS = TypeOfTraffic(5, "Data", "MB"), TypeOfTraffic(6, "SMS", "SMS")
NONE = Usage("")
MY = "my"
DAYS = {
    "start_date": Parameter("The first day, as 2027-01-15; the first of this month where it is left out."),
    "end_date": Parameter("The last day; today where it is left out."),
}


@operation("Retrieve the usage of a device", answer=UsageLately)
async def of_device(call: Call) -> Answer:
    """Last month and this one, where there was traffic, and the last 60 minutes."""
    device_id = device_id_of(call)
    return json(_lately(await usage.device_summary(call.context.core, call.actor, device_id), endpoint_id=device_id))


@operation("List the usage of a device by day", answer=list[UsageOfDay], query=DAYS, refuses=(Code.INVALID_FORMAT,))
async def days_of_device(call: Call) -> Answer:
    """Each day from `start_date` to `end_date`, else of this month."""
    days = await usage.device_days(call.context.core, call.actor, device_id_of(call), _days(call))
    return json([_day(each) for each in days])


@operation("Retrieve the usage of a SIM", answer=list[UsageLately])
async def of_sim(call: Call) -> Answer:
    """The same of the device a SIM is in, in an array, as documented."""
    device_id = await _device_of_sim(call)
    if device_id is None:
        return json([_lately(Summary(NONE, NONE, []), sim_id=call.id("sim_id"))])
    summary = await usage.device_summary(call.context.core, call.actor, device_id)
    return json([_lately(summary, sim_id=call.id("sim_id"))])


@operation("List the usage of a SIM by day", answer=list[UsageOfDay], query=DAYS, refuses=(Code.INVALID_FORMAT,))
async def days_of_sim(call: Call) -> Answer:
    """The same by day; nothing of a SIM that is in no device."""
    device_id = await _device_of_sim(call)
    if device_id is None:
        return json([])
    return json([_day(each) for each in await usage.device_days(call.context.core, call.actor, device_id, _days(call))])


@operation("Retrieve the usage of an organisation", answer=MonthsOfOrganisation)
async def of_organisation(call: Call) -> Answer:
    """Last month and this one."""
    before, current = await usage.organisation_months(call.context.core, call.actor, _organisation_id(call))
    return json(MonthsOfOrganisation(_month_of_all(before), _month_of_all(current)))


@operation("List the usage of an organisation by day", answer=list[DayOfOrganisation], query=DAYS, refuses=(Code.INVALID_FORMAT,))
async def days_of_organisation(call: Call) -> Answer:
    """Each day from `start_date` to `end_date`, else of this month."""
    days = await usage.organisation_days(call.context.core, call.actor, _organisation_id(call), _days(call))
    return json([_day_of_all(each) for each in days])


async def _device_of_sim(call: Call) -> DeviceId | None:
    return await usage.device_of_sim(call.context.core, call.actor, SimId(call.id("sim_id")))


def _organisation_id(call: Call) -> int:
    """The organisation that the path names; the caller's own where it says `my`, or nothing."""
    return call.actor.organisation_id if call.ids.get("organisation_id", MY) == MY else call.id("organisation_id")


def _days(call: Call) -> Days:
    asked = call.query()
    return Days(*(_date(asked.get(name, ""), name) for name in ("start_date", "end_date")))


def _date(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Problem(Code.INVALID_FORMAT, f"{field} '{text}' is no date: write 2027-01-15", field=field) from None


def _volumes(used: Usage) -> dict[str, int]:
    return {"volume": used.received + used.sent, "volume_rx": used.received, "volume_tx": used.sent}


def _day(used: Usage) -> UsageOfDay:
    return UsageOfDay(used.period, Volume(**_volumes(NONE), traffic_type=DATA), Volume(**_volumes(used), traffic_type=SMS))


def _day_of_all(used: Usage) -> DayOfOrganisation:
    return DayOfOrganisation(used.period, _in_texts(DATA, NONE), _in_texts(SMS, used))


def _in_texts(kind: TypeOfTraffic, used: Usage) -> VolumeInTexts:
    texts = {name: str(value) for name, value in _volumes(used).items()}
    return VolumeInTexts(**texts, traffic_type_id=str(kind.id), traffic_type=kind)


def _month_of_all(used: Usage) -> MonthOfOrganisation:
    month = f"{used.period}-01"
    return MonthOfOrganisation(
        VolumeOfOrganisation(**_volumes(NONE), month=month, traffic_type=DATA),
        VolumeOfOrganisation(**_volumes(used), month=month, traffic_type=SMS),
    )


def _lately(summary: Summary, **owner: int) -> UsageLately:
    """`owner`: endpoint_id or sim_id."""
    received = [(_hour_and_minute(minute), minute.received) for minute in summary.last_hour]
    sent = [(_hour_and_minute(minute), minute.sent) for minute in summary.last_hour]
    return UsageLately(
        last_month=_month(summary.last_month, owner),
        current_month=_month(summary.current_month, owner),
        last_hour=LastHour(Minutes([], []), Minutes(received, sent)),
    )


def _hour_and_minute(minute: Usage) -> str:
    return wire.plain_stamp(int(minute.period))[11:16]


def _month(used: Usage, owner: dict[str, int]) -> UsageOfMonth | UnsetType:
    if not used.received and not used.sent:
        return UNSET
    return UsageOfMonth(_of_type(DATA, Usage(used.period), owner), _of_type(SMS, used, owner))


def _of_type(kind: TypeOfTraffic, used: Usage, owner: dict[str, int]) -> VolumeOfMonth:
    (owner_id,) = owner.values()
    return VolumeOfMonth(
        id=int(f"{owner_id}{used.period.replace('-', '')}{kind.id}"),
        month=f"{used.period}-01",
        traffic_type_id=kind.id,
        traffic_type=kind,
        **_volumes(used),
        **owner,
    )


ROUTES = {
    "/api/v1/endpoint/{endpoint_id}/stats": Resource(GET=of_device),
    "/api/v1/endpoint/{endpoint_id}/stats/daily": Resource(GET=days_of_device),
    "/api/v1/sim/{sim_id}/stats": Resource(GET=of_sim),
    "/api/v1/sim/{sim_id}/stats/daily": Resource(GET=days_of_sim),
    "/api/v1/organisation/my/stats": Resource(GET=of_organisation),
    "/api/v1/organisation/my/stats/daily": Resource(GET=days_of_organisation),
    "/api/v1/organisation/{organisation_id}/stats": Resource(GET=of_organisation),
    "/api/v1/organisation/{organisation_id}/stats/daily": Resource(GET=days_of_organisation),
    "/api/v1/stats/daily": Resource(GET=days_of_organisation),
}
