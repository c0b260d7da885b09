"""Routes as the operator makes them: added, put into order, changed, asked, deleted; nobody else sees them."""

from tests.web.portal.form import form_at
from tests.web.portal.test_link_pages import added as link_added
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Reply, Site


async def add(operator: Visitor, *links: int, **changes: str) -> Reply:
    form = [*changes.items(), *(("links", str(each)) for each in links)]
    return await operator.post("/routes", form)


async def listed(operator: Visitor, query: str = "") -> str:
    return words(await operator.get(f"/routes{query}"))


async def test_routes_are_added_put_into_order_and_deleted(operator: Visitor, site: Site) -> None:
    assert "Without one all devices go by the first link" in await listed(operator)
    second = await link_added(operator, site)
    first = site.world.link_id
    await operator.follow(await add(operator, second, first, kind="tag", value="roof"))
    assert "Added the route" in words(await operator.follow(await add(operator, first, kind="policy", policy=str(site.a.policy_id))))
    policy = "Devices with the policy " + (await site.get(f"/api/v1/service_profile/{site.a.policy_id}")).json["name"]
    page = await listed(operator)
    assert page.index("Devices with the tag roof") < page.index(policy)
    routes = (await site.get("/api/v1/route", token=site.operator_auth)).json
    await operator.post(f"/routes/{routes[1]['id']}/move", {"to": "up"})
    page = await listed(operator)
    assert page.index(policy) < page.index("Devices with the tag roof")
    assert "Deleted the route" in words(await operator.follow(await operator.post(f"/routes/{routes[0]['id']}/delete", {})))
    assert "the tag roof" not in await listed(operator)


async def test_a_route_is_changed_by_its_form_and_unchanged_by_it_as_it_is(operator: Visitor, site: Site) -> None:
    second = await link_added(operator, site)
    await add(operator, site.world.link_id, second, kind="prefix", value="+882 285", position="7")
    (before,) = (await site.get("/api/v1/route", token=site.operator_auth)).json
    where = f"/routes/{before['id']}"
    page = await operator.get(where)
    assert (await operator.post(where, form_at(page.text, where))).status == 303
    assert (await site.get("/api/v1/route", token=site.operator_auth)).json == [before]
    assert (before["value"], before["position"]) == ("882285", 7)
    await operator.post(where, form_at(page.text, where, changes={"kind": "all", "position": "9"}))
    (after,) = (await site.get("/api/v1/route", token=site.operator_auth)).json
    assert (after["kind"], after["value"], after["position"], after["links"]) == ("all", "", 9, before["links"])


async def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(operator: Visitor, site: Site) -> None:
    link = site.world.link_id
    for field, changes, links in (
        ("value", {"kind": "prefix", "value": "letters"}, [link]),
        ("links", {"kind": "all"}, []),
        ("links", {"kind": "all"}, [link, link]),
        ("position", {"kind": "all", "position": "first"}, [link]),
        ("kind", {"kind": "planet"}, [link]),
    ):
        page = await add(operator, *links, **changes)
        assert (page.status, f'id="{field}-error"' in page.text) == (422, True), (field, words(page))
    assert 'value="letters"' in (await add(operator, link, kind="prefix", value="letters")).text
    assert (await operator.get("/routes/999")).status == 404


async def test_which_link_an_sms_would_take_is_said_with_the_route_that_says_so(operator: Visitor, site: Site) -> None:
    second = await link_added(operator, site)
    number = (await site.get(f"/api/v1/sim/{site.a.sim_id}")).json["msisdn"]
    name = (await site.get(f"/api/v1/link/{site.world.link_id}", token=site.operator_auth)).json["name"]
    assert f"goes by {name} (starting). No route fits it." in await listed(operator, f"?number={number}")
    await add(operator, second, kind="device", value=str(site.a.device_id))
    assert f"An SMS to device {site.a.device_id} goes by SMSC (starting). The route that says so" in await listed(
        operator, f"?number={number}"
    )
    assert "from a device to this phone goes back over the link that brought it" in await listed(operator, "?number=4915199999999")
    await add(operator, second, kind="phone", value="49151")
    assert "from a device to this phone goes by SMSC (starting)." in await listed(operator, "?number=4915199999999")
    assert "is not a number" in await listed(operator, "?number=letters")


async def test_which_link_an_sms_to_a_phone_would_take_is_said_for_each_organisation_that_has_its_own(
    operator: Visitor, site: Site
) -> None:
    kept = await link_added(operator, site)
    reserved = f"/api/v1/link/{kept}/organisation/{site.a.organisation_id}"
    assert (await site.put(reserved, token=site.operator_auth)).status == 204
    await add(operator, kept, kind="phone", value="49")
    asked = "?number=4915199999999"
    name = (await site.get(f"/api/v1/organisation/{site.a.organisation_id}", token=site.operator_auth)).json["name"]
    page = await listed(operator, asked)
    assert f"from a device of {name} to this phone goes by SMSC" in page
    assert "from a device of all other organisations to this phone goes back over the link that brought it" in page
    await add(operator, site.world.link_id, kind="phone", value="4915")
    others = (await site.get(f"/api/v1/link/{site.world.link_id}", token=site.operator_auth)).json["name"]
    assert f"from a device of all other organisations to this phone goes by {others}" in await listed(operator, asked)


async def test_nobody_but_the_operator_sees_or_moves_routes(admin: Visitor, site: Site) -> None:
    assert (await admin.get("/routes")).status == 403
    for path in ("/routes", "/routes/1", "/routes/1/move", "/routes/1/delete"):
        assert (await admin.post(path, {"kind": "all", "links": str(site.world.link_id)})).status == 403
