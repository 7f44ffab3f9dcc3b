"""Who may see the pages: whoever has the one-time link, as this user of this machine, on a page of ours.

A request is answered only under the name that we gave ourselves (another name that resolves to this machine, as in DNS
rebinding, is refused), with a cookie that the one-time link gives once. What changes something must come from a page of ours,
by `Origin`. The pages may load nothing from elsewhere and run no script but the one of theirs.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ghostcells.dashboard import peers

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_ENTER = "/enter"
_SAFE = frozenset({"GET", "HEAD"})
_OWN_SITE = frozenset({None, "same-origin", "none"})


class Guard:
    """ASGI middleware around the whole application; `port` is set when it is known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tokens = {secrets.token_urlsafe(32)}
        self._session = secrets.token_urlsafe(32)
        self.nonce = secrets.token_urlsafe(16)
        self.port = 0

    @property
    def link(self) -> str:
        """Opens the pages once."""
        (token,) = self._tokens
        return f"http://127.0.0.1:{self.port}{_ENTER}?token={token}"

    @property
    def _cookie(self) -> str:
        # Cookies do not know of ports: two dashboards on one machine must not sign each other out.
        return f"ghostcells-{self.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"not served: {scope['type']}")
        request = Request(scope, receive)
        answer = self._refusal(request)
        headers = self._headers()
        if answer is None and request.url.path == _ENTER:
            answer = self._turned_away(request)
            if answer is None:
                # The first page itself, no redirect to it: whoever comes from another site (a terminal in a web page) would
                # get there without the cookie, since browsers keep a strict one back on such a way, redirects included.
                scope = {**scope, "path": "/", "raw_path": b"/", "query_string": b""}
                headers = [*headers, self._set_cookie()]
        elif answer is None and not self._known(request):
            answer = PlainTextResponse("Open the link that `ghostcells dashboard` printed; it works once.", 401)
        await (self._app if answer is None else answer)(scope, receive, _sending(send, headers))

    def _refusal(self, request: Request) -> Response | None:
        hosts = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        if request.headers.get("host") not in hosts:
            return PlainTextResponse("This page has another address.", 421)
        origin = request.headers.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            return PlainTextResponse("Another site may not ask here.", 403)
        if request.method in _SAFE:
            return None
        if origin is None or request.headers.get("sec-fetch-site") not in _OWN_SITE:
            return PlainTextResponse("Changes come from a page of this site.", 403)
        return None

    def _turned_away(self, request: Request) -> Response | None:
        """What to answer a link that is not good; a good one is used up by this."""
        if request.client is not None and peers.is_strangers(self.port, request.client.port):
            return PlainTextResponse("This link is another user's.", 403)
        given = request.query_params.get("token", "")
        found = [token for token in self._tokens if hmac.compare_digest(token.encode(), given.encode())]
        if found and request.method == "GET":
            self._tokens.clear()
            return None
        if self._known(request):
            return RedirectResponse("/", 303)
        return PlainTextResponse("This link has been used. `ghostcells dashboard` gives a new one.", 403)

    def _set_cookie(self) -> tuple[bytes, bytes]:
        made = Response()
        made.set_cookie(self._cookie, self._session, httponly=True, samesite="strict")
        return made.raw_headers[-1]

    def _known(self, request: Request) -> bool:
        given = request.cookies.get(self._cookie, "")
        return hmac.compare_digest(given.encode(), self._session.encode())

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-security-policy", _POLICY.format(nonce=self.nonce).encode()),
            (b"x-content-type-options", b"nosniff"),
            # Without a referrer of its own a form would have no origin either.
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]


def _sending(send: Send, headers: list[tuple[bytes, bytes]]) -> Callable[..., Awaitable[None]]:
    async def sending(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *headers]  # type: ignore[misc]
        await send(message)

    return sending
