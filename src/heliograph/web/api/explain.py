"""What would become of an SMS that is not sent (ours): allowed or not, by which rule, how it is cut, what it would use up."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.gsm.dcs import Alphabet
from heliograph.model.ids import PolicyId
from heliograph.model.message import Direction, SourceType
from heliograph.model.policy import Counted, Traffic
from heliograph.model.problem import Code
from heliograph.service import explain
from heliograph.service.draft import Draft
from heliograph.service.explain import Explanation
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class SupposedSms(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """As for sending. `sms_type`: 1 MT, from the application to the device, where it is left out; 2 MO, from the device to
    `dest_address`."""

    payload: str
    sms_type: wire.Ref | None = None
    source_address: wire.Written | None = None
    source_address_type: wire.Ref | None = None
    dest_address: wire.Written | None = None
    udh: str | None = None
    dcs: int | None = None
    pid: int | None = None


class Encoding(msgspec.Struct, kw_only=True):
    """`alphabet`: GSM 7-bit, UCS-2 or 8-bit."""

    dcs: int
    alphabet: str
    segments: int


class CountedUse(msgspec.Struct, kw_only=True):
    """`quota`: it is taken from the SMS quota too. `endpoint_id` is absent where the device is only supposed."""

    endpoint_id: int | UnsetType = UNSET
    sms_type: wire.Described
    segments: int
    quota: bool


class Explained(msgspec.Struct, kw_only=True):
    """`rule`: `allowed`, else the name of the rule that refuses it, which `reason` explains. `goes_to`: of an MO, where and by which rule.
    `link`: by which it would go on, absent where it ends here. `counted` is empty where it is refused."""

    allowed: bool
    rule: str
    reason: str
    traffic_class: str
    source_address: str
    encoding: Encoding
    goes_to: str | UnsetType = UNSET
    link: wire.Ref | UnsetType = UNSET
    counted: list[CountedUse]


ALPHABETS = {Alphabet.GSM7: "GSM 7-bit", Alphabet.UCS2: "UCS-2", Alphabet.OCTET: "8-bit"}
TYPES = {Traffic.MT: wire.Described(1, "MT"), Traffic.MO: wire.Described(2, "MO")}
EXAMPLE = {"payload": "open valve 3", "source_address": "1000"}
_WANTED = wire.decoder(SupposedSms)


@operation("Explain an SMS to or from a device", body=SupposedSms, example=EXAMPLE, answer=Explained, refuses=(Code.INVALID,))
async def of_device(call: Call) -> Answer:
    """As the device, its policy and its counters are now; nothing is sent, counted or kept."""
    asked = _asked(call)
    core, device_id = call.context.core, device_id_of(call)
    if asked.direction is Direction.MO:
        return json(_explained(await explain.explain_mo(core, call.actor, device_id, asked.destination, asked.draft)))
    return json(_explained(await explain.explain_mt(core, call.actor, device_id, asked.draft)))


@operation("Explain an SMS under a policy", body=SupposedSms, example=EXAMPLE, answer=Explained, refuses=(Code.INVALID,))
async def of_policy(call: Call) -> Answer:
    """For a device that is ready, and has used nothing yet."""
    asked = _asked(call)
    traffic = Traffic.MO if asked.direction is Direction.MO else Traffic.MT
    policy_id = PolicyId(call.id("profile_id"))
    found = await explain.explain_policy(call.context.core, call.actor, policy_id, traffic, asked.destination, asked.draft)
    return json(_explained(found))


class _Asked(msgspec.Struct, frozen=True):
    draft: Draft
    direction: Direction
    destination: str | None


def _asked(call: Call) -> _Asked:
    wanted = call.decode(_WANTED)
    direction = wire.one_of(Direction, wanted.sms_type, "sms_type")
    kind = wire.one_of(SourceType, wanted.source_address_type, "source_address_type")
    draft = Draft(
        wanted.payload,
        wire.written(wanted.source_address),
        None if kind is UNSET else int(kind),
        wanted.udh,
        wanted.dcs,
        wanted.pid or 0,
    )
    return _Asked(draft, Direction.MT if direction is UNSET else direction, wire.written(wanted.dest_address))


def _explained(found: Explanation) -> Explained:
    return Explained(
        allowed=found.is_allowed,
        rule=found.rule,
        reason=found.text,
        traffic_class=found.traffic_class.value,
        source_address=found.source,
        encoding=Encoding(dcs=found.dcs, alphabet=ALPHABETS[found.alphabet], segments=found.segments),
        goes_to=UNSET if found.destination is None else found.destination,
        link=UNSET if found.link_id is None else wire.Ref(found.link_id),
        counted=[_counted(each) for each in found.counted],
    )


def _counted(counted: Counted) -> CountedUse:
    return CountedUse(
        endpoint_id=counted.device_id or UNSET,
        sms_type=TYPES[counted.traffic],
        segments=counted.segments,
        quota=counted.quota is not None,
    )


ROUTES = {
    "/api/v1/endpoint/{endpoint_id}/sms/explain": Resource(POST=of_device),
    "/api/v1/service_profile/{profile_id}/explain": Resource(POST=of_policy),
}
