"""Whatever is wrong with a request, on whatever route: the right status, one shape, and a text that says what to do."""

import re
from typing import Any

import pytest

from heliograph.web.api import ROUTES
from heliograph.web.resource import MOST_BODY, Resource
from heliograph.web.unfit import unfit
from tests.web.contract import written
from tests.web.site import Reply, Site

CALLS = [(method, template) for template, resource in ROUTES.items() for method in resource.handlers]
GUARDED = [(method, template) for method, template in CALLS if isinstance(ROUTES[template], Resource)]
WITH_BODY = [(method, template) for method, template in CALLS if "requestBody" in written()["paths"][template][method.lower()]]
WITH_ID = [call for call in GUARDED if re.search(r"\{(?!system_)\w*id\}", call[1])]
PAGED = [
    (method, template)
    for method, template in GUARDED
    if {"page", "per_page"} & {each["name"] for each in written()["paths"][template][method.lower()]["parameters"]}
]
# What emnify was heard to say is said so, to the letter.
RECORDED = re.compile(
    r"[\w ]+ with Id '.*' not found\.|Cannot parse parameter \w+ as \w+: For input string: \".*\"|\w+ endpoint validation error"
)
ADVICE = re.compile(
    r"\b(add|ask|authenticate|bring|choose|delete|enable|give|gives|leave|look|make|needs|put|release|see|send|shows|shorten|start|take|tell"
    r"|try|use|wait|write|correct|change|switch|enter|assign)\b",
    re.IGNORECASE,
)


def path_of(template: str, value: str = "1") -> str:
    return re.sub(r"\{\w+\}", value, template)


def example_of(method: str, template: str) -> Any:
    """A body that the call takes, None where it takes none."""
    body = written()["paths"][template][method.lower()].get("requestBody")
    return body and body["content"]["application/json"]["example"]


def assert_well_said(reply: Reply, status: int, *codes: int) -> None:
    assert reply.status == status, reply
    error = reply.json
    assert error["error_code"] in codes, reply
    assert_sentence(error)
    if status == 422:
        assert error["errors"], "every 422 names what is wrong"
        for part in error["errors"]:
            assert_sentence(part)


def assert_sentence(error: dict[str, Any]) -> None:
    assert error.keys() >= {"error_code", "error_token", "message"}
    text = error["message"]
    assert len(text) > 20, text
    assert RECORDED.fullmatch(text) or ADVICE.search(text), f"what is one to do about this: {text}"
    assert "`" not in text.replace("`Authorization: Bearer <auth_token>`", "").replace("`heliograph try`", ""), f"not for people: {text}"


@pytest.mark.parametrize("token", [None, "nonsense", "None", "eyJhbGciOiJIUzI1NiJ9.e30.x"])
async def test_nobody_is_told_how_to_become_somebody(site: Site, token: str | None) -> None:
    for method, template in GUARDED:
        reply = await site.call(method, path_of(template), token=token)
        assert_well_said(reply, 401, 1102)
        assert reply.headers["www-authenticate"] == "Bearer"


async def test_a_method_that_is_not_offered_is_405_with_those_that_are(site: Site) -> None:
    for template, resource in ROUTES.items():
        method = next(each for each in ("PUT", "DELETE", "POST", "PATCH", "TRACE", "BREW") if each not in resource.handlers)
        reply = await site.call(method, path_of(template))
        assert_well_said(reply, 405, 1000)
        assert reply.headers["allow"] == ", ".join(resource.handlers)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v3/endpoint", "/api/v1/endpoint/1/nothing", "/api", "/x", "/api/v1/endpoints"])
async def test_a_path_that_leads_nowhere_is_404_and_says_where_the_paths_stand(site: Site, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert_well_said(await site.call(method, path), 404, 1201)


async def test_an_id_that_is_no_number_is_400(site: Site) -> None:
    for method, template in WITH_ID:
        reply = await site.call(method, path_of(template, "None"), example_of(method, template), token=site.operator_auth)
        assert_well_said(reply, 400, 1000)


@pytest.mark.parametrize("body", [b"", b"{", b"name=x", b"<a/>", b"\xff\xfe{\x00}\x00", b'{"a": NaN}', b"{'a': 1}", b"\x00", b'"\\ud800"'])
async def test_a_body_that_is_no_json_is_400(site: Site, body: bytes) -> None:
    """422 as soon as a list is missed or a field is not known; 404 where the body may be left out."""
    for method, template in WITH_BODY:
        reply = await site.call(method, path_of(template), body, token=site.operator_auth)
        if reply.status == 400:
            assert_well_said(reply, 400, 1000)
        else:
            assert re.search(rb"write a list|is not known here", reply.body) or template.endswith(("/resend", "/secret/rotate")), (
                template,
                reply,
            )


@pytest.mark.parametrize("body", [5, "text", True, None, 1.5])
async def test_a_body_that_is_json_of_another_kind_is_422(site: Site, body: Any) -> None:
    """400 where one authenticates: emnify has no 422 there."""
    for method, template in WITH_BODY:
        reply = await site.call(method, path_of(template), b"null" if body is None else body, token=site.operator_auth)
        assert_well_said(reply, *((400, 1000) if template == "/api/v1/authenticate" else (422, 1400)))


async def test_the_content_type_of_json_may_be_any(site: Site) -> None:
    """`curl -d` says it sends a form; that is no reason to refuse what can be read."""
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json; charset=utf-8"):
        reply = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", {"payload": "x"}, headers={"content-type": kind})
        assert reply.status == 201


async def test_a_body_that_is_too_long_is_413_on_every_route(site: Site) -> None:
    body = b'"' + b"x" * MOST_BODY + b'"'
    for method, template in WITH_BODY:
        reply = await site.call(method, path_of(template), body, token=site.operator_auth)
        assert_well_said(reply, 413, 1000)


@pytest.mark.parametrize("name", ["page", "per_page"])
async def test_a_page_that_is_no_number_is_refused(site: Site, name: str) -> None:
    assert len(PAGED) > 3
    for method, template in PAGED:
        known = {each["name"] for each in written()["paths"][template][method.lower()]["parameters"]}
        if name in known:
            reply = await site.call(method, f"{path_of(template, str(site.operator.device_id))}?{name}=many", token=site.operator_auth)
            assert reply.status in (400, 422), (template, reply)
            assert_well_said(reply, reply.status, 1000, 1301)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "payload", "payload is missing: add it"),
        ({"payload": 5}, "payload", "payload is a whole number: write a text"),
        ({"payload": "x", "dcs": "abc"}, "dcs", "dcs is a text: write a whole number or null"),
        ({"payload": "x", "source_address_type": 5}, "source_address_type", "is a whole number: write an object or null"),
        ({"payload": "x", "source_address_type": {"id": "z"}}, "source_address_type.id", "id is a text: write a whole number"),
        ({"payload": "x", "source_address_type": {"id": 7}}, "source_address_type", "161 (National)"),
        ({"payload": "x", "expiry_date": "soon"}, "expiry_date", "write 2027-01-15"),
        ({"payload": "💧", "dcs": 0}, "payload", "leave dcs out, or use 8"),
    ],
)  # fmt: skip
async def test_a_field_that_does_not_fit_is_named_by_its_path(site: Site, body: Any, field: str, words: str) -> None:
    reply = await site.post(f"/api/v1/endpoint/{site.a.device_id}/sms", body)
    assert_well_said(reply, 422, 1400)
    (error,) = reply.json["errors"]
    assert error["field"] == field
    assert words in error["message"]
    assert error["message"] in reply.json["message"], "who reads one text only reads enough"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/sms", {"payload": "x", "filter": {"tag": "meter"}, "schedule_at": "2030-01-01"}, "schedule_at"),
        ("/api/v1/sms", {"payload": "x", "filter": {"tag": "meter", "service_profil": {"id": 1}}}, "filter.service_profil"),
        ("/api/v1/simulator/mt", {"payload": "x", "source_address": "1", "dest_address": "2", "dsc": 4}, "dsc"),
    ],
)
async def test_a_slip_in_a_call_of_ours_is_refused_and_named(site: Site, path: str, body: Any, field: str) -> None:
    reply = await site.post(path, body)
    assert_well_said(reply, 422, 1400)
    assert reply.json["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ("Expected `int | null`, got `str` - at `$.a`", "a", "a is a text: write a whole number or null"),
        ("Expected `int` <= 5 - at `$.a.b`", "a.b", "a.b is out of range: give at most 5"),
        ("Expected `str` of length <= 255 - at `$.name`", "name", "name has another length than it may have: give at most 255 characters"),
        ("Expected `array` of length >= 1", None, "The body has another length than it may have: give at least 1 entries"),
        ("Invalid enum value 'x' - at `$.role`", "role", "role is 'x', which is none of its values: /api/docs shows those it takes"),
        ("Object contains unknown field `z` - at `$[3]`", "[3].z", "[3].z is not known here: leave it out, or see /api/docs for its name"),
        ("Object missing required field `url`", "url", "url is missing: add it"),
        ("Number out of range - at `$.a`", "a", "a cannot be read (Number out of range): /api/docs shows what it takes"),
        ("Expected `object`, got `array`", None, "The body is a list: write an object"),
    ],
)  # fmt: skip
def test_the_words_of_the_parser_become_advice(said: str, field: str | None, words: str) -> None:
    problem = unfit(said)
    assert (problem.field, problem.text) == (field, words)
