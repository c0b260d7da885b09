"""Usage of devices, SIMs and organisations, in segments. `volume_rx` is what devices received (MT), `volume_tx` what they sent (MO).

emnify's pages contradict each other about rx and tx; this is what its API specification says. There are no prices here: `cost` is 0, and
data, which passes elsewhere, is 0 too. A device's numbers are numbers and an organisation's are texts, as emnify documents them.
"""

from datetime import date
from typing import Any

from heliograph.model.ids import DeviceId, SimId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import usage
from heliograph.service.manage.usage import Days, Summary, Usage
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import Parameter, operation
from heliograph.web.resource import Call, Resource

DATA, SMS = 5, 6
TRAFFIC_TYPES: dict[int, dict[str, Any]] = {
    DATA: {"id": DATA, "description": "Data", "unit": "MB"},
    SMS: {"id": SMS, "description": "SMS", "unit": "SMS"},
}
MY = "my"
DAYS = {
    "start_date": Parameter("The first day, as 2027-01-15; the first of this month where it is left out."),
    "end_date": Parameter("The last day; today where it is left out."),
}


@operation("Retrieve the usage of a device", answer=dict[str, Any])
async def of_device(call: Call) -> Answer:
    """Last month and this one, where there was traffic, and the last 60 minutes."""
    device_id = device_id_of(call)
    return json(_summary(await usage.device_summary(call.context.core, call.actor, device_id), "endpoint_id", device_id))


@operation("List the usage of a device by day", answer=list[dict[str, Any]], query=DAYS, refuses=(Code.INVALID_FORMAT,))
async def days_of_device(call: Call) -> Answer:
    """Each day from `start_date` to `end_date`, else of this month."""
    days = await usage.device_days(call.context.core, call.actor, device_id_of(call), _days(call))
    return json([_day(each) for each in days])


@operation("Retrieve the usage of a SIM", answer=list[dict[str, Any]])
async def of_sim(call: Call) -> Answer:
    """The same of the device a SIM is in, in an array, as documented."""
    device_id = await _device_of_sim(call)
    if device_id is None:
        return json([_summary(Summary(Usage(""), Usage(""), []), "sim_id", call.id("sim_id"))])
    summary = await usage.device_summary(call.context.core, call.actor, device_id)
    return json([_summary(summary, "sim_id", call.id("sim_id"))])


@operation("List the usage of a SIM by day", answer=list[dict[str, Any]], query=DAYS, refuses=(Code.INVALID_FORMAT,))
async def days_of_sim(call: Call) -> Answer:
    """The same by day; nothing of a SIM that is in no device."""
    device_id = await _device_of_sim(call)
    if device_id is None:
        return json([])
    return json([_day(each) for each in await usage.device_days(call.context.core, call.actor, device_id, _days(call))])


@operation("Retrieve the usage of an organisation", answer=dict[str, Any])
async def of_organisation(call: Call) -> Answer:
    """Last month and this one."""
    before, current = await usage.organisation_months(call.context.core, call.actor, _organisation_id(call))
    return json({"last_month": _month_of_all(before), "current_month": _month_of_all(current)})


@operation("List the usage of an organisation by day", answer=list[dict[str, Any]], query=DAYS, refuses=(Code.INVALID_FORMAT,))
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


def _volumes(used: Usage) -> dict[str, Any]:
    return {"volume": used.received + used.sent, "volume_rx": used.received, "volume_tx": used.sent, "cost": 0}


def _day(used: Usage) -> dict[str, Any]:
    return {
        "date": used.period,
        "data": _volumes(Usage("")) | {"traffic_type": TRAFFIC_TYPES[DATA]},
        "sms": _volumes(used) | {"traffic_type": TRAFFIC_TYPES[SMS]},
    }


def _day_of_all(used: Usage) -> dict[str, Any]:
    return {"date": used.period, "data": _in_texts(DATA, Usage("")), "sms": _in_texts(SMS, used)}


def _in_texts(traffic_type: int, used: Usage) -> dict[str, Any]:
    texts = {name: str(value) for name, value in _volumes(used).items()}
    return texts | {"traffic_type_id": str(traffic_type), "traffic_type": TRAFFIC_TYPES[traffic_type]}


def _month_of_all(used: Usage) -> dict[str, Any]:
    month = {"month": f"{used.period}-01"}
    return {
        "data": month | _volumes(Usage("")) | {"traffic_type": TRAFFIC_TYPES[DATA]},
        "sms": month | _volumes(used) | {"traffic_type": TRAFFIC_TYPES[SMS]},
    }


def _summary(summary: Summary, owner: str, owner_id: int) -> dict[str, Any]:
    months = {"last_month": summary.last_month, "current_month": summary.current_month}
    body: dict[str, Any] = {name: _month(used, owner, owner_id) for name, used in months.items() if used.received or used.sent}
    received = [[_hour_and_minute(minute), minute.received] for minute in summary.last_hour]
    sent = [[_hour_and_minute(minute), minute.sent] for minute in summary.last_hour]
    return body | {"last_hour": {"data": {"rx": [], "tx": []}, "sms": {"rx": received, "tx": sent}}}


def _hour_and_minute(minute: Usage) -> str:
    """As emnify writes the times of such pairs: 08:15."""
    return wire.plain_stamp(int(minute.period))[11:16]


def _month(used: Usage, owner: str, owner_id: int) -> dict[str, Any]:
    return {"data": _of_type(DATA, Usage(used.period), owner, owner_id), "sms": _of_type(SMS, used, owner, owner_id)}


def _of_type(traffic_type: int, used: Usage, owner: str, owner_id: int) -> dict[str, Any]:
    """emnify writes the id of such an object from owner, month and type: `1234562024035`."""
    return {
        "id": int(f"{owner_id}{used.period.replace('-', '')}{traffic_type}"),
        owner: owner_id,
        "month": f"{used.period}-01",
        **_volumes(used),
        "traffic_type_id": traffic_type,
        "traffic_type": TRAFFIC_TYPES[traffic_type],
    }


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
