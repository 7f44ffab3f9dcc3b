"""Whatever a model's server does, the editor sees no error, memory goes on, the status says what to do, and it mends itself.

One daemon for each wire format lives through all of it, one fault after the other. That each fault is told apart, and its
connection closed, is tests/providers' matter.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.providers.test_faults import TOO_LONG, certificate, drip, hang_after, hang_before_headers, ten_megabytes
from tests.providers.wires import CHAT, FORMATS, Wire, choice, message_start

from .cells import md
from .daemon import BEST_THERE_IS, Daemons, Home
from .editor import Notebook, open_notebook
from .faulty import Faulty
from .lessons import RESTART
from .steps import traced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.providers.server import Script, Talk

    from .client import Client, Json

__all__ = ["certificate"]
pytestmark = pytest.mark.slow
PATIENCE = 30.0
NUMBERS = itertools.count(1)
SILENCE_S, TOTAL_S = 1, 2


def answering(wire: Wire, text: str = "```bash\ngzip access.log\n```\n") -> Script:
    async def script(talk: Talk) -> None:
        await talk.stream(*wire.answer(text))

    return script


def status(code: int, name: str, **headers: str) -> Callable[[Wire], Script]:
    def made(wire: Wire) -> Script:
        async def script(talk: Talk) -> None:
            await talk.error(code, wire.error(name, "The stand-in refuses"), **headers)

        return script

    return made


def streamed(pieces: Callable[[Wire], list[bytes]]) -> Callable[[Wire], Script]:
    """A whole body of these bytes."""

    def made(wire: Wire) -> Script:
        async def script(talk: Talk) -> None:
            await talk.stream(*pieces(wire))

        return script

    return made


def cut_amid_a_chunk(wire: Wire) -> Script:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening + wire.text("```bash\ngzip access.log\n"))
        await talk.raw(b"ff\r\ndata: {")
        talk.close()

    return script


def never_stops(wire: Wire) -> Script:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.piece(wire.opening)
        while not talk.gone.is_set():
            await talk.piece(wire.text("more and more " * 40))
            await asyncio.sleep(0)

    return script


def out_of_order(wire: Wire) -> list[bytes]:
    if wire is CHAT:
        return [wire.opening, choice(delta={"content": "a"}, finish_reason="stop"), wire.text("b"), wire.closing]
    return [message_start(), message_start(), wire.closing]


HALF_A_COMMAND = "```bash\nrm -rf ./bui"
GARBLED = b'data: {"type": "content_block_delta", "choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'
FAULTS = [
    pytest.param(lambda _: hang_before_headers, r"went silent|did not finish", id="hang-before-headers"),
    pytest.param(hang_after, r"went silent", id="hang-mid-stream"),
    pytest.param(drip, r"did not finish within 2 s", id="slow-drip"),
    pytest.param(cut_amid_a_chunk, r"connection to .* was lost", id="cut-mid-chunk"),
    pytest.param(streamed(lambda wire: [wire.opening, wire.text(HALF_A_COMMAND)]), r"broke off before", id="clean-end"),
    pytest.param(streamed(lambda wire: [wire.opening, b"data: {nonsense\n\n"]), r"Check model.baseUrl", id="garbage"),
    pytest.param(streamed(lambda wire: [wire.opening, GARBLED, wire.closing]), r"Check model.baseUrl", id="invalid-utf8"),
    pytest.param(streamed(out_of_order), r"Check model.baseUrl", id="out-of-order"),
    pytest.param(lambda wire: ten_megabytes(wire, 5_000_000), r"far more than a suggestion", id="ten-megabytes"),
    pytest.param(status(400, "invalid_request_error"), r"Check model.baseUrl and model.name", id="400"),
    pytest.param(status(401, "authentication_error"), r"accept the key.*Check \w+_API_KEY, or set model.apiKeyFile", id="401"),
    pytest.param(status(403, "permission_error"), r"Check what the key may do", id="403"),
    pytest.param(status(404, "not_found_error"), r"has no model.*Check model.name", id="404"),
    pytest.param(status(429, "rate_limit_error"), r"limits how often", id="429"),
    pytest.param(status(429, "rate_limit_error", retry_after="1"), r"limits how often", id="429-retry-after"),
    pytest.param(
        status(429, "rate_limit_error", retry_after="Wed, 21 Oct 2065 07:28:00 GMT"), r"limits how often", id="429-a-date"
    ),
    pytest.param(status(429, "rate_limit_error", retry_after="3600"), r"limits how often", id="429-for-an-hour"),
    pytest.param(status(429, "insufficient_quota"), r"no credit left.*Add credit", id="429-no-credit"),
    pytest.param(status(500, "api_error"), r"failed \(HTTP 500\)", id="500"),
    pytest.param(status(529, "overloaded_error"), r"overloaded \(HTTP 529\)", id="529"),
]  # fmt: skip
HARMLESS = [
    pytest.param(streamed(lambda wire: wire.answer()), id="empty-answer"),
    pytest.param(streamed(lambda wire: wire.answer("```python\nprint('no shell')\n```\n")), id="wrong-language"),
    pytest.param(streamed(lambda wire: wire.answer("I am sorry, I cannot help with that.")), id="no-command"),
    pytest.param(never_stops, id="never-stops"),
]


UNRESOLVABLE = ".".join(["no-such-name" * 5] * 5)
"""Longer than any name may be, so that the system's resolver refuses it without asking anybody."""


class Desk:
    """A user with a memory and a model that fails."""

    def __init__(self, client: Client, server: Faulty, wire: Wire, root: Path) -> None:
        self.client, self.server, self.wire, self.root = client, server, wire, root
        self.notebook = self._page()

    def _page(self) -> Notebook:
        notebook = open_notebook(self.client, f"desk-{next(NUMBERS)}.md", md())
        notebook.focus(notebook.cells[0])
        return notebook

    def ask(self, text: str = "") -> Json:
        """Something that memory does not know, asked by hand; the last publish."""
        self.notebook.set_text(self.notebook.cells[0], text or f"Compress archive number {next(NUMBERS)} of last year")
        self.notebook.settle()  # what showed for the former text goes at once
        self.notebook.suggest(self.notebook.cells[0])
        return self.notebook.until(lambda p: p["final"], PATIENCE)

    def statuses(self, since: int = 0) -> list[Json]:
        told = [
            one for one in self.client.received[since:] if one.method in {"ghostcells/status", "window/showMessage"}
        ]
        for one in told:
            one.read = True
        return [one.params for one in told if one.method == "ghostcells/status"]

    def remembers(self) -> bool:
        self.notebook.set_text(self.notebook.cells[0], f"{RESTART[0]}, number {next(NUMBERS)}")
        self.notebook.until(lambda p: any(g["source"] == "memory" and g["text"] == RESTART[1] for g in p["ghosts"]))
        return True

    def recovers(self) -> None:
        """The next request by hand finds out that the server works again."""
        command = f"gzip archive-{next(NUMBERS)}.tar"
        self.server.does(answering(self.wire, f"```bash\n{command}\n```\n"))
        publish = self.ask()
        assert [ghost["text"].strip() for ghost in publish["ghosts"]] == [command]
        self.notebook.settle()
        assert self.statuses()[-1]["state"] == "ready"


@pytest.fixture(scope="module", params=FORMATS, ids=lambda wire: wire.name)
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.param
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[Faulty]:
    with Faulty() as found:
        yield found


def model_of(wire: Wire, url: str, root: Path) -> Json:
    key = root / "model.key"
    key.write_text("not-a-real-key\n")
    key.chmod(0o600)
    return {
        "provider": wire.name,
        "baseUrl": url + wire.suffix,
        "name": "a-model",
        "apiKeyFile": str(key),
        "silenceSeconds": SILENCE_S,
        "timeoutSeconds": TOTAL_S,
    }


@pytest.fixture(scope="module")
def desk(wire: Wire, server: Faulty, lessons_learned: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    root = tmp_path_factory.mktemp("faults")
    home, daemons = Home(root), Daemons(root)
    shutil.copytree(lessons_learned, home.data)
    home.configure({**BEST_THERE_IS, "model": model_of(wire, server.server.url, root)})
    try:
        found = Desk(daemons.start(home), server, wire, root)
        yield found
        found.statuses()
        daemons.finish_all()
    finally:
        daemons.release()


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_fault_is_told_in_words_and_passes(desk: Desk, fault: Callable[[Wire], Script], words: str) -> None:
    since = len(desk.client.received)
    desk.server.does(fault(desk.wire))
    assert desk.ask()["ghosts"] == []
    told = [one for one in desk.statuses(since) if one["state"] == "degraded"]
    assert told, "the status says nothing of it"
    assert re.search(words, told[-1]["message"]), told[-1]["message"]
    assert desk.remembers()
    desk.recovers()


@pytest.mark.parametrize("answer", HARMLESS)
def test_an_answer_of_no_use_shows_nothing_and_is_no_trouble(desk: Desk, answer: Callable[[Wire], Script]) -> None:
    since = len(desk.client.received)
    desk.server.does(answer(desk.wire))
    assert desk.ask()["ghosts"] == []
    assert {one["state"] for one in desk.statuses(since)} <= {"thinking", "ready"}
    assert desk.remembers()
    desk.recovers()


def test_a_server_that_is_not_there_is_told_and_found_again(desk: Desk) -> None:
    since = len(desk.client.received)
    desk.server.stopped_listening()
    assert desk.ask()["ghosts"] == []
    told = [one for one in desk.statuses(since) if one["state"] == "degraded"]
    assert "refused" in told[-1]["message"]
    assert "model.baseUrl" in told[-1]["message"]
    assert desk.remembers()
    desk.server.listens_again()
    desk.recovers()


def elsewhere(desk: Desk, **model: str) -> None:
    """The user changes the model's settings in the editor."""
    settings = {"model": model_of(desk.wire, "", desk.root) | model}
    desk.client.notify("workspace/didChangeConfiguration", {"settings": {"settings": settings}})


def test_a_name_that_does_not_resolve_is_told_and_passes_with_the_setting(desk: Desk) -> None:
    since = len(desk.client.received)
    elsewhere(desk, baseUrl=f"http://{UNRESOLVABLE}/v1")
    assert desk.ask()["ghosts"] == []
    told = [one for one in desk.statuses(since) if one["state"] == "degraded"]
    assert re.search(r"Cannot reach .*(known|resolution|resolve).*model.baseUrl", told[-1]["message"])
    assert desk.remembers()
    desk.client.notify("workspace/didChangeConfiguration", {"settings": {"settings": {}}})
    desk.recovers()


def test_a_certificate_that_nobody_signed_is_told_until_it_is_trusted(desk: Desk, certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with Faulty(context) as secure:
        secure.does(answering(desk.wire))
        url = secure.server.url + desk.wire.suffix
        since = len(desk.client.received)
        elsewhere(desk, baseUrl=url)
        assert desk.ask()["ghosts"] == []
        told = [one for one in desk.statuses(since) if one["state"] == "degraded"]
        assert "model.caFile" in told[-1]["message"]
        assert desk.remembers()
        elsewhere(desk, baseUrl=url, caFile=f"{certificate}.crt")
        assert [ghost["text"].strip() for ghost in desk.ask()["ghosts"]] == ["gzip access.log"]
        assert desk.statuses()[-1]["state"] == "ready"
    desk.client.notify("workspace/didChangeConfiguration", {"settings": {"settings": {}}})
    desk.recovers()


def test_a_second_model_answers_where_the_first_one_fails(desk: Desk) -> None:
    whole = answering(desk.wire, "```bash\nzstd access.log\n```\n")

    async def script(talk: Talk) -> None:
        if talk.request.body["model"] == "a-model":
            await talk.error(404, desk.wire.error("not_found_error", "no such model"))
        else:
            await whole(talk)

    desk.server.does(script)
    since = len(desk.client.received)
    elsewhere(desk, baseUrl=desk.server.server.url + desk.wire.suffix, fallback="another-model")
    (ghost,) = desk.ask()["ghosts"]
    assert ghost["text"].strip() == "zstd access.log"
    assert "has no model" in [one for one in desk.statuses(since) if one["state"] == "degraded"][-1]["message"]
    found = traced(desk.client, ghost["id"])
    assert found["model"]["name"] == "another-model"
    desk.client.notify("workspace/didChangeConfiguration", {"settings": {"settings": {}}})
    desk.recovers()


def test_a_prompt_that_is_too_long_is_shortened_once_and_for_the_next_ones(desk: Desk) -> None:
    """The server takes no prompt as long as the first one, as one with a small context would."""
    elsewhere(desk, baseUrl=desk.server.server.url + desk.wire.suffix, name="a-small-model")
    long = "Compress the archive of " + ", ".join(f"service number {number}" for number in range(60))
    since = len(desk.client.received)
    whole = answering(desk.wire)
    sent: list[int] = []

    async def script(talk: Talk) -> None:
        sent.append(len(str(talk.request.body)))
        if sent[-1] >= sent[0]:
            await talk.error(400, desk.wire.error(*TOO_LONG[desk.wire.name]))
        else:
            await whole(talk)

    desk.server.does(script)
    assert [ghost["text"].strip() for ghost in desk.ask(long)["ghosts"]] == ["gzip access.log"]
    assert len(sent) == 2
    assert desk.ask(f"{long}, and one more")["ghosts"]
    assert len(sent) == 3, "the shorter budget was not remembered"
    assert {one["state"] for one in desk.statuses(since)} <= {"thinking", "ready"}
    desk.client.notify("workspace/didChangeConfiguration", {"settings": {"settings": {}}})


def test_a_prompt_that_stays_too_long_is_told(desk: Desk) -> None:
    elsewhere(desk, baseUrl=desk.server.server.url + desk.wire.suffix, name="a-tiny-model")
    since = len(desk.client.received)

    async def script(talk: Talk) -> None:
        await talk.error(400, desk.wire.error(*TOO_LONG[desk.wire.name]))

    desk.server.does(script)
    assert desk.ask()["ghosts"] == []
    told = [one for one in desk.statuses(since) if one["state"] == "degraded"]
    assert "too long for the model" in told[-1]["message"]
    assert "model.inputTokens" in told[-1]["message"]
    assert desk.remembers()
    desk.recovers()
    desk.client.notify("workspace/didChangeConfiguration", {"settings": {"settings": {}}})
