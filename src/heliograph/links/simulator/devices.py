"""The simulated devices: what each does with a segment that reaches it, by its behaviour.

Knows no connection and no receipts; what a device says or does later it does over the `Air`, which the link is. Codes are those of
3GPP TS 29.002 17.6.6 (MAP).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Protocol

from heliograph.clock import Clock
from heliograph.links.simulator import apn, speech
from heliograph.links.simulator.record import Record
from heliograph.links.simulator.settings import Behaviour, SimulatorSettings
from heliograph.model.link import ErrorClass, Outgoing, Refused
from heliograph.model.number import is_dialled

ANSWERS_TO = "1000"
"""Where a device answers to an MT without a number to answer to."""
STAYS_S = 10.0
"""How long a device that came back stays after it last received something."""

ABSENT = Refused(ErrorClass.DEVICE_ABSENT, "the device is switched off or out of coverage", 6)
UNKNOWN_SUBSCRIBER = Refused(ErrorClass.PERMANENT, "the network knows no subscriber with this number", 1)


class Air(Protocol):
    """How devices reach the network."""

    def after(self, delay_s: float, call: Callable[[], None]) -> None: ...

    def speak(self, number: str, destination: str, said: speech.Speech) -> None:
        """The device sends an SMS."""

    def attach(self, number: str) -> None:
        """The device is back in coverage."""


@dataclass(slots=True)
class _Sleeper:
    """A device that is mostly away. `leaves_at`: on the clock's monotonic time; 0 while it is away."""

    leaves_at: float = 0.0
    returning: bool = False


class Devices:
    """All devices of one link. One without a behaviour of its own (delivers, silent and throttled are the network's) has each segment."""

    def __init__(self, settings: SimulatorSettings, record: Record, clock: Clock, air: Air) -> None:
        self._answers: dict[Behaviour, Callable[[Outgoing], Refused | None]] = {
            Behaviour.ABSENT_THEN_DELIVERS: self._take_when_back,
            Behaviour.ABSENT: self._refuse_absent,
            Behaviour.UNDELIVERABLE: self._refuse_undeliverable,
            Behaviour.ECHO: self._take_and_echo,
            Behaviour.APN: self._take_and_configure,
        }
        self._behaviours = {number: each for number, each in settings.behaviours.items() if each in self._answers}
        self._returns_after_s = settings.returns_after_s
        self._keep = record.keep
        self._clock = clock
        self._air = air
        self._ear = speech.Ear()
        self._references = count(1)
        self._sleepers: dict[str, _Sleeper] = {}
        self._apns: dict[str, apn.Setting] = {}

    def take(self, outgoing: Outgoing) -> Refused | None:
        """Have the device answer to a segment; None: it has it."""
        behaviour = self._behaviours.get(outgoing.destination)
        if behaviour is not None:
            return self._answers[behaviour](outgoing)
        self._keep(outgoing)
        return None

    def heard_of(self, number: str) -> None:
        """The device was active by itself: it is in coverage."""
        if self._behaviours.get(number) is Behaviour.ABSENT_THEN_DELIVERS:
            self._sleepers.setdefault(number, _Sleeper()).leaves_at = inf

    def reference(self) -> int:
        """The concatenation reference of the next long SMS, 0 to 255."""
        return next(self._references) & 0xFF

    def _refuse_absent(self, outgoing: Outgoing) -> Refused:
        return ABSENT

    def _refuse_undeliverable(self, outgoing: Outgoing) -> Refused:
        return UNKNOWN_SUBSCRIBER

    def _take_when_back(self, outgoing: Outgoing) -> Refused | None:
        sleeper = self._sleepers.setdefault(outgoing.destination, _Sleeper())
        now = self._clock.monotonic()
        if now < sleeper.leaves_at:
            sleeper.leaves_at = now + STAYS_S
            self._keep(outgoing)
            return None
        if not sleeper.returning:
            sleeper.returning = True
            self._air.after(self._returns_after_s, lambda: self._come_back(outgoing.destination, sleeper))
        return ABSENT

    def _come_back(self, number: str, sleeper: _Sleeper) -> None:
        sleeper.returning = False
        sleeper.leaves_at = inf
        self._air.attach(number)

    def _take_and_echo(self, outgoing: Outgoing) -> None:
        self._keep(outgoing)
        if heard := self._ear.whole(outgoing):
            self._answer(outgoing, speech.repeated(heard, outgoing.dcs, self.reference()))

    def _take_and_configure(self, outgoing: Outgoing) -> None:
        self._keep(outgoing)
        if heard := self._ear.whole(outgoing):
            setting, text = apn.answer(speech.text_of(heard, outgoing.dcs), self._apns.get(outgoing.destination))
            if setting is not None:
                self._apns[outgoing.destination] = setting
            self._answer(outgoing, speech.of_text(text, self.reference()))

    def _answer(self, outgoing: Outgoing, said: speech.Speech) -> None:
        destination = outgoing.source if is_dialled(outgoing.source) else ANSWERS_TO
        self._air.speak(outgoing.destination, destination, said)
