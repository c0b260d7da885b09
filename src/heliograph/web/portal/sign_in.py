"""Signing in: password, code of a second factor, and a password set by a link; and signing out."""

import secrets
from typing import Final

from heliograph.model.account import Actor
from heliograph.model.permission import Right
from heliograph.model.problem import Code, Problem
from heliograph.service import session
from heliograph.service.access import user_claims
from heliograph.service.login import MFA_AUDIENCE, MFA_TOKEN_S, TRUST_MS, Device
from heliograph.service.manage import user as users
from heliograph.service.password import sha1_hex, sha1_of_new
from heliograph.store.account import User
from heliograph.web.answer import Header
from heliograph.web.portal import guard
from heliograph.web.portal.agent import browser_of
from heliograph.web.portal.face import SIGN_IN
from heliograph.web.portal.page import Asked, OpenPage, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import words_of

TRUSTED: Final = "heliograph_trusted"
"""A secret of the browser's, from which no second factor is asked."""


async def form(asked: Asked) -> Reply:
    """The form, or on to where it leads for who is signed in already."""
    if asked.visit is not None:
        return asked.see(_next(asked.query.text("next")))
    return _form(asked, next=asked.query.text("next"))


async def sign_in(asked: Asked) -> Reply:
    """Check the password; then a session, or the form for a code."""
    email, back = asked.form.text("email"), asked.form.text("next")
    login = asked.context.login
    password_sha1 = sha1_hex(asked.form.raw("password"))
    try:
        user, needs_code = await login.check(email, password_sha1, asked.address, asked.cookies.get(TRUSTED))
    except Problem as problem:
        return _form(asked, _status(problem), email=email, next=back, refusal=_refusal(problem))
    if not needs_code:
        return await _begin(asked, user, back)
    token = await asked.context.access.sign(MFA_AUDIENCE, user_claims(user), MFA_TOKEN_S)
    return asked.render("sign_in_code.html", mfa_token=token, next=back, refusal="")


async def check_code(asked: Asked) -> Reply:
    """Check the code of a second factor; then a session."""
    token, back = asked.form.text("mfa_token"), asked.form.text("next")
    fingerprint = secrets.token_urlsafe(32) if asked.form.is_on("trust") else None
    device = None if fingerprint is None else Device(fingerprint=fingerprint, name=browser_of(guard.header(asked.scope, b"user-agent")))
    try:
        user = await asked.context.login.check_code(token, asked.form.text("code").replace(" ", ""), asked.address, device)
    except Problem as problem:
        if problem.code in (Code.TOKEN_EXPIRED, Code.INVALID_TOKEN):
            return _form(asked, 401, next=back, refusal="That took longer than five minutes: sign in again.")
        refusal = "The code is wrong or was used before: type the one that your app shows now." if _is_wrong(problem) else words_of(problem)
        return asked.render("sign_in_code.html", _status(problem), mfa_token=token, next=back, refusal=refusal)
    more = () if fingerprint is None else (asked.cookie(TRUSTED, fingerprint, max_age_s=TRUST_MS // 1000),)
    return await _begin(asked, user, back, *more)


async def sign_out(asked: Asked) -> Reply:
    """End the session, here and in the database."""
    if asked.visit is not None:
        await session.end(asked.core, asked.actor, asked.visit.session_id)
    return asked.see(SIGN_IN, "You are signed out.", asked.cookie(asked.session_name, "", max_age_s=0))


async def password_form(asked: Asked) -> Reply:
    """The form that an invitation, or a link for a forgotten password, leads to."""
    return asked.render("set_password.html", refusal="", name="")


async def set_password(asked: Asked) -> Reply:
    """Use the link up."""
    name = asked.form.text("name")
    try:
        asked.context.access.logins.take(asked.address)
        new = sha1_of_new(asked.form.raw("password"), asked.form.raw("again"))
        await users.set_password_by_link(asked.core, asked.context.access.passwords, asked.ids["key"], new, name or None)
    except Problem as problem:
        return asked.render("set_password.html", 422, refusal=words_of(problem), name=name)
    return asked.see(SIGN_IN, "Your password is set: sign in with it.")


def first_page(actor: Actor) -> str:
    """Where somebody begins."""
    return "/devices"


async def home(asked: Asked) -> Reply:
    """On to where one begins."""
    return asked.see(first_page(asked.actor))


def _form(asked: Asked, status: int = 200, *, email: str = "", next: str = "", refusal: str = "") -> Reply:  # noqa: A002
    return asked.render("sign_in.html", status, email=email, next=next, refusal=refusal)


async def _begin(asked: Asked, user: User, back: str, *more: Header) -> Reply:
    cookie = await session.begin(asked.core, user, asked.address, guard.header(asked.scope, b"user-agent"))
    lasts_s = session.LONGEST_MS // 1000
    return asked.see(_next(back), "", asked.cookie(asked.session_name, cookie, max_age_s=lasts_s), *more)


def _next(typed: str) -> str:
    return guard.own_path(typed)


def _is_wrong(problem: Problem) -> bool:
    return problem.code is Code.INVALID_CREDENTIALS


def _refusal(problem: Problem) -> str:
    return "E-mail address or password is wrong." if _is_wrong(problem) else words_of(problem)


def _status(problem: Problem) -> int:
    return 429 if problem.code in (Code.LOCKED_OUT, Code.TOO_MANY_REQUESTS) else 401


PAGES: Final[dict[str, Page]] = {
    "": Page(get=home, read=Right.OWN_ACCOUNT),
    SIGN_IN: OpenPage(get=form, post=sign_in),
    f"{SIGN_IN}/code": OpenPage(post=check_code),
    "/sign-out": OpenPage(post=sign_out),
    "/set-password/{key}": OpenPage(get=password_form, post=set_password),
}
