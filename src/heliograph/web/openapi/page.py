"""The page `/api/docs`, made from the document: to read without a script, and with its own small one to try each call.

It loads nothing from elsewhere: its policy allows its own style, its own script, and requests to this server.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from heliograph.web.openapi.curl import curl

ASSETS: Final = Path(__file__).parent / "assets"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
DEEPEST: Final = 3


def page(document: dict[str, Any]) -> str:
    """The HTML of a document."""
    environment = Environment(
        loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["prose"] = _prose
    calls = list(_calls(document))
    topics = [topic | {"calls": [call for call in calls if call["topic"] == topic["name"]]} for topic in document["tags"]]
    return environment.get_template("docs.html").render(info=document["info"], topics=topics)


def _prose(text: str) -> Markup:
    """A text with its `names` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped


def _calls(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            body = said.get("requestBody", {}).get("content", {}).get("application/json")
            yield {
                "id": said["operationId"],
                "topic": said["tags"][0],
                "method": method.upper(),
                "path": path,
                "summary": said["summary"],
                "description": said["description"],
                "parameters": said["parameters"],
                "body": None if body is None else list(rows(body["schema"], document)),
                "example": None if body is None else json.dumps(body.get("example"), indent=2, ensure_ascii=False),
                "answers": [_answer(status, resolved(answer, document), document) for status, answer in said["responses"].items()],
                "curl": curl(method, path, said),
                "is_open": said.get("security") == [],
            }


def _answer(status: str, answer: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "status": status,
        "description": answer["description"],
        "headers": list(answer.get("headers", {})),
        "example": None,
        "rows": [],
    }
    content = answer.get("content", {}).get("application/json")
    if content is not None and status.startswith("2"):
        shown["example"] = json.dumps(content.get("example"), indent=2, ensure_ascii=False)
        shown["rows"] = list(rows(content["schema"], document))
    return shown


def resolved(said: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """What a $ref refers to, or the thing itself."""
    if "$ref" not in said:
        return said
    found: Any = document
    for part in said["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return resolved(found, document)


def rows(schema: dict[str, Any], document: dict[str, Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    """The fields of a type, those of its fields behind them: depth, name, type, whether it is needed, what it is."""
    schema = _object(schema, document)
    if depth > DEEPEST or "properties" not in schema:
        return
    needed = schema.get("required", [])
    for name, field in schema["properties"].items():
        yield {
            "depth": depth,
            "name": name,
            "type": type_of(field, document),
            "needed": name in needed,
            "says": resolved(field, document).get("description", "") if depth == 0 else "",
        }
        yield from rows(field, document, depth + 1)


def _object(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The object in a type: itself, the one of a list, or the one that may be null."""
    schema = resolved(schema, document)
    if "anyOf" in schema:
        objects = [found for each in schema["anyOf"] if "properties" in (found := _object(each, document))]
        return objects[0] if objects else schema
    return _object(schema["items"], document) if isinstance(schema.get("items"), dict) else schema


def type_of(schema: dict[str, Any], document: dict[str, Any]) -> str:
    """A type in words: `list of object`, `text or null, at most 255`."""
    schema = resolved(schema, document)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(each, document) for each in schema["anyOf"]))
    kinds = schema.get("type", "anything")
    names = [kinds] if isinstance(kinds, str) else kinds
    words = " or ".join("text" if name == "string" else "list" if name == "array" else name for name in names)
    if isinstance(schema.get("items"), dict):
        words += f" of {type_of(schema['items'], document)}"
    if "maxLength" in schema:
        words += f", at most {schema['maxLength']}"
    return words
