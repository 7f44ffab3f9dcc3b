"""The smaller parts: events, stop sequences, recordings, the registry, keys, prices, loading."""

import asyncio
import gc
import sys
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.domain.errors import ConfigError
from ghostcells.domain.exchange import Finish, Message, Prompt, Role, Usage
from ghostcells.providers import registry, scripted
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError, SecretKey
from ghostcells.providers.keys import find_key
from ghostcells.providers.loading import Once, off_loop
from ghostcells.providers.prices import Prices
from ghostcells.providers.registry import Registry
from ghostcells.providers.sse import EventReader
from ghostcells.providers.stops import Stops

RECORDING = str(Path(__file__).parents[2] / "fixtures" / "streams" / "kubernetes.jsonl")
async_test = pytest.mark.asyncio


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *at], [*at, len(data)], strict=True)]


LINES = st.lists(st.sampled_from([b"data: a", b"data:b", b"event: n", b": c", b"", b"id: 1", b"data"]), max_size=12)


@given(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 500), max_size=8))
def test_events_do_not_depend_on_how_the_bytes_are_split(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    data = end.join([*lines, b"", b""])
    whole = EventReader()
    expected = whole.feed(data) + whole.rest()
    parts = EventReader()
    found = [event for piece in pieces(data, cuts) for event in parts.feed(piece)] + parts.rest()
    assert found == expected


@given(st.text("abE", max_size=30), st.lists(st.text("abE", min_size=1, max_size=4), max_size=3), st.integers(1, 5))
def test_text_ends_before_the_first_stop_however_it_is_split(text: str, stops: list[str], size: int) -> None:
    cutter, out = Stops(stops), ""
    for at in range(0, len(text), size):
        out += cutter.feed(text[at : at + size])
    out += cutter.rest()
    ends = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    assert out == text[: min(ends, default=(0, len(text)))[1]]


class TestSecretKey:
    def test_only_reveal_shows_it(self) -> None:
        key = SecretKey(" sk-1 \n")
        config = ProviderConfig(key=key)
        assert "sk-1" not in f"{key} {key!r} {config} {config!r}"
        assert key.reveal() == "sk-1"

    def test_it_is_written_nowhere(self) -> None:
        import copy
        import pickle

        import msgspec

        for write in (pickle.dumps, msgspec.json.encode, copy.deepcopy):
            with pytest.raises((TypeError, NotImplementedError)):
                write(SecretKey("sk-1"))


def asking(text: str) -> Prompt:
    return Prompt(system="", messages=(Message(Role.USER, text),), max_output_tokens=10)


@async_test
class TestScripted:
    async def play(self, text: str, model: str = RECORDING) -> str:
        return "".join([chunk.text async for chunk in scripted.ScriptedProvider().stream(model, asking(text))])

    async def test_answers_are_given_in_turn_with_their_usage_and_end(self) -> None:
        provider = scripted.create(ProviderConfig())
        answers = []
        for _ in range(3):
            chunks = [chunk async for chunk in provider.stream(RECORDING, asking("what next"))]
            assert chunks[-1].finish is Finish.STOP
            assert chunks[-1].usage is not None
            answers.append("".join(chunk.text for chunk in chunks))
        assert answers[0].startswith("```bash\nkubectl get pods")
        assert answers[0] == answers[2] != answers[1]

    async def test_a_condition_chooses_an_answer(self) -> None:
        with pytest.raises(ProviderError) as caught:
            await self.play("mind the rate limit")
        assert (caught.value.kind, caught.value.retry_after_s) == (ErrorKind.RATE_LIMITED, 1.5)

    async def test_a_recording_without_an_end_is_cut(self) -> None:
        with pytest.raises(ProviderError) as caught:
            await self.play("cut it")
        assert caught.value.kind is ErrorKind.CUT

    async def test_delays_are_kept_only_when_asked_for(self) -> None:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        provider = scripted.ScriptedProvider(sleep)
        for suffix in ("", scripted.PACED):
            async for _ in provider.stream(RECORDING + suffix, asking("")):
                pass
        assert sum(slept) == pytest.approx(0.375, abs=0.4)
        assert sum(slept[: len(slept) // 2]) == 0

    @pytest.mark.parametrize(
        ("content", "says"),
        [(None, "cannot be read"), ('{"txt": "x"}', "line 1"), ('{"answer": {"when": "z"}}', "no answer")],
    )
    async def test_a_recording_that_cannot_be_used_is_told(
        self, tmp_path: Path, content: str | None, says: str
    ) -> None:
        path = tmp_path / "r.jsonl"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ProviderError, match=says):
            await self.play("", str(path))


class TestRegistry:
    def test_ours_are_known_without_metadata(self) -> None:
        assert Registry([]).names() == ("anthropic", "azure", "ollama", "openai", "scripted")

    def test_only_the_one_in_use_is_imported(self) -> None:
        import subprocess

        code = (
            "import sys; from ghostcells.providers.registry import Registry; from ghostcells.providers.base import *;"
            "Registry().create('openai', ProviderConfig(key=SecretKey('k')));"
            "print([m for m in ('openai', 'anthropic', 'httpx2', 'ghostcells.providers.anthropic', 'keyring', 'sqlite3')"
            " if m in sys.modules])"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout.strip() == "[]"

    @pytest.mark.parametrize("name", ["opena", "OpenAI", "openai2"])
    def test_a_name_that_is_not_known_is_told_with_the_nearest(self, name: str) -> None:
        with pytest.raises(ConfigError, match=r"Did you mean openai.*Known: anthropic, azure"):
            Registry([]).create(name, ProviderConfig())

    def test_a_plugin_is_found_by_its_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plugin = types.ModuleType("a_plugin")
        plugin.make = lambda config: scripted.ScriptedProvider()  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "a_plugin", plugin)
        found = Registry([EntryPoint("mine", "a_plugin:make", registry.GROUP)])
        assert found.create("mine", ProviderConfig()).name == "scripted"

    def test_a_plugin_that_cannot_be_imported_is_told_and_the_others_work(self) -> None:
        found = Registry([EntryPoint("broken", "no_such_module:create", registry.GROUP)])
        with pytest.raises(ConfigError, match=r"broken.*No module named"):
            found.create("broken", ProviderConfig())
        assert found.create("ollama", ProviderConfig()).name == "ollama"

    def test_a_plugin_that_cannot_be_set_up_does_not_show_what_it_was_given(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def make(config: ProviderConfig) -> None:
            raise ValueError(config.key.reveal() if config.key else "")

        plugin = types.ModuleType("bad_plugin")
        plugin.make = make  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "bad_plugin", plugin)
        entry = EntryPoint("bad", "bad_plugin:make", registry.GROUP)
        with pytest.raises(ConfigError) as caught:
            Registry([entry]).create("bad", ProviderConfig(key=SecretKey("sk-9")))
        assert "sk-9" not in str(caught.value)
        assert caught.value.__suppress_context__

    def test_a_plugin_cannot_take_the_name_of_one_of_ours(self) -> None:
        found = Registry([EntryPoint("openai", "no_such_module:create", registry.GROUP)])
        assert found.create("openai", ProviderConfig()).name == "openai"


class Ring:
    def __init__(self, answer: str | Exception | None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []

    def get_password(self, service: str, user: str) -> str | None:
        self.asked.append((service, user))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@async_test
class TestKeys:
    async def test_a_file_comes_first_and_warns_where_others_can_read_it(self, tmp_path: Path) -> None:
        path = tmp_path / "key"
        path.write_text("\n  sk-file \nrest\n")
        path.chmod(0o644)
        environ = {"OPENAI_API_KEY": "sk-env"}
        found = await find_key("openai", key_file=str(path), environ=environ)
        assert found.key == SecretKey("sk-file")
        assert "chmod 600" in found.warning
        path.chmod(0o600)
        assert (await find_key("openai", key_file=str(path), environ=environ)).warning == ""

    @pytest.mark.parametrize("content", [None, " \n"])
    async def test_a_named_file_that_cannot_be_used_is_an_error(self, tmp_path: Path, content: str | None) -> None:
        path = tmp_path / "key"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigError, match=r"model\.apiKeyFile"):
            await find_key("openai", key_file=str(path), environ={"OPENAI_API_KEY": "sk-env"})

    @pytest.mark.parametrize(
        ("provider", "variable"),
        [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY"), ("azure", "AZURE_OPENAI_API_KEY")],
    )
    async def test_then_the_environment_and_the_keyring_is_not_asked(self, provider: str, variable: str) -> None:
        ring = Ring("sk-ring")
        found = await find_key(provider, key_file=None, environ={variable: " sk-env\n"}, load_keyring=lambda: ring)
        assert (found.key, found.source, ring.asked) == (SecretKey("sk-env"), variable, [])

    async def test_then_the_keyring(self) -> None:
        ring = Ring("sk-ring")
        found = await find_key("openai", key_file=None, environ={"OPENAI_API_KEY": " "}, load_keyring=lambda: ring)
        assert (found.key, found.source, ring.asked) == (SecretKey("sk-ring"), "keyring", [("ghostcells", "openai")])

    @pytest.mark.parametrize("answer", [None, "", RuntimeError("locked")])
    async def test_a_keyring_without_it_is_the_same_as_none(self, answer: str | Exception | None) -> None:
        found = await find_key("openai", key_file=None, environ={}, load_keyring=lambda: Ring(answer))
        assert found.key is None

    async def test_a_keyring_that_is_not_installed_is_the_same_as_none(self) -> None:
        def missing() -> None:
            raise ImportError

        assert (await find_key("openai", key_file=None, environ={}, load_keyring=missing)).key is None

    async def test_ollama_needs_none_and_is_given_none(self) -> None:
        ring = Ring("sk-ring")
        found = await find_key("ollama", key_file=None, environ={"OPENAI_API_KEY": "sk"}, load_keyring=lambda: ring)
        assert (found.key, ring.asked) == (None, [])


class TestPrices:
    def test_cached_tokens_have_their_own_prices(self) -> None:
        usage = Usage(
            input_tokens=1_000_000, output_tokens=100_000, cache_read_tokens=400_000, cache_write_tokens=100_000
        )
        prices = Prices.load()
        assert prices.find("claude-haiku-4-5").usd(usage) == pytest.approx(0.5 + 0.04 + 0.125 + 0.5)  # type: ignore[union-attr]

    @pytest.mark.parametrize("name", ["gpt-6-luna", "openai/gpt-6-luna", "gpt-6-luna-2026-09-22"])
    def test_dates_and_vendors_do_not_hide_a_model(self, name: str) -> None:
        assert Prices.load().cost(name, Usage(input_tokens=100_000)) == (0.01, True)

    def test_a_prompt_within_the_range_is_known(self) -> None:
        usd, known = Prices.load().cost("claude-haiku-5-5-20261007", Usage(input_tokens=600, output_tokens=60))
        assert usd == pytest.approx(0.00009)
        assert known
        assert not Prices.load().cost("claude-haiku-5-5", Usage(input_tokens=100_001))[1]

    @pytest.mark.parametrize("name", ["gpt-6-luna-fast", "my-deployment", ""])
    def test_a_model_that_only_resembles_one_is_unknown(self, name: str) -> None:
        assert Prices.load().cost(name, Usage(input_tokens=5)) == (0.0, False)

    def test_a_local_model_is_free(self) -> None:
        assert Prices.load().cost("anything", Usage(input_tokens=5), provider="ollama") == (0.0, True)

    def test_a_users_file_is_laid_over_ours(self, tmp_path: Path) -> None:
        path = tmp_path / "prices.toml"
        path.write_text('[defaults]\nopenai = "mine"\n[models.mine]\ninput = 2\noutput = 8\n')
        prices = Prices.load(path)
        assert prices.default_model("openai") == "mine"
        assert prices.cost("mine", Usage(input_tokens=10, output_tokens=10, cache_read_tokens=5)) == (0.0001, True)
        assert prices.cost("gpt-5-nano", Usage(input_tokens=100))[1]

    @pytest.mark.parametrize("text", ["[models.x]\ninput = -1\noutput = 1", "[models.x]\ninptu = 1", "x ="])
    def test_a_users_file_that_is_wrong_is_named(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "prices.toml"
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"prices\.toml"):
            Prices.load(path)

    def test_a_users_file_that_is_missing_is_none(self, tmp_path: Path) -> None:
        assert Prices.load(tmp_path / "none.toml").default_model("anthropic") == "claude-haiku-5-5"

    def test_every_default_has_a_price_or_costs_nothing(self) -> None:
        prices = Prices.load()
        for provider in ("openai", "anthropic", "ollama"):
            name = prices.default_model(provider)
            assert name is not None
            assert prices.cost(name, Usage(input_tokens=600, output_tokens=60), provider=provider)[1]


@async_test
class TestLoading:
    async def test_the_interpreter_is_left_as_it_was(self) -> None:
        before = (gc.isenabled(), sys.getswitchinterval())
        inside = await asyncio.gather(*(off_loop(gc.isenabled) for _ in range(3)))
        for _ in range(100):
            if (gc.isenabled(), sys.getswitchinterval()) == before:
                break
            await asyncio.sleep(0.001)
        assert inside == [False] * 3
        assert (gc.isenabled(), sys.getswitchinterval()) == before

    async def test_an_error_reaches_the_one_who_waits(self) -> None:
        with pytest.raises(ZeroDivisionError):
            await off_loop(lambda: 1 // 0)

    async def test_all_share_one_value_and_a_failure_is_tried_again(self) -> None:
        outcomes: list[Exception | str] = [ValueError(), "made"]

        def make() -> str:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        once = Once(make)
        with pytest.raises(ValueError):
            await once.get()
        assert list(await asyncio.gather(once.get(), once.get(), once.get())) == ["made"] * 3
        assert outcomes == []

    async def test_one_who_gives_up_does_not_take_it_from_the_others(self) -> None:
        once = Once(lambda: "made")
        first, second = asyncio.ensure_future(once.get()), asyncio.ensure_future(once.get())
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "made"
