"""SMPP accounts in the portal: who is bound, what was refused and what to do, made and shown once, limited, switched off."""

from heliograph.model import esme
from heliograph.model.account import Role
from heliograph.service.manage import account
from heliograph.store import smpp_account, smpp_refusal
from heliograph.store.smpp_account import SessionNow, SmppSession
from heliograph.store.smpp_refusal import SmppRefusal
from heliograph.web.doors import SmppDoor, SmppDoors
from tests.core_world import statement
from tests.web.portal.visitor import Visitor, words
from tests.web.site import Reply, Site

LIMITS = {
    "allowed_addresses": "203.0.113.0/24\n198.51.100.7", "max_binds": "3", "window": "50", "rate": "", "deliver_window": "5",
    "default_coding": "latin-1", "coding_1": "gsm7", "long_messages": "sar", "alerts": "1",
}  # fmt: skip


def account_of(site: Site) -> str:
    return f"pol_{site.a.policy_id}"


def password_in(page: Reply) -> str:
    return page.text.split('class="copy" data-copy="')[1].split('"')[0]


async def refuse(site: Site, system_id: str, reason: str, detail: str = "", count: int = 1) -> None:
    now_ms = site.world.now_ms
    row = SmppRefusal(system_id, "bind", reason, "192.0.2.9", 13, detail, count, now_ms - 60_000, now_ms)
    await site.world.database.write(smpp_refusal.note, [row])


async def test_without_an_account_the_next_step_is_said(admin: Visitor, observer: Visitor, site: Site) -> None:
    await site.world.database.write(smpp_account.delete, account_of(site))
    page = words(await admin.get("/smpp"))
    assert "No SMPP account yet" in page
    assert "New account" in page
    seen = words(await observer.get("/smpp"))
    assert "Ask an Administrator" in seen
    assert "New account" not in seen


async def test_an_account_is_made_and_its_password_is_shown_once(admin: Visitor, site: Site) -> None:
    page = await admin.get("/smpp")
    system_id = f"org_{site.a.organisation_id}"
    assert f'<option value="{system_id}">' in page.text
    assert f'<option value="{account_of(site)}">' not in page.text, "a policy has one"
    made = await admin.post("/smpp", {"of": system_id})
    password = password_in(made)
    assert len(password) == 8
    assert "shown this once" in words(made)
    assert password not in (await admin.get(f"/smpp/{system_id}")).text
    audit = words(await admin.get("/audit"))
    assert system_id in audit or "smpp_account.created" in audit
    assert (await admin.post("/smpp", {"of": system_id})).status == 422
    assert (await admin.post("/smpp", {"of": f"pol_{site.b.policy_id}"})).status == 422, "of another organisation"


async def test_the_operator_makes_one_for_any_organisation(operator: Visitor, site: Site) -> None:
    system_id = f"org_{site.b.organisation_id}"
    assert (await operator.post("/smpp", {"of": system_id})).status == 200
    made = await site.world.database.read(smpp_account.account, site.b.organisation_id, system_id)
    assert made is not None


async def test_who_is_bound_and_how_it_does_is_seen(admin: Visitor, site: Site) -> None:
    where, database = f"/smpp/{account_of(site)}", site.world.database
    assert "Nobody is bound" in words(await admin.get(where))
    session = SmppSession(1, account_of(site), 1, "transceiver", 0x34, "192.0.2.7:5000", 1, site.world.now_ms)
    await database.write(smpp_account.insert_session, session)
    await database.write(smpp_account.note_sessions, [SessionNow(1, 4711, 12, 340, 2, 7, 3)])
    page = words(await admin.get(where))
    for text in ("Bound, 1 session", "transceiver", "SMPP 3.4, TLS", "192.0.2.7:5000", "4 711", "340", "7 of 100", "ours 3 of 10"):
        assert text in page, text
    assert "Bound, 1 session" in words(await admin.get("/smpp"))


async def test_what_was_refused_is_said_with_what_to_do(admin: Visitor, operator: Visitor, site: Site) -> None:
    await refuse(site, account_of(site), "address_not_allowed", count=5213)
    await refuse(site, "", "no_account", "<meters>")
    page = words(await admin.get(f"/smpp/{account_of(site)}"))
    assert "Its allowed addresses do not have this one" in page
    assert "Add the address to allowed_addresses" in page
    assert "0x0D" in page
    assert "5 213" in page
    assert "bind: its allowed addresses do not have this one" in words(await admin.get("/smpp"))
    assert "Refused without an account" not in words(await admin.get("/smpp"))
    seen = await operator.get("/smpp")
    assert "There is no such account, the last tried &lt;meters&gt;" in " ".join(seen.text.replace('<span class="mono">', "").split())


async def test_limits_are_changed_and_wrong_ones_said_at_their_field(admin: Visitor, site: Site) -> None:
    where = f"/smpp/{account_of(site)}"
    assert "Saved." in words(await admin.follow(await admin.post(where, LIMITS)))
    found = (await site.get(f"/api/v1/smpp_account/{account_of(site)}")).json
    assert found["allowed_addresses"] == ["203.0.113.0/24", "198.51.100.7/32"]
    assert (found["max_binds"], found["rate"], found["long_messages"], found["alerts"]) == (3, None, "sar", True)
    assert (found["default_coding"], found["coding_1"]) == ("latin-1", "gsm7")
    for field, typed in (("max_binds", "many"), ("window", "0"), ("rate", "-1"), ("allowed_addresses", "here")):
        refused = await admin.post(where, LIMITS | {field: typed})
        assert refused.status == 422, field
        assert f'id="{field}-error"' in refused.text, field
        assert typed in refused.text
    assert (await site.get(f"/api/v1/smpp_account/{account_of(site)}")).json == found


async def test_it_is_switched_off_and_on_given_a_password_and_deleted(admin: Visitor, site: Site) -> None:
    where = f"/smpp/{account_of(site)}"
    page = words(await admin.follow(await admin.post(f"{where}/switch", {"to": "off"})))
    assert "It may bind no more" in page
    assert "Switched off: nobody can bind" in page
    assert "It may bind again." in words(await admin.follow(await admin.post(f"{where}/switch", {"to": "on"})))
    first, second = [password_in(await admin.post(f"{where}/password")) for _ in range(2)]
    assert (len(first), first == second) == (8, False)
    assert "Deleted the SMPP account" in words(await admin.follow(await admin.post(f"{where}/delete")))
    assert (await admin.get(where)).status == 404


async def test_an_observer_and_a_user_look_and_change_nothing(observer: Visitor, site: Site) -> None:
    arguments = (site.a.organisation_id, "hand@alpha.example", "Hand", None, Role.USER, site.world.now_ms)
    await site.world.database.write(account.enter_user, *arguments)
    user = await Visitor(site).sign_in("hand@alpha.example")
    where = f"/smpp/{account_of(site)}"
    for visitor in (observer, user):
        page = await visitor.get(where)
        assert (page.status, "New password" in words(page), "Change it" in words(page)) == (200, False, False)
        for path, form in ((where, LIMITS), (f"{where}/password", {}), (f"{where}/switch", {"to": "off"}), (f"{where}/delete", {})):
            assert (await visitor.post(path, form)).status == 403, path


async def test_anothers_account_is_not_there(admin: Visitor, site: Site) -> None:
    where = f"/smpp/pol_{site.b.policy_id}"
    assert f"pol_{site.b.policy_id}" not in (await admin.get("/smpp")).text
    for answered in [await admin.get(where), await admin.post(f"{where}/password"), await admin.post(f"{where}/switch", {"to": "off"})]:
        assert answered.status in (404, 422)
    kept = await site.world.database.read(smpp_account.account, 0, f"pol_{site.b.policy_id}")
    assert kept is not None
    assert kept.disabled_at_ms is None


async def test_where_to_bind_is_said_as_this_process_listens(admin: Visitor, site: Site) -> None:
    where = f"/smpp/{account_of(site)}"
    assert "This process takes no SMPP" in words(await admin.get(where))
    site.app.context.smpp = SmppDoors(SmppDoor("127.0.0.1", 2775), SmppDoor("0.0.0.0", 3550))
    page = await admin.get(where)
    assert 'data-copy="127.0.0.1:2775"' in page.text
    assert 'data-copy="sms.example.com:3550"' in page.text, "the host by which the reader came"


async def test_that_it_hears_no_device_is_said_until_a_policy_says_smpp(admin: Visitor, site: Site) -> None:
    where = f"/smpp/{account_of(site)}"
    assert "It hears receipts." in words(await admin.get(where))
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE service_profile SET esme_interface_type_id = 2")))
    assert "It hears receipts." not in words(await admin.get(where))


async def test_the_page_follows_from_the_number_it_was_drawn_at(admin: Visitor, site: Site) -> None:
    assert f'hx-sse:connect="/smpp/{account_of(site)}/stream?after=0"' in (await admin.get(f"/smpp/{account_of(site)}")).text


async def test_what_is_refused_while_somebody_looks_is_drawn(admin: Visitor, site: Site) -> None:
    stream = await admin.follow_stream(f"/smpp/{account_of(site)}/stream")
    await refuse(site, account_of(site), "wrong_password")
    await site.world.advance(4)
    assert "The password is wrong" in stream.said
    await stream.leave()


async def test_every_setting_of_an_account_stands_in_its_form(admin: Visitor, site: Site) -> None:
    page = (await admin.get(f"/smpp/{account_of(site)}")).text
    assert [name for name in esme.NAMES if f'name="{name}"' not in page] == []
    assert sorted(LIMITS) == sorted(esme.NAMES), "and in the form that these tests send"
