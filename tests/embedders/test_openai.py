"""The paid embedder, with the real SDK in a real child, against a server on this machine that speaks its wire format."""

from __future__ import annotations

import base64
import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ghostcells.domain.examples import ANSWERED_BY
from ghostcells.embedders import specs
from ghostcells.embedders.base import EmbedderError

pytest.importorskip("openai")
pytestmark = pytest.mark.asyncio

DIMS = 16


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        if self.server.refuse:
            self.reply(
                401,
                {"error": {"message": "Incorrect API key", "type": "invalid_request_error", "code": "invalid_api_key"}},
            )
            return
        data = [
            {"object": "embedding", "index": index, "embedding": encoded(text, body)}
            for index, text in enumerate(body["input"])
        ]
        self.reply(
            200,
            {
                "object": "list",
                "data": data[::-1],
                "model": body["model"],
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            },
        )

    def reply(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


def encoded(text, body):
    """Three times a unit vector, in the encoding that was asked for."""
    numbers = [0.0] * body["dimensions"]
    numbers[len(text) % body["dimensions"]] = 3.0
    if body.get("encoding_format") == "base64":
        return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
    return numbers


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.asked, server.refuse = [], False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def embedder_for(started, service):
    spec = specs.openai(dims=DIMS, base_url=f"http://127.0.0.1:{service.server_port}/v1")
    return started(spec, environment={"OPENAI_API_KEY": "sk-loopback"})


async def test_vectors_come_from_the_service_in_the_order_of_the_texts(started, service):
    embedder = embedder_for(started, service)
    assert await embedder.add([(length, "x" * length) for length in range(1, 6)]) == 5
    found = await embedder.search("y" * 3, 1)
    assert (found.rows, found.scores) == ([3], [pytest.approx(1, abs=0.01)])
    path, key, body = service.asked[0]
    assert (path, key) == ("/v1/embeddings", "Bearer sk-loopback")
    assert (body["model"], body["dimensions"]) == ("text-embedding-3-small", DIMS)
    assert len(service.asked) == 2


async def test_of_an_example_the_service_is_given_the_prose(started, service):
    await embedder_for(started, service).add([(1, f"list pods{ANSWERED_BY}kubectl get pods")])
    assert service.asked[0][2]["input"] == ["list pods"]


async def test_its_vectors_are_kept_apart_by_name(started, service, tmp_path):
    embedder = embedder_for(started, service)
    await embedder.add([(1, "x")])
    assert (tmp_path / "vectors" / f"vectors-openai-text-embedding-3-small-{DIMS}" / "vectors.bin").exists()


async def test_a_refused_key_fails_the_request_and_names_the_reason(started, service):
    service.refuse = True
    embedder = embedder_for(started, service)
    with pytest.raises(EmbedderError, match="Incorrect API key"):
        await embedder.search("x", 1)
    service.refuse = False
    assert (await embedder.search("x", 1)).rows == []


async def test_without_a_key_it_fails_and_says_so(started, service):
    spec = specs.openai(dims=DIMS, base_url=f"http://127.0.0.1:{service.server_port}/v1")
    embedder = started(spec, environment={})
    with pytest.raises(EmbedderError, match="OPENAI_API_KEY"):
        await embedder.search("x", 1)
    assert service.asked == []
