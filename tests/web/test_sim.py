"""SIMs over the API: entered, changed, deleted, listed, registered by batch."""

from typing import Any

import pytest

from heliograph.store import link as link_store
from heliograph.store.sim import LISTING
from tests.web.site import Reply, Site

PATH = "/api/v1/sim"
SERIAL = iter(range(1, 100_000))


async def enter(site: Site, **more: Any) -> int:
    """A new, issued SIM of organisation A."""
    reply = await site.post(PATH, fresh(site, **more), token=site.operator_auth)
    assert reply.status == 201, reply
    sim_id: int = reply.json["id"]
    return sim_id


def fresh(site: Site, **more: Any) -> dict[str, Any]:
    serial = next(SERIAL)
    numbers = {"iccid": f"8988228{serial:012}", "imsi": f"90128{serial:010}", "msisdn": f"8822850{serial:08}"}
    return numbers | {"organisation": {"id": site.a.organisation_id}} | more


async def put(site: Site, body: Any) -> Reply:
    return await site.post(PATH, body, token=site.operator_auth)


async def test_one_sim_is_entered_and_answered_with_where_it_is(site: Site) -> None:
    reply = await put(site, fresh(site, aliases=["+49 170 1234567"], bic="B1", model="Classic"))
    assert reply.status == 201
    assert reply.headers["location"] == f"https://sms.example.com/api/v1/sim/{reply.json['id']}"
    assert (await site.get(f"{PATH}/{reply.json['id']}")).json == reply.json
    sim = reply.json
    assert (sim["status"], sim["aliases"], sim["bic"], sim["model"]) == (
        {"id": 0, "description": "Issued"},
        ["491701234567"],
        "B1",
        {"description": "Classic"},
    )
    assert sim["customer_org"] == sim["issuer_org"] == {"id": site.a.organisation_id, "name": "Alpha"}
    assert sim["reseller_org"] is None
    assert not {"endpoint", "activation_date"} & sim.keys()


async def test_a_sim_in_a_device_shows_the_device(site: Site) -> None:
    endpoint = (await site.get(f"{PATH}/{site.a.sim_id}")).json["endpoint"]
    assert endpoint == endpoint | {
        "id": site.a.device_id,
        "name": "Alpha one",
        "organisation_id": site.a.organisation_id,
        "service_profile_id": site.a.policy_id,
    }


async def test_each_sim_of_a_list_is_taken_or_refused_for_itself(site: Site) -> None:
    good, again, more = fresh(site), fresh(site), fresh(site)
    again["msisdn"] = good["msisdn"]
    wrong = fresh(site, iccid="12")
    reply = await put(site, [good, again, wrong, more])
    assert reply.status == 201
    assert [item.get("error_code", "taken") for item in reply.json] == ["taken", 1405, 1403, "taken"]
    assert [item["iccid"] for item in reply.json] == [each["iccid"] for each in (good, again, wrong, more)]
    assert (await put(site, [good, again])).status == 422


async def test_at_most_two_thousand_sims_are_entered_at_once(site: Site) -> None:
    many = [{"iccid": f"8999{number:015}", "organisation": {"id": site.a.organisation_id}} for number in range(2001)]
    assert (await put(site, many)).status == 422
    reply = await put(site, many[:2000])
    assert (reply.status, len(reply.json)) == (201, 2000)
    assert (await site.get(f"{PATH}?q=iccid:8999&per_page=9999")).headers["x-count-per-page"] == "2500"


@pytest.mark.parametrize("field", ["iccid", "imsi", "msisdn", "aliases"])
async def test_a_number_belongs_to_one_sim_in_the_installation_and_nobody_is_told_whose_it_is(site: Site, field: str) -> None:
    taken = (await site.get(f"{PATH}/{site.b.sim_id}", token=site.b_auth)).json
    value = [taken["msisdn"]] if field == "aliases" else taken[field]
    reply = await put(site, fresh(site, **{field: value}))
    assert (reply.status, reply.json["error_code"]) == (409, 1405)
    assert "Beta" not in reply.body.decode()


@pytest.mark.parametrize(
    ("written", "kept"), [("+882 285-0000 0009", "88228500000009"), ("0088228500000009", "88228500000009"), (1234, "1234")]
)
async def test_a_number_is_kept_as_digits_however_it_is_written(site: Site, written: object, kept: str) -> None:
    sim_id = await enter(site, msisdn=written)
    assert (await site.get(f"{PATH}/{sim_id}")).json["msisdn"] == kept


async def test_an_iccid_with_its_luhn_digit_is_kept_without(site: Site) -> None:
    sim_id = await enter(site, iccid="89883030000067385937")
    sim = (await site.get(f"{PATH}/{sim_id}")).json
    assert (sim["iccid"], sim["iccid_with_luhn"]) == ("8988303000006738593", "89883030000067385937"), "as recorded from emnify"
    assert [each["id"] for each in (await site.get(f"{PATH}?q=iccid_with_luhn:89883030000067385937")).json] == [sim_id]
    assert (await put(site, fresh(site, iccid="89883030000067385930"))).status == 422


@pytest.mark.parametrize(
    "more",
    [
        {"iccid": "x"},
        {"imsi": "12"},
        {"imsi": "1234567890123456"},
        {"msisdn": "abc"},
        {"status": {"id": 2}},
        {"status": {"id": 9}},
        {"aliases": ["1"] * 21},
        {"iccid": None},
    ],
)
async def test_a_sim_that_cannot_be_is_422(site: Site, more: dict[str, Any]) -> None:
    assert (await put(site, fresh(site, **more))).status == 422


async def test_sims_entered_together_are_for_one_organisation_that_exists(site: Site) -> None:
    assert (await put(site, [fresh(site), fresh(site, organisation={"id": site.b.organisation_id})])).status == 422
    assert (await put(site, fresh(site, organisation={"id": 999}))).status == 404


async def test_only_the_operator_enters_sims_and_numbers_where_organisations_share_the_installation(site: Site) -> None:
    assert (await site.post(PATH, fresh(site))).status == 403
    assert (await site.patch(f"{PATH}/{site.a.sim_id}", {"msisdn": "4917012345"})).status == 403
    assert (await site.patch(f"{PATH}/{site.a.sim_id}", {"msisdn": "4917012345"}, token=site.operator_auth)).status == 204


STEPS = {0: {1, 4}, 4: {1}, 1: {2}, 2: {1}}
WAYS = {0: [], 1: [1], 2: [1, 2], 4: [4]}


@pytest.mark.parametrize("before", WAYS)
@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
async def test_a_status_changes_only_as_a_sim_lives(site: Site, before: int, after: int) -> None:
    sim_id = await enter(site)
    for step in WAYS[before]:
        await site.patch(f"{PATH}/{sim_id}", {"status": {"id": step}})
    reply = await site.patch(f"{PATH}/{sim_id}", {"status": {"id": after, "description": "whatever"}})
    allowed = after == before or after in STEPS[before]
    assert reply.status == (204 if allowed else 409)
    assert (await site.get(f"{PATH}/{sim_id}")).json["status"]["id"] == (after if allowed else before)


async def test_a_step_that_no_sim_takes_is_told_in_the_words_of_the_statuses(site: Site) -> None:
    reply = await site.patch(f"{PATH}/{site.a.sim_id}", {"status": {"id": 4}})
    assert (reply.status, "cannot change from ACTIVATED to FACTORY TEST" in reply.json["message"]) == (409, True)


async def test_the_first_activation_is_dated(site: Site) -> None:
    sim_id = await enter(site)
    await site.patch(f"{PATH}/{sim_id}", {"status": {"id": 1}})
    first = (await site.get(f"{PATH}/{sim_id}")).json["activation_date"]
    await site.world.advance(60)
    await site.patch(f"{PATH}/{sim_id}", {"status": {"id": 2}})
    await site.patch(f"{PATH}/{sim_id}", {"status": {"id": 1}})
    assert (await site.get(f"{PATH}/{sim_id}")).json["activation_date"] == first


async def test_numbers_are_changed_and_the_old_ones_are_free(site: Site) -> None:
    sim_id = await enter(site, aliases=["111111111", "222222222"])
    old = (await site.get(f"{PATH}/{sim_id}")).json
    change = {"msisdn": "333333333", "aliases": ["222222222"]}
    assert (await site.patch(f"{PATH}/{sim_id}", change, token=site.operator_auth)).status == 204
    new = (await site.get(f"{PATH}/{sim_id}")).json
    assert (new["msisdn"], new["aliases"], new["imsi"]) == ("333333333", ["222222222"], old["imsi"])
    await enter(site, msisdn=old["msisdn"], aliases=["111111111"])
    taken = await site.patch(f"{PATH}/{sim_id}", {"msisdn": "111111111"}, token=site.operator_auth)
    assert taken.status == 409
    assert (await site.get(f"{PATH}/{sim_id}")).json == new, "a refused change changes nothing"
    assert (await site.patch(f"{PATH}/{sim_id}", {"msisdn": None, "imsi": None, "aliases": []}, token=site.operator_auth)).status == 204


async def test_the_operator_gives_a_free_sim_to_another_organisation(site: Site) -> None:
    sim_id = await enter(site)
    body = {"customer_org": {"id": site.b.organisation_id}}
    assert (await site.patch(f"{PATH}/{sim_id}", body)).status == 403
    assert (await site.patch(f"{PATH}/{sim_id}", body, token=site.operator_auth)).status == 204
    assert (await site.get(f"{PATH}/{sim_id}")).status == 404
    assert (await site.get(f"{PATH}/{sim_id}", token=site.b_auth)).status == 200
    assert (await site.patch(f"{PATH}/{site.a.sim_id}", body, token=site.operator_auth)).status == 409, "it is in a device"
    assert (await site.patch(f"{PATH}/{sim_id}", {"customer_org": {"id": 999}}, token=site.operator_auth)).status == 404


async def test_a_sim_is_deleted_once_it_is_in_no_device_and_frees_what_it_had(site: Site) -> None:
    assert (await site.delete(f"{PATH}/{site.a.sim_id}")).status == 403
    body = fresh(site)
    sim_id = (await put(site, body)).json["id"]
    assert (await site.delete(f"{PATH}/{sim_id}")).status == 204
    assert (await site.get(f"{PATH}/{sim_id}")).status == 404
    assert (await site.delete(f"{PATH}/{sim_id}")).status == 404
    assert (await put(site, body)).status == 201


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status:1", True), ("status:0", False), ("iccid:894236", True), ("imsi:29509", True), ("msisdn:42366", True),
        ("endpoint:null", False), ("endpoint:1", True), ("customer_org:1", True), ("issuer_org:999", False),
        ("reseller_org:1", True), ("production_date:2027-01-15", True), ("production_date:2020-01-01", False),
        ("model:classic", False), ("bic:BIC-Alpha", True), ("bic:BIC", False), ("eid:8904", False),
        ("satellite_capable:false", True), ("satellite_capable:true", False), ("id:999", False),
    ],
)  # fmt: skip
async def test_a_list_of_sims_is_filtered(site: Site, query: str, found: bool) -> None:
    reply = await site.get(f"{PATH}?q={query}")
    assert reply.status == 200, reply
    assert bool(reply.json) is found


@pytest.mark.parametrize("field", LISTING.columns)
async def test_a_list_of_sims_is_sorted_by_each_field(site: Site, field: str) -> None:
    await enter(site)
    assert len((await site.get(f"{PATH}?sort=-{field}")).json) == 2
    assert (await site.get(f"{PATH}?sort={field}")).headers["x-sort"] == field


async def test_sims_of_two_number_spaces_have_the_same_numbers(site: Site) -> None:
    body = fresh(site)
    first = (await put(site, body)).json
    reply = await put(site, body | {"number_space": "lab"})
    assert (reply.status, reply.json["error_code"], reply.json["field"]) == (404, 1401, "number_space"), "no link has it"
    await site.world.database.write(link_store.insert, "Lab", "simulator", '{"number_space": "lab"}', site.world.now_ms)
    twin = (await put(site, body | {"number_space": "lab"})).json
    assert [(sim["number_space"], sim["msisdn"]) for sim in (first, twin)] == [("", body["msisdn"]), ("lab", body["msisdn"])]
    found = (await site.get(f"{PATH}?q=number_space:lab")).json
    assert [sim["id"] for sim in found] == [twin["id"]]
    path = f"{PATH}/{twin['id']}"
    assert (await site.patch(path, {"number_space": ""}, token=site.operator_auth)).status == 409
    assert (await site.patch(path, {"number_space": ""})).status == 403, "where organisations share an installation"
    assert (await site.delete(f"{PATH}/{first['id']}")).status == 204
    assert (await site.patch(path, {"number_space": ""}, token=site.operator_auth)).status == 204


@pytest.mark.parametrize("body", [{"sim_status": {"id": 1}}, {"id": 1, "description": "Activated"}, {}])
async def test_a_batch_is_registered_by_its_code_in_both_forms_of_the_body(site: Site, body: dict[str, Any]) -> None:
    ids = {await enter(site, bic="BATCH 7") for _ in range(2)}
    reply = await site.patch("/api/v1/sim_batch/bic/BATCH 7", body)
    assert reply.status == 200
    assert {sim["id"] for sim in reply.json["sim"]} == ids
    assert {sim["status"]["description"] for sim in reply.json["sim"]} == {"Activated"}
    assert (await site.patch("/api/v1/sim_batch/bic/BATCH 7", body)).status == 200, "once more changes nothing"
    assert len((await site.get("/api/v1/sim_batch/bic/BATCH 7")).json["sim"]) == 2


async def test_an_unknown_batch_is_422_with_an_empty_html_body_as_recorded(site: Site) -> None:
    for bic in ("nothing", "BIC-Beta"):
        reply = await site.patch(f"/api/v1/sim_batch/bic/{bic}", {"sim_status": {"id": 1}})
        assert (reply.status, reply.body, reply.headers["content-type"]) == (422, b"", "text/html; charset=UTF-8")
        assert (await site.get(f"/api/v1/sim_batch/bic/{bic}")).status == 404
