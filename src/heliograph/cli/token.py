"""`heliograph token`: the application tokens of programs."""

from typing import Annotated

from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Said, Table, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, RoleName, at_desk
from heliograph.cli.moment import ahead_ms
from heliograph.model.account import Role
from heliograph.model.ids import TokenId
from heliograph.service.manage import account
from heliograph.store.account import Token

app = App(name="token")


@app.command
def create(
    *,
    description: str | None = None,
    role: RoleName = "Administrator",
    ip: str | None = None,
    expires: str | None = None,
    options: OrganisationOptions = ANY,
) -> int:
    """Make an application token. It is shown once, alone on standard output; only its hash is kept.

    Parameters
    ----------
    description
        What it is for.
    role
        What it may do.
    ip
        The network it may be used from, such as 203.0.113.0/24.
    expires
        When it ends: a number of hours, days or weeks from now (12h, 90d, 52w), or a date (2027-01-31). Without it: never.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.operator()
        until_ms = None if expires is None else ahead_ms("--expires", expires, desk.clock.now_ms())
        token_id, token = await account.create_token(desk, actor, description=description, ip=ip, expiry_at_ms=until_ms, role=Role(role))
        fields = {"id": token_id, "organisation_id": actor.organisation_id, "role": role, "application_token": token}
        return Said(f"application token {token_id} of {actor.organisation_name} ({role}), shown this once:", fields, token)

    return at_desk(options, work)


@app.command
def revoke(token_id: Annotated[int, Parameter(name="ID")], /, *, options: OrganisationOptions = ANY) -> int:
    """Revoke an application token. What was made with it ends within half a minute.

    Parameters
    ----------
    token_id
        Its id, as `heliograph token list` shows it.
    """

    async def work(desk: Desk) -> Answer:
        await account.update_token(desk, await desk.viewer(), TokenId(token_id), description=None, revoked=True)
        return Said(f"revoked the application token {token_id}", {"id": token_id, "revoked": True})

    return at_desk(options, work)


@app.command(name="list")
def list_(*, options: OrganisationOptions = ANY) -> int:
    """List the application tokens, revoked ones too; none is shown itself."""

    async def work(desk: Desk) -> Answer:
        found = await account.list_tokens(desk, await desk.viewer())
        rows = [_row(each, desk.clock.now_ms()) for each in found]
        columns = ("id", "organisation", "description", "role", "ip", "state", "created", "expires")
        return Table(rows, columns, "no application token yet: `heliograph token create` makes one")

    return at_desk(options, work)


def _row(token: Token, now_ms: int) -> dict[str, object]:
    return {
        "id": token.id,
        "organisation_id": token.organisation_id,
        "organisation": token.organisation_name,
        "description": token.description,
        "role": token.role,
        "ip": token.ip,
        "state": "active" if token.is_good(now_ms) else "revoked" if token.revoked_at_ms else "expired",
        "created": time_of(token.created_at_ms),
        "expires": time_of(token.expiry_at_ms),
        "revoked": time_of(token.revoked_at_ms),
    }
