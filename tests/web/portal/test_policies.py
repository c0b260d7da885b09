"""Service policies in the portal: seen, saved only when asked, explained, deleted where no device has them."""

from typing import Any

import msgspec

from heliograph.store import smpp_account
from heliograph.store.smpp_account import SmppSession
from tests.core_world import statement
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site

FORM = {
    "name": "Trackers", "description": "", "mo": "1", "mt": "1", "sms_a2p": "1", "mt_limit": "100", "mo_limit": "",
    "short_number_max_digits": "7", "application_numbers": "49171*\n+49 172 5", "sender_allow_list": "", "default_source": "Tracker",
    "interface": "portal", "url": "", "secret": "",
}  # fmt: skip


async def kept(site: Site, policy_id: int) -> dict[str, Any]:
    """The policy as the API tells it."""
    found: dict[str, Any] = (await site.get(f"/api/v1/service_profile/{policy_id}")).json
    return found


async def test_the_list_shows_what_is_on_and_how_many_devices_have_it(admin: Visitor, site: Site) -> None:
    page = await admin.get("/policies")
    assert "Default" in words(page)
    assert f'href="/devices?policy={site.a.policy_id}">1<' in page.text
    assert "P2P ext is off" in page.text
    assert "Beta" not in page.text


async def test_a_policy_is_made_from_one_form_with_all_that_was_typed(admin: Visitor, site: Site) -> None:
    new = words(await admin.get("/policies/new"))
    assert "Phones cannot reach them." in new
    made = await admin.post("/policies", FORM)
    page = await admin.follow(made)
    assert "Saved the service policy Trackers." in words(page)
    assert "Devices can text your application on numbers up to 7 digits, and on 49171…, 491725." in words(page)
    profile = await kept(site, int(made.headers["location"].rsplit("/", 1)[1]))
    assert [each["id"] for each in profile["service"]] == [6, 32]
    assert (profile["sms_p2p_ext"], profile["mt_limit"], profile["mo_limit"], profile["default_source"]) == (False, 100, None, "Tracker")
    assert profile["application_numbers"] == ["49171*", "491725"]


async def test_what_is_not_taken_is_said_at_its_field_and_nothing_is_saved(admin: Visitor, site: Site) -> None:
    before = await kept(site, site.a.policy_id)
    for field, typed in (("mt_limit", "many"), ("short_number_max_digits", "99"), ("application_numbers", "12?3"), ("name", " ")):
        reply = await admin.post(f"/policies/{site.a.policy_id}", FORM | {field: typed})
        assert reply.status == 422, field
        assert f'id="{field}-error"' in reply.text, field
        assert typed.strip() in reply.text
    assert await kept(site, site.a.policy_id) == before


async def test_a_webhook_is_made_once_and_its_secret_is_never_shown(admin: Visitor, site: Site) -> None:
    where, form = f"/policies/{site.a.policy_id}", FORM | {"interface": "webhook", "url": "https://new.example/sms", "secret": "s3cret" * 6}
    page = await admin.follow(await admin.post(where, form))
    assert "goes to the webhook https://new.example/sms" in words(page)
    assert "s3cret" not in page.text
    first = await kept(site, site.a.policy_id)
    assert first["api_callback"]["url"] == "https://new.example/sms"
    await admin.post(where, form | {"secret": "", "mt_limit": "5"})
    again = await kept(site, site.a.policy_id)
    assert (again["api_callback"]["id"], again["api_secret"], again["mt_limit"]) == (first["api_callback"]["id"], first["api_secret"], 5)
    await admin.post(where, form | {"secret": "", "no_secret": "1"})
    assert (await kept(site, site.a.policy_id))["api_secret"] is None
    await admin.post(where, form | {"interface": "portal"})
    assert (await kept(site, site.a.policy_id))["api_callback"] is None


async def test_an_address_that_may_not_be_called_is_refused_at_its_field(admin: Visitor, site: Site) -> None:
    for url in ("http://169.254.169.254/", "ftp://x.example", ""):
        reply = await admin.post(f"/policies/{site.a.policy_id}", FORM | {"interface": "webhook", "url": url})
        assert (reply.status, 'id="url-error"' in reply.text) == (422, True), url


async def test_receipts_go_to_a_zapier_hook_by_post_and_the_page_says_why(admin: Visitor, site: Site) -> None:
    form = FORM | {"interface": "webhook", "url": "https://hooks.zapier.com/hooks/catch/1/abc"}
    page = words(await admin.follow(await admin.post(f"/policies/{site.a.policy_id}", form)))
    assert "may answer 405 to PATCH, so delivery receipts are sent there by POST" in page
    webhook_id = (await kept(site, site.a.policy_id))["api_callback"]["id"]
    assert (await site.get(f"/api/v1/webhook/{webhook_id}")).json["receipt_method"] == "POST"


async def test_would_this_message_pass_asks_the_decision_itself(admin: Visitor, site: Site) -> None:
    where = f"/policies/{site.a.policy_id}"
    assert "It passes." in words(await admin.get(f"{where}?way=mt&text=hello"))
    assert "It passes." in words(await admin.get(f"{where}?way=mo&number=1000&text=hello"))
    assert "then send again. p2p_external_off" in words(await admin.get(f"{where}?way=mo&number=49170123456&text=hello"))
    assert "1000 is a short number" in words(await admin.get(f"{where}?way=mo&number=1000&text=hello"))


async def test_the_meaning_of_what_is_typed_is_said_before_it_is_saved(admin: Visitor, site: Site) -> None:
    part = await admin.post("/policies/preview", FORM | {"sms_p2p_ext": "1", "sender_allow_list": "49170*"}, hx_request="true")
    assert "from 49170… only" in words(part)
    assert (await admin.post("/policies/preview", FORM | {"mt_limit": "many"}, hx_request="true")).status == 422
    assert (await kept(site, site.a.policy_id))["name"] == "Default"


async def test_a_policy_in_use_is_not_deleted_and_says_by_how_many(admin: Visitor, site: Site) -> None:
    reply = await admin.post(f"/policies/{site.a.policy_id}/delete")
    assert (reply.status, "1 device has this policy: give them another one first." in words(reply)) == (409, True)
    made = (await admin.post("/policies", FORM)).headers["location"]
    assert "Deleted the service policy Trackers." in words(await admin.follow(await admin.post(f"{made}/delete")))
    assert (await admin.get(made)).status == 404


async def test_a_policy_leads_to_its_smpp_account_and_where_there_is_none_makes_it(admin: Visitor, site: Site) -> None:
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET esme_interface_type_id = 2")))
    where, system_id = f"/policies/{site.a.policy_id}", f"pol_{site.a.policy_id}"
    assert f'href="/smpp/{system_id}"' in (await admin.get(where)).text
    await site.world.database.write(smpp_account.delete, system_id)
    page = await admin.get(where)
    assert "Make the account" in words(page)
    assert f'name="of" value="{system_id}"' in page.text


async def test_who_is_bound_by_the_smpp_account_is_seen(admin: Visitor, site: Site) -> None:
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET esme_interface_type_id = 2")))
    where, system_id = f"/policies/{site.a.policy_id}", f"pol_{site.a.policy_id}"
    assert "Nobody is bound" in words(await admin.get(where))
    session = SmppSession(1, system_id, 1, "transceiver", 0x34, "192.0.2.7:5000", 1, site.world.now_ms)
    await site.world.database.write(smpp_account.insert_session, session)
    await site.world.database.write(smpp_account.insert_session, msgspec.structs.replace(session, id=2, system_id="pol_99"))
    page = words(await admin.get(where))
    assert "bound, 1 session" in page
    assert "transceiver, SMPP 3.4, TLS, from 192.0.2.7:5000" in page


async def test_an_observer_sees_a_policy_and_no_way_to_change_it(observer: Visitor, site: Site) -> None:
    page = await observer.get(f"/policies/{site.a.policy_id}")
    assert (page.status, "What it means" in words(page)) == (200, True)
    assert '<fieldset class="stack" disabled>' in page.text
    assert not any(word in words(page).replace("Saved commands", "") for word in ("Save", "Delete", "Create policy"))
    assert "New policy" not in words(await observer.get("/policies"))


async def test_anothers_policy_is_not_there(admin: Visitor, site: Site) -> None:
    assert (await admin.get(f"/policies/{site.b.policy_id}")).status == 404
    assert (await admin.post(f"/policies/{site.b.policy_id}", FORM)).status == 404


async def test_where_a_link_is_in_a_country_with_numbers_of_8_digits_the_form_says_so_and_offers_7(admin: Visitor, site: Site) -> None:
    path = f"/policies/{site.a.policy_id}"
    assert "where phones have 8 digits" not in words(await admin.get(path))
    norwegian = statement('UPDATE link SET settings = \'{"country": "47"}\'')
    await site.world.database.write(lambda tx: tx.run(norwegian))
    page = words(await admin.get(path))
    assert "A link here is in Norway, where phones have 8 digits" in page
    seven = statement("UPDATE service_profile SET settings = '{\"short_number_max_digits\": 7}'")
    await site.world.database.write(lambda tx: tx.run(seven))
    assert "where phones have 8 digits" not in words(await admin.get(path))
