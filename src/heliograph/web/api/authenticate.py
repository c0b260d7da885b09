"""POST /api/v1/authenticate: an application token, a user's password or a refresh token becomes an auth token.

Whatever the header Authorization says here is not read: emnify's SDK sends `Bearer None`.
"""

import msgspec

from heliograph.model.problem import Code, Problem
from heliograph.web.answer import HTML, Answer, json
from heliograph.web.api import wire
from heliograph.web.operation import Reply, operation
from heliograph.web.resource import OpenResource, Request


class Credentials(msgspec.Struct, kw_only=True):
    """One of three. `password` is the SHA-1 of the password, in hex."""

    application_token: str | None = None
    username: str | None = None
    password: str | None = None
    refresh_token: str | None = None
    mfa_token: str | None = None


class Tokens(msgspec.Struct, kw_only=True):
    """`refresh_token`: only for a password."""

    auth_token: str
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET


_CREDENTIALS = wire.decoder(Credentials)
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
    credentials = request.decode(_CREDENTIALS)
    try:
        tokens = await _tokens(request, credentials)
    except Problem as problem:
        if problem.code in (Code.INVALID_CREDENTIALS, Code.INVALID_TOKEN, Code.TOKEN_EXPIRED):
            return WRONG
        raise
    return json(tokens)


async def _tokens(request: Request, credentials: Credentials) -> Tokens:
    access = request.context.access
    if credentials.application_token is not None:
        return Tokens(auth_token=await access.by_application_token(credentials.application_token, request.address))
    if credentials.username is not None and credentials.password is not None:
        auth_token, refresh_token = await access.by_password(credentials.username, credentials.password, request.address)
        return Tokens(auth_token=auth_token, refresh_token=refresh_token)
    if credentials.refresh_token is not None:
        return Tokens(auth_token=await access.by_refresh_token(credentials.refresh_token, request.address))
    raise Problem(Code.BAD_REQUEST, "Give application_token, or username and password, or refresh_token")


ROUTES = {"/api/v1/authenticate": OpenResource(POST=authenticate)}
