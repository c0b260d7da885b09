"""What use cases need of the kinds of links there are: a seam, since links know use cases and not the other way round."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from heliograph.model.ids import LinkId
from heliograph.model.link import Finding, LinkProfile
from heliograph.model.link_form import Group

HIDDEN = "***"
"""Stands for a secret where settings are shown; given back, it means the secret that is there."""


class Preset(msgspec.Struct, frozen=True):
    """A preset of a kind: its values, and where each is known from."""

    name: str
    kind: str
    values: dict[str, Any]
    sources: dict[str, str]


class LinkKinds(Protocol):
    """The kinds of links of this release."""

    def names(self) -> Sequence[str]: ...

    def form(self, kind: str) -> Sequence[Group]:
        """The settings of a kind in words. Problem where there is no such kind."""
        ...

    def accept(self, kind: str, settings: Mapping[str, Any]) -> str:
        """Settings as a link's row keeps them. Problem, with a part for each setting at fault (`settings.NAME`)."""
        ...

    def profile(self, link_id: LinkId, kind: str, name: str, settings: str) -> LinkProfile:
        """What a link of a row is to the core."""
        ...

    def shown(self, kind: str, settings: str) -> dict[str, Any]:
        """Settings with HIDDEN for what is secret."""
        ...

    def secrets(self, kind: str) -> frozenset[str]:
        """The settings that are never shown."""
        ...

    def presets(self) -> Sequence[Preset]: ...

    def check(self, kind: str, name: str, settings: str, send_to: str | None, *, try_all: bool) -> AsyncIterator[Finding]:
        """Try a link from here, beside the one that may run, and say what is found as it is found. Problem where its kind has no check."""
        ...
