"""The simulated network: what it answers to a submit, and the receipts it owes afterwards.

A live network answers with the device's answer. A stored one accepts, keeps the segment and tries the device by itself until the expiry;
it goes on with what it had taken before where it has a book of that.
"""

import random
from collections import OrderedDict
from itertools import count
from typing import Protocol

from heliograph.clock import Clock
from heliograph.links.simulator.devices import Air, Devices
from heliograph.links.simulator.owed import Owed, Result
from heliograph.links.simulator.settings import Behaviour, SimulatorSettings
from heliograph.model.link import Accepted, Delivery, ErrorClass, LinkOutcome, Outgoing, ReceiptState, Refused, Unknown

THROTTLED_TRIES = 2
KEPT_TRIES = 10_000
RETRY_S = 5.0
"""How long the network's own SMSC waits before it tries an absent device again."""

DELIVERED = Accepted()
THROTTLED = Refused(ErrorClass.THROTTLE, "the network takes no more for the moment", 51)
ERRORS = {
    ErrorClass.THROTTLE: THROTTLED,
    ErrorClass.LINK: Refused(ErrorClass.LINK, "the network is out of order for the moment", 34),
    ErrorClass.DEVICE_ABSENT: Refused(ErrorClass.DEVICE_ABSENT, "the device did not answer the page", 6),
    ErrorClass.DEVICE_BUSY: Refused(ErrorClass.DEVICE_BUSY, "the device's memory is full", 32),
    ErrorClass.PERMANENT: Refused(ErrorClass.PERMANENT, "the network does not serve this subscriber", 21),
    ErrorClass.FAULT: Refused(ErrorClass.FAULT, "the network does not accept this link", 36),
}
UNANSWERED = Unknown("the network did not answer")


class Exchange(Air, Protocol):
    """What the network needs of the link."""

    def report(self, outgoing: Outgoing, ref: str, result: Result) -> None:
        """Send a delivery receipt for the segment that was accepted as `ref`, until it is answered."""


class Network:
    """One network, live or stored, with the errors it makes."""

    def __init__(self, settings: SimulatorSettings, devices: Devices, clock: Clock, exchange: Exchange, owed: Owed) -> None:
        self._stored = settings.delivery is Delivery.STORED
        self._receipt_delay_s = settings.receipt_delay_ms / 1000
        special = (Behaviour.SILENT, Behaviour.THROTTLED)
        self._special = {number: behaviour for number, behaviour in settings.behaviours.items() if behaviour in special}
        self._errors = list(settings.error_rates.items())
        self._random = random.Random(settings.seed)  # noqa: S311 (chance, not secrecy)
        self._tries: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._devices = devices
        self._clock = clock
        self._exchange = exchange
        self._owed = owed
        self._refs = (f"{clock.now_ms():x}-{number:x}" for number in count(1))

    def submit(self, outgoing: Outgoing) -> LinkOutcome:
        """Answer to one segment."""
        if self._errors and (error := self._error()) is not None:
            return ERRORS.get(error) or self._lose_answer(outgoing)
        special = self._special.get(outgoing.destination)
        if special is Behaviour.SILENT:
            return Accepted(next(self._refs), receipt_owed=True)
        if special is Behaviour.THROTTLED and self._is_early(outgoing):
            return THROTTLED
        if self._stored:
            return self._store(outgoing)
        return self._devices.take(outgoing) or DELIVERED

    def resume(self) -> None:
        """Go on with what was taken before."""
        for ref, outgoing, result in self._owed.left():
            if result is None:
                self._forward_later(outgoing, ref)
            else:
                self._exchange.report(outgoing, ref, result)

    def _error(self) -> ErrorClass | None:
        drawn = self._random.random()
        for error, rate in self._errors:
            drawn -= rate
            if drawn < 0:
                return error
        return None

    def _lose_answer(self, outgoing: Outgoing) -> Unknown:
        """Every other time the device has the segment all the same."""
        if self._random.random() < 0.5:
            self._devices.take(outgoing)
        return UNANSWERED

    def _is_early(self, outgoing: Outgoing) -> bool:
        segment = (outgoing.message_id, outgoing.number)
        tries = self._tries.pop(segment, 0)
        if tries >= THROTTLED_TRIES:
            return False
        self._tries[segment] = tries + 1
        if len(self._tries) > KEPT_TRIES:
            self._tries.popitem(last=False)
        return True

    def _store(self, outgoing: Outgoing) -> Accepted:
        ref = next(self._refs)
        self._owed.took(ref, outgoing)
        self._forward_later(outgoing, ref)
        return Accepted(ref, receipt_owed=outgoing.want_receipt)

    def _forward_later(self, outgoing: Outgoing, ref: str) -> None:
        self._exchange.after(self._receipt_delay_s, lambda: self._forward(outgoing, ref))

    def _forward(self, outgoing: Outgoing, ref: str) -> None:
        if self._clock.now_ms() >= outgoing.expiry_at_ms:
            self._end(outgoing, ref, Result(ReceiptState.EXPIRED, "EXPIRED"))
            return
        refused = self._devices.take(outgoing)
        if refused is None:
            self._end(outgoing, ref, Result(ReceiptState.DELIVERED, "DELIVRD"))
        elif refused.error_class is ErrorClass.PERMANENT:
            self._end(outgoing, ref, Result(ReceiptState.FAILED, "UNDELIV", f"{refused.code:03}"))
        else:
            remaining_s = (outgoing.expiry_at_ms - self._clock.now_ms()) / 1000
            self._exchange.after(min(RETRY_S, remaining_s), lambda: self._forward(outgoing, ref))

    def _end(self, outgoing: Outgoing, ref: str, result: Result) -> None:
        if not outgoing.want_receipt:
            self._owed.told(ref)
            return
        self._owed.ended(ref, result)
        self._exchange.report(outgoing, ref, result)
