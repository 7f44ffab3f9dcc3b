"""A stand-in for a hosted language model: the common chat protocol over loopback HTTP, scripted by the test."""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from .client import TIMEOUT, Json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

END = object()


class Answer:
    """What the model says to one request; the test feeds it while the daemon reads."""

    def __init__(self, *pieces: str) -> None:
        self._pieces: queue.Queue[Any] = queue.Queue()
        for piece in pieces:
            self.say(piece)

    def say(self, piece: str) -> Answer:
        self._pieces.put(piece)
        return self

    def end(self) -> Answer:
        self._pieces.put(END)
        return self

    def break_off(self) -> Answer:
        """The connection is lost in the middle."""
        self._pieces.put(ConnectionError())
        return self

    def __iter__(self) -> Iterator[str]:
        while (piece := self._pieces.get(timeout=2 * TIMEOUT)) is not END:
            if isinstance(piece, Exception):
                raise piece
            yield piece


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # a body ends with its connection
    model: Model

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        pass

    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.model.asked(body)
        if isinstance(answer, int):
            self._refuse(answer)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
        self.end_headers()
        try:
            frames = self._stream(answer) if body.get("stream") else self._whole(answer)
            for frame in frames:
                self.wfile.write(frame)
                self.wfile.flush()
        except (OSError, queue.Empty):
            self.close_connection = True

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"error": {"message": "The stand-in refuses.", "type": "test"}}).encode())

    def _chunk(self, **fields: Any) -> bytes:
        chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in", **fields}
        return f"data: {json.dumps(chunk)}\n\n".encode()

    def _stream(self, answer: Answer) -> Iterator[bytes]:
        yield self._chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
        for piece in answer:
            yield self._chunk(choices=[{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        yield self._chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
        yield self._chunk(choices=[], usage={"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110})
        yield b"data: [DONE]\n\n"

    def _whole(self, answer: Answer) -> Iterator[bytes]:
        message = {"role": "assistant", "content": "".join(answer)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "stand-in",
                 "choices": [choice], "usage": usage}  # fmt: skip
        yield json.dumps(whole).encode()


class Model:
    """Answers requests in the order in which the test prepared answers; out of answers, it says nothing at all."""

    def __init__(self) -> None:
        handler = type("Handler", (_Handler,), {"model": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._answers: queue.Queue[Answer | int] = queue.Queue()
        self.requests: queue.Queue[Json] = queue.Queue()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def settings(self, root: Path) -> Json:
        """The `model` settings that have a daemon use this one."""
        key = root / "model.key"
        key.write_text("not-a-real-key\n")
        key.chmod(0o600)
        return {"provider": "openai", "baseUrl": self.url, "name": "gpt-4o-mini", "apiKeyFile": str(key)}

    def will_say(self, *pieces: str) -> Answer:
        """Prepare an answer that the test feeds and ends."""
        answer = Answer(*pieces)
        self._answers.put(answer)
        return answer

    def will_fail(self, status: int) -> None:
        self._answers.put(status)

    def asked(self, body: Json) -> Answer | int:
        self.requests.put(body)
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return Answer().end()

    def next_request(self, timeout: float = TIMEOUT) -> str:
        """All that the next request says to the model."""
        return json.dumps(self.requests.get(timeout=timeout), ensure_ascii=False)


def answer_with(prose: str, command: str) -> str:
    return f"{prose}\n\n```bash\n{command}\n```\n"
