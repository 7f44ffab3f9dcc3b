"""Exact where the tokenizer is public, labelled and on the safe side elsewhere, and soon right."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostcells.tokens import Calibration, Measure, counter_for, encodings
from ghostcells.tokens.encodings import encoding_of
from ghostcells.tokens.estimate import CLASSES, MARGIN, factor_of, piece

TEXTS = {
    "shell": "kubectl -n prod get pods -l app=web -o json | jq -r '.items[].metadata.name' > /tmp/pods.txt && wc -l $_",
    "prose": "Roll the deployment back to the last revision that was healthy, then check that every pod is ready.",
    "json": '{"kind": "Pod", "spec": {"containers": [{"image": "nginx:1.27", "ports": [{"containerPort": 8080}]}]}}',
    "japanese": "今日は良い天気です。クラスターのポッドを一覧表示してください。",
    "emoji": "done ✅🚀 👩‍👩‍👧 🇯🇵",
    "special": "<|endoftext|> <|im_start|>system<|im_end|> <|fim_prefix|>",
}
EXACT = {
    "shell": {"o200k_base": 36, "cl100k_base": 35},
    "prose": {"o200k_base": 20, "cl100k_base": 20},
    "json": {"o200k_base": 37, "cl100k_base": 36},
    "japanese": {"o200k_base": 18, "cl100k_base": 27},
    "emoji": {"o200k_base": 16, "cl100k_base": 24},
    "special": {"o200k_base": 26, "cl100k_base": 25},
}


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
@pytest.mark.parametrize("kind", TEXTS)
def test_counts_of_openai_encodings_are_exact(kind: str, encoding: str) -> None:
    pytest.importorskip("rs_bpe")
    counter = counter_for("gpt-4o-mini" if encoding == "o200k_base" else "gpt-4-turbo")
    assert counter.exact
    assert counter.name == encoding
    assert counter.count(TEXTS[kind]) == EXACT[kind][encoding]


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("gpt-4.1-nano", "o200k_base"),
        ("gpt-5-nano", "o200k_base"),
        ("o4-mini", "o200k_base"),
        ("openai/gpt-5", "o200k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-3.5-turbo", "cl100k_base"),
        ("claude-sonnet-4-5", None),
        ("llama3.2", None),
        ("smollm2", None),
        ("my-deployment", None),
    ],
)
def test_a_models_name_tells_its_encoding(model: str, encoding: str | None) -> None:
    assert encoding_of(model) == encoding


def test_newer_claude_models_start_more_than_thirty_percent_higher() -> None:
    older = ["claude-3-5-haiku-latest", "claude-sonnet-4-20250514", "claude-haiku-4-5-20251001", "claude-opus-4-6"]
    newer = ["claude-opus-4-7", "claude-opus-4.8", "claude-sonnet-5", "claude-opus-5-20260801", "claude-fable-5"]
    assert {model: factor_of(model) for model in older} == dict.fromkeys(older, 1.25)
    assert {model: factor_of(model) for model in newer} == dict.fromkeys(newer, 1.8)


@settings(deadline=None)  # the first one loads a tokenizer
@given(st.text())
def test_any_text_is_counted(text: str) -> None:
    for model in ("gpt-4o", "gpt-4", "claude-sonnet-5", "other"):
        assert counter_for(model).count(text) >= 0
    assert counter_for("gpt-4o").count(text + "\ud800") >= 1


@pytest.mark.parametrize("kind", TEXTS)
def test_an_estimate_without_a_tokenizer_is_labelled_and_on_the_safe_side(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ghostcells.tokens.counting.encoder", lambda _: None)
    counter = counter_for("gpt-4o-mini")
    assert not counter.exact
    assert "estimate" in counter.name
    assert counter.count(TEXTS[kind]) >= EXACT[kind]["o200k_base"] * 0.95


def test_an_estimate_from_a_tokenizer_is_labelled() -> None:
    pytest.importorskip("rs_bpe")
    counter = counter_for("claude-sonnet-5")
    assert (counter.exact, counter.name) == (False, "estimate from o200k_base")
    assert counter.count(TEXTS["shell"]) >= 1.5 * EXACT["shell"]["o200k_base"]


def prompts(seed: int) -> list[str]:
    """Prompts of every mixture, as long as real ones."""
    chance = random.Random(seed)
    return [
        "\n".join(chance.choices(list(TEXTS.values()), weights=[6, 6, 3, 1, 1, 1], k=chance.randint(8, 20)))
        for _ in range(40)
    ]


@pytest.mark.parametrize("truth", [0.8, 1.0, 1.31, 2.2])
@pytest.mark.parametrize("tokenizer", [True, False])
def test_estimates_are_within_three_percent_after_ten_completions(
    truth: float, *, tokenizer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rs_bpe")
    real = encodings.encoder("cl100k_base")
    assert real is not None
    if not tokenizer:
        monkeypatch.setattr("ghostcells.tokens.counting.encoder", lambda _: None)
    calibration = Calibration()
    texts = prompts(7)
    for text in texts[:10]:
        learning = counter_for("some-model")
        calibration = calibration.observe(learning.key, learning.measure(text), round(real(text) * truth))
    counter = counter_for("some-model", calibration)
    errors = [counter.count(text) / (real(text) * truth) - 1 for text in texts[10:]]
    assert abs(sum(errors) / len(errors)) < 0.03


@pytest.mark.parametrize("tokenizer", [True, False])
def test_a_model_that_splits_signs_more_finely_is_learned(*, tokenizer: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it differs most from the estimate is what another page of the same user has more or less of."""
    pytest.importorskip("rs_bpe")
    real = encodings.encoder("o200k_base")
    assert real is not None
    if not tokenizer:
        monkeypatch.setattr("ghostcells.tokens.counting.encoder", lambda _: None)

    def actual(text: str) -> int:
        return real(text) + sum(not sign.isalnum() and not sign.isspace() for sign in text)

    few, many = TEXTS["prose"] * 10, TEXTS["shell"] * 5
    calibration = Calibration()
    for number in range(10):
        text = few + many * (number % 3)
        learning = counter_for("some-model")
        calibration = calibration.observe(learning.key, learning.measure(text), actual(text))
    counter = counter_for("some-model", calibration)
    for text in (few + many, few * 2 + many, few + many * 3):
        assert counter.count(text) == pytest.approx(actual(text), rel=0.03)


@pytest.mark.parametrize("tokenizer", [True, False])
def test_what_a_notebook_repeats_is_known_whatever_the_model_makes_of_it(
    *, tokenizer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that a tokenizer breaks into many is in most prompts of its notebook, and no class tells it apart."""
    if not tokenizer:
        monkeypatch.setattr("ghostcells.tokens.counting.encoder", lambda _: None)
    chance = random.Random(5)
    learning = counter_for("some-model")
    plain = counter_for("some-model").count

    def actual(text: str) -> float:
        return plain(text) / 1.2 + 9 * text.count("zygote")

    calibration = Calibration()
    for _ in range(10):
        text = " ".join(chance.choices([TEXTS["prose"], TEXTS["shell"], "describe the zygote now"], k=12))
        calibration = calibration.observe(learning.key, learning.measure(text), actual(text))
    counter = counter_for("some-model", calibration)
    for many in (3, 5, 8):
        text = " ".join([TEXTS["prose"], TEXTS["shell"]] * 4 + ["describe the zygote now"] * many)
        assert counter.count(text) == pytest.approx(actual(text), rel=0.03)


def test_what_is_counted_is_what_was_measured() -> None:
    """A prompt is learned from whole, and counted in parts."""
    learning = counter_for("some-model")
    calibration = Calibration()
    for text in prompts(3)[:10]:
        calibration = calibration.observe(learning.key, learning.measure(text), 1.4 * learning.measure(text).tokens)
    corrected = calibration.corrected(learning.key)
    assert corrected is not None
    parts = list(TEXTS.values())
    whole = sum(map(learning.measure, parts), Measure())
    counted = [counter_for("some-model", calibration).count(part) for part in parts]
    assert sum(counted) == pytest.approx(corrected.of(whole), abs=len(parts) / 2)


def of(tokens: float, **classes: float) -> Measure:
    return Measure(tuple(classes.get(name, 0.0) for name in CLASSES), tokens=tokens)


def test_what_is_learned_of_one_model_says_nothing_of_another() -> None:
    calibration = Calibration().observe("one", of(400), 600)
    one = calibration.corrected("one")
    assert one is not None
    assert one.of(of(400)) == pytest.approx(600 * 1.045, rel=0.001)
    assert calibration.corrected("two") is None
    assert (calibration.rounds("one"), calibration.rounds("two")) == (1, 0)


def test_what_is_learned_from_one_tokenizer_says_nothing_of_estimates_from_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The extra may be installed later."""
    pytest.importorskip("rs_bpe")
    with_one = counter_for("some-model").key
    monkeypatch.setattr("ghostcells.tokens.counting.encoder", lambda _: None)
    assert counter_for("some-model").key != with_one


def test_a_tokenizer_that_changes_is_followed() -> None:
    calibration = Calibration()
    for factor in (1.2,) * 40 + (0.9,) * 24:
        calibration = calibration.observe("one", of(400), 400 * factor)
    one = calibration.corrected("one")
    assert one is not None
    assert one.of(of(400)) == pytest.approx(360, rel=0.01)
    assert calibration.rounds("one") == 64


def test_a_text_of_signs_alone_is_never_counted_as_nothing() -> None:
    calibration = Calibration()
    for signs, actual in ((100, 400), (300, 200), (140, 360)) * 5:
        calibration = calibration.observe("one", of(400, signs=signs), actual)
    one = calibration.corrected("one")
    assert one is not None
    assert one.of(of(50, signs=500)) >= 10


@pytest.mark.parametrize(("estimated", "actual"), [(0, 100), (5, 9), (100, 0), (100, 100_000)])
def test_a_usage_that_cannot_be_right_is_not_believed(estimated: int, actual: int) -> None:
    assert Calibration().observe("one", of(estimated), actual) == Calibration()


def test_the_estimate_has_a_margin() -> None:
    assert sum(piece(one).tokens for one in ("two", "words")) * MARGIN > 2


@pytest.mark.parametrize("line", ["-" * 80, "#" * 78, "| " + "=" * 60, "*" * 40])
def test_a_ruled_line_is_a_token_or_two(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rs_bpe")
    real = encodings.encoder("o200k_base")
    monkeypatch.setattr("ghostcells.tokens.counting.encoder", lambda _: None)
    assert real is not None
    assert real(line) <= counter_for("some-model").count(line) <= 6
