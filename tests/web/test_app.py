"""What all requests share: the bulkhead, CORS, methods, bodies, limits, health."""

import sqlite3
from typing import Any

import pytest

from heliograph.store.database import DatabaseLost
from heliograph.store.transaction import Transaction
from heliograph.web.resource import MOST_BODY
from tests.core_world import statement
from tests.web.site import Settings, Site


async def test_a_fault_of_ours_is_500_in_emnifys_shape_with_an_id_and_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("heliograph.service.manage.tariff.views", fail)
    reply = await site.get("/api/v1/tariff_profile")
    assert (reply.status, reply.json["error_code"]) == (500, 1500)
    assert reply.headers["x-request-id"] in reply.json["message"]
    assert b"heliograph_http_failures_total 1.0" in (await site.get("/metrics")).body


async def test_a_database_that_does_not_confirm_is_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lose(*_: object, **__: object) -> None:
        raise DatabaseLost("gone")

    monkeypatch.setattr(site.world.database, "read", lose)
    reply = await site.get("/api/v1/tariff_profile")
    assert (reply.status, reply.json["error_token"]) == (503, "Unavailable")


async def test_a_preflight_is_answered_without_a_token_as_recorded(site: Site) -> None:
    headers = {"origin": "https://app.example", "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    reply = await site.call("OPTIONS", "/api/v1/endpoint/1/sms", token=None, headers=headers)
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"] == "GET, POST, PATCH, PUT, DELETE"
    assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(reply.headers["access-control-allow-headers"].split(","))
    assert reply.headers["access-control-max-age"] == "86400"


@pytest.mark.parametrize("token", ["A", None])
async def test_a_page_of_any_origin_may_read_the_headers_that_clients_need(site: Site, token: str | None) -> None:
    reply = await site.get("/api/v1/endpoint", token=token)
    exposed = set(reply.headers["access-control-expose-headers"].split(","))
    recorded = "Location,X-Count-Per-Page,X-Current-Page,X-Sort,X-Total-Count,X-Total-Pages,X-Count,X-Per-Page,X-Pages,X-Page"
    assert exposed >= set(recorded.split(","))
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_an_unknown_path_is_404_and_an_unknown_method_405(site: Site) -> None:
    reply = await site.get("/api/v1/nothing")
    assert (reply.status, reply.json["error_code"]) == (404, 1201)
    reply = await site.put("/api/v1/endpoint")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")
    assert "/api/v1/endpoint?" in (await site.get("/api/v1/endpoints")).json["message"]
    assert (await site.get("/v1/endpoint")).json["error_code"] == 1201, "a program that forgot /api is told so in JSON"


async def test_head_is_answered_like_get(site: Site) -> None:
    reply = await site.call("HEAD", "/api/v1/endpoint")
    assert (reply.status, reply.headers["x-total-count"]) == (200, "1")


async def test_a_body_that_is_too_long_is_refused(site: Site) -> None:
    head, tail = b'{"name": "', b'"}'
    body = head + b"x" * MOST_BODY + tail
    pieces = [
        {"type": "http.request", "body": body[:100], "more_body": True},
        {"type": "http.request", "body": body[100:], "more_body": True},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return pieces.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/endpoint",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {site.a_auth}".encode())],
    }
    await site.app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert b"longer than" in sent[1]["body"]


async def test_a_client_that_goes_away_before_its_body_is_whole_changes_nothing(site: Site) -> None:
    pieces = [{"type": "http.request", "body": b'{"payload": "x"', "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return pieces.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    path = f"/api/v1/endpoint/{site.a.device_id}/sms"
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {site.a_auth}".encode())],
    }
    await site.app(scope, receive, send)
    assert (await site.get(path)).json == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, 1000),
        (b"{", 400, 1000),
        (b"\xff\xfe", 400, 1000),
        (b'{"name": "\\ud800"}', 400, 1000),
        (b"[]", 422, 1400),
        (b'{"name": 5}', 422, 1400),
        (b'{"name": "a\\u0000b"}', 422, 1400),
    ],
)
async def test_a_body_that_cannot_be_read_is_the_callers_fault(site: Site, body: bytes, status: int, code: int) -> None:
    reply = await site.patch(f"/api/v1/endpoint/{site.a.device_id}", body)
    assert (reply.status, reply.json["error_code"]) == (status, code)


async def test_a_backslash_before_u0000_in_a_text_is_a_text(site: Site) -> None:
    assert (await site.patch(f"/api/v1/endpoint/{site.a.device_id}", {"name": "a\\u0000b"})).status == 204
    assert (await site.get(f"/api/v1/endpoint/{site.a.device_id}")).json["name"] == "a\\u0000b"


@pytest.mark.parametrize("settings", [Settings(requests_per_5_min=3)], indirect=True)
async def test_requests_of_one_token_can_be_limited(site: Site) -> None:
    replies = [await site.get("/api/v1/endpoint/status") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[3].json["error_code"] == 1105
    assert 1 <= int(replies[3].headers["retry-after"]) <= 300
    assert (await site.get("/api/v1/endpoint/status", token=site.b_auth)).status == 200, "another token has its own"
    await site.world.advance(300)
    assert (await site.get("/api/v1/endpoint/status")).status == 200


async def test_the_process_says_that_it_lives_and_whether_it_is_ready(site: Site) -> None:
    assert (await site.get("/health/live", token=None)).json == {"status": "ok"}
    assert (await site.get("/health/ready", token=None)).json == {"status": "ok", "missing": []}
    assert (await site.get("/metrics", token=None)).headers["content-type"].startswith("text/plain")


async def test_a_database_that_took_nothing_of_late_is_not_ready(site: Site) -> None:
    def lost(tx: Transaction) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with pytest.raises(DatabaseLost):
        await site.world.database.write(lost)
    reply = await site.get("/health/ready", token=None)
    assert (reply.status, "is its disk full?" in reply.json["missing"][0]) == (503, True)
    await site.world.database.write(lambda tx: None)
    assert (await site.get("/health/ready", token=None)).status == 200


async def test_it_is_not_ready_while_a_link_has_no_owner(site: Site) -> None:
    await site.world.database.write(lambda tx: tx.run(statement("UPDATE link_lease SET node_id = NULL")))
    reply = await site.get("/health/ready", token=None)
    assert reply.status == 503
    assert "Link has no owner" in reply.json["missing"][0]
