"""SMS quotas of devices: how many SMS one may still send and receive until a moment, filled up daily if wanted.

They hold where the service policy says `apply_sms_quota`; there a device without a quota is blocked. `volume` is in segments.
"""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.ids import PolicyId
from heliograph.model.problem import Code
from heliograph.model.quota import QuotaStatus
from heliograph.service.manage import quota as quotas
from heliograph.service.manage.quota import QuotaChange, QuotaView, QuotaWanted
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.api.endpoint import device_id_of
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class SmsQuota(msgspec.Struct, kw_only=True):
    """`volume`: what is left. `last_volume_added`: what it is filled up with at midnight UTC where `auto_refill` is 1, and what
    `threshold_percentage` is of."""

    volume: int
    expiry_date: str
    status: wire.Described
    threshold_percentage: int
    threshold_volume: int
    last_volume_added: int
    last_status_change_date: str
    auto_refill: int
    action_on_exhaustion: wire.Described


class SmsQuotaWanted(msgspec.Struct, kw_only=True):
    """The body of POST. To top up, read the volume, add to it, write it. `status` follows from volume and expiry: write 1. What is used up
    is always blocked, so `action_on_exhaustion` is not read."""

    volume: int
    expiry_date: str
    status: wire.Ref
    threshold_percentage: int
    auto_refill: bool = False


class SmsQuotaChange(msgspec.Struct, kw_only=True):
    """The body of PATCH; what is left out stays."""

    volume: int | UnsetType = UNSET
    expiry_date: str | UnsetType = UNSET
    status: wire.Ref | UnsetType = UNSET
    threshold_percentage: int | UnsetType = UNSET
    auto_refill: bool | UnsetType = UNSET


BLOCK = wire.Described(1, "Block")
_WANTED = wire.decoder(SmsQuotaWanted)
_CHANGE = wire.decoder(SmsQuotaChange)


@operation("Retrieve the SMS quota of a device", answer=SmsQuota, refuses=(Code.NOT_FOUND,))
async def retrieve(call: Call) -> Answer:
    """404 where none is set."""
    return json(_quota(await quotas.view(call.context.core, call.actor, device_id_of(call))))


@operation(
    "Set the SMS quota of a device",
    body=SmsQuotaWanted,
    example={"volume": 100, "expiry_date": "2027-12-31T00:00:00Z", "status": {"id": 1}, "threshold_percentage": 20, "auto_refill": False},
    answer=SmsQuota,
    status=201,
    location=True,
    refuses=(Code.INVALID,),
)
async def put(call: Call) -> Answer:
    """In place of the one there was."""
    wanted = call.decode(_WANTED)
    wire.one_of(QuotaStatus, wanted.status, "status")
    quota = QuotaWanted(
        volume=wanted.volume,
        expiry_at_ms=wire.moment(wanted.expiry_date, "expiry_date"),
        threshold_percentage=wanted.threshold_percentage,
        auto_refill=wanted.auto_refill,
    )
    now = await quotas.put(call.context.core, call.actor, device_id_of(call), quota)
    return created(f"{call.context.origin(call.scope)}/api/v1/endpoint/{device_id_of(call)}/quota/sms", _quota(now))


@operation(
    "Change the SMS quota of a device",
    body=SmsQuotaChange,
    example={"volume": 150},
    answer=SmsQuota,
    refuses=(Code.INVALID, Code.NOT_FOUND),
)
async def change(call: Call) -> Answer:
    """Some of it (ours)."""
    wanted = call.decode(_CHANGE)
    wire.one_of(QuotaStatus, wanted.status, "status")
    change = QuotaChange(
        volume=wanted.volume,
        expiry_at_ms=UNSET if wanted.expiry_date is UNSET else wire.moment(wanted.expiry_date, "expiry_date"),
        threshold_percentage=wanted.threshold_percentage,
        auto_refill=wanted.auto_refill,
    )
    return json(_quota(await quotas.change(call.context.core, call.actor, device_id_of(call), change)))


@operation("Take the SMS quota of a device away", refuses=(Code.NOT_FOUND,))
async def delete(call: Call) -> Answer:
    """Where its policy still says `apply_sms_quota`, the device is blocked then."""
    await quotas.delete(call.context.core, call.actor, device_id_of(call))
    return NO_CONTENT


@operation("Take the SMS quotas of all devices of a policy away", refuses=(Code.IN_USE,))
async def delete_of_policy(call: Call) -> Answer:
    """Change `apply_sms_quota` to false before, or they would be blocked then: 409. 204 also where there were none."""
    await quotas.delete_of_policy(call.context.core, call.actor, PolicyId(call.id("profile_id")))
    return NO_CONTENT


def _quota(now: QuotaView) -> SmsQuota:
    quota = now.quota
    return SmsQuota(
        volume=quota.volume,
        expiry_date=wire.stamp(quota.expiry_at_ms),
        status=wire.Described(int(now.status), now.status.name),
        threshold_percentage=quota.threshold_percentage,
        threshold_volume=quota.threshold_volume,
        last_volume_added=quota.last_volume_added,
        last_status_change_date=wire.stamp(now.status_changed_at_ms),
        auto_refill=int(quota.auto_refill),
        action_on_exhaustion=BLOCK,
    )


ROUTES = {
    "/api/v1/endpoint/{endpoint_id}/quota/sms": Resource(GET=retrieve, POST=put, PATCH=change, DELETE=delete),
    "/api/v1/service_profile/{profile_id}/quota/sms": Resource(DELETE=delete_of_policy),
}
