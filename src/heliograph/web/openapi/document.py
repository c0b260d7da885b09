"""The document: paths from the routes, words and types from the declarations, errors from the table of problems.

What holds for every call of a kind is added here: who is nobody gets 401, a body may be no JSON, an id of a path leads nowhere.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msgspec

import heliograph
from heliograph.model.problem import Code
from heliograph.web.openapi import errors, examples
from heliograph.web.openapi.topics import OF_FILE, TOPICS
from heliograph.web.operation import EVENT_STREAM, JSON, Operation, Parameter, declared
from heliograph.web.resource import AnyResource, Resource, RouteTable

Schema = dict[str, Any]

REFERENCE: Final = "#/components/schemas/{name}"
DESCRIPTION: Final = """\
The REST API of Heliograph, wire-compatible with emnify's for everything that SMS need.

Ask `POST /api/v1/authenticate` for an `auth_token` and send it with every call as `Authorization: Bearer <auth_token>`. Ids may be
written `1`, `1.0` or `"1"`; fields that a call does not know are not read, as emnify does; calls of ours that send refuse them. Lists
are bare arrays; which page they are stands in headers. Moments are UTC unless they name a zone. Every error has one shape, `Error`;
every 422 says in `errors` what is wrong with which field."""
USUAL: Final = {200: "What was asked for.", 204: "It is done; there is no body."}
PAGE_HEADERS: Final = {
    "X-Current-Page": "The page, from 1.",
    "X-Count-Per-Page": "How many stand on a page.",
    "X-Total-Count": "How many there are on all pages.",
    "X-Total-Pages": "How many pages there are.",
    "X-Sort": "How they are sorted.",
    "Link": "The first, previous, next and last page (RFC 8288); empty where there are none.",
}
ENOUGH: Final = 2
ARTICLES: Final = ("a", "an", "the")


@dataclass(frozen=True)
class Described:
    """A call of the API with what its handler declares."""

    template: str
    method: str
    handler: Callable[..., Any]
    is_open: bool
    operation: Operation

    @property
    def file(self) -> str:
        return self.handler.__module__.rpartition(".")[2]

    @property
    def id(self) -> str:
        """The summary as a name: "Send an SMS to a device" is `sendSmsToDevice`."""
        words: list[str] = [word for word in re.findall(r"\w+", self.operation.summary.partition(",")[0]) if word not in ARTICLES]
        first, *others = words
        return first.lower() + "".join(word.title() for word in others)

    @property
    def variables(self) -> list[str]:
        return [part.strip("{}") for part in self.template.split("/") if part.startswith("{")]


def calls(routes: RouteTable) -> Iterator[tuple[str, str, AnyResource, Callable[..., Any]]]:
    """Template, method, resource, handler of each call there is."""
    for template, resource in routes.items():
        for method, handler in resource.handlers.items():
            yield template, method, resource, handler


def described(routes: RouteTable) -> list[Described]:
    """Those that are declared."""
    return [
        Described(template, method, handler, not isinstance(resource, Resource), said)
        for template, method, resource, handler in calls(routes)
        if (said := declared(handler)) is not None
    ]


def document(routes: RouteTable) -> dict[str, Any]:
    """OpenAPI 3.1."""
    every = described(routes)
    schemas = _Schemas(every)
    paths: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for call in every:
        paths.setdefault(call.template, {})[call.method.lower()] = _operation(call, _name(call, names), schemas)
    responses = _shared(paths)
    used = {OF_FILE[call.file] for call in every}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Heliograph",
            "version": heliograph.__version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This installation"}],
        "tags": [{"name": name, "description": says} for name, says in TOPICS.items() if name in used],
        "security": [{"auth_token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": responses,
            "headers": {name: {"description": says, "schema": {"type": "string"}} for name, says in PAGE_HEADERS.items()},
            "securitySchemes": {
                "auth_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `auth_token` that POST /api/v1/authenticate answers.",
                }
            },
        },
    }


class _Schemas:
    """JSON Schema of all types, made at once so that each stands once."""

    def __init__(self, every: list[Described]) -> None:
        shapes: list[Any] = [errors.Error, str, int]
        for call in every:
            said = call.operation
            shapes += [said.body, said.answer, said.instead, *(reply.shape for reply in said.also.values())]
            shapes += [parameter.shape for parameter in (*said.query.values(), *said.headers.values())]
        self._shapes = [shape for shape in shapes if shape is not None]
        made, components = msgspec.json.schema_components(self._shapes, ref_template=REFERENCE)
        self._made = [_tidy(schema) for schema in made]
        self.components: dict[str, Schema] = {name: _tidy(schema) for name, schema in components.items()}

    def of(self, shape: Any) -> Schema:
        return next(made for each, made in zip(self._shapes, self._made, strict=True) if each is shape)

    def example(self, shape: Any) -> Any:
        return examples.example(self.of(shape), self.components)


def _name(call: Described, taken: set[str]) -> str:
    """Its operationId, with the path in it where a handler serves several."""
    name = call.id
    if name in taken:
        name += "At" + "".join(word.title() for word in re.findall(r"[a-z]+", call.template.split("/", 3)[-1]))
    taken.add(name)
    return name


def _operation(call: Described, name: str, schemas: _Schemas) -> dict[str, Any]:
    said = call.operation
    operation: dict[str, Any] = {
        "operationId": name,
        "tags": [OF_FILE[call.file]],
        "summary": said.summary,
        "description": _told(call),
        "parameters": _parameters(call, schemas),
        "responses": _responses(call, schemas),
    }
    if said.body is not None:
        content = {"schema": schemas.of(said.body)} | ({} if said.example is None else {"example": said.example})
        operation["requestBody"] = {"required": said.needs_body, "content": {JSON: content}}
    if call.is_open:
        operation["security"] = []
    return operation


def _told(call: Described) -> str:
    """The docstring, where it says more than that it is one."""
    text = inspect.getdoc(call.handler) or ""
    return text if len(text.split()) > ENOUGH else f"{call.operation.summary}."


def _parameters(call: Described, schemas: _Schemas) -> list[dict[str, Any]]:
    said = call.operation
    found = [_variable(name) for name in call.variables]
    query = dict(said.query)
    if said.listing is not None:
        query |= _of_listing(said)
    for place, parameters in (("query", query), ("header", said.headers)):
        for name, parameter in parameters.items():
            found.append(
                {
                    "name": name,
                    "in": place,
                    "description": parameter.says,
                    "required": parameter.required,
                    "schema": schemas.of(parameter.shape),
                }
            )
    return found


def _of_listing(said: Operation) -> dict[str, Parameter]:
    assert said.listing is not None
    fields, sorts, per_page, most = said.listing
    found = {}
    if fields := list(fields):
        found["q"] = Parameter(f"Only what meets all criteria `field:value`, with commas between them. Fields: {', '.join(fields)}.")
    if sorts := list(sorts):
        found["sort"] = Parameter(f"Fields with commas between them, `-` before one that falls: {', '.join(sorts)}.")
    found["page"] = Parameter("The page, from 1; the first where there is no such, the last where there are not so many.", int)
    found["per_page"] = Parameter(f"How many stand on a page: {per_page} where it is left out, {most} at most.", int)
    return found


def _variable(name: str) -> dict[str, Any]:
    is_id = name.endswith("id")
    noun = name.removesuffix("_id").replace("_", " ")
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The id of the {noun}." if is_id else f"The {noun}.",
        "schema": {"type": "integer", "format": "int64"} if is_id else {"type": "string"},
    }


def _responses(call: Described, schemas: _Schemas) -> dict[str, Any]:
    said = call.operation
    responses: dict[int, Any] = {said.status: _usual(said, schemas)}
    for status, codes in _refusals(call).items():
        responses[status] = _refusal(codes, schemas)
    for status, reply in said.also.items():
        responses[status] = _beside(reply, schemas, responses.get(status))
    failure = {"schema": schemas.of(errors.Error), "example": errors.FAILURE}
    responses[500] = {"description": "A fault of ours; the operator finds it by the id.", "content": {JSON: failure}}
    return {str(status): responses[status] for status in sorted(responses)}


def _usual(said: Operation, schemas: _Schemas) -> dict[str, Any]:
    response: dict[str, Any] = {"description": "It is made." if said.location else USUAL.get(said.status, "It is done.")}
    if said.answer is not None:
        schema = schemas.of(said.answer) if said.instead is None else {"anyOf": [schemas.of(said.answer), schemas.of(said.instead)]}
        content: dict[str, Any] = {"schema": schema, "example": schemas.example(said.answer)}
        response["content"] = {media: content if media in (JSON, EVENT_STREAM) else {"schema": {"type": "string"}} for media in said.media}
    headers: dict[str, Any] = {}
    if said.location:
        headers["Location"] = {"description": "The absolute address of what was made.", "schema": {"type": "string"}, "required": True}
    headers |= {name: {"description": says, "schema": {"type": "string"}} for name, says in said.tells.items()}
    if said.listing is not None:
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in PAGE_HEADERS}
    return response | ({"headers": headers} if headers else {})


def _refusals(call: Described) -> dict[int, list[Code]]:
    """HTTP status -> the problems that are answered with it."""
    said = call.operation
    codes: list[Code] = []
    if not call.is_open:
        codes += [Code.INVALID_TOKEN, Code.TOKEN_EXPIRED, Code.FORBIDDEN, Code.TOO_MANY_REQUESTS]
    if call.variables:
        codes += [Code.BAD_REQUEST, Code.INVALID_REFERENCE]
    if call.method != "GET":
        codes += [Code.TOO_LARGE]
    if said.body is not None:
        codes += [Code.BAD_REQUEST, Code.INVALID, Code.REQUIRED]
    if said.listing is not None:
        codes += [Code.BAD_REQUEST, Code.INVALID_QUERY, Code.INVALID_SORT]
    if said.query:
        codes += [Code.BAD_REQUEST]
    found: dict[int, list[Code]] = {}
    for code in dict.fromkeys((*codes, *said.refuses, Code.UNAVAILABLE)):
        found.setdefault(errors.status_of(code), []).append(code)
    return found


def _refusal(codes: list[Code], schemas: _Schemas) -> dict[str, Any]:
    shown = {code.value: {"summary": code.value.replace("_", " "), "value": errors.example(code)} for code in codes}
    return {
        "description": " ".join(errors.MEANING[code] for code in codes),
        "content": {JSON: {"schema": schemas.of(errors.Error), "examples": shown}},
    }


def _beside(reply: Any, schemas: _Schemas, other: dict[str, Any] | None) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if reply.shape is not None:
        content[reply.media] = {"schema": schemas.of(reply.shape), "example": schemas.example(reply.shape)}
    if other is None:
        return {"description": reply.says} | ({"content": content} if content else {})
    both = dict(other.get("content", {}))
    if JSON in both and JSON in content:
        both[JSON] = {"schema": {"anyOf": [both[JSON]["schema"], content[JSON]["schema"]]}, "examples": both[JSON].get("examples", {})}
    else:
        both |= content
    return {**other, "description": f"{reply.says} {other['description']}", "content": both}


def _shared(paths: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Put answers that several calls share into one place, which is returned, and refer to them from where they stood."""
    places: dict[str, list[tuple[dict[str, Any], str]]] = {}
    for operations in paths.values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                places.setdefault(json.dumps(response), []).append((operation["responses"], status))
    shared: dict[str, Any] = {}
    for text, found in places.items():
        if len(found) > 1:
            phrase = HTTPStatus(int(found[0][1])).phrase.title().replace(" ", "")
            name = next(each for each in (phrase, *(f"{phrase}{number}" for number in range(2, len(places)))) if each not in shared)
            shared[name] = json.loads(text)
            for responses, status in found:
                responses[status] = {"$ref": f"#/components/responses/{name}"}
    return shared


def _tidy(schema: Any) -> Any:
    """`{"anyOf": [{"type": "string"}, {"type": "null"}]}` as `{"type": ["string", "null"]}`; without titles and null defaults."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items() if key != "title" and not (key == "default" and value is None)}
    options = tidy.get("anyOf")
    if isinstance(options, list):
        plain = [option for option in options if set(option) == {"type"} and isinstance(option["type"], str)]
        bounded = [option for option in options if option not in plain]
        if len(plain) == len(options):
            del tidy["anyOf"]
            return {"type": [option["type"] for option in plain]} | tidy
        if len(bounded) == 1 and plain == [{"type": "null"}] and isinstance(bounded[0].get("type"), str) and "enum" not in bounded[0]:
            del tidy["anyOf"]
            return bounded[0] | {"type": [bounded[0]["type"], "null"]} | tidy
    return tidy
