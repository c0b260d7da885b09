"""Who gets an auth token, who does not, and for how long it is one."""

import asyncio

import jwt
import pytest

from heliograph.service.password import sha1_hex
from heliograph.store import account as account_store
from tests.core_world import statement
from tests.web.site import ADDRESS, PASSWORD, AuthenticateSettings, Reply, Settings, Site

PATH = "/api/v1/authenticate"
FOUR_HOURS = 4 * 3600


async def log_in(site: Site, email: str, password: str = PASSWORD, address: str = ADDRESS) -> Reply:
    return await site.post(PATH, {"username": email, "password": sha1_hex(password)}, token=None, address=address)


async def test_an_application_token_gives_an_auth_token_of_its_organisation(site: Site) -> None:
    reply = await site.get("/api/v1/organisation/my", token=site.b_auth)
    assert reply.json["name"] == "Beta"


async def test_wrong_credentials_are_401_with_an_empty_body(site: Site) -> None:
    for body in ({"application_token": "hgt_wrong"}, {"username": site.a.email, "password": "0" * 40}, {"refresh_token": "x.y.z"}):
        reply = await site.post(PATH, body, token=None)
        assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("body", [{}, {"username": "x"}, {"mfa_token": "x"}, b"{", [], {"application_token": 5}])
async def test_a_request_without_credentials_is_400(site: Site, body: object) -> None:
    assert (await site.post(PATH, body, token=None)).status == 400


async def test_a_user_logs_in_by_the_sha1_of_their_password_in_any_case(site: Site) -> None:
    reply = await log_in(site, site.a.email.upper())
    assert reply.json.keys() == {"auth_token", "refresh_token"}
    claims = jwt.decode(reply.json["auth_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["esc.org"]) == (site.a.email, site.a.organisation_id)
    assert (await site.get("/api/v1/endpoint", token=reply.json["auth_token"])).status == 200
    upper = await site.post(PATH, {"username": site.a.email, "password": sha1_hex(PASSWORD).upper()}, token=None)
    assert upper.status == 200


async def refresh(site: Site, token: str) -> Reply:
    return await site.post(PATH, {"refresh_token": token}, token=None)


async def test_a_refresh_token_gives_auth_tokens_and_is_none_itself(site: Site) -> None:
    tokens = (await log_in(site, site.a.email)).json
    reply = await refresh(site, tokens["refresh_token"])
    assert (await site.get("/api/v1/endpoint", token=reply.json["auth_token"])).status == 200
    assert (await site.get("/api/v1/endpoint", token=tokens["refresh_token"])).status == 401
    assert (await refresh(site, tokens["auth_token"])).status == 401
    kept = site.world.rows("SELECT token_hash FROM refresh_token")
    assert tokens["refresh_token"] not in str(kept)


async def test_a_client_that_knows_no_successor_uses_its_refresh_token_until_it_expires(site: Site) -> None:
    first = (await log_in(site, site.a.email)).json["refresh_token"]
    for _ in range(5):
        await site.world.jump(FOUR_HOURS)
        assert (await refresh(site, first)).status == 200
    await site.world.jump(FOUR_HOURS)
    assert (await refresh(site, first)).status == 401


async def test_a_refresh_token_whose_successor_was_used_ends_all_that_came_of_that_login(site: Site) -> None:
    first = (await log_in(site, site.a.email)).json["refresh_token"]
    other = (await log_in(site, site.a.email)).json["refresh_token"]
    second = (await refresh(site, first)).json["refresh_token"]
    third = (await refresh(site, second)).json["refresh_token"]
    assert (await refresh(site, first)).status == 401, "one of two has it who should not"
    assert (await refresh(site, third)).status == 401
    assert (await refresh(site, other)).status == 200, "another login"


async def test_a_lost_answer_of_a_refresh_and_two_at_once_do_no_harm(site: Site) -> None:
    first = (await log_in(site, site.a.email)).json["refresh_token"]
    one, other = [reply.json["refresh_token"] for reply in await asyncio.gather(refresh(site, first), refresh(site, first))]
    assert (await refresh(site, one)).status == 200
    assert (await refresh(site, other)).status == 200


async def test_refresh_tokens_go_on_for_30_days_after_the_login_and_old_ones_are_deleted(site: Site) -> None:
    token = (await log_in(site, site.a.email)).json["refresh_token"]
    for _ in range(30):
        await site.world.jump(86_400 - 1)
        token = (await refresh(site, token)).json["refresh_token"]
    await site.world.jump(86_400 - 1)
    assert (await refresh(site, token)).status == 401
    await site.world.sweep()
    assert site.world.rows("SELECT token_hash FROM refresh_token") == []


async def test_the_password_is_kept_as_argon2id_of_its_sha1(site: Site) -> None:
    user = await site.world.database.read(account_store.user_by_email, site.a.email)
    assert user is not None
    assert user.password_hash is not None
    assert user.password_hash.startswith("$argon2id$")
    assert sha1_hex(PASSWORD) not in user.password_hash


async def test_three_failures_lock_out_this_user_at_this_address_for_five_minutes(site: Site) -> None:
    for _ in range(3):
        assert (await log_in(site, site.a.email, "wrong")).body == b""
    locked = await log_in(site, site.a.email)
    assert (locked.status, locked.json["error_code"], locked.json["error_token"]) == (401, 1105, "TooManyRequests")
    assert (await log_in(site, site.a.email, address="198.51.100.9")).status == 200, "nobody locks out another"
    assert (await log_in(site, site.b.email)).status == 200
    await site.world.advance(301)
    assert (await log_in(site, site.a.email)).status == 200


async def test_a_success_ends_the_row_of_failures(site: Site) -> None:
    for _ in range(2):
        for _ in range(2):
            await log_in(site, site.a.email, "wrong")
        assert (await log_in(site, site.a.email)).status == 200


async def test_an_unknown_user_is_locked_out_like_a_known_one(site: Site) -> None:
    replies = [await log_in(site, "nobody@example.org", "wrong") for _ in range(4)]
    assert [reply.body[:1] for reply in replies] == [b"", b"", b"", b"{"]


async def test_an_unknown_user_costs_a_hash_like_a_known_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    fits = site.access.passwords._fits
    monkeypatch.setattr(site.access.passwords, "_fits", lambda kept, given: (hashed.append(kept), fits(kept, given))[1])
    await log_in(site, "nobody@example.org")
    await log_in(site, site.a.email)
    assert len(hashed) == 2


@pytest.mark.parametrize("settings", [Settings(authenticate=AuthenticateSettings(rate_per_5_min=5))], indirect=True)
async def test_an_address_authenticates_only_so_often(site: Site) -> None:
    body = {"application_token": site.a.application_token}
    statuses = [(await site.post(PATH, body, token=None)).status for _ in range(3)]
    assert statuses == [200, 200, 429], "the site itself authenticated three times"
    assert (await site.post(PATH, body, token=None, address="198.51.100.9")).status == 200
    await site.world.advance(300)
    assert (await site.post(PATH, body, token=None)).status == 200


async def test_an_auth_token_ends_after_four_hours(site: Site) -> None:
    await site.world.jump(FOUR_HOURS - 1)
    assert (await site.get("/api/v1/endpoint/status")).status == 200
    await site.world.jump(2)
    reply = await site.get("/api/v1/endpoint/status")
    assert (reply.status, reply.json["error_token"]) == (401, "TokenExpired")


async def test_a_revoked_application_token_gives_no_auth_token_and_ends_those_it_gave_within_half_a_minute(site: Site) -> None:
    assert (await site.get("/api/v1/endpoint/status")).status == 200
    assert (await site.patch(f"/api/v1/application_token/{site.a.token_id}", {"status": {"id": 1}})).status == 204
    assert (await site.post(PATH, {"application_token": site.a.application_token}, token=None)).status == 401
    await site.world.jump(30)
    assert (await site.get("/api/v1/endpoint/status")).json["error_token"] == "InvalidToken"


async def test_an_application_token_that_expires_gives_auth_tokens_that_end_with_it(site: Site) -> None:
    made = await site.post("/api/v1/application_token", {"expiry_date": "2027-01-15T09:00:00Z"})
    token = await site.auth_token(made.json["application_token"])
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 3600
    await site.world.jump(3600)
    assert (await site.post(PATH, {"application_token": made.json["application_token"]}, token=None)).status == 401


async def test_an_application_token_may_be_for_one_network_only(site: Site) -> None:
    token = (await site.post("/api/v1/application_token", {"ip": "203.0.113.0/24"})).json["application_token"]
    assert (await site.post(PATH, {"application_token": token}, token=None, address="203.0.113.9")).status == 200
    assert (await site.post(PATH, {"application_token": token}, token=None, address="198.51.100.9")).status == 401


async def test_a_disabled_user_is_nobody(site: Site) -> None:
    tokens = (await log_in(site, site.a.email)).json
    query = statement("UPDATE app_user SET disabled_at_ms = 1 WHERE email = :email")
    await site.world.database.write(lambda tx: tx.run(query, email=site.a.email))
    assert (await log_in(site, site.a.email)).status == 401
    assert (await site.post(PATH, {"refresh_token": tokens["refresh_token"]}, token=None)).status == 401
    assert (await site.get("/api/v1/endpoint/status", token=tokens["auth_token"])).status == 401


async def test_a_token_signed_by_another_key_or_by_none_is_refused(site: Site) -> None:
    claims = jwt.decode(site.a_auth, options={"verify_signature": False})
    head, payload, _ = site.a_auth.split(".")
    forged = [
        jwt.encode(claims, "another key that is long enough for HS384 to be happy.", "HS384"),
        jwt.encode(claims, "another key that is long enough for HS384 to be happy.", "HS256"),
        f"{head}.{payload}.",
        jwt.encode(claims, None, "none"),  # type: ignore[arg-type]
    ]
    for token in forged:
        assert (await site.get("/api/v1/endpoint", token=token)).status == 401


async def test_every_process_takes_what_any_other_signed(site: Site) -> None:
    other = Site(site.world)
    other.a_auth = site.a_auth
    assert (await other.get("/api/v1/endpoint")).status == 200


async def test_a_hot_request_verifies_no_signature(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await site.get("/api/v1/endpoint/status")).status == 200
    monkeypatch.setattr(jwt, "decode", None)
    assert (await site.get("/api/v1/endpoint/status")).status == 200


async def test_an_auth_token_of_an_application_token_is_for_its_network_too(site: Site) -> None:
    made = (await site.post("/api/v1/application_token", {"ip": "203.0.113.0/24"})).json["application_token"]
    reply = await site.post(PATH, {"application_token": made}, token=None, address="203.0.113.9")
    for address, status in (("203.0.113.77", 200), ("198.51.100.9", 403), ("203.0.113.9", 200)):
        asked = await site.get("/api/v1/endpoint", token=reply.json["auth_token"], address=address)
        assert asked.status == status, "403, since the SDK would authenticate for ever on 401"


async def test_failures_are_counted_for_all_processes(site: Site) -> None:
    other = Site(site.world)
    other.a = site.a
    for each in (site, other, site):
        assert (await log_in(each, site.a.email, "wrong")).body == b""
    assert (await log_in(other, site.a.email)).json["error_token"] == "TooManyRequests"


async def test_no_number_of_processes_gives_more_than_three_guesses(site: Site) -> None:
    sites = [Site(site.world) for _ in range(8)]
    replies = await asyncio.gather(*(log_in(each, site.a.email, "wrong") for each in sites))
    assert sorted(reply.body[:1] for reply in replies) == [b""] * 3 + [b"{"] * 5


async def workspace(site: Site, organisation_id: int, token: str) -> Reply:
    return await site.post(f"{PATH}/workspace", {"target_organisation": {"id": organisation_id}}, token=token)


async def test_the_operator_works_in_another_organisation_as_its_administrator_and_sees_only_that(site: Site) -> None:
    auth = (await log_in(site, site.operator.email)).json["auth_token"]
    reply = await workspace(site, site.b.organisation_id, auth)
    there = reply.json["auth_token"]
    assert reply.json.keys() == {"auth_token"}
    assert (await site.get("/api/v1/organisation/my", token=there)).json["name"] == "Beta"
    assert [device["name"] for device in (await site.get("/api/v1/endpoint", token=there)).json] == ["Beta one"]
    assert (await site.get("/api/v1/organisation/my", token=auth)).json["name"] == "Operator", "the first token stays good"
    home = (await workspace(site, site.operator.organisation_id, there)).json["auth_token"]
    assert len((await site.get("/api/v1/endpoint", token=home)).json) == 3


async def test_a_user_works_in_no_organisation_but_their_own(site: Site) -> None:
    auth = (await log_in(site, site.a.email)).json["auth_token"]
    assert (await workspace(site, site.a.organisation_id, auth)).status == 200
    assert (await workspace(site, site.b.organisation_id, auth)).status == 404
    assert (await workspace(site, 999, auth)).status == 404


async def test_workspaces_are_for_users_not_for_application_tokens(site: Site) -> None:
    assert (await workspace(site, site.a.organisation_id, site.a_auth)).status == 403
