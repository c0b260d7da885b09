"""Users and their roles: invited by a link that is shown once, changed, suspended, given a new link or relieved of a lost second factor."""

from typing import Any, Final

from heliograph.model.account import Role
from heliograph.model.permission import RIGHTS, Right
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import mfa
from heliograph.service.manage import user as users
from heliograph.service.manage.user import Invitation, UserChange
from heliograph.store.account import User
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.words import errors_of, words_of

ROLES: Final = {
    Role.OBSERVER: "looks, changes nothing",
    Role.USER: "sends, changes devices",
    Role.ADMINISTRATOR: "users and tokens too",
    Role.SUPER_ADMIN: "runs the installation",
}

BY_NAME: Final = {role.value: role for role in ROLES}


async def show_all(asked: Asked) -> Reply:
    """All of the organisation; for the operator, of the installation."""
    return asked.render("users.html", users=await users.list_users(asked.core, asked.actor), Role=Role)


async def form(asked: Asked) -> Reply:
    """Who is to be invited."""
    return _form(asked)


async def invite(asked: Asked) -> Reply:
    """Invite somebody; the link is on the page that this answers, and nowhere else."""
    try:
        role = _role(asked)
        invited = await users.invite(asked.core, asked.actor, asked.form.text("email"), asked.form.text("name"), role)
    except Problem as problem:
        return _form(asked, problem)
    return _link(asked, invited, f"{invited.user.email} is invited")


async def show(asked: Asked) -> Reply:
    """One, to be changed."""
    return await _page(asked, await _user(asked))


async def change(asked: Asked) -> Reply:
    """Rename them, or give them another role."""
    user = await _user(asked)
    try:
        wanted = UserChange(name=asked.form.text("name"), role=_role(asked))
        await users.update(asked.core, asked.actor, user.id, wanted)
    except Problem as problem:
        return await _page(asked, user, problem)
    return asked.see(f"/users/{user.id}", "Saved.")


async def suspend(asked: Asked) -> Reply:
    """Shut them out everywhere, or let them in again."""
    user = await _user(asked)
    disabled = asked.form.is_on("disabled")
    try:
        await users.update(asked.core, asked.actor, user.id, UserChange(disabled=disabled))
    except Problem as problem:
        return await _page(asked, user, problem)
    return asked.see(f"/users/{user.id}", f"{user.email} is {'suspended and signed out everywhere' if disabled else 'active again'}.")


async def new_link(asked: Asked) -> Reply:
    """Another link to set a password."""
    user = await _user(asked)
    return _link(asked, await users.new_link(asked.core, asked.actor, user.id), f"A new link for {user.email}")


async def drop_factor(asked: Asked) -> Reply:
    """Take their second factor off, since they lost it."""
    user = await _user(asked)
    for key in await mfa.keys(asked.core, user.id):
        await mfa.delete(asked.core, asked.actor, user.id, key.id)
    return asked.see(f"/users/{user.id}", "The second factor is off; they sign in with their password alone until they set up another.")


def _role(asked: Asked) -> Role:
    typed = asked.form.text("role")
    if typed not in BY_NAME:
        raise Problem(Code.INVALID, "choose a role", field="role")
    return BY_NAME[typed]


def _roles(asked: Asked) -> list[tuple[str, str]]:
    """Those that the one who asks may give."""
    may_operate = Right.OPERATE in RIGHTS[asked.actor.role]
    return [(role.value, f"{role.value}: {does}") for role, does in ROLES.items() if may_operate or role is not Role.SUPER_ADMIN]


def _form(asked: Asked, problem: Problem | None = None) -> Reply:
    return asked.render("user_invite.html", 200 if problem is None else 422, roles=_roles(asked), **_refused(problem), typed=asked.form)


def _link(asked: Asked, invited: Invitation, title: str) -> Reply:
    link = f"{asked.origin}/set-password/{invited.key}"
    return asked.render("user_link.html", title=title, user=invited.user, link=link, until_ms=invited.until_ms)


async def _user(asked: Asked) -> User:
    return await users.view(asked.core, asked.actor, asked.id("user_id"))


async def _page(asked: Asked, user: User, problem: Problem | None = None) -> Reply:
    keys = await mfa.keys(asked.core, user.id)
    has_factor = any(key.activated_at_ms is not None for key in keys)
    status = 200 if problem is None else 422
    return asked.render("user.html", status, user=user, roles=_roles(asked), has_factor=has_factor, **_refused(problem))


def _refused(problem: Problem | None) -> dict[str, Any]:
    """What a form says of a problem: at its field, or above."""
    fields = ("email", "name", "role")

    return {"error": errors_of(problem), "refusal": "" if problem is None or problem.field in fields else words_of(problem)}


PAGES: Final[dict[str, Page]] = {
    "/users": Page(get=show_all, read=Right.ADMINISTER),
    "/users/invite": Page(get=form, post=invite, read=Right.ADMINISTER, write=Right.ADMINISTER),
    "/users/{user_id}": Page(get=show, post=change, read=Right.ADMINISTER, write=Right.ADMINISTER),
    "/users/{user_id}/suspend": Page(post=suspend, write=Right.ADMINISTER),
    "/users/{user_id}/link": Page(post=new_link, write=Right.ADMINISTER),
    "/users/{user_id}/factor": Page(post=drop_factor, write=Right.ADMINISTER),
}
