"""Service policies ("service profiles"). What they say of voice, data and 3G to NB-IoT is emnify's: kept, and without effect on SMS."""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model import policy_settings
from heliograph.model.ids import PolicyId
from heliograph.model.policy import REST_API
from heliograph.model.problem import Code
from heliograph.service.manage import policy as policies
from heliograph.service.manage.policy import CARRIED, INTERFACE_TYPES, PolicyChange
from heliograph.store.policy import PolicyView
from heliograph.web.answer import NO_CONTENT, Answer, created, json
from heliograph.web.api import wire
from heliograph.web.api.api_callback import CallbackView
from heliograph.web.api.service import ServiceOfProfile, service_of
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class FirewallRules(msgspec.Struct, frozen=True):
    """There is no firewall here: it is passed by everything."""

    ip_firewall_profiles: tuple[()] = ()
    enforce: bool = False


class SecretOfProfile(msgspec.Struct):
    """What signs the calls to the webhook, without the secret."""

    id: int
    purpose: str | None


class ShortProfile(msgspec.Struct, kw_only=True):
    """As in the list. `used_count` is a string there and a number in the single one, as documented."""

    id: int
    name: str
    description: str | None
    used_count: str
    allowed_3g: bool
    allowed_4g: bool
    allowed_nb_iot: bool
    allowed_nb_iot_geo: bool
    apply_sms_quota: bool
    apply_data_quota: bool
    ip_firewall_rule_set: FirewallRules = FirewallRules()


class Profile(msgspec.Struct, kw_only=True):
    """A whole one. Ours are `sms_a2p` and what stands behind `service`."""

    id: int
    name: str
    description: str | None
    used_count: int
    allowed_3g: bool
    allowed_4g: bool
    allowed_nb_iot: bool
    allowed_nb_iot_geo: bool
    apply_sms_quota: bool
    apply_data_quota: bool
    retail: bool
    sms_p2p_int: bool
    sms_p2p_ext: bool
    sms_a2p: bool
    prepaid: bool
    nipdp: bool
    api_callback: CallbackView | None
    api_secret: SecretOfProfile | None
    moc_callback: wire.Ref | None
    esme_interface_type: wire.Described
    breakout_region: wire.Ref | None
    dns: wire.Ref | None
    ip_firewall_rule_set: FirewallRules = FirewallRules()
    service: list[ServiceOfProfile]
    mt_limit: int | None
    mo_limit: int | None
    mo_to_application: str
    short_number_max_digits: int | None
    application_numbers: tuple[str, ...]
    sender_allow_list: tuple[str, ...]
    default_source: str | None
    on_unknown: str | None
    order: str | None


class ProfileWanted(msgspec.Struct, kw_only=True):
    """The body of POST and PATCH; what is left out stays, `{"api_callback": {"id": null}}` takes the webhook away.

    Ours are `sms_a2p` and the last nine, where null means the default. `mt_limit` and `mo_limit`: segments a month and device, any number.
    `mo_to_application`: short_numbers or all. Lists hold numbers, or prefixes that end in `*`. `on_unknown`: wait, retry or fail, else as
    the link says. `order`: strict has each SMS wait for the receipt of the one before."""

    name: wire.Name | UnsetType = UNSET
    description: wire.Text | UnsetType | None = UNSET
    allowed_3g: bool | UnsetType = UNSET
    allowed_4g: bool | UnsetType = UNSET
    allowed_nb_iot: bool | UnsetType = UNSET
    allowed_nb_iot_geo: bool | UnsetType = UNSET
    apply_sms_quota: bool | UnsetType = UNSET
    apply_data_quota: bool | UnsetType = UNSET
    retail: bool | UnsetType = UNSET
    sms_p2p_int: bool | UnsetType = UNSET
    sms_p2p_ext: bool | UnsetType = UNSET
    sms_a2p: bool | UnsetType = UNSET
    prepaid: bool | UnsetType = UNSET
    nipdp: bool | UnsetType = UNSET
    api_callback: wire.Ref | UnsetType | None = UNSET
    api_secret: wire.Ref | UnsetType | None = UNSET
    moc_callback: wire.Ref | UnsetType | None = UNSET
    esme_interface_type: wire.Ref | UnsetType | None = UNSET
    breakout_region: wire.Ref | UnsetType | None = UNSET
    dns: wire.Ref | UnsetType | None = UNSET
    mt_limit: int | UnsetType | None = UNSET
    mo_limit: int | UnsetType | None = UNSET
    mo_to_application: str | UnsetType | None = UNSET
    short_number_max_digits: int | UnsetType | None = UNSET
    application_numbers: list[wire.Written] | UnsetType | None = UNSET
    sender_allow_list: list[wire.Written] | UnsetType | None = UNSET
    default_source: wire.Written | UnsetType | None = UNSET
    on_unknown: str | UnsetType | None = UNSET
    order: str | UnsetType | None = UNSET


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
    await call.context.core.notifier.refresh()
    return json(_profile(view), status=201)


@operation("Delete a service policy", refuses=(Code.IN_USE,))
async def delete(call: Call) -> Answer:
    """Delete one that no device has."""
    await policies.delete(call.context.core, call.actor, _policy_id(call))
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
        esme_interface_type_id=REST_API if interface is None else interface,
        api_callback_id=wire.id_of(wanted.api_callback),
        api_secret_id=wire.id_of(wanted.api_secret),
        settings=_given(wanted, policy_settings.NAMES),
        carried=_given(wanted, tuple(CARRIED)),
    )


def _given(wanted: ProfileWanted, names: tuple[str, ...]) -> dict[str, object]:
    """What was written of these fields: references as their ids, and numbers that were written as such as texts where texts are meant."""
    found: dict[str, object] = {}
    for name in names:
        value = getattr(wanted, name)
        if isinstance(value, wire.Ref):
            value = value.id
        elif isinstance(value, list):
            value = [wire.written(each) for each in value]
        elif name == "default_source" and value is not UNSET:
            value = wire.written(value)
        if value is not UNSET:
            found[name] = value
    return found


def _short(view: PolicyView) -> ShortProfile:
    carried = policies.carried(view.settings)
    return ShortProfile(
        id=view.id,
        name=view.name,
        description=view.description,
        used_count=str(view.used_count),
        allowed_3g=carried["allowed_3g"],
        allowed_4g=carried["allowed_4g"],
        allowed_nb_iot=carried["allowed_nb_iot"],
        allowed_nb_iot_geo=carried["allowed_nb_iot_geo"],
        apply_sms_quota=bool(view.apply_sms_quota),
        apply_data_quota=carried["apply_data_quota"],
    )


def _profile(view: PolicyView) -> Profile:
    carried = policies.carried(view.settings)
    references = {name: None if carried[name] is None else wire.Ref(carried[name]) for name in ("moc_callback", "breakout_region", "dns")}
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
        api_secret=None if view.api_secret_id is None else SecretOfProfile(view.api_secret_id, view.secret_purpose),
        esme_interface_type=wire.Described(view.esme_interface_type_id, INTERFACE_TYPES[view.esme_interface_type_id]),
        service=[service_of(view, number) for number in policies.services_of(view)],
        **(carried | references),
        **msgspec.structs.asdict(policy_settings.read(view.settings)),
    )


def _callback_of(view: PolicyView) -> CallbackView | None:
    if view.api_callback_id is None:
        return None
    return CallbackView(
        id=view.api_callback_id,
        url=view.callback_url or "",
        purpose=view.callback_purpose or "",
        organisation_id=str(view.organisation_id),
        created=wire.plain_stamp(view.callback_created_at_ms or 0),
    )


ROUTES = {
    "/api/v1/service_profile": Resource(GET=list_profiles, POST=create),
    "/api/v1/service_profile/{profile_id}": Resource(GET=retrieve, PATCH=update, DELETE=delete),
    "/api/v1/esme_interface_type": Resource(GET=interface_types),
}
