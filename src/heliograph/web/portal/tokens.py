"""Application tokens: what programs sign in with. Made and shown once, revoked, taken back into use."""

from typing import Any, Final

from heliograph.model.account import Role
from heliograph.model.ids import TokenId
from heliograph.model.permission import RIGHTS, Right
from heliograph.model.problem import Problem
from heliograph.service.manage import account
from heliograph.web.portal.page import Asked, Page
from heliograph.web.portal.reply import Reply
from heliograph.web.portal.users import BY_NAME, ROLES
from heliograph.web.portal.words import errors_of, words_of

DAY_MS: Final = 86_400_000
LIVES: Final = (("", "never"), ("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year"))


async def show_all(asked: Asked) -> Reply:
    """All of them, revoked ones last."""
    found = await account.list_tokens(asked.core, asked.actor)
    found.sort(key=lambda token: (not token.is_good(asked.now_ms), -token.id))
    return asked.render("tokens.html", tokens=found)


async def form(asked: Asked) -> Reply:
    """What a new one may do, and for how long."""
    return _form(asked)


async def create(asked: Asked) -> Reply:
    """Make one; its text is on the page that this answers, and nowhere else."""
    try:
        days = asked.form.number("days")
        token_id, token = await account.create_token(
            asked.core,
            asked.actor,
            description=asked.form.text("description") or None,
            ip=asked.form.text("ip") or None,
            expiry_at_ms=None if days is None else asked.now_ms + days * DAY_MS,
            role=BY_NAME.get(asked.form.text("role"), Role.USER),
        )
    except Problem as problem:
        return _form(asked, problem)
    return asked.render("token_made.html", token=token, token_id=token_id, description=asked.form.text("description"), origin=asked.origin)


async def revoke(asked: Asked) -> Reply:
    """End one, or take that back."""
    revoked = asked.form.is_on("revoked")
    await account.update_token(asked.core, asked.actor, TokenId(asked.id("token_id")), description=None, revoked=revoked)
    said = "The token is revoked. What was signed in with it ends within half a minute." if revoked else "The token is good again."
    return asked.see("/tokens", said)


def _form(asked: Asked, problem: Problem | None = None) -> Reply:
    may_operate = Right.OPERATE in RIGHTS[asked.actor.role]
    roles = [(role.value, f"{role.value}: {does}") for role, does in ROLES.items() if may_operate or role is not Role.SUPER_ADMIN]

    values: dict[str, Any] = {
        "roles": roles,
        "lives": LIVES,
        "typed": asked.form,
        "error": errors_of(problem),
        "refusal": "" if problem is None or problem.field in ("ip", "expiry_date", "days") else words_of(problem),
    }
    return asked.render("token_new.html", 200 if problem is None else 422, **values)


PAGES: Final[dict[str, Page]] = {
    "/tokens": Page(get=show_all, read=Right.ADMINISTER),
    "/tokens/new": Page(get=form, post=create, read=Right.ADMINISTER, write=Right.ADMINISTER),
    "/tokens/{token_id}/revoke": Page(post=revoke, write=Right.ADMINISTER),
}
