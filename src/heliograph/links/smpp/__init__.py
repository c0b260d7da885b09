"""The SMPP link: Heliograph as an ESME of an operator's or aggregator's message centre.

`settings` and `presets` say what may be set, `words` what it means, `link` keeps the contract, `bind` one connection of it; `outgoing`,
`incoming` and `answers` translate, `address` and `classes` are the tables they read.
"""

from heliograph.clock import Clock
from heliograph.links.smpp.link import SmppLink
from heliograph.links.smpp.settings import SECRETS, SmppSettings, faults, parse, profile
from heliograph.links.smpp.words import FORM
from heliograph.metrics import Metrics
from heliograph.model.ids import LinkId
from heliograph.model.link import LinkListener, LinkProfile

__all__ = ["FORM", "SECRETS", "SmppLink", "SmppSettings", "faults", "make", "profile_of"]


def profile_of(link_id: LinkId, name: str, settings: str) -> LinkProfile:
    """What the queue needs to know of the link. Raises msgspec.ValidationError where a setting is wrong."""
    return profile(link_id, name, parse(settings))


def make(profile: LinkProfile, settings: str, listener: LinkListener, clock: Clock, metrics: Metrics) -> SmppLink:
    """The link, not yet running."""
    return SmppLink(profile, parse(settings), listener, clock, metrics)
