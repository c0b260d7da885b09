"""Application tokens over the API."""

import hashlib

import pytest

from heliograph.model.account import Role
from tests.core_world import statement
from tests.web.site import PASSWORD, Site
from tests.web.test_authenticate import log_in

PATH = "/api/v1/application_token"


async def test_a_token_is_shown_once_and_kept_as_a_hash(site: Site) -> None:
    made = await site.post(PATH, {"description": "for the gateway", "ip": "10.0.0.0/8", "expiry_date": "2027-06-01"})
    assert made.status == 200
    token = made.json["application_token"]
    listed = (await site.get(PATH)).json
    assert token not in str(listed)
    found = next(each for each in listed if each["description"] == "for the gateway")
    assert found["status"] == {"id": 0, "description": "Activated"}
    assert (found["ip"], found["expiry_date"]) == ("10.0.0.0/8", "2027-06-01T00:00:00.000+0000")
    kept = site.world.rows("SELECT token_hash FROM application_token WHERE id = :id", id=found["id"])[0].token_hash
    assert kept == hashlib.sha256(token.encode()).hexdigest()


async def test_a_token_is_described_anew_revoked_and_put_back(site: Site) -> None:
    path = f"{PATH}/{site.a.token_id}"
    for body, description, status in [
        ({"description": "new words"}, "new words", 0),
        ({"status": {"id": 1}}, "new words", 1),
        ({"status": {"id": "0"}}, "new words", 0),
    ]:
        assert (await site.patch(path, body, token=site.operator_auth)).status == 204
        found = next(each for each in (await site.get(PATH)).json if each["id"] == site.a.token_id)
        assert (found["description"], found["status"]["id"]) == (description, status)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"expiry_date": "2001-01-01"}, 422),
        ({"ip": "here"}, 422),
        ({"expiry_date": "soon"}, 422),
        ({"role": "SuperAdmin"}, 403),
        ({"role": "King"}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused(site: Site, body: object, status: int) -> None:
    assert (await site.post(PATH, body)).status == status


async def test_a_status_or_a_token_that_does_not_exist_is_refused(site: Site) -> None:
    assert (await site.patch(f"{PATH}/{site.a.token_id}", {"status": {"id": 9}})).status == 422
    assert (await site.patch(f"{PATH}/999", {"status": {"id": 1}})).status == 404
    assert (await site.patch(f"{PATH}/{site.b.token_id}", {"status": {"id": 1}})).status == 404


@pytest.mark.parametrize(
    ("role", "reads", "writes", "tokens"), [(Role.USER, 200, 204, 403), (Role.OBSERVER, 200, 403, 403), (Role.ADMINISTRATOR, 200, 204, 200)]
)
async def test_a_role_says_what_a_user_may(site: Site, role: Role, reads: int, writes: int, tokens: int) -> None:
    query = statement("UPDATE app_user SET role = :role WHERE email = :email")
    await site.world.database.write(lambda tx: tx.run(query, role=role.value, email=site.a.email))
    token = (await log_in(site, site.a.email, PASSWORD)).json["auth_token"]
    path = f"/api/v1/endpoint/{site.a.device_id}"
    assert (await site.get(path, token=token)).status == reads
    assert (await site.patch(path, {"name": "x"}, token=token)).status == writes
    assert (await site.get(PATH, token=token)).status == tokens
    assert (await site.get("/api/v1/esme_interface_type", token=token)).status == (403 if role is Role.OBSERVER else 200)
    assert (await site.post(f"{path}/sms", {"payload": "x"}, token=token)).status == (403 if role is Role.OBSERVER else 201)
