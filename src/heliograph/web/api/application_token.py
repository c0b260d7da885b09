"""Application tokens of an organisation. The text of one is in the answer that makes it, and nowhere after."""

import msgspec

from heliograph.model.account import Role
from heliograph.model.ids import TokenId
from heliograph.model.problem import Code, Problem
from heliograph.service.manage import account
from heliograph.store.account import Token
from heliograph.web.answer import NO_CONTENT, Answer, json
from heliograph.web.api import wire
from heliograph.web.operation import operation
from heliograph.web.resource import Call, Resource

ACTIVATED, REVOKED = 0, 1
STATUSES = {ACTIVATED: "Activated", REVOKED: "Revoked"}


class Creator(msgspec.Struct, kw_only=True):
    """Who made it; empty where it was made by nobody that is known."""

    id: int | msgspec.UnsetType = msgspec.UNSET
    username: str | msgspec.UnsetType | None = msgspec.UNSET


class TokenView(msgspec.Struct, kw_only=True):
    id: int
    description: str | None
    created: str
    status: wire.Described
    expiry_date: str | None
    ip: str | None
    creator: Creator
    role: str


class NewToken(msgspec.Struct, kw_only=True):
    """`role` is ours: what the token may do; Administrator where it is left out."""

    description: wire.Text | None = None
    expiry_date: str | None = None
    ip: str | None = None
    role: Role = Role.ADMINISTRATOR


class TokenChange(msgspec.Struct, kw_only=True):
    description: wire.Text | None = None
    status: wire.Ref | None = None


class TokenMade(msgspec.Struct, kw_only=True):
    """`application_token`: the text, which is shown this once."""

    application_token: str
    id: int


_NEW = wire.decoder(NewToken)
_CHANGE = wire.decoder(TokenChange)


@operation("List application tokens", answer=list[TokenView])
async def list_tokens(call: Call) -> Answer:
    """All, revoked ones too."""
    return json([_view(token) for token in await account.list_tokens(call.context.core, call.actor)])


@operation(
    "Create an application token",
    body=NewToken,
    example={"description": "billing", "expiry_date": "2099-01-15", "ip": "192.0.2.0/24"},
    answer=TokenMade,
    refuses=(Code.INVALID_FORMAT,),
)
async def create(call: Call) -> Answer:
    """A new one: 200, as emnify answers."""
    new = call.decode(_NEW)
    expiry_at_ms = None if new.expiry_date is None else wire.moment(new.expiry_date, "expiry_date")
    token_id, token = await account.create_token(
        call.context.core, call.actor, description=new.description, ip=new.ip, expiry_at_ms=expiry_at_ms, role=new.role
    )
    return json(TokenMade(application_token=token, id=token_id))


@operation("Describe or revoke an application token", body=TokenChange, example={"status": {"id": 1}})
async def update(call: Call) -> Answer:
    """Another description, or revoked (status 1)."""
    change = call.decode(_CHANGE)
    status = change.status.id if change.status else None
    if isinstance(status, int) and status not in STATUSES:
        raise Problem(Code.INVALID, f"Status with Id '{status}' not found.", field="status")
    revoked = status == REVOKED if isinstance(status, int) else None
    token_id = TokenId(call.id("token_id"))
    await account.update_token(call.context.core, call.actor, token_id, description=change.description, revoked=revoked)
    return NO_CONTENT


def _view(token: Token) -> TokenView:
    status = ACTIVATED if token.revoked_at_ms is None else REVOKED
    creator = Creator() if token.creator_id is None else Creator(id=token.creator_id, username=token.creator_email)
    return TokenView(
        id=token.id,
        description=token.description,
        created=wire.stamp(token.created_at_ms),
        status=wire.Described(status, STATUSES[status]),
        expiry_date=wire.stamp_or_none(token.expiry_at_ms),
        ip=token.ip,
        creator=creator,
        role=token.role,
    )


ROUTES = {
    "/api/v1/application_token": Resource(GET=list_tokens, POST=create),
    "/api/v1/application_token/{token_id}": Resource(PATCH=update),
}
