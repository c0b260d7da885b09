"""One's own account: password, second factor, sessions, browsers that are trusted; for the operator, in which organisation to work."""

from typing import Any, Final

from heliograph.model.account import Role
from heliograph.model.permission import Right
from heliograph.model.problem import Problem
from heliograph.service import session
from heliograph.service.manage import account, mfa
from heliograph.service.manage import user as users
from heliograph.service.manage.me import me
from heliograph.service.password import sha1_hex, sha1_of_new
from heliograph.store.credential import MfaKey
from heliograph.web.portal import qr
from heliograph.web.portal.agent import browser_of
from heliograph.web.portal.face import SIGN_IN
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import words_of

FACTOR: Final = "/account/factor"


async def show(asked: Asked) -> Reply:
    """All of it."""
    return await _page(asked)


async def change_password(asked: Asked) -> Reply:
    """Set another; all that one was signed in with ends, this session too."""
    form, access = asked.form, asked.context.access
    try:
        new = sha1_of_new(form.raw("password"), form.raw("again"))
        old = sha1_hex(form.raw("old"))
        await users.change_password(asked.core, asked.context.login, access.passwords, asked.actor, old, new)
    except Problem as problem:
        return await _page(asked, password=_said(problem))
    return asked.see(SIGN_IN, "Your password is changed: sign in with the new one.", asked.cookie(asked.session_name, "", max_age_s=0))


async def begin_factor(asked: Asked) -> Reply:
    """A key for a second factor, shown this once with the codes for its loss; it counts once a code of it is typed."""
    try:
        made = await mfa.create(asked.core, asked.context.login, asked.actor, sha1_hex(asked.form.raw("password")))
    except Problem as problem:
        return await _page(asked, factor=_said(problem))
    return _factor(asked, made.key, made.recovery_codes)


async def activate_factor(asked: Asked) -> Reply:
    """Put the key into use by its first code. A typing error loses nothing: the page comes again with what it showed."""
    form, actor = asked.form, asked.actor
    key_id = form.number("key_id") or 0
    try:
        await mfa.activate(asked.core, actor, key_id, form.text("code").replace(" ", ""))
    except Problem as problem:
        assert actor.user_id is not None
        waiting = [each for each in await mfa.keys(asked.core, actor.user_id) if each.id == key_id and each.activated_at_ms is None]
        if not waiting:
            return await _page(asked, factor=_said(problem))
        return _factor(asked, waiting[0], form.text("codes").split(), _said(problem))
    return asked.see("/account", "The second factor is on: from now on you sign in with a code of your app too.")


async def drop_factor(asked: Asked) -> Reply:
    """Do without it, given the password; one has to sign in again."""
    actor = asked.actor
    assert actor.user_id is not None
    try:
        await asked.context.login.confirm(actor, sha1_hex(asked.form.raw("password")), "password")
    except Problem as problem:
        return await _page(asked, factor=_said(problem))
    for key in await mfa.keys(asked.core, actor.user_id):
        await mfa.delete(asked.core, actor, actor.user_id, key.id)
    return asked.see(SIGN_IN, "The second factor is off: sign in with your password.", asked.cookie(asked.session_name, "", max_age_s=0))


async def end_session(asked: Asked) -> Reply:
    """End one session, or all but this."""
    assert asked.visit is not None
    if asked.form.is_on("others"):
        await session.end_others(asked.core, asked.visit)
        return asked.see("/account", "All other sessions are ended.")
    await session.end(asked.core, asked.actor, asked.form.number("session") or 0)
    return asked.see("/account", "The session is ended.")


async def forget_browser(asked: Asked) -> Reply:
    """Ask for a code from a browser again."""
    actor = asked.actor
    await mfa.forget_device(asked.core, actor, actor.user_id or 0, asked.form.number("browser") or 0)
    return asked.see("/account", "That browser is asked for a code again.")


async def work_in(asked: Asked) -> Reply:
    """Work in another organisation, as its Administrator."""
    assert asked.visit is not None
    await session.work_in(asked.core, asked.visit, asked.form.number("organisation") or 0)
    return asked.see("/", "You work in another organisation now.")


def _factor(asked: Asked, key: MfaKey, codes: list[str], refusal: str = "") -> Reply:
    uri = mfa.uri(key, asked.actor)
    status = 422 if refusal else 200
    return asked.render("account_factor.html", status, key=key, uri=uri, code=qr.svg(uri), codes=codes, refusal=refusal)


def _said(problem: Problem) -> str:
    text = words_of(problem)
    return text.replace("Old_password is not", "The old password is not").replace("Password is not your", "That is not your")


async def _page(asked: Asked, **refusals: str) -> Reply:
    actor = asked.actor
    assert actor.user_id is not None
    mine = await me(asked.core, actor)
    assert mine.user is not None
    is_operator = Role(mine.user.role) is Role.SUPER_ADMIN
    keys = await mfa.keys(asked.core, actor.user_id)
    values: dict[str, Any] = {
        "mine": mine,
        "browser_of": browser_of,
        "session_id": asked.visit.session_id if asked.visit else 0,
        "sessions": await session.list_of(asked.core, actor),
        "browsers": await mfa.trusted_devices(asked.core, actor, actor.user_id),
        "has_factor": any(key.activated_at_ms is not None for key in keys),
        "organisations": await account.every_organisation(asked.core) if is_operator else [],
        "refusals": {"password": "", "factor": ""} | refusals,
    }
    return asked.render("account.html", 422 if any(refusals.values()) else 200, **values)


OWN: Final[dict[str, Any]] = {"read": Right.OWN_ACCOUNT, "write": Right.OWN_ACCOUNT}
PAGES: Final[dict[str, Page]] = {
    "/account": Page(get=show, **OWN),
    "/account/password": Page(post=change_password, **OWN),
    FACTOR: Page(post=begin_factor, **OWN),
    f"{FACTOR}/activate": Page(post=activate_factor, **OWN),
    f"{FACTOR}/off": Page(post=drop_factor, **OWN),
    "/account/session": Page(post=end_session, **OWN),
    "/account/browser": Page(post=forget_browser, **OWN),
    "/account/organisation": Page(post=work_in, **OWN),
}
