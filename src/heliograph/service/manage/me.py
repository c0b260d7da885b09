"""Who asks: the person or the application token behind an actor, where they are at home and where they act."""

import msgspec

from heliograph.model.account import Actor
from heliograph.service.manage.scope import Office
from heliograph.store import account as store
from heliograph.store.account import Organisation, Token, User
from heliograph.store.transaction import Transaction


class Me(msgspec.Struct, frozen=True):
    """One of `user` and `token` is set. `home`: the organisation they belong to, `workspace`: the one they act in."""

    user: User | None
    token: Token | None
    home: Organisation
    workspace: Organisation


async def me(office: Office, actor: Actor) -> Me:
    """Who the actor is."""
    return await office.database.read(_me, actor)


def _me(tx: Transaction, actor: Actor) -> Me:
    user = store.user(tx, actor.user_id) if actor.user_id is not None else None
    token = store.token(tx, 0, actor.token_id) if actor.token_id is not None else None
    workspace = store.organisation(tx, actor.organisation_id)
    assert workspace is not None, "an actor belongs to an organisation"
    home = store.organisation(tx, user.organisation_id) if user is not None else None
    return Me(user, token, home or workspace, workspace)
