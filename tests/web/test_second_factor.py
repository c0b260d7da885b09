"""Logging in with a second factor: a code, once; recovery codes, once each; devices that are trusted; and how guesses end."""

import base64

import pytest

from heliograph.model import totp
from heliograph.service.login import recovery_hash
from heliograph.service.password import sha1_hex
from heliograph.store import account as account_store
from heliograph.store import credential as store
from heliograph.store.transaction import Transaction
from tests.web.site import ADDRESS, PASSWORD, Reply, Site
from tests.web.test_authenticate import PATH, log_in

SECRET = totp.secret_text(b"12345678901234567890")
DAY = 86_400


async def switch_on(site: Site) -> int:
    """Give A's user a second factor; the user's id."""

    def put(tx: Transaction) -> int:
        user = account_store.user_by_email(tx, site.a.email)
        assert user is not None
        key_id = store.insert_mfa_key(tx, user.id, SECRET, site.world.now_ms)
        store.activate_mfa_key(tx, key_id, 0, site.world.now_ms)
        store.replace_recovery_codes(tx, user.id, [recovery_hash(user.id, "abcd-efgh")], site.world.now_ms)
        return user.id

    return await site.world.database.write(put)


def code(site: Site, off: int = 0) -> str:
    return totp.code(base64.b32decode(SECRET), site.world.now_ms // 30_000 + off)


async def mfa_token(site: Site, address: str = ADDRESS) -> str:
    reply = await log_in(site, site.a.email, address=address)
    assert reply.json.keys() == {"mfa_token"}, reply
    token: str = reply.json["mfa_token"]
    return token


async def bring(site: Site, token: str, given: object, address: str = ADDRESS, **more: object) -> Reply:
    return await site.post(PATH, {"mfa_token": token, "code": given} | more, token=None, address=address)


async def test_the_password_gives_an_mfa_token_and_the_code_the_tokens_as_emnify_does(site: Site) -> None:
    await switch_on(site)
    token = await mfa_token(site)
    assert (await site.get("/api/v1/endpoint", token=token)).status == 401, "it opens nothing itself"
    reply = await bring(site, token, code(site))
    assert reply.json.keys() == {"auth_token", "refresh_token"}
    assert (await site.get("/api/v1/endpoint", token=reply.json["auth_token"])).status == 200


async def test_a_code_is_taken_once_and_no_earlier_one_after_it(site: Site) -> None:
    await switch_on(site)
    assert (await bring(site, await mfa_token(site), code(site))).status == 200
    for off in (0, -1):
        again = await bring(site, await mfa_token(site), code(site, off))
        assert (again.status, again.body) == (401, b"")
    assert (await bring(site, await mfa_token(site), code(site, 1))).status == 200


async def test_a_code_that_came_as_a_number_has_its_zeros_back(site: Site) -> None:
    await switch_on(site)
    for _ in range(200):
        if code(site).startswith("0"):
            break
        await site.world.jump(30)
    assert code(site).startswith("0")
    assert (await bring(site, await mfa_token(site), int(code(site)))).status == 200


async def test_a_recovery_code_stands_for_a_code_once(site: Site) -> None:
    await switch_on(site)
    assert (await bring(site, await mfa_token(site), "ABCDEFGH")).status == 200
    assert (await bring(site, await mfa_token(site), "abcd-efgh")).status == 401


async def test_an_mfa_token_is_good_for_five_minutes(site: Site) -> None:
    await switch_on(site)
    token = await mfa_token(site)
    await site.world.jump(301)
    assert (await bring(site, token, code(site))).status == 401


async def test_three_wrong_codes_lock_out_whatever_address_they_come_from(site: Site) -> None:
    await switch_on(site)
    for number in range(3):
        address = f"198.51.100.{number}"
        assert (await bring(site, await mfa_token(site, address), "000000", address)).body == b""
    locked = await bring(site, await mfa_token(site), code(site))
    assert (locked.status, locked.json["error_token"]) == (401, "TooManyRequests")
    await site.world.jump(301)
    assert (await bring(site, await mfa_token(site), code(site))).status == 200


async def test_a_right_password_does_not_forgive_the_wrong_ones_before_the_code_is_right(site: Site) -> None:
    await switch_on(site)
    for _ in range(2):
        await log_in(site, site.a.email, "wrong")
        await mfa_token(site)
    await log_in(site, site.a.email, "wrong")
    assert (await log_in(site, site.a.email)).json["error_token"] == "TooManyRequests"


async def test_a_trusted_device_needs_no_code_for_90_days(site: Site) -> None:
    await switch_on(site)
    device = {"fingerprint": "a secret of the browser", "operating_system": "Linux", "browser": "Firefox", "name": "desk"}
    assert (await bring(site, await mfa_token(site), code(site), trusted_device=device)).status == 200
    body = password_body(site)
    assert (await site.post(PATH, body | {"fingerprint": device["fingerprint"]}, token=None)).json.keys() == {"auth_token", "refresh_token"}
    assert (await site.post(PATH, body | {"fingerprint": "of another"}, token=None)).json.keys() == {"mfa_token"}
    await site.world.jump(90 * DAY)
    assert (await site.post(PATH, body | {"fingerprint": device["fingerprint"]}, token=None)).json.keys() == {"mfa_token"}


@pytest.mark.parametrize("token", ["x.y.z", ""])
async def test_what_is_no_mfa_token_is_401(site: Site, token: str) -> None:
    await switch_on(site)
    assert (await bring(site, token or site.a_auth, code(site))).status == 401


def password_body(site: Site) -> dict[str, str]:
    return {"username": site.a.email, "password": sha1_hex(PASSWORD)}
