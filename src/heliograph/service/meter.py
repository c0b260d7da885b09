"""What the devices of one batch use up: counters of the month, quotas, rates of P2P.

Locked once for the whole batch, after the lanes, and only where something is limited; counted in memory, one message after another; and
written once. So a message without limits costs no statement here, and several to one device in one batch are decided one by one.
"""

from collections.abc import Callable, Iterable

import msgspec

from heliograph.model.message import NO_TERMS, Terms
from heliograph.model.p2p import P2pRates, Record
from heliograph.model.policy import NOTHING_COUNTED, P2P, Allowed, Counted, Question, Tally, Traffic
from heliograph.model.problem import Code, Problem
from heliograph.model.quota import Quota, Told
from heliograph.service.side import policy_of
from heliograph.store import p2p as p2p_store
from heliograph.store import quota as quota_store
from heliograph.store import usage
from heliograph.store.feed import Emitted
from heliograph.store.message import Party
from heliograph.store.transaction import Transaction
from heliograph.store.usage import Key, UsageCounter

NO_LIMITS = "{}"
_Counters = Callable[[Transaction, Iterable[Key]], dict[Key, UsageCounter]]
_Quotas = Callable[[Transaction, Iterable[int]], dict[int, Quota]]
_Records = Callable[[Transaction, Iterable[int]], dict[int, Record]]
LIMITS = frozenset({Code.MT_LIMIT, Code.MO_LIMIT, Code.ORGANISATION_LIMIT})


class Wanted(msgspec.Struct, frozen=True):
    """A device that may use up something: in which direction, when, and whether another subscriber is at the other end."""

    party: Party
    traffic: Traffic
    at_ms: int
    p2p: bool = False


def is_limited(party: Party) -> bool:
    """Whether anything limits a device apart from the rates of P2P."""
    return (
        bool(party.apply_sms_quota)
        or party.organisation_mt_limit is not None
        or party.organisation_mo_limit is not None
        or (party.settings != NO_LIMITS and _has_limits(party))
    )


def _has_limits(party: Party) -> bool:
    settings = policy_of(party).settings
    return settings.mt_limit is not None or settings.mo_limit is not None


class Meter:
    """The counters of one batch: `lock` what may be used up, ask for tallies and count, then `write`."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self._counters: dict[Key, UsageCounter] = {}
        self._quotas: dict[int, Quota] = {}
        self._records: dict[int, Record] = {}
        self._parties: dict[int, Party] = {}
        self._counted: list[usage.Counted] = []
        self._told: set[Key] = set()
        self._changed_quotas: set[int] = set()

    def lock(self, wanted: Iterable[Wanted]) -> None:
        """Lock what is limited of what is wanted. The lanes of the devices are locked already."""
        self._read(list(wanted), usage.hold, quota_store.hold, p2p_store.hold)

    def peek(self, wanted: Iterable[Wanted]) -> None:
        """Read the same without locking anything, to say what would be."""
        self._read(list(wanted), usage.peek, quota_store.peek, p2p_store.peek)

    def _read(self, wanted: list[Wanted], counters: _Counters, quotas: _Quotas, records: _Records) -> None:
        self._parties |= {each.party.device_id: each.party for each in wanted}
        self._counters = counters(self.tx, {key for each in wanted for key, _, _ in _stands(each)})
        self._quotas = quotas(self.tx, {each.party.device_id for each in wanted if each.party.apply_sms_quota})
        self._records = records(self.tx, {each.party.device_id for each in wanted if each.p2p})

    def tally(self, wanted: Wanted) -> Tally:
        """What was counted of a device up to now; nothing where it was not asked to be locked, since nothing limits it."""
        party = wanted.party
        if party.device_id not in self._parties:
            return NOTHING_COUNTED
        of_device, of_organisation = _keys(wanted)
        quota = self._quotas.get(party.device_id)
        return Tally(
            self._used(of_device),
            self._used(of_organisation),
            _organisation_limit(party, wanted.traffic),
            quota.at(wanted.at_ms) if quota else None,
            self._records.get(party.device_id, Record()),
        )

    def count(self, question: Question, allowed: Allowed) -> None:
        """Count what a message uses up, and say what is reached by it."""
        now_ms = question.now_ms
        for counted in allowed.counted:
            self._counted += usage.of_device(counted.device_id, now_ms, counted.traffic.value, counted.segments)
            party = self._parties.get(counted.device_id)
            if party is None:
                continue
            wanted = Wanted(party, counted.traffic, now_ms)
            for key, limit, _ in _stands(wanted):
                self._raise(party, key, counted.segments, limit, now_ms)
            if counted.quota is not None:
                self._charge(party, counted, now_ms)
            if question.traffic_class in P2P:
                self._remember(counted, now_ms)

    def note_refusal(self, problem: Problem, wanted: Wanted, rates: P2pRates) -> None:
        """Say that a limit or a rate is reached, once in its time."""
        party, now_ms = wanted.party, wanted.at_ms
        if problem.code in LIMITS:
            for key, limit, code in _stands(wanted):
                if code is problem.code:
                    self._tell(party, key, limit, now_ms)
        elif problem.code is Code.P2P_RATE:
            self._tell_rate(wanted, rates)

    def write(self) -> None:
        """Write all that was counted, in the order in which it was locked."""
        usage.add(self.tx, self._counted)
        usage.tell(self.tx, self._told)
        quota_store.save(self.tx, {device_id: self._quotas[device_id] for device_id in self._changed_quotas})
        p2p_store.save(self.tx, self._records)

    def _used(self, key: Key) -> int:
        counter = self._counters.get(key)
        return counter.used if counter else 0

    def _raise(self, party: Party, key: Key, segments: int, limit: int, now_ms: int) -> None:
        if key[0] == "organisation":
            self._counted.append((*key, segments))
        counter = self._counters[key]
        self._counters[key] = msgspec.structs.replace(counter, used=counter.used + segments)
        if counter.used + segments >= limit:
            self._tell(party, key, limit, now_ms)

    def _tell(self, party: Party, key: Key, limit: int, now_ms: int) -> None:
        """limit.reached, once for a counter."""
        if self._counters[key].told or key in self._told:
            return
        self._told.add(key)
        scope, _, period, traffic = key
        device_id = party.device_id if scope == "device" else None
        self._emit(party, "limit.reached", now_ms, device_id, scope=scope, traffic=traffic, limit=limit, month=period)

    def _charge(self, party: Party, counted: Counted, now_ms: int) -> None:
        quota = self._quotas[party.device_id].at(now_ms).charged(counted.segments, now_ms)
        news = quota.news()
        if news > quota.told:
            quota = msgspec.structs.replace(quota, told=int(news))
            kind = "quota.exhausted" if news is Told.EXHAUSTED else "quota.threshold"
            self._emit(party, kind, now_ms, party.device_id, quota=detail_of(quota))
            if news is Told.EXHAUSTED:
                self._emit(party, "device.blocked", now_ms, party.device_id, rule=Code.QUOTA.value)
        self._quotas[party.device_id] = quota
        self._changed_quotas.add(party.device_id)

    def _remember(self, counted: Counted, now_ms: int) -> None:
        record = self._records.get(counted.device_id, Record())
        after = record.after_sending(now_ms) if counted.traffic is Traffic.MO else record.after_receiving(now_ms)
        self._records[counted.device_id] = after

    def _tell_rate(self, wanted: Wanted, rates: P2pRates) -> None:
        """p2p_limit.reached, once in the 24 h, or the minute, of the rate."""
        party, now_ms = wanted.party, wanted.at_ms
        record = self._records.get(party.device_id, Record())
        after = record.after_telling(now_ms, sends=wanted.traffic is Traffic.MO)
        if after is record:
            return
        self._records[party.device_id] = after
        limit = rates.sent_per_day if wanted.traffic is Traffic.MO else rates.received_per_minute
        self._emit(party, "p2p_limit.reached", now_ms, party.device_id, traffic=wanted.traffic.value, limit=limit)

    def _emit(self, party: Party, kind: str, now_ms: int, device_id: int | None, **detail: object) -> None:
        self.tx.emit(Emitted(party.organisation_id, kind, now_ms, device_id, None, msgspec.json.encode(detail).decode()))


def terms_of(party: Party, counted: Counted | None) -> Terms:
    """What of the policy matters after the message was accepted. `counted`: what it uses up of the device."""
    settings = policy_of(party).settings
    quota = counted.quota if counted else None
    return NO_TERMS if settings.order is None and quota is None else Terms(settings.order is not None, quota)


def detail_of(quota: Quota) -> dict[str, object]:
    """A quota as emnify's events show it."""
    return {
        "volume": quota.volume,
        "threshold_percentage": quota.threshold_percentage,
        "threshold_volume": quota.threshold_volume,
        "traffic_type": {"id": 6, "description": "SMS"},
    }


def _keys(wanted: Wanted) -> tuple[Key, Key]:
    month = usage.month_of(wanted.at_ms)
    traffic = wanted.traffic.value
    return ("device", wanted.party.device_id, month, traffic), ("organisation", wanted.party.organisation_id, month, traffic)


def _stands(wanted: Wanted) -> list[tuple[Key, int, Code]]:
    """The counters that stand under a limit, with it and the rule it is: the device's, then its organisation's."""
    settings, traffic = policy_of(wanted.party).settings, wanted.traffic
    of_device, own = (settings.mt_limit, Code.MT_LIMIT) if traffic is Traffic.MT else (settings.mo_limit, Code.MO_LIMIT)
    limits = (of_device, own), (_organisation_limit(wanted.party, traffic), Code.ORGANISATION_LIMIT)
    return [(key, limit, code) for key, (limit, code) in zip(_keys(wanted), limits, strict=True) if limit is not None]


def _organisation_limit(party: Party, traffic: Traffic) -> int | None:
    return party.organisation_mt_limit if traffic is Traffic.MT else party.organisation_mo_limit
