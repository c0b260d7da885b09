"""Service policies: what devices may do with SMS and how the application is reached, with what it means in plain words. Saved only when
asked: all of a form, in one transaction but for the webhook that it names, which is made before."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET

from heliograph.model.ids import PolicyId
from heliograph.model.number import EIGHT_DIGITS
from heliograph.model.permission import Right
from heliograph.model.policy import REST_API, SMPP, Policy, Traffic
from heliograph.model.policy_preview import preview
from heliograph.model.policy_settings import MoToApplication, PolicySettings, changed, check, read
from heliograph.model.problem import Code, Problem
from heliograph.model.webhook import is_catch_hook
from heliograph.service import explain
from heliograph.service.draft import Draft
from heliograph.service.explain import Explanation
from heliograph.service.manage import callback, delivery, link, policy, smpp_account
from heliograph.service.manage.policy import PolicyChange
from heliograph.store.policy import PolicyView
from heliograph.web.portal import organisations
from heliograph.web.portal.page import Asked, Fields, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import errors_of, words_of

SWITCHES: Final = ("mt", "mo", "sms_a2p", "sms_p2p_int", "sms_p2p_ext", "apply_sms_quota")
LIMITS: Final = (5, 10, 25, 50, 100)
LISTS: Final = ("application_numbers", "sender_allow_list")
NUMBERS: Final = ("mt_limit", "mo_limit", "short_number_max_digits")
WEB, WEBHOOK, BIND = "portal", "webhook", "smpp"
NOTHING_SET: Final = "{}"
NEW: Final[Mapping[str, Any]] = {
    "name": "",
    "description": "",
    "mt": True,
    "mo": True,
    "sms_a2p": True,
    "sms_p2p_int": False,
    "sms_p2p_ext": False,
    "apply_sms_quota": False,
    "mt_limit": "",
    "mo_limit": "",
    "short_number_max_digits": "",
    "application_numbers": "",
    "sender_allow_list": "",
    "mo_to_all": False,
    "strict": False,
    "default_source": "",
    "interface": WEB,
    "url": "",
}
"""What a new policy's form begins with (rules: Policy defaults)."""


async def show_list(asked: Asked) -> Reply:
    """All of them."""
    return asked.render(
        "policies.html",
        policies=await policy.views(asked.core, asked.actor),
        organisations=await organisations.names(asked),
        interface_of=interface_of,
        read=read,
    )


async def show_new(asked: Asked) -> Reply:
    """An empty form."""
    return await _form(asked, None, dict(NEW))


async def show(asked: Asked) -> Reply:
    """One policy, and, where it was asked, what would become of an SMS under it."""
    view = await _view(asked)
    found = await _explained(asked, view.id) if "text" in asked.query else None
    return await _page_of(asked, view, typed_of(view), explained=found)


async def create(asked: Asked) -> Reply:
    """Save a new one."""
    typed = typed_in(asked.form)
    try:
        made = await policy.create(asked.core, asked.actor, await _change(asked, typed, None))
    except Problem as problem:
        return await _form(asked, None, typed, problem=problem, status=422)
    return asked.see(f"/policies/{made.id}", f"Saved the service policy {made.name}.")


async def save(asked: Asked) -> Reply:
    """Save what was changed."""
    view, typed = await _view(asked), typed_in(asked.form)
    try:
        await policy.update(asked.core, asked.actor, PolicyId(view.id), await _change(asked, typed, view))
        await asked.core.notifier.refresh()
    except Problem as problem:
        return await _page_of(asked, view, typed, problem=problem, status=422)
    return asked.see(f"/policies/{view.id}", f"Saved the service policy {typed['name']}.")


async def delete(asked: Asked) -> Reply:
    """Delete one that no device has."""
    view = await _view(asked)
    try:
        await policy.delete(asked.core, asked.actor, PolicyId(view.id))
    except Problem as problem:
        if problem.code is not Code.IN_USE:
            raise
        text = f"{view.used_count} device{'s have' if view.used_count != 1 else ' has'} this policy: give them another one first."
        return await _page_of(asked, view, typed_of(view), refusal=text, status=409)
    return asked.see("/policies", f"Deleted the service policy {view.name}.")


async def show_preview(asked: Asked) -> Reply:
    """What a form that is not saved would mean: for a script, while somebody types."""
    typed = typed_in(asked.form)
    try:
        settings = read(changed(NOTHING_SET, _settings(typed)))
    except Problem as problem:
        return asked.render("policy_preview.html", 422, said=None, why=words_of(problem))
    return asked.render("policy_preview.html", said=_said(asked, typed, settings), why="")


async def send_test(asked: Asked) -> Reply:
    """Send a test to the webhook of a policy and show what was answered."""
    view = await _view(asked)
    if view.api_callback_id is None:
        raise Problem(Code.NOT_ALLOWED, "the policy has no webhook: choose one and save it first")
    tested = await delivery.send_test(asked.core, asked.actor, view.api_callback_id, asked.core.notifier)
    return await _page_of(asked, view, typed_of(view), tested=tested)


def interface_of(view: PolicyView) -> str:
    """How its application is reached."""
    if view.esme_interface_type_id == SMPP:
        return BIND
    return WEB if view.api_callback_id is None else WEBHOOK


def typed_of(view: PolicyView) -> dict[str, Any]:
    """A policy as its form shows it."""
    settings = read(view.settings)
    return {
        "name": view.name,
        "description": view.description or "",
        **{name: bool(getattr(view, name)) for name in SWITCHES},
        **{name: "" if getattr(settings, name) is None else str(getattr(settings, name)) for name in NUMBERS},
        **{name: "\n".join(getattr(settings, name)) for name in LISTS},
        "mo_to_all": settings.mo_to_application is MoToApplication.ALL,
        "strict": settings.order is not None,
        "default_source": settings.default_source or "",
        "interface": interface_of(view),
        "url": view.callback_url or "",
    }


def typed_in(form: Fields) -> dict[str, Any]:
    """What was typed into the form."""
    texts = ("name", "description", *NUMBERS, *LISTS, "default_source", "url")
    interface = form.text("interface")
    return {
        **{name: form.text(name) for name in texts},
        **{name: form.is_on(name) for name in (*SWITCHES, "mo_to_all", "strict")},
        "interface": interface if interface in (WEB, WEBHOOK, BIND) else WEB,
    }


def _settings(typed: Mapping[str, Any]) -> dict[str, object]:
    """What was typed, by the names of a policy's settings. Raises Problem."""
    found: dict[str, object] = {}
    for name in NUMBERS:
        text = typed[name]
        if text and not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise Problem(Code.INVALID_FORMAT, f"'{text[:40]}' is no whole number: write digits, or leave it empty for none", field=name)
        found[name] = int(text) if text else None
    for name in LISTS:
        found[name] = [each.strip() for line in typed[name].splitlines() for each in line.split(",") if each.strip()] or None
    found["default_source"] = typed["default_source"] or None
    found["mo_to_application"] = MoToApplication.ALL.value if typed["mo_to_all"] else None
    found["order"] = "strict" if typed["strict"] else None
    return found


async def _change(asked: Asked, typed: Mapping[str, Any], before: PolicyView | None) -> PolicyChange:
    """What the form changes. Raises Problem. A webhook or a secret that it names for the first time is made here."""
    settings = _settings(typed)
    check(settings)
    if not typed["name"]:
        raise Problem(Code.REQUIRED, "a policy needs a name: give it one", field="name")
    is_webhook = typed["interface"] == WEBHOOK
    return PolicyChange(
        name=typed["name"],
        description=typed["description"] or None,
        **{name: typed[name] for name in SWITCHES},
        esme_interface_type_id=SMPP if typed["interface"] == BIND else REST_API,
        api_callback_id=await _callback(asked, typed, before) if is_webhook else None,
        api_secret_id=await _secret(asked, typed["name"]) if is_webhook else UNSET,
        settings=settings,
    )


async def _callback(asked: Asked, typed: Mapping[str, Any], before: PolicyView | None) -> int:
    """The webhook at the address that was typed: the one there is, or a new one."""
    url = typed["url"]
    if not url:
        raise Problem(Code.REQUIRED, "where do SMS and receipts go? Write the address of your application", field="url")
    if before is not None and before.callback_url == url and before.api_callback_id is not None:
        return before.api_callback_id
    if problem := asked.context.check_url(url):
        raise problem
    return (await callback.create(asked.core, asked.actor, url, typed["name"])).id


async def _secret(asked: Asked, name: str) -> Any:
    """A new secret where one was typed, none where it is to go, else the one there is."""
    if asked.form.is_on("no_secret"):
        return None
    typed = asked.form.text("secret")
    return (await callback.create_secret(asked.core, asked.actor, typed, name)).id if typed else UNSET


async def _view(asked: Asked) -> PolicyView:
    return await policy.view(asked.core, asked.actor, PolicyId(asked.id("policy_id")))


async def _explained(asked: Asked, policy_id: int) -> Explanation | Problem:
    """What would become of the SMS that was asked about."""
    draft = Draft(payload=asked.query.raw("text"))
    traffic = Traffic.MO if asked.query.text("way") == "mo" else Traffic.MT
    try:
        return await explain.explain_policy(
            asked.core, asked.actor, PolicyId(policy_id), traffic, asked.query.text("number") or None, draft
        )
    except Problem as problem:
        return problem


async def _page_of(asked: Asked, view: PolicyView, typed: dict[str, Any], status: int = 200, **more: Any) -> Reply:
    accounts = await smpp_account.views(asked.core, asked.actor)
    account = next((each for each in accounts if each.system_id == f"pol_{view.id}"), None)
    sessions = await smpp_account.sessions(asked.core, asked.actor) if account else ()
    bound = [each for each in sessions if account and each.system_id == account.system_id]
    return await _form(asked, view, typed, status=status, account=account, bound=bound, **more)


async def _form(
    asked: Asked, view: PolicyView | None, typed: dict[str, Any], *, status: int = 200, problem: Problem | None = None, **more: Any
) -> Reply:
    saved = typed_of(view) if view is not None else dict(NEW)
    settings = read(view.settings) if view is not None else PolicySettings()
    values: dict[str, Any] = {"account": None, "bound": (), "tested": None, "explained": None, "refusal": ""} | more
    if problem is not None:
        values["refusal"] = " ".join(words_of(each) for each in _unplaced(problem)) or "Something is not taken yet: see below."
    return asked.render(
        "policy.html",
        status,
        view=view,
        typed=typed,
        said=_said(asked, saved, settings),
        why="",
        errors=errors_of(problem),
        limits=LIMITS,
        numbers=asked.core.numbers,
        eight=sorted(EIGHT_DIGITS[each] for each in await link.countries(asked.core) if each in EIGHT_DIGITS),
        rates=asked.core.p2p,
        is_zapier=is_catch_hook(typed["url"]),
        is_problem=isinstance(values["explained"], Problem),
        words_of=words_of,
        query=asked.query,
        **values,
    )


def _unplaced(problem: Problem) -> Sequence[Problem]:
    """What is about no single field."""
    return [each for each in problem.parts or (problem,) if each.field is None]


def _said(asked: Asked, typed: Mapping[str, Any], settings: PolicySettings) -> Any:
    shown = Policy(
        PolicyId(0),
        mt=typed["mt"],
        mo=typed["mo"],
        a2p=typed["sms_a2p"],
        p2p_internal=typed["sms_p2p_int"],
        p2p_external=typed["sms_p2p_ext"],
        esme_interface_type_id=SMPP if typed["interface"] == BIND else REST_API,
        apply_sms_quota=typed["apply_sms_quota"],
        settings=settings,
    )
    return preview(shown, asked.core.numbers, asked.core.p2p, typed["url"] if typed["interface"] == WEBHOOK and typed["url"] else None)


PAGES: Final[dict[str, Page]] = {
    "/policies": Page(get=show_list, post=create),
    "/policies/new": Page(get=show_new, read=Right.CHANGE),
    "/policies/preview": Page(post=show_preview, write=Right.READ),
    "/policies/{policy_id}": Page(get=show, post=save),
    "/policies/{policy_id}/delete": Page(post=delete),
    "/policies/{policy_id}/test": Page(post=send_test),
}
