"""Link kinds: by what name each is chosen in a link's row, and what makes a running link of its settings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from heliograph.clock import Clock
from heliograph.links import simulator, smpp
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import Link, LinkListener, LinkProfile
from heliograph.model.link_form import Group


@dataclass(frozen=True, slots=True)
class Kind:
    """What a link kind brings. `profile` and `make` parse the settings, JSON text, and raise msgspec.ValidationError where one is wrong;
    `faults` says of each that is wrong why. `form`: its settings in words; `secrets`: those that are never shown."""

    profile: Callable[[LinkId, str, str], LinkProfile]
    make: Callable[[LinkProfile, str, LinkListener, Clock, Metrics], Link]
    faults: Callable[[dict[str, Any]], list[tuple[str, str]]]
    form: tuple[Group, ...]
    secrets: frozenset[str] = frozenset()


KINDS: Final = {
    "simulator": Kind(simulator.profile_of, simulator.make, simulator.faults, simulator.FORM),
    "smpp": Kind(smpp.profile_of, smpp.make, smpp.faults, smpp.FORM, smpp.SECRETS),
}
