"""Pages of the operator: the audit, links, the simulator where there is none."""

from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site


async def test_the_audit_says_who_did_what_by_which_door(admin: Visitor, site: Site) -> None:
    assert (await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", {"name": "Renamed"})).status == 201
    sent = await site.send()
    page = await admin.get("/audit")
    assert "policy.changed" in words(page)
    assert "name Default → Renamed" in words(page)
    assert f'href="/devices/{site.a.device_id}/sms/{sent}"' in page.text
    assert "policy.changed" not in words(await admin.get("/audit?action=sms"))
    assert "Nothing like that" in words(await admin.get("/audit?door=smpp"))
    assert "policy.changed" in words(await admin.get("/audit?from=2020-01-01&until=2099-01-01"))
    assert "Nothing like that" in words(await admin.get("/audit?until=2001-01-01&action=policy"))
    assert "policy.changed" in words(await admin.get("/audit?from=soon&action=policy"))


async def test_the_audit_goes_on_page_by_page(admin: Visitor, site: Site) -> None:
    for number in range(60):
        await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", {"name": f"Policy {number}"})
    page = await admin.get("/audit")
    older = page.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Policy 1 " in words(await admin.get(older)) + " "


async def test_links_and_their_settings_are_the_operators_alone(operator: Visitor, admin: Visitor) -> None:
    assert (await admin.get("/links")).status == 403
    page = words(await operator.get("/links"))
    assert "Unmatched SMS" in page
    assert "None: all that came in belonged to a device." in page


async def test_a_link_that_cannot_be_is_refused_with_what_was_typed(operator: Visitor) -> None:
    for settings in ("{", "[1]"):
        page = await operator.post("/links", {"name": "Leg", "kind": "smpp", "settings": settings})
        assert (page.status, "no JSON object" in words(page), 'value="Leg"' in page.text) == (422, True, True)


async def test_where_no_simulator_runs_there_is_no_panel(operator: Visitor, admin: Visitor) -> None:
    assert (await operator.get("/simulator")).status == 404
    assert "Simulator" not in words(await operator.get("/devices"))
    assert (await admin.get("/simulator")).status == 403
