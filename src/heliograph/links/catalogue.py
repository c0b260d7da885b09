"""The kinds of links for those who manage them: settings accepted and shown, presets, checks (`service.link_kinds.LinkKinds`)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from heliograph.clock import Clock
from heliograph.links import KINDS, Kind
from heliograph.links.smpp.check import check
from heliograph.links.smpp.presets import PRESETS
from heliograph.model.ids import LinkId
from heliograph.model.link import Finding, LinkProfile
from heliograph.model.link_form import Group
from heliograph.model.problem import Code, Problem
from heliograph.service.link_kinds import HIDDEN, Preset


class Catalogue:
    """Made once per process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def names(self) -> Sequence[str]:
        return tuple(KINDS)

    def form(self, kind: str) -> Sequence[Group]:
        return _kind(kind).form

    def accept(self, kind: str, settings: Mapping[str, Any]) -> str:
        found = [
            Problem(Code.INVALID_FORMAT, _said(name, text), field=f"settings.{name}") for name, text in _kind(kind).faults(dict(settings))
        ]
        if found:
            text = "a setting of the link is wrong" if len(found) == 1 else f"{len(found)} settings of the link are wrong"
            raise Problem(Code.INVALID, text, parts=tuple(found))
        return msgspec.json.encode(settings).decode()

    def profile(self, link_id: LinkId, kind: str, name: str, settings: str) -> LinkProfile:
        return KINDS[kind].profile(link_id, name, settings)

    def shown(self, kind: str, settings: str) -> dict[str, Any]:
        secrets = self.secrets(kind)
        found: dict[str, Any] = msgspec.json.decode(settings)
        return {name: HIDDEN if name in secrets and value else value for name, value in found.items()}

    def secrets(self, kind: str) -> frozenset[str]:
        return KINDS[kind].secrets if kind in KINDS else frozenset({"password"})

    def presets(self) -> Sequence[Preset]:
        return [
            Preset(
                name,
                "smpp",
                {field: fact.value for field, fact in facts.items()},
                {field: fact.source for field, fact in facts.items()},
            )
            for name, facts in PRESETS.items()
        ]

    def check(self, kind: str, name: str, settings: str, send_to: str | None, *, try_all: bool) -> AsyncIterator[Finding]:
        if kind != "smpp":
            raise Problem(Code.NOT_SUPPORTED, f"a link of kind {kind} has nobody at its other end to check")
        return check(settings, self._clock, send_to, try_all=try_all)


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise Problem(Code.INVALID_FORMAT, f"there is no link kind {name}: choose one of {', '.join(KINDS)}", field="kind")
    return KINDS[name]


def _said(name: str, text: str) -> str:
    """What is wrong, with the name of the setting once."""
    return text if name in text else f"{name}: {text}"
