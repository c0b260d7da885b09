"""The refusals of the services in the portal's words: the API says endpoint and service profile, a person device and service policy."""

import re
from collections.abc import Callable
from typing import Final

from heliograph.model.problem import Problem
from heliograph.web.portal.render import error_of

WORDS: Final = (
    (re.compile(r"\bEndpoint with Id\b"), "The device"),
    (re.compile(r"\bService profile with Id\b"), "The service policy"),
    (re.compile(r"\bTariff profile with Id\b"), "The tariff"),
    (re.compile(r"\b(SIM|User|Organisation|Application token|Session|Tag) with Id\b"), r"The \1"),
    (re.compile(r"\bendpoints?\b(?! with)"), "device"),
    (re.compile(r"\bservice profile\b"), "service policy"),
    (re.compile(r"\bpayload\b"), "text"),
    (re.compile(r"\bsource_address\b"), "sender"),
    (re.compile(r"\bexpiry_date\b"), "the expiry"),
    (re.compile(r"\bscheduled_at\b"), "the time to send"),
)


def words_of(problem: Problem) -> str:
    """What a problem says, to a person who reads a page."""
    return portal_words(problem.text)


def portal_words(text: str) -> str:
    """A sentence of a service, its first letter a capital where it begins with no name of a setting."""
    for pattern, word in WORDS:
        text = pattern.sub(word, text)
    return text if "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]


def errors_of(problem: Problem | None) -> Callable[[str], str | None]:
    """What a form says at each of its fields; nothing where nothing was refused."""

    def error(field: str) -> str | None:
        found = None if problem is None else error_of(problem, field)
        return None if found is None else portal_words(found)

    return error
