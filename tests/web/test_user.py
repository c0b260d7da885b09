"""Users over the API: invited, activated, changed, suspended; their passwords and second factors, as emnify's calls have them."""

import base64

import pytest

from heliograph.model import totp
from heliograph.model.account import Role
from heliograph.service.password import sha1_hex
from heliograph.store import account as account_store
from tests.core_world import statement
from tests.web.site import PASSWORD, Reply, Site
from tests.web.test_authenticate import PATH as AUTHENTICATE
from tests.web.test_authenticate import log_in, refresh

USER = "/api/v1/user"
NEW = {"username": "Ada@Example.org", "name": "Ada", "roles": [{"id": 2}]}
DAY = 86_400


async def invite(site: Site, **more: object) -> dict[str, object]:
    reply = await site.post(USER, NEW | more)
    assert reply.status == 201, reply
    found: dict[str, object] = reply.json
    return found


async def activate(site: Site, key: object, password: str = "a new one", path: str = f"{USER}/activation") -> Reply:
    return await site.post(path, {"activationKey": key, "password": sha1_hex(password)}, token=None)


async def auth_of(site: Site, email: str | None = None, password: str = PASSWORD) -> str:
    token: str = (await log_in(site, email or site.a.email, password)).json["auth_token"]
    return token


async def test_who_is_invited_sets_a_password_by_the_key_and_logs_in(site: Site) -> None:
    made = await invite(site)
    assert made["status"] == {"id": 0, "description": "Activation Pending"}
    assert made["username"] == "ada@example.org"
    assert made["roles"] == [{"id": 2, "name": "User"}]
    assert (await log_in(site, "ada@example.org", "")).status == 401
    assert (await activate(site, made["activation_key"])).status == 204
    auth = await auth_of(site, "ada@example.org", "a new one")
    me = (await site.get(f"{USER}/my", token=auth)).json
    assert (me["id"], me["status"]["id"], me["mfa"]) == (made["id"], 1, [])
    assert (await site.post("/api/v1/application_token", {}, token=auth)).status == 403


async def test_a_key_is_kept_as_a_hash_and_works_once_for_24_hours(site: Site) -> None:
    key = (await invite(site))["activation_key"]
    assert str(key) not in str(site.world.rows("SELECT token_hash FROM password_link"))
    assert (await activate(site, key)).status == 204
    used = await activate(site, key)
    never = await activate(site, "hgl_never")
    assert (used.status, used.body) == (never.status, never.body) == (400, never.body)
    late = (await invite(site, username="late@example.org"))["activation_key"]
    await site.world.jump(DAY)
    assert (await activate(site, late)).status == 400


async def test_version_2_invites_and_accepts_too_and_the_name_may_change(site: Site) -> None:
    made = (await site.post("/api/v2/user/invitation", {"username": "b@example.org"})).json
    assert made["roles"] == [{"id": 1, "name": "Administrator"}]
    body = {"activationKey": made["activation_key"], "password": sha1_hex("a new one"), "name": "Grace"}
    assert (await site.post("/api/v2/user/activation", body, token=None)).status == 204
    assert (await site.get(f"{USER}/b@example.org")).json["name"] == "Grace"


async def test_an_address_is_a_users_once_and_must_be_one(site: Site) -> None:
    await invite(site)
    assert (await site.post(USER, NEW)).status == 409
    assert (await site.post(USER, NEW | {"username": "nobody"})).status == 422


async def test_a_new_link_resets_a_password_and_ends_all_logins(site: Site) -> None:
    made = await invite(site)
    await activate(site, made["activation_key"], "first")
    tokens = (await log_in(site, "ada@example.org", "first")).json
    again = await site.post(f"{USER}/{made['id']}/password_link", {})
    assert again.status == 201
    assert (await log_in(site, "ada@example.org", "first")).status == 200, "until it is used"
    await site.world.jump(2)
    assert (await activate(site, again.json["activation_key"], "second")).status == 204
    assert (await log_in(site, "ada@example.org", "first")).status == 401
    assert (await refresh(site, tokens["refresh_token"])).status == 401
    await site.world.jump(30)
    assert (await site.get(f"{USER}/my", token=tokens["auth_token"])).status == 401
    assert (await log_in(site, "ada@example.org", "second")).status == 200


async def test_a_user_changes_their_own_password_and_logs_in_again(site: Site) -> None:
    auth = await auth_of(site)
    await site.world.jump(2)
    body = {"old_password": sha1_hex(PASSWORD), "new_password": sha1_hex("another")}
    assert (await site.patch(f"{USER}/password", body, token=auth)).status == 204
    await site.world.jump(30)
    assert (await site.get(f"{USER}/my", token=auth)).status == 401
    assert (await log_in(site, site.a.email)).status == 401
    assert (await log_in(site, site.a.email, "another")).status == 200


async def test_what_befalls_a_password_is_in_the_audit_and_the_password_is_not(site: Site) -> None:
    await site.world.jump(2)
    body = {"old_password": sha1_hex(PASSWORD), "new_password": sha1_hex("another")}
    assert (await site.patch(f"{USER}/password", body, token=await auth_of(site))).status == 204
    made = (await site.post(USER, {"username": "grace@example.org", "name": "Grace", "roles": [{"id": 3}]})).json
    assert (await site.post(f"{USER}/{made['id']}/password_link", {})).status in (200, 201)
    rows = (await site.get("/api/v1/audit?action=user")).json
    assert {each["action"] for each in rows} >= {"user.password_set", "user.invited", "user.link_made"}
    (own,) = [each for each in rows if each["action"] == "user.password_set"]
    assert (own["who"], own["door"]) == (site.a.email, "rest")
    assert sha1_hex("another") not in str(rows)


async def test_a_wrong_old_password_is_422_and_after_three_429_never_401(site: Site) -> None:
    auth = await auth_of(site)
    body = {"old_password": sha1_hex("wrong"), "new_password": sha1_hex("another")}
    replies = [await site.patch(f"{USER}/password", body, token=auth) for _ in range(4)]
    assert [reply.status for reply in replies] == [422, 422, 422, 429]
    assert "old_password" in replies[0].json["message"]


async def test_a_password_must_come_as_its_sha1(site: Site) -> None:
    body = {"old_password": sha1_hex(PASSWORD), "new_password": "plain"}
    assert (await site.patch(f"{USER}/password", body, token=await auth_of(site))).status == 422


@pytest.mark.parametrize(("method", "path"), [("PATCH", "password"), ("GET", "my"), ("POST", "mfa")])
async def test_what_users_do_for_themselves_is_403_for_an_application_token(site: Site, method: str, path: str) -> None:
    body = {"old_password": "0" * 40, "new_password": "1" * 40, "password": "0" * 40}
    assert (await site.call(method, f"{USER}/{path}", body)).status == 403


async def test_a_suspended_user_is_nobody_until_they_are_active_again(site: Site) -> None:
    tokens = (await log_in(site, site.a.email)).json
    user_id = (await site.get(f"{USER}/{site.a.email}")).json["id"]
    assert (await site.patch(f"{USER}/{user_id}", {"status": {"id": 2}})).status == 204
    assert (await site.get(f"{USER}/{user_id}")).json["status"] == {"id": 2, "description": "Suspended"}
    assert (await log_in(site, site.a.email)).body == (await log_in(site, "nobody@example.org")).body == b""
    assert (await refresh(site, tokens["refresh_token"])).status == 401
    assert (await site.get(f"{USER}/my", token=tokens["auth_token"])).status == 401
    assert (await site.patch(f"{USER}/{user_id}", {"status": {"id": 1}})).status == 204
    assert (await log_in(site, site.a.email)).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"status": {"id": 0}}, 409),
        ({"status": {"id": 9}}, 422),
        ({"username": "other@example.org"}, 409),
        ({"name": ""}, 422),
        ({"name": "Renamed"}, 204),
    ],
)
async def test_of_a_user_only_some_things_change(site: Site, body: object, status: int) -> None:
    user_id = (await site.get(f"{USER}/{site.a.email}")).json["id"]
    assert (await site.patch(f"{USER}/{user_id}", body)).status == status


async def test_who_was_invited_becomes_active_by_a_password_only(site: Site) -> None:
    made = await invite(site)
    assert (await site.patch(f"{USER}/{made['id']}", {"status": {"id": 1}})).status == 409


async def test_a_role_is_given_by_its_id_and_never_to_oneself(site: Site) -> None:
    assert (await site.put(f"{USER}/{site.a.user_id}/role/3")).status == 204
    assert (await site.get(f"{USER}/{site.a.user_id}")).json["roles"] == [{"id": 3, "name": "Observer"}]
    auth = await auth_of(site)
    me = (await site.get(f"{USER}/my", token=auth)).json["id"]
    assert (await site.put(f"{USER}/{me}/role/3", token=auth)).status == 409
    assert (await site.put(f"{USER}/{site.a.user_id}/role/9")).status == 404


async def test_only_the_operator_makes_and_changes_a_superadmin(site: Site) -> None:
    assert (await site.put(f"{USER}/{site.a.user_id}/role/4")).status == 403
    assert (await site.post(USER, NEW | {"roles": [{"id": 4}]})).status == 403
    assert (await site.put(f"{USER}/{site.a.user_id}/role/4", token=site.operator_auth)).status == 204
    assert (await site.patch(f"{USER}/{site.a.user_id}", {"status": {"id": 2}})).status == 403
    assert (await site.post(f"{USER}/{site.a.user_id}/password_link", {})).status == 403


async def test_the_last_superadmin_stays_one(site: Site) -> None:
    user_id = (await site.get(f"{USER}/{site.operator.email}", token=site.operator_auth)).json["id"]
    assert (await site.patch(f"{USER}/{user_id}", {"status": {"id": 2}}, token=site.operator_auth)).status == 409
    assert (await site.put(f"{USER}/{user_id}/role/1", token=site.operator_auth)).status == 409


async def test_the_operator_invites_into_any_organisation(site: Site) -> None:
    reply = await site.post(USER, NEW | {"organisation": {"id": site.b.organisation_id}}, token=site.operator_auth)
    assert reply.json["organisation"] == {"id": site.b.organisation_id, "name": "Beta"}
    assert (await site.post(USER, NEW | {"organisation": {"id": 999}}, token=site.operator_auth)).status == 404


async def test_lists_and_look_ups(site: Site) -> None:
    listed = await site.get(f"{USER}?per_page=1&page=2")
    assert [user["username"] for user in listed.json] == ["colleague@alpha.example"]
    assert (listed.headers["x-total-count"], listed.headers["x-total-pages"]) == ("2", "2")
    assert {role["name"] for role in (await site.get(f"{USER}/role")).json} == {role.value for role in Role}
    assert [status["id"] for status in (await site.get(f"{USER}/status")).json] == [0, 1, 2]
    auth = await auth_of(site)
    assert [each["name"] for each in (await site.get("/api/v2/user/my/workspace", token=auth)).json] == ["Alpha"]


async def test_every_change_of_a_user_is_in_the_audit_without_what_is_secret(site: Site) -> None:
    made = await invite(site)
    await activate(site, made["activation_key"])
    await site.put(f"{USER}/{made['id']}/role/3")
    rows = site.world.rows("SELECT action, changes FROM audit WHERE object_id = :id ORDER BY id", id=made["id"])
    assert [row.action for row in rows] == ["user.invited", "user.password_set", "user.changed"]
    assert "argon2" not in str(rows)


# a second factor


async def make_key(site: Site, auth: str, password: str = PASSWORD) -> Reply:
    return await site.post(f"{USER}/mfa", {"type": {"id": 1}, "password": sha1_hex(password)}, token=auth)


def code_of(site: Site, secret: str, off: int = 0) -> str:
    octets = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return totp.code(octets, site.world.now_ms // 30_000 + off)


async def test_a_user_makes_a_second_factor_activates_it_and_is_asked_for_it(site: Site) -> None:
    auth = await auth_of(site)
    made = (await make_key(site, auth)).json
    assert made["status"] == {"id": 0, "description": "Activation Pending"}
    assert made["otpauth"].startswith("otpauth://totp/Heliograph:alpha%40example.org?secret=" + made["secret_key"])
    assert (await log_in(site, site.a.email)).json.keys() == {"auth_token", "refresh_token"}, "not before it is activated"
    path = f"{USER}/mfa/{made['id']}"
    assert (await site.patch(path, {"status": {"id": 1}, "code": "000000"}, token=auth)).status == 422
    assert (await site.patch(path, {"status": {"id": 1}, "code": code_of(site, made["secret_key"])}, token=auth)).status == 204
    assert (await site.patch(path, {"status": {"id": 1}, "code": code_of(site, made["secret_key"], 1)}, token=auth)).status == 409
    token = (await log_in(site, site.a.email)).json["mfa_token"]
    again = {"mfa_token": token, "code": code_of(site, made["secret_key"])}
    assert (await site.post(AUTHENTICATE, again, token=None)).status == 401, "that code activated the key"
    for code in (code_of(site, made["secret_key"], 1), made["recovery_codes"][0]):
        assert (await site.post(AUTHENTICATE, {"mfa_token": token, "code": code}, token=None)).status == 200
    assert (await make_key(site, auth)).status == 409
    (shown,) = (await site.get(f"{USER}/my", token=auth)).json["mfa"]
    assert (shown["id"], shown["status"]["id"]) == (made["id"], 1)


async def test_a_second_factor_needs_the_password_once_more(site: Site) -> None:
    assert (await make_key(site, await auth_of(site), "wrong")).status == 422


async def test_an_administrator_takes_a_lost_second_factor_off(site: Site) -> None:
    auth = await auth_of(site)
    made = (await make_key(site, auth)).json
    await site.patch(f"{USER}/mfa/{made['id']}", {"code": code_of(site, made["secret_key"])}, token=auth)
    me = (await site.get(f"{USER}/my", token=auth)).json["id"]
    await site.world.jump(2)
    assert (await site.delete(f"{USER}/{me}/mfa/{made['id']}", token=site.b_auth)).status == 404
    assert (await site.delete(f"{USER}/{me}/mfa/{made['id']}")).status == 204
    assert "auth_token" in (await log_in(site, site.a.email)).json


async def test_trusted_devices_are_listed_and_forgotten(site: Site) -> None:
    path = f"{USER}/{site.a.user_id}/mfa/trusted_device"
    (device,) = (await site.get(path)).json
    assert device["name"] == "Alpha"
    assert (await site.delete(f"{path}/{device['id']}")).status == 204
    assert (await site.get(path)).json == []
    query = statement("UPDATE app_user SET role = 'User' WHERE email = :email")
    await site.world.database.write(lambda tx: tx.run(query, email=site.a.email))
    assert (await site.get(path, token=await auth_of(site))).status == 403, "another's are an Administrator's to see"


async def test_disabled_users_get_no_link(site: Site) -> None:
    user = await site.world.database.read(account_store.user, site.a.user_id)
    assert user is not None
    await site.patch(f"{USER}/{user.id}", {"status": {"id": 2}})
    assert (await site.post(f"{USER}/{user.id}/password_link", {})).status == 409
