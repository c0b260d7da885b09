"""The portal as a whole: which page a path is, who asks and whether they may, and what is said where something is refused or fails."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.types import Receive, Scope, Send

from heliograph import log
from heliograph.model.permission import require
from heliograph.model.problem import Code, Problem
from heliograph.service import session
from heliograph.service.session import Visit
from heliograph.store.database import DatabaseLost
from heliograph.web.context import Context, address_of
from heliograph.web.portal import guard, static_files
from heliograph.web.portal.page import FLASH, Asked, Fields, Page, fields_of, form_of
from heliograph.web.portal.reply import Reply, see, send_reply
from heliograph.web.portal.words import words_of
from heliograph.web.problem import TABLE
from heliograph.web.resource import read_body
from heliograph.web.routes import Routes

SIGN_IN: Final = "/sign-in"
NOTHING: Final = Fields([])

_log = log.get("web")


class Portal:
    """An ASGI application for all that is not the API."""

    def __init__(self, context: Context, pages: Mapping[str, Page]) -> None:
        self._context = context
        self._routes = Routes(pages.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_reply(await self.answer(scope, receive), receive, send)

    async def answer(self, scope: Scope, receive: Receive) -> Reply:
        """What a request is answered."""
        path: str = scope["path"]
        if path.startswith(static_files.PREFIX):
            found = static_files.reply(path, "gzip" in guard.header(scope, b"accept-encoding"))
            return found or Reply(404, ((b"content-type", b"text/plain"),), b"There is no such file.\n")
        asked = self._asked(scope)
        try:
            reply = await self._page(asked, path, receive)
        except Problem as problem:
            return self._refusal(asked, problem)
        except DatabaseLost as lost:
            request_id = secrets.token_hex(8)
            _log.error("database lost", error=str(lost), path=path, request_id=request_id)
            text = "The database did not confirm: what was asked may or may not have happened. Look before you send it again."
            return self._error(asked, HTTPStatus.SERVICE_UNAVAILABLE, text, request_id)
        if FLASH in asked.cookies and reply.status == 200 and not asked.is_part:
            reply = reply.with_headers(asked.cookie(FLASH, "", max_age_s=0))
        return reply

    def serves(self, scope: Scope) -> bool:
        """Whether a request is for a page: its path is one of ours, or a browser asks, to whom a page says that there is none."""
        path: str = scope["path"]
        found, _ = self._routes.find(path.rstrip("/"))
        return found is not None or path.startswith(static_files.PREFIX) or "text/html" in guard.header(scope, b"accept")

    def failure(self, scope: Scope, request_id: str) -> Reply:
        """The page for a fault of ours."""
        text = "Something failed here. Nothing you did was wrong. Tell the operator the number below."
        return self._error(self._asked(scope), HTTPStatus.INTERNAL_SERVER_ERROR, text, request_id)

    def _asked(self, scope: Scope) -> Asked:
        context = self._context
        return Asked(context, scope, {}, NOTHING, NOTHING, b"", guard.cookies(scope), context.origin(scope), None)

    async def _page(self, asked: Asked, path: str, receive: Receive) -> Reply:
        method = "GET" if asked.scope["method"] == "HEAD" else asked.scope["method"]
        page, asked.ids = self._routes.find(path.rstrip("/"))
        asked.visit = await self._visit(asked)
        if page is None:
            raise Problem(Code.NOT_FOUND, "There is nothing at this address. It may have been deleted, or the link is not whole.")
        handler = page.handlers.get(method)
        if handler is None:
            allow = (b"allow", ", ".join(page.handlers).encode())
            return self._error(asked, HTTPStatus.METHOD_NOT_ALLOWED, "This address does not know that.").with_headers(allow)
        if method == "POST":
            guard.check_origin(asked.scope, asked.origin)
        if not page.is_open:
            if asked.visit is None:
                return self._to_sign_in(asked, method)
            require(asked.visit.actor, page.rights[method])
        asked.query = fields_of(asked.scope["query_string"])
        if method == "POST":
            asked.body = await read_body(receive)
            asked.form = form_of(asked.body, guard.header(asked.scope, b"content-type"))
        return await handler(asked)

    async def _visit(self, asked: Asked) -> Visit | None:
        cookie = asked.session_cookie
        return await session.visit(self._context.core, cookie, address_of(asked.scope)) if cookie else None

    def _to_sign_in(self, asked: Asked, method: str) -> Reply:
        back = asked.here if method == "GET" and not asked.is_part else self._page_before(asked)
        where = SIGN_IN + (f"?next={guard.quoted(back)}" if back not in ("", "/") else "")
        if asked.is_part:
            return Reply(401, ((b"hx-redirect", where.encode()),))
        return see(where) if method == "GET" else asked.see(where, "Your session is over. Sign in to go on where you were.")

    def _page_before(self, asked: Asked) -> str:
        """The page that a form or a script stood on, where it can be opened again."""
        page, _ = self._routes.find(asked.came_from.partition("?")[0].rstrip("/"))
        return asked.came_from if page is not None and "GET" in page.handlers else ""

    def _refusal(self, asked: Asked, problem: Problem) -> Reply:
        status = HTTPStatus(TABLE[problem.code][0])
        if asked.visit is None and status == HTTPStatus.UNAUTHORIZED:
            status = HTTPStatus.FORBIDDEN
        return self._error(asked, status, words_of(problem))

    def _error(self, asked: Asked, status: HTTPStatus, text: str, request_id: str = "") -> Reply:
        if asked.is_part:
            part = asked.render("banner.html", status, text=text, request_id=request_id)
            return part.with_headers((b"hx-retarget", b"#banners"), (b"hx-reswap", b"innerHTML"))
        return asked.render("error.html", status, text=text, request_id=request_id, http=status)
