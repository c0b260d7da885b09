"""`heliograph user`: people who log in. A password is generated or asked for, and never stands on a command line."""

import getpass
import secrets
import sys
from typing import Annotated, Final

from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Refusal, Said, Table, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, RoleName, at_desk
from heliograph.model.account import Role
from heliograph.service.manage import user
from heliograph.service.password import Passwords, sha1_hex

app = App(name="user")
GENERATED_OCTETS: Final = 12
LEAST_LENGTH: Final = 10

Ask = Annotated[bool, Parameter(negative="")]


@app.command
def add(
    email: str,
    /,
    *,
    name: str | None = None,
    role: RoleName | None = None,
    ask: Ask = False,
    options: OrganisationOptions = ANY,
) -> int:
    """Make a user. The password is generated and shown once, alone on standard output, or asked for.

    Parameters
    ----------
    email
        The address to log in with.
    name
        What people call them.
    role
        What they may do: SuperAdmin runs the installation. The first user of the installation is one, others are Administrator.
    ask
        Ask for the password: twice on a terminal, else the first line of standard input.
    """

    async def work(desk: Desk) -> Answer:
        actor = await desk.operator()
        password = _password(ask=ask)
        made = await user.enter(
            desk, Passwords(), actor, email, name or email.partition("@")[0], sha1_hex(password), None if role is None else Role(role)
        )
        fields = {"id": made.id, "organisation_id": made.organisation_id, "email": made.email, "role": made.role}
        return _told(f"made the user {made.email} of {made.organisation_name} ({made.role})", fields, password, asked=ask)

    return at_desk(options, work)


@app.command
def passwd(email: str, /, *, ask: Ask = False, options: OrganisationOptions = ANY) -> int:
    """Give a user a new password, generated and shown once, or asked for.

    Parameters
    ----------
    email
        The address they log in with.
    ask
        Ask for the password: twice on a terminal, else the first line of standard input.
    """

    async def work(desk: Desk) -> Answer:
        found = await user.view_by_email(desk, await desk.viewer(), email)
        password = _password(ask=ask)
        await user.set_password(desk, Passwords(), desk.caretaker(), found.id, sha1_hex(password))
        return _told(f"{found.email} has a new password", {"id": found.id, "email": found.email}, password, asked=ask)

    return at_desk(options, work)


@app.command(name="list")
def list_(*, options: OrganisationOptions = ANY) -> int:
    """List the users."""

    async def work(desk: Desk) -> Answer:
        rows = [
            {
                "id": each.id,
                "organisation_id": each.organisation_id,
                "organisation": each.organisation_name,
                "email": each.email,
                "name": each.name,
                "role": each.role,
                "state": "active" if each.disabled_at_ms is None else "disabled",
                "created": time_of(each.created_at_ms),
            }
            for each in await user.list_users(desk, await desk.viewer())
        ]
        columns = ("id", "organisation", "email", "name", "role", "state", "created")
        return Table(rows, columns, "no user yet: `heliograph user add EMAIL` makes one")

    return at_desk(options, work)


def _password(*, ask: bool) -> str:
    if not ask:
        return secrets.token_urlsafe(GENERATED_OCTETS)
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Once more: "):
            raise Refusal("the two are not the same: nothing was changed")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < LEAST_LENGTH:
        raise Refusal(f"a password has at least {LEAST_LENGTH} characters: nothing was changed")
    return password


def _told(text: str, fields: dict[str, object], password: str, *, asked: bool) -> Said:
    if asked:
        return Said(text, fields)
    return Said(f"{text}; the password, shown this once:", fields | {"password": password}, password)
