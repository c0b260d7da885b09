"""What an operator may set on a simulator link."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from heliograph.links import form
from heliograph.model.ids import LinkId
from heliograph.model.link import Delivery, ErrorClass, LinkProfile, LinkRole, OnUnknown, number_space_faults
from heliograph.model.link_form import Faults


class Behaviour(StrEnum):
    """What a simulated device, or the network before it, does with an MT."""

    DELIVERS = "delivers"
    ABSENT_THEN_DELIVERS = "absent-then-delivers"
    ABSENT = "absent"
    UNDELIVERABLE = "undeliverable"
    SILENT = "silent"
    THROTTLED = "throttled"
    ECHO = "echo"
    APN = "apn"


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`behaviours`: by MSISDN; a number that is not listed delivers. `error_rates`: of all submits, the share that ends so, drawn by a
    generator of the link's own that starts from `seed`. `received_log`: a file that gets a line `message_id segment` for each segment a
    device received, before the submit is answered; it survives the process. With `delivery` stored, a submit is accepted at once and the
    device's answer comes `receipt_delay_ms` later, as a receipt; `network_log`: a file in which that network keeps what it owes, so that
    it does not die with the process. `on_unknown`: None is what the rules say for `delivery`."""

    behaviours: dict[str, Behaviour] = {}
    delay_ms: int = 0
    jitter_ms: int = 0
    error_rates: dict[ErrorClass, float] = {}
    seed: int = 0
    window: int = 1000
    delivery: Delivery = Delivery.LIVE
    receipt_delay_ms: int = 1000
    receipt_grace_s: int = 10
    returns_after_s: float = 4.0
    on_unknown: OnUnknown | None = None
    numbers: tuple[str, ...] = ()
    number_space: str = ""
    received_log: str | None = None
    network_log: str | None = None

    def __post_init__(self) -> None:
        if found := list(_faults(self)):
            raise Faults(found)


def _faults(settings: SimulatorSettings) -> Iterator[tuple[str, str]]:
    """What is wrong with settings that are each of their type."""
    yield from number_space_faults(settings.number_space)
    if settings.window < 1:
        yield "window", "window is how many segments may be under way: give 1 or more"
    for name in ("delay_ms", "jitter_ms", "receipt_delay_ms", "receipt_grace_s", "returns_after_s"):
        if getattr(settings, name) < 0:
            yield name, f"{name} is a time: give 0 or more"
    if any(rate < 0 for rate in settings.error_rates.values()) or sum(settings.error_rates.values()) > 1:
        yield "error_rates", "error_rates are shares of all submits: give each 0 or more, 1 at most in all"


def faults(given: dict[str, Any]) -> list[tuple[str, str]]:
    """Each setting at fault and why."""
    return form.faults(SimulatorSettings, given)


def parse(text: str) -> SimulatorSettings:
    """The settings of a link row. Raises msgspec.ValidationError, which names the setting at fault."""
    return msgspec.json.decode(text, type=SimulatorSettings)


def profile(link_id: LinkId, name: str, settings: SimulatorSettings) -> LinkProfile:
    """What the queue needs to know of a simulator link."""
    on_unknown = OnUnknown.RETRY if settings.delivery is Delivery.LIVE else OnUnknown.WAIT
    return LinkProfile(
        link_id,
        name,
        LinkRole.NETWORK,
        settings.delivery,
        settings.on_unknown or on_unknown,
        correlation_group=f"link-{link_id}",
        numbers=settings.numbers,
        number_space=settings.number_space,
        receipt_grace_s=settings.receipt_grace_s,
        window=settings.window,
        may_return=True,  # its network has phones too
    )
