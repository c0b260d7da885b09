"""Every answer that a test of this directory sees is one that the OpenAPI document describes: status, type, headers and body."""

import json
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from heliograph.web.api import ROUTES
from heliograph.web.openapi.document import document
from heliograph.web.routes import Routes

BASE = "https://heliograph.example/openapi.json"


@cache
def written() -> dict[str, Any]:
    """The document, as it goes over the wire."""
    made: dict[str, Any] = json.loads(json.dumps(document(ROUTES)))
    return made


@cache
def templates() -> Routes[str]:
    return Routes((template, template) for template in ROUTES)


@cache
def validator(pointer: str) -> jsonschema_rs.Validator:
    """Of the schema that stands at `pointer` in the document."""
    registry = jsonschema_rs.Registry([(BASE, written())])
    return jsonschema_rs.validator_for({"$ref": f"{BASE}#{pointer}"}, registry=registry)


def broken(method: str, path: str, status: int, headers: dict[str, str], body: bytes) -> str | None:
    """What of an answer is not as described, or None. What is asked of no call at all (404, 405, a preflight) is nobody's description."""
    template, _ = templates().find(path.rstrip("/"))
    said = written()["paths"].get(template, {}).get(("get" if method == "HEAD" else method).lower())
    if template is None or said is None:
        return None
    place = f"/paths/{escaped(template)}/{('get' if method == 'HEAD' else method).lower()}/responses/{status}"
    response = said["responses"].get(str(status))
    if response is None:
        return f"status {status} is not described"
    if "$ref" in response:
        place = response["$ref"].removeprefix("#")
        response = written()["components"]["responses"][place.rsplit("/", 1)[1]]
    if "location" in headers and "Location" not in response.get("headers", {}):
        return "Location is not described"
    if not body:
        return None if _may_be_empty(response) else "a body is described and there is none"
    media = headers.get("content-type", "").partition(";")[0]
    if media not in response.get("content", {}):
        return f"{media} is not described"
    if media != "application/json":
        return None
    errors = list(validator(f"{place}/content/application~1json/schema").iter_errors(json.loads(body)))
    return f"{errors[0].message} at {errors[0].instance_path}" if errors else None


def _may_be_empty(response: dict[str, Any]) -> bool:
    content = response.get("content")
    return not content or "text/html" in content


def escaped(template: str) -> str:
    return quote(template.replace("~", "~0").replace("/", "~1"), safe="~")
