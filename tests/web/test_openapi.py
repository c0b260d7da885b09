"""The document describes every call there is, and nothing that there is not."""

import json
from collections import Counter
from typing import Any

import pytest

from heliograph.model.problem import Code
from heliograph.web.api import ROUTES
from heliograph.web.openapi.document import calls, described, document
from heliograph.web.openapi.errors import MEANING
from heliograph.web.openapi.examples import BY_FIELD
from heliograph.web.openapi.topics import OF_FILE, TOPICS
from heliograph.web.operation import declared
from tests.web import contract
from tests.web.site import Site
from tools.api_page import PAGE, page

DOCUMENT = json.loads(json.dumps(document(ROUTES)))
OPERATIONS = [(template, method, said) for template, methods in DOCUMENT["paths"].items() for method, said in methods.items()]


@pytest.mark.parametrize(("template", "method", "handler"), [(row[0], row[1], row[3]) for row in calls(ROUTES)])
def test_every_call_is_declared(template: str, method: str, handler: Any) -> None:
    place = f"{handler.__module__}.{handler.__name__}"
    assert declared(handler), f"{method} {template}: put @operation(...) of heliograph.web.operation above {place}"
    assert handler.__doc__, f"{method} {template}: the docstring of {place} is its description"


def test_every_file_of_handlers_has_its_topic() -> None:
    files = {call.file for call in described(ROUTES)}
    assert files - OF_FILE.keys() == set(), "name their topic in heliograph.web.openapi.topics"
    assert set(OF_FILE.values()) <= TOPICS.keys()


def test_the_summaries_give_each_call_a_name_of_its_own() -> None:
    counted = Counter(said["operationId"] for _, _, said in OPERATIONS)
    assert [name for name, count in counted.items() if count > 1] == []


def test_every_body_has_an_example_and_every_answer_too() -> None:
    without = [f"{method} {template}" for template, method, said in OPERATIONS if "example" not in _content(said.get("requestBody"))]
    assert without == []


def test_every_problem_has_its_meaning() -> None:
    assert set(MEANING) == set(Code)
    assert [code for code, text in MEANING.items() if ":" not in text and " " not in text] == []


def test_types_of_one_name_are_one_type() -> None:
    """msgspec calls two types of one name by their modules, which nobody wants to read."""
    assert [name for name in DOCUMENT["components"]["schemas"] if "." in name] == [], "rename one of them"


async def test_it_is_served_to_everybody(site: Site) -> None:
    reply = await site.get("/api/openapi.json", token=None)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json; charset=UTF-8")
    assert reply.json == DOCUMENT


def _content(body: dict[str, Any] | None) -> dict[str, Any]:
    return {"example": None} if body is None else body["content"]["application/json"]


def test_the_page_of_the_documentation_says_every_call_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: .venv/bin/python tools/api_page.py"


def test_every_example_is_of_its_type() -> None:
    wrong = []
    for template, method, said in OPERATIONS:
        place = f"/paths/{contract.escaped(template)}/{method}"
        shown = [(f"{place}/requestBody", said["requestBody"])] if "requestBody" in said else []
        shown += [(f"{place}/responses/{status}", response) for status, response in said["responses"].items() if "$ref" not in response]
        for pointer, holder in shown:
            for media, content in holder.get("content", {}).items():
                for example in (
                    [content["example"]] if "example" in content else [each["value"] for each in content.get("examples", {}).values()]
                ):
                    schema = contract.validator(f"{pointer}/content/{media.replace('/', '~1')}/schema")
                    wrong += [f"{method} {template}: {error.message} at {error.instance_path}" for error in schema.iter_errors(example)]
    assert wrong == []


def test_every_word_of_the_examples_is_used() -> None:
    types = DOCUMENT["components"]["schemas"]
    fields = {f"{name}.{field}" for name, schema in types.items() for field in schema.get("properties", {})}
    assert BY_FIELD.keys() - fields == set()


def examples_of(content: dict[str, Any]) -> list[Any]:
    return [content["example"]] if "example" in content else [each["value"] for each in content.get("examples", {}).values()]
