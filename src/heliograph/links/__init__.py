"""Link kinds: by what name each is chosen in a link's row, and what makes a running link of its settings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from heliograph.clock import Clock
from heliograph.links import simulator, smpp
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Link, LinkListener, LinkProfile


@dataclass(frozen=True, slots=True)
class Kind:
    """What a link kind brings. Both functions parse the settings, JSON text, and raise msgspec.ValidationError where one is wrong.
    `secrets`: settings that are never shown."""

    profile: Callable[[LinkId, str, str], LinkProfile]
    make: Callable[[LinkProfile, str, LinkListener, Clock, Metrics], Link]
    secrets: frozenset[str] = frozenset()


KINDS: Final = {"simulator": Kind(simulator.profile_of, simulator.make), "smpp": Kind(smpp.profile_of, smpp.make, smpp.SECRETS)}
