"""Saved commands: their places, filled and hidden again; the starter set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.model.command import MASK, Kind, Place, fill, masked, places
from heliograph.model.problem import Code, Problem
from heliograph.model.starter_commands import FAMILIES

TELTONIKA = "{login?} {password:secret?} setparam 2001:{apn}"


def test_places_are_found_once_in_their_order_and_other_braces_are_braces() -> None:
    assert places("{a}{b:number}{a} {c:secret?} {Not} {x:odd} {}") == (
        Place("a", Kind.TEXT, may_be_empty=False),
        Place("b", Kind.NUMBER, may_be_empty=False),
        Place("c", Kind.SECRET, may_be_empty=True),
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"apn": "iot.example"}, "  setparam 2001:iot.example"),
        ({"login": "me", "password": "pw", "apn": "{login}"}, "me pw setparam 2001:{login}"),
    ],
)
def test_a_text_is_filled_and_what_was_filled_in_is_no_place(values: dict[str, str], text: str) -> None:
    assert fill(TELTONIKA, values).text == text


@pytest.mark.parametrize(
    ("text", "values", "field"),
    [
        ("{a}", {}, "a"),
        ("{a:number}", {"a": "1.5"}, "a"),
        ("{a:host}", {"a": "no host"}, "a"),
        ("{a:phone}", {"a": "12"}, "a"),
        ("{a}", {"a": "two\nlines"}, "a"),
        ("{a}", {"a": "x" * 201}, "a"),
    ],
)
def test_what_does_not_fit_is_named(text: str, values: dict[str, str], field: str) -> None:
    with pytest.raises(Problem) as caught:
        fill(text, values)
    (part,) = caught.value.parts
    assert part.field == field
    assert part.code in (Code.REQUIRED, Code.INVALID_FORMAT)


def test_a_secret_that_stands_twice_is_hidden_twice_and_an_empty_one_leaves_no_trace() -> None:
    text, secrets = fill("{pw} {pw:secret}{x?}", {"pw": "hush"})
    assert masked(text, secrets) == f"{MASK} {MASK}"
    assert fill(TELTONIKA, {"apn": "iot"}).secrets == ()


def test_a_text_that_was_deleted_is_not_masked() -> None:
    assert masked("", fill(TELTONIKA, {"password": "pw", "apn": "iot"}).secrets) == ""


word = st.text("abcXYZ019._-", min_size=1, max_size=12)


@given(login=word, password=word, apn=word)
def test_no_secret_that_was_filled_in_is_ever_shown(login: str, password: str, apn: str) -> None:
    text, secrets = fill(TELTONIKA, {"login": login, "password": password, "apn": apn})
    assert text == f"{login} {password} setparam 2001:{apn}"
    assert masked(text, secrets) == f"{login} {MASK} setparam 2001:{apn}"


def test_the_starter_set_names_its_sources_and_can_be_filled_in() -> None:
    examples = {Kind.TEXT: "iot", Kind.NUMBER: "1234", Kind.HOST: "gps.example.com", Kind.PHONE: "+491234567", Kind.SECRET: "123456"}
    names = [each.name for family in FAMILIES for each in family.commands]
    assert len(set(names)) == len(names)
    for family in FAMILIES:
        assert family.source.startswith("https://")
        for each in family.commands:
            text = fill(each.text, {place.name: examples[place.kind] for place in places(each.text)}).text
            assert len(text) <= 160
            assert "{" not in text
