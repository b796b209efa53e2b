"""Who may ask: this machine's browser that was shown the one-time address, from the pages that this process gave it.

A web page elsewhere can make a browser send requests to this machine. None of them gets anywhere: the name of the host
and the origin are checked, and so is a cookie that no other site's request carries.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 64 * 1024  # bytes of a request's body: a decision is a few hundred
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CLOSED = "This address is not open any more: take the one that engine review printed, or start it again.\n"


class Guard:
    """Wraps an application. ``token`` opens it once: whoever comes with it first gets the session's cookie."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token: str | None = token
        self._session: str | None = None
        self._cookie = f"engine-review-{port}"  # cookies are shared by all ports of a host
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                named = {name for name, _ in added}
                message["headers"] = [pair for pair in message.get("headers", []) if pair[0] not in named] + added
            await send(message)

        answer = self._refused(request) or await _too_large(request)
        if isinstance(answer, Response):
            await answer(scope, receive, send_with_headers)
            return
        body = answer

        async def received() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, received, send_with_headers)

    def _refused(self, request: Request) -> Response | None:
        """The answer to a request that may not come in, and to the one that opens the session."""
        if request.headers.get("host") not in self._hosts:
            return PlainTextResponse("This is not the address of the review.\n", 421)
        if request.method not in ("GET", "HEAD") and not self._same_origin(request):
            return PlainTextResponse("This did not come from a page of the review.\n", 403)
        given = parse_qs(request.url.query).get("token", [""])[0] if request.url.path == "/" else ""
        if given and request.method == "GET":
            return self._opened(given, request)
        return None if self._known(request) else PlainTextResponse(CLOSED, 403)

    def _opened(self, given: str, request: Request) -> Response:
        away = RedirectResponse("/", 303)
        if self._known(request):
            return away
        if self._token is None or not secrets.compare_digest(given.encode(), self._token.encode()):
            return PlainTextResponse(CLOSED, 403)
        self._token, self._session = None, secrets.token_urlsafe(32)
        away.set_cookie(self._cookie, self._session, httponly=True, samesite="strict", path="/")
        return away

    def _known(self, request: Request) -> bool:
        given = request.cookies.get(self._cookie, "")  # whatever else on this host sets beside it
        return self._session is not None and secrets.compare_digest(given.encode(), self._session.encode())

    def _same_origin(self, request: Request) -> bool:
        return request.headers.get("origin") == f"http://{request.headers['host']}"


async def _too_large(request: Request) -> Response | bytes:
    """The body, or the answer to one that is larger than any that the pages send."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return PlainTextResponse("This is larger than any decision.\n", 413)
    return body
