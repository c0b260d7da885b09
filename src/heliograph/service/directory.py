"""Who is at the ends of an inbound SMS, and by which way it goes from one to the other."""

from collections.abc import Callable, Iterable
from typing import Self

import msgspec

from heliograph.model.link import LinkProfile
from heliograph.model.message import TrafficClass
from heliograph.model.policy_settings import PolicySettings, read
from heliograph.model.route import Destination, Target, destination_of
from heliograph.model.webhook import Parts
from heliograph.service.core import Core
from heliograph.store import number as number_store
from heliograph.store.message import Party
from heliograph.store.number import Known
from heliograph.store.transaction import Transaction


class Way(msgspec.Struct, frozen=True):
    """`sender`, `receiver`: the device at that end, if it is one and the SMS goes to it. `destination`: of what a device sent.
    `shown_source`: the sender as others may see it; nobody is shown an IMSI."""

    traffic_class: TrafficClass
    sender: Party | None
    receiver: Party | None
    destination: Destination | None
    shown_source: str


Heard = tuple[int, str]
"""A number, and the link that it was heard by."""


class Directory:
    """Whose numbers are, as read once for a batch, without a lock."""

    def __init__(self, tx: Transaction, core: Core, heard: Iterable[Heard], profile: Callable[[int], LinkProfile] | None = None) -> None:
        self._tx = tx
        self._core = core
        self._profile = profile or core.queues.profile
        self._known = number_store.known(tx, (self._in_space(*each) for each in heard))
        self._parties: dict[int, Party] = {}

    def with_parties(self, parties: Iterable[Party]) -> Self:
        """With the devices as they are since their lanes are locked."""
        self._parties |= {party.device_id: party for party in parties}
        return self

    def within(self, parties: Iterable[Party]) -> Self:
        """As an organisation sees it that has these devices: all other numbers are nobody's here."""
        self._parties = {party.device_id: party for party in parties}
        self._known = {number: known for number, known in self._known.items() if known.device_id in self._parties}
        return self

    def devices(self, heard: Iterable[Heard]) -> set[int]:
        """The devices that numbers belong to."""
        found = (self._known.get(self._in_space(*each)) for each in heard)
        return {each.device_id for each in found if each is not None}

    def is_device(self, link_id: int, destination: str | None) -> bool:
        """Whether this is a number by which a device is dialled."""
        return self._dialled(link_id, destination) is not None

    def is_told_by_part(self, link_id: int, source: str) -> bool:
        """Whether the webhook of the sender's policy wants a long SMS part by part."""
        sender = self._known.get(self._in_space(link_id, source))
        if sender is None or sender.callback_id is None:
            return False
        webhook = self._core.notifier.webhooks.known(self._tx, sender.callback_id)
        return webhook is not None and webhook.how.parts is Parts.SEPARATE

    def is_forwarded(self, link_id: int, source: str, destination: str | None) -> bool:
        """Whether an SMS goes on to another subscriber, rather than to an application or to nobody."""
        sender = self._known.get(self._in_space(link_id, source))
        if sender is None:
            return self.is_device(link_id, destination)
        return self._destination(link_id, destination, read(sender.settings)).target is not Target.APPLICATION

    def way(self, link_id: int, source: str, destination: str | None) -> Way:
        """The way of an SMS whose devices were given by `with_parties`."""
        known, dialled = self._known.get(self._in_space(link_id, source)), self._dialled(link_id, destination)
        sender = self._parties.get(known.device_id) if known is not None else None
        receiver = self._parties.get(dialled.device_id) if dialled is not None else None
        if known is None or sender is None:
            return Way(TrafficClass.P2P_EXTERNAL_IN, None, receiver, None, source)
        goes_to = self._destination(link_id, destination, read(sender.settings))
        if goes_to.target is not Target.DEVICE:
            receiver = None
        shown = source if known.is_dialled else sender.msisdn or ""
        return Way(_class_of(goes_to, sender, receiver), sender, receiver, goes_to, shown)

    def _in_space(self, link_id: int, number: str) -> number_store.InSpace:
        """A number where the link that heard it looks for it."""
        return number, self._profile(link_id).number_space

    def _dialled(self, link_id: int, destination: str | None) -> Known | None:
        """The device of the number that was dialled."""
        known = self._known.get(self._in_space(link_id, destination or ""))
        return known if known is not None and known.is_dialled else None

    def _destination(self, link_id: int, destination: str | None, settings: PolicySettings) -> Destination:
        link = self._profile(link_id)
        return destination_of(destination, link, self._core.numbers, settings, is_device=self.is_device(link_id, destination))


def _class_of(destination: Destination, sender: Party, receiver: Party | None) -> TrafficClass:
    if destination.target is Target.APPLICATION:
        return TrafficClass.A2P_MO
    if receiver is not None and receiver.organisation_id == sender.organisation_id:
        return TrafficClass.P2P_INTERNAL
    return TrafficClass.P2P_EXTERNAL_OUT
