"""The simulator: a link whose network and devices are played by this process."""

from heliograph.clock import Clock
from heliograph.links.simulator.link import SimulatorLink
from heliograph.links.simulator.settings import Behaviour, SimulatorSettings, faults, parse, profile
from heliograph.links.simulator.words import FORM
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import LinkListener, LinkProfile

__all__ = ["FORM", "Behaviour", "SimulatorLink", "SimulatorSettings", "faults", "make", "profile_of"]


def profile_of(link_id: LinkId, name: str, settings: str) -> LinkProfile:
    """What the queue needs to know of the link. Raises msgspec.ValidationError where a setting is wrong."""
    return profile(link_id, name, parse(settings))


def make(profile: LinkProfile, settings: str, listener: LinkListener, clock: Clock, metrics: Metrics) -> SimulatorLink:
    """The link, not yet running."""
    return SimulatorLink(profile, parse(settings), listener, clock, metrics)
