"""Who am I, and what answers me (ours): for clients, the portal and the command line to begin with."""

import msgspec

from heliograph import __version__
from heliograph.service.manage.me import me
from heliograph.web.answer import Answer, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource


class MyUser(msgspec.Struct, frozen=True):
    id: int
    username: str
    name: str


class MyToken(msgspec.Struct, frozen=True):
    id: int
    description: str | None
    expiry_date: str | None


class Server(msgspec.Struct, frozen=True):
    name: str
    version: str


class Me(msgspec.Struct, frozen=True):
    """One of `user` and `application_token` is set. `organisation`: where the caller belongs; `workspace`: where the caller acts."""

    user: MyUser | None
    application_token: MyToken | None
    role: str
    organisation: wire.Named
    workspace: wire.Named
    server: Server


@operation("Who am I?", answer=Me)
async def retrieve(call: Call) -> Answer:
    """The user or application token behind the auth token, its role, its organisation, and name and version of this server."""
    found = await me(call.context.core, call.actor)
    user, token = found.user, found.token
    return json(
        Me(
            None if user is None else MyUser(user.id, user.email, user.name),
            None if token is None else MyToken(token.id, token.description, wire.stamp_or_none(token.expiry_at_ms)),
            call.actor.role.value,
            wire.Named(found.home.id, found.home.name),
            wire.Named(found.workspace.id, found.workspace.name),
            Server("Heliograph", __version__),
        )
    )


ROUTES = {"/api/v1/me": Resource(GET=retrieve)}
