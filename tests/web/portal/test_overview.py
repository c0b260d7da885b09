"""The overview in the portal: figures, their change, reasons with what to do, tables as files."""

import csv
import io

from heliograph.service import rollup
from heliograph.web.portal.overview import span
from tests.core_world import statement
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site


async def added_up(site: Site) -> None:
    await rollup.catch_up(site.world.core)
    await rollup.look_for_busiest(site.world.core)


async def test_with_nothing_it_says_what_will_be_here_and_how_to_begin(admin: Visitor) -> None:
    page = words(await admin.get("/overview"))
    assert "Nothing was sent or received yet" in page
    assert "curl -X POST https://sms.example.com/api/v1/endpoint/ID/sms" in page


async def test_figures_say_how_they_changed_and_reasons_what_to_do(admin: Visitor, site: Site) -> None:
    await site.send()
    await site.world.jump(86_400)
    site.a_auth = await site.auth_token(site.a.application_token)
    await admin.sign_in(site.a.email)
    await site.send()
    await site.send()
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET mt = 0")))
    assert (await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"})).status == 422
    await added_up(site)
    page = await admin.get("/overview?range=24h")
    assert "Sent to devices 2 100 % more than before" in words(page)
    assert "Delivered of those that ended 100.0 %" in words(page)
    assert "mt_off refused Switch MT on in the service policy of the device 1" in words(page)
    assert f'href="/devices/{site.a.device_id}" data-open>Alpha one</a>' in page.text
    assert "Beta" not in page.text


async def test_each_table_is_a_file(admin: Visitor, site: Site) -> None:
    await site.send()
    await added_up(site)
    for table, line in (("points", "delivered"), ("reasons", "reason"), ("busiest", "name")):
        reply = await admin.get(f"/overview/{table}.csv?range=7d")
        assert reply.headers["content-disposition"] == f'attachment; filename="heliograph-{table}-7d.csv"'
        assert line in next(csv.reader(io.StringIO(reply.text)))
    rows = list(csv.DictReader(io.StringIO((await admin.get("/overview/points.csv?range=7d")).text)))
    assert (len(rows), rows[-1]["sent"], rows[-1]["delivered"], rows[0]["sent"]) == (28, "1", "1", "0")
    assert (await admin.get("/overview/points.xml")).status == 404
    assert (await admin.get("/overview/else.csv")).status == 404


def test_a_span_is_told_in_two_digits() -> None:
    found = [span(each) for each in (None, 0, 850, 2_400, 12_340, 89_000, 95_000, 3_600_000, 7_200_000)]
    assert found == ["–", "0 ms", "850 ms", "2.4 s", "12 s", "89 s", "1.6 min", "60 min", "2.0 h"]


async def test_what_needs_a_look_stands_on_top_for_those_who_can_mend_it(admin: Visitor, operator: Visitor, site: Site) -> None:
    for change in ("link_lease SET state = 'down', reason = 'no route to host'", "api_callback SET degraded_at_ms = 1"):
        await site.world.database.write(lambda tx, change=change: tx.run(statement(f"UPDATE {change}")))
    seen = words(await operator.get("/overview"))
    assert "is down: no route to host. Look at it" in seen
    assert "fails: one try a minute goes out, the rest waits. Look at it" in seen
    of_one = words(await admin.get("/overview"))
    assert "is down" not in of_one
    assert of_one.count("fails: one try a minute") == 1
