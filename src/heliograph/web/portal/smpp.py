"""SMPP accounts: who may bind and who is bound, what was refused and what to do about it, how an application connects; made, given another
password, limited, switched off, deleted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from heliograph.model import esme
from heliograph.model.esme import CodingOne, DefaultCoding, LongMessages
from heliograph.model.esme_refusal import NOBODY, remedy_of, words_of
from heliograph.model.permission import Right
from heliograph.model.policy import SMPP
from heliograph.model.problem import Code, Problem
from heliograph.service import smpp_refusal
from heliograph.service.manage import policy
from heliograph.service.manage import smpp_account as accounts
from heliograph.store.feed import FeedEvent
from heliograph.store.policy import PolicyView
from heliograph.store.smpp_account import SmppAccount, SmppSession
from heliograph.web.doors import host_of
from heliograph.web.portal import live, organisations, render
from heliograph.web.portal.live import Frame
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.state import Shown
from heliograph.web.portal.words import errors_of
from heliograph.web.portal.words import words_of as words_of_problem

OFF: Final = Shown("ban", "Off", "")
UNBOUND: Final = Shown("unplug", "Nobody bound", "warn")
PARTS: Final = ("smpp_figures.html", "smpp_now.html")
PACE_S: Final = 3.0
"""How often sessions and refusals are looked at while somebody looks at them."""
NUMBERS: Final = ("max_binds", "window", "rate", "deliver_window")
CODINGS: Final = (
    (DefaultCoding.GSM7.value, "GSM 7-bit, a septet an octet"),
    (DefaultCoding.GSM7_PACKED.value, "GSM 7-bit, packed"),
    (DefaultCoding.LATIN_1.value, "Latin-1"),
    (DefaultCoding.ASCII.value, "ASCII"),
)
ONES: Final = ((CodingOne.ASCII.value, "ASCII"), (CodingOne.GSM7.value, "GSM 7-bit, as npm smpp writes it"))
LONG: Final = (
    (LongMessages.UDH.value, "in parts, by a user data header"),
    (LongMessages.SAR.value, "in parts, by SAR TLVs"),
    (LongMessages.PAYLOAD.value, "whole, in message_payload"),
)


async def show_list(asked: Asked) -> Reply:
    """All that the reader sees, and for the operator what named no account."""
    return await _list(asked)


async def create(asked: Asked) -> Reply:
    """Make the account of a policy or an organisation; its password is on the page that this answers, and nowhere else."""
    wanted = asked.form.text("of")
    choices = await _choices(asked, await accounts.views(asked.core, asked.actor))
    if wanted not in choices:
        return await _list(asked, refusal="Choose what the account is for: each policy and each organisation has one at most.")
    organisation_id, policy_id, _ = choices[wanted]
    try:
        made = await accounts.create(asked.core, asked.actor, policy_id, {}, organisation_id=organisation_id)
    except Problem as problem:
        return await _list(asked, refusal=words_of_problem(problem))
    return await _page(asked, made.account, password=made.password)


async def show(asked: Asked) -> Reply:
    """One."""
    return await _page(asked, await _account(asked))


async def stream(asked: Asked) -> Reply:
    """Draw anew who is bound and what was refused, while somebody tries to bind."""
    account = await _account(asked)
    drawn: dict[str, str] = {}

    async def told(_: Sequence[FeedEvent]) -> Iterable[Frame]:
        values = asked.shared() | await _now(asked, await _account(asked))
        now = {name: render.page(name, values) for name in PARTS}
        changed = [Frame("swap", text) for name, text in now.items() if drawn.get(name) != text]
        drawn.update(now)
        return changed

    return await live.follow(asked, account.organisation_id, told, lambda: PACE_S)


async def save(asked: Asked) -> Reply:
    """Change what limits it."""
    account = await _account(asked)
    try:
        await accounts.update(asked.core, asked.actor, account.system_id, _settings(asked))
    except Problem as problem:
        return await _page(asked, account, problem=problem)
    return asked.see(f"/smpp/{account.system_id}", "Saved. Open sessions follow within some seconds.")


async def reset(asked: Asked) -> Reply:
    """Give it a new password, shown this once."""
    made = await accounts.reset(asked.core, asked.actor, asked.ids["system_id"])
    return await _page(asked, made.account, password=made.password)


async def switch(asked: Asked) -> Reply:
    """Let it bind, or no more."""
    is_on = asked.form.text("to") == "on"
    changed = await accounts.update(asked.core, asked.actor, asked.ids["system_id"], {}, enabled=is_on)
    said = "It may bind again." if is_on else "It may bind no more; its sessions end within some seconds."
    return asked.see(f"/smpp/{changed.system_id}", said)


async def delete(asked: Asked) -> Reply:
    """Delete it; its sessions end."""
    system_id = asked.ids["system_id"]
    await accounts.delete(asked.core, asked.actor, system_id)
    return asked.see("/smpp", f"Deleted the SMPP account {system_id}.")


def state_of(account: SmppAccount, sessions: int) -> Shown:
    """How an account is, with so many sessions."""
    if account.disabled_at_ms is not None:
        return OFF
    return Shown("plug", f"Bound, {sessions} session{'s' if sessions != 1 else ''}", "ok") if sessions else UNBOUND


async def _account(asked: Asked) -> SmppAccount:
    try:
        return await accounts.view(asked.core, asked.actor, asked.ids["system_id"])
    except Problem as problem:
        raise Problem(Code.NOT_FOUND, problem.text) from None


async def _choices(asked: Asked, there: Sequence[SmppAccount]) -> dict[str, tuple[int, int | None, str]]:
    """For what an account can be made: its system_id to the organisation, the policy, and what it is called."""
    if not asked.can(Right.ADMINISTER):
        return {}
    names = await organisations.names(asked) or {asked.actor.organisation_id: asked.actor.organisation_name}
    policies = await policy.views(asked.core, asked.actor)
    all_of = {esme.system_id_of(each, None): (each, None, f"{name}: all its devices") for each, name in names.items()}
    of_policies = {
        esme.system_id_of(each.organisation_id, each.id): (each.organisation_id, each.id, f"Service policy {each.name}")
        for each in policies
    }
    taken = {each.system_id for each in there}
    return {system_id: choice for system_id, choice in (all_of | of_policies).items() if system_id not in taken}


async def _list(asked: Asked, *, refusal: str = "") -> Reply:
    there = await accounts.views(asked.core, asked.actor)
    sessions = await accounts.sessions(asked.core, asked.actor)
    refused = await smpp_refusal.refusals(asked.core, asked.actor)
    return asked.render(
        "smpp.html",
        422 if refusal else 200,
        accounts=there,
        of=await _called(asked),
        organisations=await organisations.names(asked),
        bound=Counter(each.system_id for each in sessions),
        waiting=await accounts.waiting(asked.core, [each.system_id for each in there]),
        last=smpp_refusal.last_of(refused),
        nobodys=[each for each in refused if each.system_id == NOBODY],
        choices=await _choices(asked, there),
        refusal=refusal,
        settings_of=esme.read,
        state_of=state_of,
        **_words(asked),
    )


async def _called(asked: Asked) -> Mapping[int, str]:
    """Policies by id."""
    return {each.id: each.name for each in await policy.views(asked.core, asked.actor)}


async def _page(asked: Asked, account: SmppAccount, *, problem: Problem | None = None, password: str = "") -> Reply:
    policies = [each for each in await policy.views(asked.core, asked.actor) if each.organisation_id == account.organisation_id]
    return asked.render(
        "smpp_account.html",
        200 if problem is None else 422,
        password=password,
        policy=next((each for each in policies if each.id == account.policy_id), None),
        hears=_hears(account, policies, await accounts.views(asked.core, asked.actor)),
        errors=errors_of(problem),
        typed=asked.form if problem is not None else None,
        codings=CODINGS,
        ones=ONES,
        long=LONG,
        number=await asked.core.tail.number(account.organisation_id),
        **await _now(asked, account),
    )


async def _now(asked: Asked, account: SmppAccount) -> dict[str, Any]:
    """What of its page is drawn anew."""
    bound: list[SmppSession] = [each for each in await accounts.sessions(asked.core, asked.actor) if each.system_id == account.system_id]
    return {
        "account": account,
        "settings": esme.read(account.settings),
        "bound": bound,
        "shown": state_of(account, len(bound)),
        "waiting": (await accounts.waiting(asked.core, [account.system_id]))[account.system_id],
        "refused": await smpp_refusal.refusals_of(asked.core, asked.actor, account.system_id),
    } | _words(asked)


def _words(asked: Asked) -> dict[str, Any]:
    """What says it in words."""
    return {
        "why_of": words_of,
        "remedy_of": remedy_of,
        "most_waiting": accounts.COUNTED_MOST,
        "doors": asked.context.smpp,
        "host": host_of(asked.origin),
    }


def _hears(account: SmppAccount, policies: Sequence[PolicyView], there: Sequence[SmppAccount]) -> list[str]:
    """The policies whose devices the application hears: those with the interface SMPP and, where it is the organisation's, no account."""
    own = {each.policy_id for each in there} if account.policy_id is None else set()
    return [
        each.name
        for each in policies
        if each.esme_interface_type_id == SMPP and (each.id == account.policy_id if account.policy_id is not None else each.id not in own)
    ]


def _settings(asked: Asked) -> dict[str, object]:
    """What was typed, by the names of an account's settings; what is no number is refused by its rule."""
    form = asked.form
    found: dict[str, object] = {}
    for name in NUMBERS:
        text = form.text(name)
        found[name] = None if not text else int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else text
    found["allowed_addresses"] = form.text("allowed_addresses").replace(",", " ").split()
    found |= {name: form.text(name) or None for name in ("default_coding", "coding_1", "long_messages")}
    found["alerts"] = form.is_on("alerts")
    return found


PAGES: Final[dict[str, Page]] = {
    "/smpp": Page(get=show_list, post=create, write=Right.ADMINISTER),
    "/smpp/{system_id}": Page(get=show, post=save, write=Right.ADMINISTER),
    "/smpp/{system_id}/stream": Page(get=stream),
    "/smpp/{system_id}/password": Page(post=reset, write=Right.ADMINISTER),
    "/smpp/{system_id}/switch": Page(post=switch, write=Right.ADMINISTER),
    "/smpp/{system_id}/delete": Page(post=delete, write=Right.ADMINISTER),
}
