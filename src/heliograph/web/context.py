"""What the API shares among its requests: the core, who is who, limits, and how links to ourselves begin."""

import re
from collections.abc import Callable
from typing import Final

from starlette.types import Scope

from heliograph.metrics import Metrics
from heliograph.model.account import Actor
from heliograph.model.problem import Code, Problem
from heliograph.service.access import Access
from heliograph.service.core import Core
from heliograph.service.limit import Limit
from heliograph.service.login import Login
from heliograph.web.doors import SmppDoors
from heliograph.web.scrape import Scrapers

AUTHORIZATION: Final = b"authorization"
BEARER: Final = b"bearer "
_HOST = re.compile(rb"[A-Za-z0-9.\-_]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


class Context:
    """Made once per process."""

    def __init__(
        self,
        core: Core,
        access: Access,
        login: Login,
        metrics: Metrics,
        requests: Limit,
        public_url: str | None,
        check_url: Callable[[str], Problem | None],
        scrapers: Scrapers,
        smpp: SmppDoors,
    ) -> None:
        self.core = core
        self.access = access
        self.login = login
        self.metrics = metrics
        self.check_url = check_url
        self.scrapers = scrapers
        self.smpp = smpp
        self._requests = requests
        self._origin = public_url.rstrip("/") if public_url else None

    def known(self, scope: Scope) -> Actor | None:
        """Who asks, if their auth token was verified lately. Raises Problem where their token's limit is used up."""
        token = _bearer(scope)
        actor = self.access.known(token, address_of(scope)) if token else None
        if actor is not None and self._requests.most:
            self._count(actor)
        return actor

    async def identify(self, scope: Scope) -> Actor:
        """Who asks. Raises Problem for nobody, and where their token's limit is used up."""
        actor = await self.actor_of(scope)
        self._count(actor)
        return actor

    async def actor_of(self, scope: Scope) -> Actor:
        """Who asks, without counting it. Raises Problem for nobody."""
        token = _bearer(scope)
        if not token:
            raise Problem(
                Code.INVALID_TOKEN, "the request needs the header `Authorization: Bearer <auth_token>`: POST /api/v1/authenticate gives one"
            )
        return await self.access.actor(token, address_of(scope))

    def origin(self, scope: Scope) -> str:
        """How an absolute URL to us begins, without a slash at its end."""
        if self._origin is not None:
            return self._origin
        for name, value in scope["headers"]:
            if name == b"host" and _HOST.fullmatch(value):
                return f"{scope['scheme']}://{value.decode('ascii')}"
        host, port = scope.get("server") or ("localhost", None)
        return f"{scope['scheme']}://{host}" + (f":{port}" if port else "")

    def _count(self, actor: Actor) -> None:
        self._requests.take(f"t{actor.token_id}" if actor.token_id else f"u{actor.user_id}")


def address_of(scope: Scope) -> str:
    """Where a caller is."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _bearer(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == AUTHORIZATION:
            found: bytes = value
            return found[7:].strip() if found[:7].lower() == BEARER else None
    return None
