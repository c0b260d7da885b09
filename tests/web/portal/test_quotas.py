"""The SMS quota of a device: given, seen, changed by its form, taken away; what it means without one is said."""

from tests.web.portal.form import form_at
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Site

FORM = {"volume": "100", "expiry": "2027-03-01T12:00", "threshold": "20"}


async def test_a_quota_is_given_seen_kept_by_its_form_and_taken_away(admin: Visitor, site: Site) -> None:
    where = f"/devices/{site.a.device_id}/quota"
    assert "asks for no quota" in words(await admin.get(where))
    await site.patch(f"/api/v1/service_profile/{site.a.policy_id}", {"apply_sms_quota": True})
    assert "it can neither send nor receive" in words(await admin.get(where))
    assert "The quota is given." in words(await admin.follow(await admin.post(where, FORM)))
    page = await admin.get(where)
    assert "Left 100 parts, of 100 last added State Active" in words(page)
    kept = form_at(page.text, where)
    assert dict(kept) == FORM
    await admin.post(where, kept)
    found = (await site.get(f"/api/v1/endpoint/{site.a.device_id}/quota/sms")).json
    assert (found["volume"], found["threshold_percentage"]) == (100, 20)
    assert "taken away" in words(await admin.follow(await admin.post(f"{where}/delete")))
    assert "it can neither send nor receive" in words(await admin.get(where))


async def test_what_is_wrong_stands_at_its_field(admin: Visitor, site: Site) -> None:
    where = f"/devices/{site.a.device_id}/quota"
    wrong = (("volume", "many"), ("volume", ""), ("volume", "0"), ("expiry", ""), ("expiry", "2001-01-01T00:00"), ("threshold", "101"))
    for field, typed in wrong:
        page = await admin.post(where, FORM | {field: typed})
        assert (page.status, f'id="{field}-error"' in page.text) == (422, True), (field, typed, words(page))
    assert (await admin.get(f"/devices/{site.b.device_id}/quota")).status == 404


async def test_an_observer_sees_it_and_gives_none(observer: Visitor, site: Site) -> None:
    where = f"/devices/{site.a.device_id}/quota"
    assert "Give it" not in words(await observer.get(where))
    assert (await observer.post(where, FORM)).status == 403
    assert (await observer.post(f"{where}/delete")).status == 403
