"""POST /api/v1/authenticate: an application token, a user's password (and code), or a refresh token becomes an auth token.

Whatever the header Authorization says here is not read: emnify's SDK sends `Bearer None`.
"""

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.model.problem import Code, Problem
from heliograph.service import login
from heliograph.web.answer import HTML, Answer, json
from heliograph.web.api import wire
from heliograph.web.operation import Reply, operation
from heliograph.web.resource import Call, OpenResource, Request, Resource, RouteTable


class TrustedDevice(msgspec.Struct, kw_only=True):
    """What the user logs in from without a code for 90 days; `fingerprint` is a secret that the client makes."""

    fingerprint: wire.Name
    operating_system: wire.Name | None = None
    browser: wire.Name | None = None
    name: wire.Name | None = None


class Credentials(msgspec.Struct, kw_only=True):
    """One of four: `application_token`; `username` and `password`, the SHA-1 of the password in hex, with the `fingerprint` of a trusted
    device if there is one; `mfa_token` and `code`; `refresh_token`."""

    application_token: str | None = None
    username: str | None = None
    password: str | None = None
    fingerprint: str | None = None
    mfa_token: str | None = None
    code: wire.Written | None = None
    trusted_device: TrustedDevice | None = None
    refresh_token: str | None = None


class Tokens(msgspec.Struct, kw_only=True):
    """`refresh_token`: only for users. `mfa_token`: in place of the others where a second factor is on; bring its code with it."""

    auth_token: str | UnsetType = UNSET
    refresh_token: str | UnsetType = UNSET
    mfa_token: str | UnsetType = UNSET


class WorkspaceWanted(msgspec.Struct, kw_only=True):
    target_organisation: wire.Ref


class WorkspaceToken(msgspec.Struct, kw_only=True):
    """For the other organisation; the token that asked is good for its own as before."""

    auth_token: str


_CREDENTIALS = wire.decoder(Credentials)
_WORKSPACE = wire.decoder(WorkspaceWanted)
WRONG = Answer(401, (HTML,))


@operation(
    "Log in",
    body=Credentials,
    example={"application_token": "8LmT2sBqX4vWc7RkYpZ9dHjN"},
    answer=Tokens,
    refuses=(Code.LOCKED_OUT, Code.TOO_MANY_REQUESTS),
    also={401: Reply("The credentials are wrong (no body).", str, "text/html")},
)
async def authenticate(request: Request) -> Answer:
    """The tokens. Wrong credentials are 401 without a body, and nothing says what is wrong with them."""
    credentials = _credentials(request)
    try:
        tokens = await _tokens(request, credentials)
    except Problem as problem:
        if problem.code in (Code.INVALID_CREDENTIALS, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED):
            return WRONG
        raise
    return json(tokens)


@operation(
    "Switch to another organisation",
    body=WorkspaceWanted,
    example={"target_organisation": {"id": 1}},
    answer=WorkspaceToken,
    refuses=(Code.FORBIDDEN, Code.INVALID_REFERENCE),
)
async def workspace(call: Call) -> Answer:
    """For users: an auth token for their own organisation, or, for the operator, for any, in which they are then an Administrator."""
    organisation_id = wire.id_of(call.decode(_WORKSPACE).target_organisation)
    if not isinstance(organisation_id, int):
        raise Problem(Code.REQUIRED, "target_organisation.id is missing: add it", field="target_organisation.id")
    return json(WorkspaceToken(auth_token=await call.context.access.workspace_token(call.actor, organisation_id)))


def _credentials(request: Request) -> Credentials:
    """What is malformed is 400 here, whatever is wrong with it: emnify has no 422 at this path."""
    try:
        return request.decode(_CREDENTIALS)
    except Problem as problem:
        raise Problem(Code.BAD_REQUEST, problem.text, field=problem.field) from None


async def _tokens(request: Request, given: Credentials) -> Tokens:
    logins, address = request.context.login, request.address
    if given.application_token is not None:
        return Tokens(auth_token=await request.context.access.by_application_token(given.application_token, address))
    if given.username is not None and given.password is not None:
        return _told(await logins.by_password(given.username, given.password, address, given.fingerprint))
    if given.mfa_token is not None and given.code is not None:
        device = None if given.trusted_device is None else login.Device(**msgspec.structs.asdict(given.trusted_device))
        return _told(await logins.by_code(given.mfa_token, _code(given.code), address, device))
    if given.refresh_token is not None:
        return _told(await logins.by_refresh_token(given.refresh_token, address))
    raise Problem(Code.BAD_REQUEST, "Give application_token, or username and password, or mfa_token and code, or refresh_token")


def _told(found: login.Tokens | login.CodeWanted) -> Tokens:
    if isinstance(found, login.CodeWanted):
        return Tokens(mfa_token=found.mfa_token)
    return Tokens(auth_token=found.auth_token, refresh_token=found.refresh_token)


def _code(given: wire.Written) -> str:
    """Six digits, also where a client sends them as a number, which has lost its zeros."""
    return given.strip() if isinstance(given, str) else str(wire.written(given)).zfill(6)


ROUTES: RouteTable = {
    "/api/v1/authenticate": OpenResource(POST=authenticate),
    "/api/v1/authenticate/workspace": Resource(POST=workspace),
}
