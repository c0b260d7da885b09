"""Usage over the API: MT is volume_rx, MO is volume_tx, in segments, by the day of acceptance in UTC."""

from datetime import UTC, date, datetime, timedelta

import pytest

from heliograph.model.link import ErrorClass, Refused
from tests.web.site import Site

DAY = 86_400
LONG = "x" * 200


def today(site: Site) -> date:
    return datetime.fromtimestamp(site.world.now_ms / 1000, UTC).date()


async def hear(site: Site, text: str = "hi") -> None:
    """An MO of A's device."""
    await site.world.hear(f"42366392{site.a.organisation_id:07}", "12345", text)


async def to_the_first(site: Site) -> None:
    """Go to the 10th of the next month, noon."""
    following = (today(site).replace(day=1) + timedelta(days=32)).replace(day=10)
    moment = datetime(following.year, following.month, following.day, 12, tzinfo=UTC)
    await site.world.jump_to(round(moment.timestamp() * 1000))


async def auth(site: Site) -> str:
    """A new token, since the old one ends in four hours."""
    return await site.auth_token(site.a.application_token)


async def test_received_is_rx_and_sent_is_tx_in_segments(site: Site) -> None:
    await site.send(payload=LONG)
    await site.send()
    await hear(site)
    stats = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats")).json
    month = stats["current_month"]["sms"]
    assert (month["volume"], month["volume_rx"], month["volume_tx"], month["cost"]) == (4, 3, 1, 0)
    assert month["traffic_type"] == {"id": 6, "description": "SMS", "unit": "SMS"}
    assert month["id"] == int(f"{site.a.device_id}{today(site):%Y%m}6")
    assert (month["endpoint_id"], month["month"]) == (site.a.device_id, today(site).replace(day=1).isoformat())
    assert stats["current_month"]["data"]["volume"] == 0
    assert "last_month" not in stats, "months are there where there was traffic"


async def test_the_last_hour_is_told_by_minute(site: Site) -> None:
    await site.send()
    await site.world.jump(120)
    await hear(site)
    hour = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats")).json["last_hour"]
    assert len(hour["sms"]["rx"]) == len(hour["sms"]["tx"]) == 60
    assert sum(count for _, count in hour["sms"]["rx"]) == 1
    assert hour["sms"]["tx"][-1][1] == 1
    assert hour["sms"]["rx"][-1][1] == 0
    last = datetime.fromtimestamp(site.world.now_ms / 1000, UTC)
    assert hour["sms"]["rx"][-1][0] == f"{last:%H:%M}"
    assert hour["sms"]["rx"][0][0] == f"{last - timedelta(minutes=59):%H:%M}"
    assert hour["data"] == {"rx": [], "tx": []}


async def test_each_day_is_listed_and_counts_what_was_accepted_on_it(site: Site) -> None:
    await to_the_first(site)
    token = await auth(site)
    await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"}, token=token)
    await site.world.jump(DAY)
    token = await auth(site)
    await hear(site)
    days = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats/daily", token=token)).json
    assert [day["date"] for day in days] == [today(site).replace(day=number).isoformat() for number in range(1, 12)]
    volumes = [(day["sms"]["volume_rx"], day["sms"]["volume_tx"]) for day in days]
    assert volumes == [(0, 0)] * 9 + [(1, 0), (0, 1)]
    asked = f"?start_date={days[9]['date']}&end_date={days[9]['date']}"
    (one,) = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats/daily{asked}", token=token)).json
    assert one == days[9]


async def test_what_ended_before_it_was_sent_and_what_was_refused_is_not_counted(site: Site) -> None:
    message_id = await site.send_one_that_waits()
    assert (await site.delete(f"/api/v1/endpoint/{site.a.device_id}/sms/{message_id}")).status == 200
    (day,) = [each for each in (await site.get("/api/v1/stats/daily")).json if each["date"] == today(site).isoformat()]
    assert day["sms"]["volume"] == "1", "of two messages one was cancelled in time"
    hour = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats")).json["last_hour"]["sms"]["rx"]
    assert sum(count for _, count in hour) == 1


async def test_what_was_tried_and_failed_is_counted(site: Site) -> None:
    site.world.link.says(Refused(ErrorClass.PERMANENT, "no"))
    await site.send()
    assert (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats")).json["current_month"]["sms"]["volume_rx"] == 1


async def test_an_organisations_usage_is_that_of_its_devices_and_written_as_texts(site: Site) -> None:
    await site.send()
    await hear(site)
    daily = (await site.get("/api/v1/organisation/my/stats/daily")).json
    assert daily == (await site.get("/api/v1/stats/daily")).json
    sms = daily[-1]["sms"]
    assert (sms["volume"], sms["volume_rx"], sms["volume_tx"], sms["traffic_type_id"]) == ("2", "1", "1", "6")
    months = (await site.get("/api/v1/organisation/my/stats")).json
    assert (months["current_month"]["sms"]["volume_rx"], months["last_month"]["sms"]["volume"]) == (1, 0)
    own = await site.get(f"/api/v1/organisation/{site.a.organisation_id}/stats")
    assert own.json == months


async def test_last_month_stays_when_the_month_changes(site: Site) -> None:
    await site.send()
    await to_the_first(site)
    stats = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats", token=await auth(site))).json
    assert stats["last_month"]["sms"]["volume_rx"] == 1
    assert "current_month" not in stats


async def test_a_sims_usage_is_that_of_its_device(site: Site) -> None:
    await site.send()
    (stats,) = (await site.get(f"/api/v1/sim/{site.a.sim_id}/stats")).json
    assert (stats["current_month"]["sms"]["sim_id"], stats["current_month"]["sms"]["volume"]) == (site.a.sim_id, 1)
    assert (await site.get(f"/api/v1/sim/{site.a.sim_id}/stats/daily")).json[-1]["sms"]["volume"] == 1
    await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"sim": {"id": None}})
    assert (await site.get(f"/api/v1/sim/{site.a.sim_id}/stats/daily")).json == []
    assert "current_month" not in (await site.get(f"/api/v1/sim/{site.a.sim_id}/stats")).json[0]


@pytest.mark.parametrize(
    ("query", "days"),
    [("start_date=2020-01-01&end_date=2020-01-31", 31), ("end_date=2020-02-10", 10), ("start_date=2999-01-01", 1)],
)
async def test_which_days_are_meant(site: Site, query: str, days: int) -> None:
    reply = await site.get(f"/api/v1/endpoint/{site.a.device_id}/stats/daily?{query}")
    assert len(reply.json) == days


@pytest.mark.parametrize(
    "query", ["start_date=yesterday", "end_date=2020-13-01", "start_date=2020-02-01&end_date=2020-01-01", "start_date=1970-01-01"]
)
async def test_days_that_cannot_be_are_422(site: Site, query: str) -> None:
    reply = await site.get(f"/api/v1/organisation/my/stats/daily?{query}")
    assert (reply.status, "_date" in str(reply.json)) == (422, True)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/endpoint/{b.device_id}/stats",
        "/api/v1/endpoint/{b.device_id}/stats/daily",
        "/api/v1/sim/{b.sim_id}/stats",
        "/api/v1/sim/{b.sim_id}/stats/daily",
        "/api/v1/organisation/{b.organisation_id}/stats",
        "/api/v1/organisation/{b.organisation_id}/stats/daily",
    ],
)
async def test_nobody_sees_the_usage_of_others_but_the_operator(site: Site, path: str) -> None:
    assert (await site.get(path.format(b=site.b))).status == 404
    assert (await site.get(path.format(b=site.b), token=site.operator_auth)).status == 200
