"""The refusals of the services in the portal's words: the API says endpoint and service profile, a person device and service policy."""

import re
from collections.abc import Callable
from typing import Final

from heliograph.model.problem import Problem
from heliograph.web.portal.render import error_of

NAMES: Final = {"Endpoint": "device", "Service profile": "service policy", "Tariff profile": "tariff", "SIM": "SIM"}
WORDS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"\b([A-Z]\w+(?: \w+)?) with Id '([^']*)' not found"), lambda found: f"There is no {_name(found[1])} '{found[2]}'"),
    (re.compile(r"\b([A-Z]\w+(?: \w+)?) with Id\b"), lambda found: f"The {_name(found[1])}"),
    (re.compile(r"\bendpoints?\b(?! with)"), "device"),
    (re.compile(r"\bservice profile\b"), "service policy"),
    (re.compile(r"\b(iccid|imsi|msisdn|imei)\b"), lambda found: found[1].upper()),
    (re.compile(r"\bpayload\b"), "text"),
    (re.compile(r"\bsource_address\b"), "sender"),
    (re.compile(r"\bexpiry_date\b"), "the expiry"),
    (re.compile(r"\bscheduled_at\b"), "the time to send"),
)


def _name(kind: str) -> str:
    return NAMES.get(kind, kind.lower())


def words_of(problem: Problem) -> str:
    """What a problem says, to a person who reads a page: of several things that are wrong, all."""
    return " ".join(portal_words(each.text) for each in problem.parts or (problem,))


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
