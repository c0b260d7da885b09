"""What devices and organisations used: segments per day, per month, and per minute of the last hour.

Counted is what was accepted, at its acceptance, in UTC; what was refused, or ended before it was sent, is not. The counters outlive the
messages. A SIM has no counters: its usage is that of the device it is in.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, SimId
from heliograph.model.message import Direction
from heliograph.model.problem import Code, Problem
from heliograph.service.manage.scope import Office, not_found, seen_by
from heliograph.store import account as account_store
from heliograph.store import device as device_store
from heliograph.store import sim as sim_store
from heliograph.store import usage as store
from heliograph.store.transaction import Transaction
from heliograph.store.usage import Used

MOST_DAYS = 732
DEVICES_AT_ONCE = 2_000
"""Whose counters are added up in one read: some 30 ms for the days of a month."""
MINUTES = 60
MINUTE_MS = 60_000
RECEIVED = "mt"


class Usage(msgspec.Struct):
    """Segments: `received` by devices (MT), `sent` by them (MO). `period`: a day or a month, as its first day is written."""

    period: str
    received: int = 0
    sent: int = 0


class Summary(msgspec.Struct, frozen=True):
    """The month before this, this month, and each of the last 60 minutes, oldest first."""

    last_month: Usage
    current_month: Usage
    last_hour: list[Usage]


class Days(msgspec.Struct, frozen=True):
    """Which days are asked for; None leaves it open."""

    first: date | None = None
    last: date | None = None


async def device_days(office: Office, actor: Actor, device_id: DeviceId, days: Days) -> list[Usage]:
    """What a device used on each of the days. Raises Problem."""
    first, last = span(days, _today(office))
    return await office.database.read(_device_days, seen_by(actor), device_id, first, last)


async def organisation_days(office: Office, actor: Actor, organisation_id: int, days: Days) -> list[Usage]:
    """What the devices of an organisation used on each of the days. Raises Problem."""
    first, last = span(days, _today(office))
    used = await _of_organisation(office, actor, organisation_id, first.isoformat(), last.isoformat())
    return _filled(nothing(first, last), used)


async def device_summary(office: Office, actor: Actor, device_id: DeviceId) -> Summary:
    """What a device used lately. Raises Problem."""
    return await office.database.read(_device_summary, seen_by(actor), device_id, office.clock.now_ms())


async def organisation_months(office: Office, actor: Actor, organisation_id: int) -> tuple[Usage, Usage]:
    """What the devices of an organisation used last month and this month. Raises Problem."""
    before, current = _months(office.clock.now_ms())
    found = _filled([Usage(before), Usage(current)], await _of_organisation(office, actor, organisation_id, before, current))
    return found[0], found[1]


async def _of_organisation(office: Office, actor: Actor, organisation_id: int, first: str, last: str) -> list[Used]:
    await office.database.read(_check_organisation, seen_by(actor), organisation_id)
    found: list[Used] = []
    after: int | None = 0
    while after is not None:
        some, after = await office.database.read(store.of_an_organisation, organisation_id, first, last, after, DEVICES_AT_ONCE)
        found += some
    return found


async def device_of_sim(office: Office, actor: Actor, sim_id: SimId) -> DeviceId | None:
    """The device a SIM is in, or None. Raises Problem."""
    found = await office.database.read(sim_store.view, seen_by(actor), sim_id)
    if found is None:
        raise not_found("SIM", sim_id)
    return None if found.device_id is None else DeviceId(found.device_id)


def span(days: Days, today: date) -> tuple[date, date]:
    """The first and the last day meant: this month where nothing is said; six months to today from a first day alone; the month of a last
    day alone; nothing after today. Raises Problem for days in the wrong order, and for too many."""
    first, last = days.first, days.last
    if first is not None and last is not None and first > last:
        raise Problem(Code.INVALID_FORMAT, "start_date is after end_date: exchange them", field="start_date")
    last = today if last is None else min(last, today)
    first = last.replace(day=1) if first is None else min(first, last)
    if (last - first).days >= MOST_DAYS:
        raise Problem(Code.INVALID, f"start_date and end_date are more than {MOST_DAYS} days apart: ask in parts", field="start_date")
    return first, last


def nothing(first: date, last: date) -> list[Usage]:
    """No usage, on each day."""
    return [Usage((first + timedelta(days=number)).isoformat()) for number in range((last - first).days + 1)]


def _today(office: Office) -> date:
    return datetime.fromtimestamp(office.clock.now_ms() / 1000, UTC).date()


def _device_days(tx: Transaction, scope: int, device_id: int, first: date, last: date) -> list[Usage]:
    _check_device(tx, scope, device_id)
    return _filled(nothing(first, last), store.of_a_device(tx, device_id, first.isoformat(), last.isoformat()))


def _device_summary(tx: Transaction, scope: int, device_id: int, now_ms: int) -> Summary:
    _check_device(tx, scope, device_id)
    before, current = _months(now_ms)
    months = _filled([Usage(before), Usage(current)], store.of_a_device(tx, device_id, before, current))
    begin_ms = (now_ms // MINUTE_MS - MINUTES + 1) * MINUTE_MS
    hour = [Usage(str(begin_ms + minute * MINUTE_MS)) for minute in range(MINUTES)]
    for counted in store.counted_since(tx, device_id, begin_ms):
        minute = hour[min(MINUTES - 1, (counted.submitted_at_ms - begin_ms) // MINUTE_MS)]
        if counted.direction == Direction.MT:
            minute.received += counted.segments
        else:
            minute.sent += counted.segments
    return Summary(months[0], months[1], hour)


def _filled(periods: list[Usage], used: Sequence[Used]) -> list[Usage]:
    by_period = {each.period: each for each in periods}
    for each in used:
        if each.traffic == RECEIVED:
            by_period[each.period].received += each.used
        else:
            by_period[each.period].sent += each.used
    return periods


def _months(now_ms: int) -> tuple[str, str]:
    current = store.month_of(now_ms)
    return (date.fromisoformat(f"{current}-01") - timedelta(days=1)).strftime("%Y-%m"), current


def _check_device(tx: Transaction, scope: int, device_id: int) -> None:
    if device_store.view(tx, scope, device_id) is None:
        raise not_found("Endpoint", device_id)


def _check_organisation(tx: Transaction, scope: int, organisation_id: int) -> None:
    if scope not in (0, organisation_id) or account_store.organisation(tx, organisation_id) is None:
        raise not_found("Organisation", organisation_id)
