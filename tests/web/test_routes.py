"""The tree of resources finds what is there, and only that."""

import pytest

from heliograph.web.api import ROUTES
from heliograph.web.routes import Routes

TREE = Routes({"/a": "a", "/a/{x}": "one", "/a/word": "word", "/a/{x}/b/{y}": "deep", "/a/word/c": "c"}.items())


@pytest.mark.parametrize(
    ("path", "found", "values"),
    [
        ("/a", "a", {}),
        ("/a/7", "one", {"x": "7"}),
        ("/a/word", "word", {}),
        ("/a/7/b/8", "deep", {"x": "7", "y": "8"}),
        ("/a/word/c", "c", {}),
        ("/a/7/b", None, {"x": "7"}),
        ("/b", None, {}),
        ("", None, {}),
        ("/a//b/8", None, {}),
        ("/a/7/b/8/c", None, {"x": "7", "y": "8"}),
    ],
)
def test_a_path_leads_to_its_resource_and_names_its_variables(path: str, found: str | None, values: dict[str, str]) -> None:
    assert TREE.find(path) == (found, values)


def test_two_resources_of_one_path_are_an_error() -> None:
    with pytest.raises(ValueError, match="two resources"):
        Routes([("/a/{x}", 1), ("/a/{y}", 2)])


def test_every_resource_of_the_api_is_found_at_its_own_template() -> None:
    tree = Routes(ROUTES.items())
    for template, resource in ROUTES.items():
        assert tree.find(template.replace("{", "").replace("}", ""))[0] is resource
