"""Service policies ("service profiles"). What they say of voice, data and 3G to NB-IoT is emnify's and means nothing to SMS."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.ids import PolicyId
from heliograph.model.problem import Code
from heliograph.service.manage import policy as policies
from heliograph.service.manage.policy import INTERFACE_TYPES, SERVICES, PolicyChange
from heliograph.store.policy import PolicyView
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class ShortProfile(msgspec.Struct, kw_only=True):
    """As in the list. `used_count` is a string there and a number in the single one, as documented."""

    id: int
    name: str
    description: str | None
    used_count: str
    allowed_3g: bool = True
    allowed_4g: bool = True
    allowed_nb_iot: bool = False
    allowed_nb_iot_geo: bool = False
    apply_sms_quota: bool
    apply_data_quota: bool = False


class Profile(msgspec.Struct, kw_only=True):
    """A whole one. `sms_a2p` is ours."""

    id: int
    name: str
    description: str | None
    used_count: int
    allowed_3g: bool = True
    allowed_4g: bool = True
    allowed_nb_iot: bool = False
    allowed_nb_iot_geo: bool = False
    apply_sms_quota: bool
    apply_data_quota: bool = False
    retail: bool = False
    sms_p2p_int: bool
    sms_p2p_ext: bool
    sms_a2p: bool
    prepaid: bool = False
    nipdp: bool = False
    api_callback: dict[str, Any] | None
    api_secret: dict[str, Any] | None
    moc_callback: None = None
    esme_interface_type: wire.Described
    breakout_region: None = None
    dns: None = None
    service: list[wire.Described]


class ProfileWanted(msgspec.Struct, kw_only=True):
    """The body of POST and PATCH; what is left out stays, `{"api_callback": {"id": null}}` takes the webhook away."""

    name: wire.Name | UnsetType = UNSET
    description: wire.Text | UnsetType | None = UNSET
    apply_sms_quota: bool | UnsetType = UNSET
    sms_p2p_int: bool | UnsetType = UNSET
    sms_p2p_ext: bool | UnsetType = UNSET
    sms_a2p: bool | UnsetType = UNSET
    api_callback: wire.Ref | UnsetType | None = UNSET
    api_secret: wire.Ref | UnsetType | None = UNSET
    esme_interface_type: wire.Ref | UnsetType = UNSET


_WANTED = wire.decoder(ProfileWanted)


@operation("List service policies", answer=list[ShortProfile])
async def list_profiles(call: Call) -> Answer:
    """All, in short; no paging."""
    return json([_short(view) for view in await policies.views(call.context.core, call.actor)])


@operation(
    "Create a service policy",
    body=ProfileWanted,
    example={"name": "Meters", "sms_p2p_ext": False},
    answer=Profile,
    status=201,
    location=True,
    refuses=(Code.DUPLICATED, Code.INVALID_REFERENCE),
)
async def create(call: Call) -> Answer:
    """201, where it is, and the policy."""
    view = await policies.create(call.context.core, call.actor, _change(call.decode(_WANTED)))
    return created(f"{call.context.origin(call.scope)}/api/v1/service_profile/{view.id}", _profile(view))


@operation("Retrieve a service policy", answer=Profile)
async def retrieve(call: Call) -> Answer:
    """One."""
    return json(_profile(await policies.view(call.context.core, call.actor, _policy_id(call))))


@operation(
    "Change a service policy",
    body=ProfileWanted,
    example={"api_callback": {"id": 1}, "esme_interface_type": {"id": 1}},
    answer=Profile,
    status=201,
    refuses=(Code.DUPLICATED, Code.NOT_ALLOWED),
)
async def update(call: Call) -> Answer:
    """Change some of it: 201, as documented, and the policy as it is now."""
    view = await policies.update(call.context.core, call.actor, _policy_id(call), _change(call.decode(_WANTED)))
    return json(_profile(view), status=201)


@operation("Delete a service policy", refuses=(Code.IN_USE,))
async def delete(call: Call) -> Answer:
    """Delete one that no device has."""
    await policies.delete(call.context.core, call.actor, _policy_id(call))
    return NO_CONTENT


@operation("Switch a service of a policy on", refuses=(Code.DUPLICATED, Code.NOT_ALLOWED))
async def add_service(call: Call) -> Answer:
    """Switch a service on: 6 lets devices receive SMS, 32 lets them send."""
    await policies.add_service(call.context.core, call.actor, _policy_id(call), call.id("service_id"))
    return NO_CONTENT


@operation("Switch a service of a policy off", refuses=(Code.IN_USE, Code.NOT_ALLOWED))
async def remove_service(call: Call) -> Answer:
    """Switch a service off."""
    await policies.remove_service(call.context.core, call.actor, _policy_id(call), call.id("service_id"))
    return NO_CONTENT


@operation("List the SMS interfaces", answer=list[wire.Described])
async def interface_types(_call: Call) -> Answer:
    """How applications can be reached."""
    return json([wire.Described(number, name) for number, name in INTERFACE_TYPES.items()])


def _policy_id(call: Call) -> PolicyId:
    return PolicyId(call.id("profile_id"))


def _change(wanted: ProfileWanted) -> PolicyChange:
    interface = wire.id_of(wanted.esme_interface_type)
    return PolicyChange(
        name=wanted.name,
        description=wanted.description,
        sms_a2p=wanted.sms_a2p,
        sms_p2p_int=wanted.sms_p2p_int,
        sms_p2p_ext=wanted.sms_p2p_ext,
        apply_sms_quota=wanted.apply_sms_quota,
        esme_interface_type_id=interface if isinstance(interface, int) else UNSET,
        api_callback_id=wire.id_of(wanted.api_callback),
        api_secret_id=wire.id_of(wanted.api_secret),
    )


def _short(view: PolicyView) -> ShortProfile:
    return ShortProfile(
        id=view.id,
        name=view.name,
        description=view.description,
        used_count=str(view.used_count),
        apply_sms_quota=bool(view.apply_sms_quota),
    )


def _profile(view: PolicyView) -> Profile:
    return Profile(
        id=view.id,
        name=view.name,
        description=view.description,
        used_count=view.used_count,
        apply_sms_quota=bool(view.apply_sms_quota),
        sms_p2p_int=bool(view.sms_p2p_int),
        sms_p2p_ext=bool(view.sms_p2p_ext),
        sms_a2p=bool(view.sms_a2p),
        api_callback=_callback_of(view),
        api_secret=None if view.api_secret_id is None else {"id": view.api_secret_id, "purpose": view.secret_purpose},
        esme_interface_type=wire.Described(view.esme_interface_type_id, INTERFACE_TYPES[view.esme_interface_type_id]),
        service=[wire.Described(number, SERVICES[number]) for number in policies.services_of(view)],
    )


def _callback_of(view: PolicyView) -> dict[str, Any] | None:
    if view.api_callback_id is None:
        return None
    return {
        "id": view.api_callback_id,
        "url": view.callback_url,
        "purpose": view.callback_purpose,
        "organisation_id": str(view.organisation_id),
        "created": wire.plain_stamp(view.callback_created_at_ms or 0),
    }


ROUTES = {
    "/api/v1/service_profile": Resource(GET=list_profiles, POST=create),
    "/api/v1/service_profile/{profile_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
    "/api/v1/service_profile/{profile_id}/service/{service_id}": Resource(PUT=add_service, DELETE=remove_service),
    "/api/v1/esme_interface_type": Resource(GET=interface_types),
}
