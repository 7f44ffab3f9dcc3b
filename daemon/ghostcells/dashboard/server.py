"""The pages over HTTP on loopback: routes, live updates, and the server around them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ghostcells.dashboard.charts import charts
from ghostcells.dashboard.guard import Guard
from ghostcells.dashboard.pages import page
from ghostcells.dashboard.ports import Source
from ghostcells.domain.ids import is_ulid

LOOK_S = 0.5
"""How often a page that is open looks for what is new."""
SPANS = (7, 30, 400)
PAGE = 50
_T = TypeVar("_T")


class Dashboard:
    """The application over a source, which is used by one thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._thread = ThreadPoolExecutor(1, "ghostcells-dashboard")
        routes = [
            Route("/", self._overview),
            Route("/live", self._live),
            Route("/cell/{id}", self._story("cell")),
            Route("/suggestion/{id}", self._story("suggestion")),
            Route("/session/{id}", self._story("session")),
            Route("/example/{id}", self._example),
            Route("/sessions", self._sessions),
            Route("/suggestions", self._suggestions),
            Route("/examples/{id}/{change}", self._change, methods=["POST"]),
            Mount("/static", StaticFiles(directory=str(files("ghostcells.dashboard") / "static"))),
        ]
        self.guard = Guard(Starlette(routes=routes))

    def close(self) -> None:
        self._thread.shutdown()

    def warm(self) -> None:
        """Draw the first page once, for nobody: what that loads and compiles is there when the browser has opened."""
        self._thread.submit(self._first_page, SPANS[-1])

    async def _ask(self, question: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)

    async def _overview(self, request: Request) -> Response:
        asked = request.query_params.get("days", "")
        days = int(asked) if asked.isdecimal() and int(asked) in SPANS else SPANS[-1]
        return HTMLResponse(await self._ask(lambda: self._first_page(days)))

    def _first_page(self, days: int) -> str:
        seen = self._source.overview(days)
        drawn = charts(seen, self.guard.nonce)
        return page("overview", self.guard.nonce, seen=seen, charts=drawn, days=days, version=seen.version)

    def _story(self, kind: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            identity = request.path_params["id"].upper()
            find = getattr(self._source, kind)
            story = await self._ask(lambda: find(identity)) if is_ulid(identity) else None
            return await self._told(kind, story)

        return answer

    async def _example(self, request: Request) -> Response:
        return await self._told("example", await self._ask(lambda: self._source.example(request.path_params["id"])))

    async def _told(self, kind: str, story: object) -> Response:
        return await self._missing() if story is None else await self._page(kind, story=story)

    async def _sessions(self, request: Request) -> Response:
        before = request.query_params.get("before")
        found = await self._ask(lambda: self._source.sessions(PAGE, before))
        return await self._page("sessions", sessions=found, more=len(found) == PAGE)

    async def _suggestions(self, request: Request) -> Response:
        before = request.query_params.get("before")
        found = await self._ask(lambda: self._source.suggestions(PAGE, before))
        return await self._page("suggestions", traces=found, more=len(found) == PAGE)

    async def _change(self, request: Request) -> Response:
        example = request.path_params["id"]
        changes: dict[str, Callable[[], bool]] = {
            "pin": lambda: self._source.pin(example, pinned=True),
            "unpin": lambda: self._source.pin(example, pinned=False),
            "forget": lambda: self._source.forget(example),
        }
        change = changes.get(request.path_params["change"])
        if change is None or not await self._ask(change):
            return await self._missing()
        return RedirectResponse("/", 303)

    async def _live(self, request: Request) -> Response:
        async def versions() -> AsyncIterator[str]:
            last = -1
            while not await request.is_disconnected():
                version = await self._ask(self._source.version)
                if version != last:
                    last = version
                    yield f"data: {version}\n\n"
                await asyncio.sleep(LOOK_S)

        return StreamingResponse(versions(), media_type="text/event-stream")

    async def _missing(self) -> Response:
        answer = await self._page("message", title="Not found", text="Nothing is known of this id.")
        answer.status_code = 404
        return answer

    async def _page(self, name: str, **values: Any) -> Response:
        values.setdefault("version", await self._ask(self._source.version))
        return HTMLResponse(await self._ask(lambda: page(name, self.guard.nonce, **values)))


def listening(port: int) -> socket.socket:
    """A socket on loopback; port 0 takes a free one."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


class Server:
    """Uvicorn around a dashboard; `serve` returns after `stop`, or Ctrl-C."""

    def __init__(self, dashboard: Dashboard, port: int = 0) -> None:
        self._socket = listening(port)
        self._dashboard = dashboard
        dashboard.guard.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            dashboard.guard,
            log_level="warning",
            access_log=False,
            loop="asyncio",
            http="h11",
            lifespan="off",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self.link = dashboard.guard.link

    def serve(self) -> None:
        self._dashboard.warm()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()
            self._dashboard.close()

    def stop(self) -> None:
        """For any thread."""
        self._server.should_exit = True
