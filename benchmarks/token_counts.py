"""How far the token counts of models without a public tokenizer are off.

    python benchmarks/token_counts.py SESSIONS.jsonl.gz [--sessions 300] [--tokenizer NAME=FILE ...]

Prompts are those of replayed sessions, put together as for a model that nobody knows. The truth is what a tokenizer says that
stands for the provider's: other encodings of OpenAI, one that no chat model has (MiniLM's pieces), a real server's own count,
the marks of turns included (llama.cpp with SmolLM2), and any of your own: a `tokenizer.json`, or a pickle with the count of
each text that `--dump` writes. Each window begins knowing nothing, and learns from every completion, as the
daemon does: the first ten teach, the next ten judge, by the error of their sum, as budgets and costs see it, and by that of
single ones. Windows overlap by half. A tokenizer's NAME is the model's, of which the first estimate is made.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_cost import Replay, sessions

from ghostcells.config.places import models_dir
from ghostcells.context.prompt import MESSAGE_TOKENS, Budget
from ghostcells.embedders.install import installed
from ghostcells.tokens import Calibration, Measure, counter_for, encodings
from ghostcells.trial import llama

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ghostcells.domain.exchange import Prompt

WINDOW = 10
MODEL = "nobodys-model"


def texts(prompt: Prompt) -> list[str]:
    return [prompt.system, *(message.text for message in prompt.messages)]


def by_text(count: Callable[[str], float], a_message: float = 4) -> Callable[[Prompt], int]:
    return lambda prompt: round(sum(count(text) + a_message for text in texts(prompt)))


def server(url: str) -> Callable[[Prompt], int]:
    """A llama.cpp server's own count of a whole request."""

    def post(path: str, body: object) -> dict[str, object]:
        request = urllib.request.Request(url.removesuffix("/v1") + path, json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def count(prompt: Prompt) -> int:
        messages = [{"role": "system", "content": prompt.system}]
        messages += [{"role": message.role.value, "content": message.text} for message in prompt.messages]
        templated = post("/apply-template", {"messages": messages})["prompt"]
        return len(post("/tokenize", {"content": templated, "add_special": True, "parse_special": True})["tokens"])

    return count


def of_tokenizer(path: Path) -> Callable[[str], int]:
    from tokenizers import Tokenizer

    pieces = Tokenizer.from_file(str(path))
    pieces.no_truncation()
    pieces.no_padding()
    return lambda text: len(pieces.encode(text, add_special_tokens=False).ids)


def truths(given: list[str]) -> Iterator[tuple[str, Callable[[Prompt], int]]]:
    cl100k = encodings.encoder("cl100k_base")
    assert cl100k is not None
    yield "cl100k_base", by_text(cl100k)
    yield "cl100k_base, 30 % more", by_text(lambda text: 1.3 * cl100k(text))
    if (found := installed(models_dir(os.environ))) is not None:
        yield "MiniLM's pieces", by_text(of_tokenizer(next(found.directory.glob("*tokenizer.json"))))
    for name, _, path in (one.partition("=") for one in given):
        if path.endswith(".json"):
            yield name, by_text(of_tokenizer(Path(path)))
        else:
            counts: dict[str, int] = pickle.loads(Path(path).read_bytes())
            yield name, by_text(counts.__getitem__)


def estimated(model: str, prompt: Prompt, calibration: Calibration) -> int:
    count = counter_for(model, calibration).count
    return sum(count(text) + MESSAGE_TOKENS for text in texts(prompt))


def learned(model: str, prompt: Prompt, calibration: Calibration, actual: int) -> Calibration:
    counter = counter_for(model)
    whole = sum(map(counter.measure, texts(prompt)), Measure())
    return calibration.observe(counter.key, whole, actual - MESSAGE_TOKENS * len(texts(prompt)))


def judged(model: str, prompts: list[Prompt], truth: list[int]) -> tuple[float, list[float], list[float]]:
    """The error before anything is known, that of each window's sum after ten, and of its single prompts."""
    first = sum(estimated(model, prompt, Calibration()) for prompt in prompts) / sum(truth) - 1
    sums, singles = [], []
    for start in range(0, len(prompts) - 2 * WINDOW + 1, WINDOW):
        calibration, guesses = Calibration(), []
        window = range(start, start + 2 * WINDOW)
        for at in window:
            guesses.append(estimated(model, prompts[at], calibration))
            calibration = learned(model, prompts[at], calibration, truth[at])
        later = window[WINDOW:]
        sums.append(sum(guesses[WINDOW:]) / sum(truth[at] for at in later) - 1)
        singles += [guess / truth[at] - 1 for guess, at in zip(guesses[WINDOW:], later, strict=True)]
    return first, sums, singles


def row(base: str, name: str, prompts: list[Prompt], truth: list[int]) -> None:
    plain = encodings.encoder
    if base == "words":
        counter_for.__globals__["encoder"] = lambda _: None
    first, sums, singles = judged(name, prompts, truth)
    counter_for.__globals__["encoder"] = plain
    mean, worst = statistics.mean(map(abs, sums)), max(map(abs, sums))
    high = sorted(map(abs, singles))[len(singles) * 9 // 10]
    over = sum(abs(one) > 0.03 for one in sums)
    said = f"{first:+9.1%} {mean:16.1%} {worst:14.1%} {high:12.1%}   {over} of {len(sums)} over 3 %"
    print(f"{base:12} {name:24} {said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sessions")
    parser.add_argument("--sessions", dest="limit", type=int, default=300)
    parser.add_argument("--skip", type=int, default=0, help="sessions to leave out, so that others are judged")
    parser.add_argument("--tokenizer", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--dump", type=Path, help="write the distinct texts of all prompts there, pickled, and end")
    arguments = parser.parse_args()
    replay = Replay(MODEL, Budget())
    for number, events in enumerate(sessions(arguments.sessions, arguments.skip + arguments.limit)):
        if number >= arguments.skip:
            replay.play(events)
    prompts = [composed.prompt for session in replay.focus_sessions for composed in session]
    if arguments.dump is not None:
        arguments.dump.write_bytes(pickle.dumps(sorted({text for prompt in prompts for text in texts(prompt)})))
        return
    print(f"{len(prompts)} prompts of {arguments.limit} sessions")
    print(
        f"{'estimate':12} {'the model':24} {'at first':>9} {'after ten: mean':>16} {'worst of sums':>14} {'single, p90':>12}"
    )

    def table(name: str, count: Callable[[Prompt], int]) -> None:
        truth = [count(prompt) for prompt in prompts]
        for base in ("o200k_base", "words"):
            row(base, name, prompts, truth)

    for name, count in truths(arguments.tokenizer):
        table(name, count)
    model = llama.weights()
    if model is not None:
        with llama.serving(model) as url:
            table("SmolLM2, by its server", server(url))


if __name__ == "__main__":
    main()
