"""What would become of an SMS, and why: the same decision as for one that is sent, with nothing sent, kept or counted.

To who asks, the devices of other organisations are phones: nobody finds out by this who has a number, or what they allow. That one may
have it is said of every number alike.
"""

import msgspec

from heliograph.gsm.dcs import Alphabet, parse
from heliograph.model.account import Actor
from heliograph.model.device import DeviceStatus, SimStatus, Subscriber
from heliograph.model.ids import DeviceId, LinkId, OrganisationId, PolicyId, SimId
from heliograph.model.link import Delivery, LinkProfile, LinkRole, OnUnknown
from heliograph.model.message import CLASS_WORDS, TrafficClass
from heliograph.model.number import as_dialled
from heliograph.model.policy import Allowed, Counted, Policy, Question, Side, Traffic, decide
from heliograph.model.policy_settings import read
from heliograph.model.problem import Problem
from heliograph.model.route import OF_DEVICES, Destination, Target, destination_of, no_way_out, way_out
from heliograph.service.core import Core
from heliograph.service.directory import Directory, Way
from heliograph.service.draft import Draft
from heliograph.service.encode import Encoded, encode, source_of
from heliograph.service.fitting import Uncut, profile_of, require_fit
from heliograph.service.manage.scope import not_found
from heliograph.service.meter import Meter, Wanted
from heliograph.service.side import policy_of, side_of
from heliograph.store import explain as store
from heliograph.store import number as number_store
from heliograph.store import policy as policy_store
from heliograph.store import route as route_store
from heliograph.store.message import Party
from heliograph.store.transaction import Transaction

ANYBODY = DeviceId(0)
NO_LINK = LinkProfile(LinkId(0), "", LinkRole.NETWORK, Delivery.LIVE, OnUnknown.RETRY, "")
CLASSES = {
    Target.APPLICATION: TrafficClass.A2P_MO,
    Target.DEVICE: TrafficClass.P2P_INTERNAL,
    Target.NETWORK: TrafficClass.P2P_EXTERNAL_OUT,
}


class Explanation(msgspec.Struct, frozen=True):
    """`rule`: the rule that refuses, or `allowed`; `text`: it in words, with what to do. `destination`: where what a device sends would go,
    and by which rule of numbers. `link_id`: by which it would go on, None where it ends here. `counted`: what it would use up."""

    is_allowed: bool
    rule: str
    text: str
    traffic_class: TrafficClass
    destination: str | None
    dcs: int
    alphabet: Alphabet
    segments: int
    source: str
    link_id: int | None
    counted: tuple[Counted, ...]


async def explain_mt(core: Core, actor: Actor, device_id: DeviceId, draft: Draft) -> Explanation:
    """What would become of an SMS of the application to a device. Raises Problem for a draft that could not be sent to any device."""
    return await core.database.read(_mt, core, actor.scope, device_id, draft, encode(draft), core.clock.now_ms())


async def explain_mo(core: Core, actor: Actor, device_id: DeviceId, destination: str | None, draft: Draft) -> Explanation:
    """What would become of an SMS that a device sends to `destination`. Raises Problem likewise."""
    number = as_dialled(destination, "dest_address") if destination else None
    return await core.database.read(_mo, core, actor.scope, device_id, number, draft, encode(draft), core.clock.now_ms())


async def explain_policy(
    core: Core, actor: Actor, policy_id: PolicyId, traffic: Traffic, destination: str | None, draft: Draft
) -> Explanation:
    """What would become of an SMS to or from a device under a policy that is ready and used nothing yet. Raises Problem likewise."""
    number = as_dialled(destination, "dest_address") if destination else None
    return await core.database.read(_policy, core, actor.scope, policy_id, traffic, number, draft, encode(draft), core.clock.now_ms())


def _mt(tx: Transaction, core: Core, scope: int, device_id: int, draft: Draft, encoded: Encoded, now_ms: int) -> Explanation:
    party = _party(tx, scope, device_id)
    source, _ = source_of(draft, policy_of(party).settings.default_source or party.default_source)
    meter, wanted = Meter(tx), Wanted(party, Traffic.MT, now_ms)
    meter.peek([wanted])
    question = Question(TrafficClass.A2P_MT, None, side_of(party, meter.tally(wanted)), source, encoded.segments, now_ms)
    if encoded.udh or draft.user_data is not None:
        require_fit(tx, core, party.link_id, Uncut(draft.payload, encoded.dcs, encoded.udh, draft.user_data))
    return _answer(decide(question), question, encoded, source, None, party.link_id)


def _mo(
    tx: Transaction, core: Core, scope: int, device_id: int, destination: str | None, draft: Draft, encoded: Encoded, now_ms: int
) -> Explanation:
    sender = _party(tx, scope, device_id)
    number, space = number_store.address_of_device(tx, scope, device_id) or (None, "")
    number = number or ""
    link = msgspec.structs.replace(profile_of(tx, core, sender.link_id) or NO_LINK, number_space=space)
    dialled = (sender.link_id, destination or "")
    directory = Directory(tx, core, [(sender.link_id, number), dialled], lambda _: link)
    ends = sorted({*directory.devices([dialled]), sender.device_id})
    own = store.parties(tx, [(position, each, sender.organisation_id) for position, each in enumerate(ends)])
    way = directory.within(own).way(sender.link_id, number, destination)
    if way.sender is None:  # it has no number, so nobody could know who sends
        way = Way(TrafficClass.A2P_MO, sender, None, None, "")
    is_p2p = way.traffic_class is not TrafficClass.A2P_MO
    asked = [Wanted(sender, Traffic.MO, now_ms, p2p=is_p2p)]
    if way.receiver is not None:
        asked.append(Wanted(way.receiver, Traffic.MT, now_ms, p2p=True))
    meter = Meter(tx)
    meter.peek(asked)
    of_sender, *of_receiver = [side_of(each.party, meter.tally(each)) for each in asked]
    receiver = of_receiver[0] if of_receiver else None
    question = Question(way.traffic_class, of_sender, receiver, way.shown_source, encoded.segments, now_ms, core.p2p)
    decision = decide(question)
    goes_to = way.destination
    goes_by: int | None = sender.link_id if is_p2p else None
    if goes_to is not None and goes_to.target is Target.NETWORK:
        goes_by = way_out(goes_to, destination or "", link, route_store.to_phones(tx, sender.organisation_id))
        decision = no_way_out(goes_to.why) if goes_by is None and isinstance(decision, Allowed) else decision
    why = None if goes_to is None else _why(tx, goes_to, destination, sender.organisation_id)
    return _answer(decision, question, encoded, way.shown_source, why, goes_by)


def _policy(
    tx: Transaction, core: Core, scope: int, policy_id: int, traffic: Traffic, destination: str | None, draft: Draft, encoded: Encoded,
    now_ms: int,
) -> Explanation:  # fmt: skip
    view = policy_store.view(tx, scope, policy_id)
    if view is None:
        raise not_found("Service profile", policy_id)
    settings = read(view.settings)
    policy = Policy(
        PolicyId(policy_id), bool(view.mt), bool(view.mo), bool(view.sms_a2p), bool(view.sms_p2p_int), bool(view.sms_p2p_ext),
        apply_sms_quota=False, settings=settings,
    )  # fmt: skip
    owner = OrganisationId(view.organisation_id)
    side = Side(Subscriber(ANYBODY, owner, DeviceStatus.ENABLED, SimId(0), SimStatus.ACTIVATED, "0", None), policy)
    source, _ = source_of(draft, settings.default_source)
    if traffic is Traffic.MT:
        question = Question(TrafficClass.A2P_MT, None, side, source, encoded.segments, now_ms)
        return _answer(decide(question), question, encoded, source, None, None)
    dialled = [(0, destination or "")]
    directory = Directory(tx, core, dialled, lambda _: NO_LINK)
    own = store.parties(tx, [(0, device_id, owner) for device_id in directory.devices(dialled)])
    is_device = directory.within(own).is_device(0, destination)
    goes_to = destination_of(destination, NO_LINK, core.numbers, settings, is_device=is_device)
    question = Question(CLASSES[goes_to.target], side, None, "", encoded.segments, now_ms, core.p2p)
    return _answer(decide(question), question, encoded, "", _why(tx, goes_to, destination, owner), None)


def _party(tx: Transaction, scope: int, device_id: int) -> Party:
    found = store.parties(tx, [(0, device_id, scope)])
    if not found or found[0].deleted_at_ms is not None:
        raise not_found("Endpoint", device_id)
    return found[0]


def _why(tx: Transaction, goes_to: Destination, number: str | None, organisation_id: int) -> str:
    """Where it goes and by which rule, without a look at whose number it is."""
    if goes_to.rule <= OF_DEVICES or number is None or not store.has_others(tx, organisation_id):
        return goes_to.why
    if goes_to.target is Target.NETWORK:
        return f"{goes_to.why}: a phone, or a device of another organisation here"
    return f"{goes_to.why}, unless a device of another organisation here has the number"


def _answer(
    decision: Allowed | Problem, question: Question, encoded: Encoded, source: str, destination: str | None, link_id: int | None
) -> Explanation:
    refused = decision if isinstance(decision, Problem) else None
    return Explanation(
        is_allowed=refused is None,
        rule=refused.code.value if refused else "allowed",
        text=refused.text if refused else f"Allowed by the service policy, {CLASS_WORDS[question.traffic_class]}",
        traffic_class=question.traffic_class,
        destination=destination,
        dcs=encoded.dcs,
        alphabet=parse(encoded.dcs).alphabet,
        segments=encoded.segments,
        source=source,
        link_id=None if refused else link_id,
        counted=() if isinstance(decision, Problem) else decision.counted,
    )
