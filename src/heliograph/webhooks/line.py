"""What goes between a daemon and the process that calls its webhooks: frames of msgpack, each behind its length, on a socket.

The daemon says its settings first, then deliveries with a number each, and in the end that it stops; the process answers by those numbers.
An answer without any is a beat: the process is alive.
How much is under way, the daemon bounds (`Notifier`); so nothing here waits for room.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final, cast

import msgspec

from heliograph.model.notification import Answered, Delivery
from heliograph.webhooks.egress import EgressPolicy
from heliograph.webhooks.settings import CourierSettings

LENGTH_OCTETS: Final = 4
BEAT_S: Final = 1.0


class Stop(msgspec.Struct, tag=True, frozen=True):
    """Take no more, and be over within the grace."""

    grace_s: float


Given = list[tuple[int, Delivery]] | Stop
Told = list[tuple[int, Answered]]

read_given: Final = msgspec.msgpack.Decoder[Given](Given).decode
read_told: Final = msgspec.msgpack.Decoder(Told).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class Line(asyncio.Protocol):
    """One end. `heard` is called for each whole frame; `is_over` is set when the other end is gone, or `heard` raised: then `failure` is
    what."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self.is_over = asyncio.Event()
        self.failure: Exception | None = None
        self._heard = heard
        self._held = bytearray()
        self._transport: asyncio.Transport | None = None

    def send(self, value: object) -> None:
        """Send one value; it is lost where the other end is."""
        if self._transport is not None:
            octets = _encode(value)
            self._transport.write(len(octets).to_bytes(LENGTH_OCTETS) + octets)

    def close(self) -> None:
        """Write what was sent, then close."""
        if self._transport is not None:
            self._transport.close()

    def break_off(self) -> None:
        """Close at once, whatever was not written yet: the other end may never read it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are none by name

    def data_received(self, data: bytes) -> None:
        held = self._held
        held += data
        at = 0
        while len(held) >= (begin := at + LENGTH_OCTETS) and len(held) >= (end := begin + int.from_bytes(held[at:begin])):
            self._heard(bytes(held[begin:end]))
            at = end
        del held[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not isinstance(exc, ConnectionError):
            self.failure = exc
        self.is_over.set()


def plain(settings: CourierSettings) -> dict[str, Any]:
    """Settings as a frame takes them."""
    egress = settings.egress
    ports = None if egress.ports is None else sorted(egress.ports)
    return asdict(settings) | {"egress": {"allow": [str(network) for network in egress.allow], "ports": ports}}


def settings_of(octets: bytes) -> CourierSettings:
    """The settings in a frame."""
    found = msgspec.msgpack.decode(octets)
    egress = found.pop("egress")
    ports = None if egress["ports"] is None else frozenset(egress["ports"])
    return CourierSettings(egress=EgressPolicy(tuple(map(ipaddress.ip_network, egress["allow"])), ports), **found)
