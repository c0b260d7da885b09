"""`heliograph user`: people who log in. A password is generated or asked for, and never stands on a command line."""

import asyncio
import getpass
import secrets
import sys
from typing import Annotated, Final

from cyclopts import App, Parameter

from heliograph.cli.answer import Answer, Refusal, Said, Table, time_of
from heliograph.cli.desk import ANY, Desk, OrganisationOptions, RoleName, at_desk
from heliograph.model.account import Role
from heliograph.service.manage import account
from heliograph.service.password import Passwords, sha1_hex
from heliograph.store import account as store
from heliograph.store.transaction import Transaction

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
        password_hash = await asyncio.to_thread(Passwords().hash, sha1_hex(password))
        chosen = await desk.database.read(_next_role) if role is None else Role(role)
        user_id = await desk.database.write(
            account.enter_user, actor.organisation_id, email, name or email.partition("@")[0], password_hash, chosen, desk.clock.now_ms()
        )
        fields = {"id": user_id, "organisation_id": actor.organisation_id, "email": email, "role": chosen.value}
        return _told(f"made the user {email} of {actor.organisation_name} ({chosen.value})", fields, password, asked=ask)

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
        viewer = await desk.viewer()
        user = await desk.database.read(store.user_by_email, email.strip().lower())
        if user is None or (viewer.role is not Role.SUPER_ADMIN and user.organisation_id != viewer.organisation_id):
            raise Refusal(f"there is no user {email}: `heliograph user list` shows who there is")
        password = _password(ask=ask)
        await desk.database.write(
            store.set_password, user.id, await asyncio.to_thread(Passwords().hash, sha1_hex(password)), desk.clock.now_ms()
        )
        return _told(f"{user.email} has a new password", {"id": user.id, "email": user.email}, password, asked=ask)

    return at_desk(options, work)


@app.command(name="list")
def list_(*, options: OrganisationOptions = ANY) -> int:
    """List the users."""

    async def work(desk: Desk) -> Answer:
        viewer = await desk.viewer()
        scope = 0 if viewer.role is Role.SUPER_ADMIN else viewer.organisation_id
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
            for each in await desk.database.read(store.users, scope)
        ]
        columns = ("id", "organisation", "email", "name", "role", "state", "created")
        return Table(rows, columns, "no user yet: `heliograph user add EMAIL` makes one")

    return at_desk(options, work)


def _next_role(tx: Transaction) -> Role:
    return Role.ADMINISTRATOR if store.users(tx, 0) else Role.SUPER_ADMIN


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
