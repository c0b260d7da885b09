"""`heliograph policy`: what devices may do with SMS, and how the application is reached."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from cyclopts import App, Parameter

from heliograph.cli import quota
from heliograph.cli.answer import DONE, REFUSED, Answer, Item, Refusal, Said, Table
from heliograph.cli.answer import show as show_answer
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, at_desk
from heliograph.model import policy_settings
from heliograph.model.account import Actor
from heliograph.model.ids import DeviceId, OrganisationId, PolicyId
from heliograph.model.policy import REST_API, SMPP, Traffic
from heliograph.service import explain as explaining
from heliograph.service.draft import Draft
from heliograph.service.manage import callback
from heliograph.service.manage import policy as policies
from heliograph.service.manage.policy import INTERFACE_TYPES, PolicyChange
from heliograph.store.policy import PolicyView
from heliograph.webhooks.egress import check_url

app = App(name="policy")
app.command(quota.app)
SERVICES: Final = {"mt": policies.SMS_MT, "mo": policies.SMS_MO}
SWITCHES: Final = ("sms_a2p", "sms_p2p_int", "sms_p2p_ext")
APPLY_QUOTA: Final = "apply_sms_quota"
KEYS: Final = (*SERVICES, *SWITCHES, APPLY_QUOTA, *policy_settings.NAMES, "interface", "name", "description")
AT_FIRST: Final = {"sms_a2p": True, "sms_p2p_int": False, "sms_p2p_ext": False}
"""Of a policy that people make (rules: Policy defaults)."""
NOTHING: Final[Mapping[str, Any]] = {}
INTERFACES: Final = {"rest": REST_API, "smpp": SMPP}
"""How the application is reached: by the portal and webhooks, or by what it binds with."""
LISTS: Final = ("application_numbers", "sender_allow_list")
NUMBERS: Final = ("mt_limit", "mo_limit", "short_number_max_digits")
WORDS: Final = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
SECRET_OCTETS: Final = 24

Which = Annotated[str, Parameter(name="POLICY")]


@app.command(name="list")
def list_(*, options: OrganisationOptions = ANY) -> int:
    """List the service policies."""

    async def work(desk: Desk) -> Answer:
        rows = [_row(each) for each in await policies.views(desk, await desk.viewer())]
        return Table(rows, ("id", "name", "mt", "mo", *SWITCHES, "webhook", "devices"), "no service policy")

    return at_desk(options, work)


@app.command
def show(which: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Show a service policy.

    Parameters
    ----------
    which
        Its id or name.
    """

    async def work(desk: Desk) -> Answer:
        found = await _find(desk, await desk.viewer(), which)
        settings = policy_settings.read(found.settings)
        return Item(_row(found) | {name: getattr(settings, name) for name in policy_settings.NAMES})

    return at_desk(options, work)


@app.command
def add(
    name: str,
    changes: Annotated[Sequence[str], Parameter(name="KEY=VALUE")] = (),
    /,
    *,
    webhook: str | None = None,
    sign: Annotated[bool, Parameter(negative="")] = False,
    options: OrganisationOptions = ANY,
) -> int:
    """Make a service policy. Its devices may receive (mt), send (mo) and speak with the application; not with other subscribers, unless
    sms_p2p_int and sms_p2p_ext say so.

    Parameters
    ----------
    name
        Its name.
    changes
        What is to be otherwise, with the keys of `heliograph policy set`.
    webhook
        Where the application hears from its devices: messages by POST, delivery receipts by PATCH.
    sign
        Sign what is sent to the webhook with a new secret, shown once, alone on standard output.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.operator()
        wanted, services = _changes(changes)
        _check_webhook(desk, webhook)
        made = await policies.create(desk, actor, PolicyChange(**(AT_FIRST | wanted | {"name": wanted.get("name", name)})))
        after, secret = await _reached(desk, actor, made, webhook, sign=sign or None)
        await _switch(desk, actor, after, dict.fromkeys(SERVICES, True) | services)
        row = _row(await policies.view(desk, actor, PolicyId(made.id)))
        if secret is None:
            return Said(f"added the service policy {made.name}; its id:", row, str(made.id))
        return Said(
            f"added the service policy {made.name} (id {made.id}); the secret that signs, shown this once:", row | secret, secret["secret"]
        )

    return at_desk(options, work)


@app.command
def remove(which: Which, /, *, options: OrganisationOptions = ANY) -> int:
    """Remove a service policy that no device has.

    Parameters
    ----------
    which
        Its id or name.
    """

    async def work(desk: Desk) -> Answer:
        found = await _find(desk, await desk.viewer(), which)
        await policies.delete(desk, desk.caretaker(), PolicyId(found.id))
        return Said(f"removed the service policy {found.name}", {"id": found.id})

    return at_desk(options, work)


@app.command(name="set")
def set_(
    which: Which,
    changes: Annotated[Sequence[str], Parameter(name="KEY=VALUE")] = (),
    /,
    *,
    webhook: str | None = None,
    sign: Annotated[bool | None, Parameter(negative="--unsign")] = None,
    options: OrganisationOptions = ANY,
) -> int:
    """Change a service policy.

    Keys: mt, mo, sms_a2p, sms_p2p_int, sms_p2p_ext, apply_sms_quota (on or off); mt_limit, mo_limit (segments a month and device);
    mo_to_application (short_numbers, all); short_number_max_digits; application_numbers, sender_allow_list (numbers, or prefixes that end
    in *, separated by commas); default_source; on_unknown (wait, retry, fail); order (strict); interface (rest, smpp); name; description.
    A value left out (mt_limit=) is back to what it was at first.

    Parameters
    ----------
    which
        Its id or name.
    changes
        What is to be, as often as needed: `mo=on sms_p2p_int=off`.
    webhook
        Where the application hears from its devices: messages by POST, delivery receipts by PATCH. An empty text takes it away.
    sign
        Sign what is sent to the webhook with a new secret, shown once, alone on standard output; or sign no more.
    """

    async def work(desk: Desk) -> Answer:
        found = await _find(desk, await desk.viewer(), which)
        actor = msgspec.structs.replace(desk.caretaker(), organisation_id=OrganisationId(found.organisation_id))
        wanted, services = _changes(changes)
        if not (wanted or services) and sign is None and webhook is None:
            raise Refusal("nothing to change: say what is to be, for example mo=on, or --webhook URL")
        _check_webhook(desk, webhook)
        _, secret = await _reached(desk, actor, found, webhook, sign=sign, wanted=wanted)
        await _switch(desk, actor, found, services)
        after = await policies.view(desk, actor, PolicyId(found.id))
        if secret is None:
            return Said(f"changed the service policy {after.name}", _row(after))
        return Said(
            f"changed the service policy {after.name}; the secret that signs, shown this once:", _row(after) | secret, secret["secret"]
        )

    return at_desk(options, work)


@app.command
def explain(
    text: str,
    /,
    *,
    device: int | None = None,
    policy: str | None = None,
    direction: Literal["MT", "MO"] = "MT",
    dest: str | None = None,
    source: str | None = None,
    options: OrganisationOptions = ANY,
) -> int:
    """Say what would become of a message, and by which rule, without sending it. Ends with 1 where it would be refused.

    Parameters
    ----------
    text
        What it would say.
    device
        To or from this device, by its id.
    policy
        To or from a device that is ready, under this service policy, by its id or name.
    direction
        MT to the device, MO from it.
    dest
        The number that the device sends to (MO).
    source
        The sender (MT).
    """

    async def work(desk: Desk) -> int:
        actor, draft = await desk.viewer(), Draft(text, source=source)
        if (device is None) == (policy is None):
            raise Refusal("say which: --device ID or --policy NAME")
        if device is None:
            found = await _find(desk, actor, policy or "")
            told = await explaining.explain_policy(desk.core, actor, PolicyId(found.id), Traffic(direction.lower()), dest, draft)
        elif direction == "MT":
            told = await explaining.explain_mt(desk.core, actor, DeviceId(device), draft)
        else:
            told = await explaining.explain_mo(desk.core, actor, DeviceId(device), dest, draft)
        show_answer(Item(_explained(told)), as_json=options.json)
        return DONE if told.is_allowed else REFUSED

    return at_desk(options, work)


def _explained(told: explaining.Explanation) -> dict[str, Any]:
    return {
        "allowed": told.is_allowed,
        "rule": told.rule,
        "why": told.text,
        "class": told.traffic_class.value,
        "source": told.source,
        "destination": told.destination,
        "alphabet": told.alphabet.name,
        "segments": told.segments,
        "link_id": told.link_id,
        "counted": [f"{each.segments} {each.traffic.value} of device {each.device_id}" for each in told.counted],
    }


def _changes(given: Sequence[str]) -> tuple[dict[str, Any], dict[str, bool]]:
    """Fields of a policy, and the services to switch. Raises Refusal."""
    wanted: dict[str, Any] = {}
    services: dict[str, bool] = {}
    for each in given:
        key, equals, text = each.partition("=")
        if not equals:
            raise Refusal(f"{each}: write KEY=VALUE, for example mo=on")
        if key in SERVICES:
            services[key] = _is_on(key, text)
        elif key in SWITCHES or key == APPLY_QUOTA:
            wanted[key] = _is_on(key, text)
        elif key in ("name", "description"):
            wanted[key] = text
        elif key == "interface":
            if text not in INTERFACES:
                raise Refusal(f"interface={text}: give one of {', '.join(INTERFACES)}")
            wanted["esme_interface_type_id"] = INTERFACES[text]
        elif key in policy_settings.NAMES:
            wanted.setdefault("settings", {})[key] = _setting(key, text)
        else:
            raise Refusal(f"{key} is nothing of a policy: there are {', '.join(KEYS)}")
    return wanted, services


def _check_webhook(desk: Desk, webhook: str | None) -> None:
    """Raises Problem where it may not be called."""
    if webhook and (problem := check_url(webhook, desk.egress)):
        raise problem


async def _reached(
    desk: Desk, actor: Actor, policy: PolicyView, webhook: str | None, *, sign: bool | None, wanted: Mapping[str, Any] = NOTHING
) -> tuple[PolicyView, dict[str, str] | None]:
    """Change a policy, its webhook and the secret that signs with it; as it is then, and the new secret. `sign`: with a new one, with none
    (False), or as it was (None)."""
    changes = dict(wanted)
    secret = {"secret": secrets.token_urlsafe(SECRET_OCTETS)} if sign else None
    if webhook is not None:
        made = await callback.create(desk, actor, webhook, f"policy {policy.name}") if webhook else None
        changes["api_callback_id"] = made.id if made else None
    if sign is False:
        changes["api_secret_id"] = None
    if secret is not None:
        changes["api_secret_id"] = (await callback.create_secret(desk, actor, secret["secret"], f"policy {policy.name}")).id
    return (await policies.update(desk, actor, PolicyId(policy.id), PolicyChange(**changes)) if changes else policy), secret


async def _switch(desk: Desk, actor: Actor, before: PolicyView, services: dict[str, bool]) -> None:
    for key, on in services.items():
        if bool(getattr(before, key)) != on:
            change = policies.add_service if on else policies.remove_service
            await change(desk, actor, PolicyId(before.id), SERVICES[key])


def _setting(key: str, text: str) -> object:
    """What the service is to check: a number, a list, a text, or None."""
    if not text:
        return None
    if key in LISTS:
        return [each.strip() for each in text.split(",") if each.strip()]
    return int(text) if key in NUMBERS and text.isdecimal() else text


def _is_on(key: str, text: str) -> bool:
    found = WORDS.get(text.lower())
    if found is None:
        raise Refusal(f"{key}={text}: it is on or off")
    return found


async def _find(desk: Desk, actor: Actor, which: str) -> PolicyView:
    fitting = [each for each in await policies.views(desk, actor) if which in (str(each.id), each.name)]
    if len(fitting) != 1:
        why = "several service policies have that name: give the id" if fitting else "there is no such service policy"
        raise Refusal(f"{which}: {why}; `heliograph policy list` shows which there are")
    return fitting[0]


def _row(view: PolicyView) -> dict[str, Any]:
    return {
        "id": view.id,
        "organisation_id": view.organisation_id,
        "name": view.name,
        "description": view.description,
        "mt": bool(view.mt),
        "mo": bool(view.mo),
        "sms_a2p": bool(view.sms_a2p),
        "sms_p2p_int": bool(view.sms_p2p_int),
        "sms_p2p_ext": bool(view.sms_p2p_ext),
        APPLY_QUOTA: bool(view.apply_sms_quota),
        "interface": INTERFACE_TYPES[view.esme_interface_type_id],
        "webhook": view.callback_url,
        "signed": view.api_secret_id is not None,
        "devices": view.used_count,
    }
