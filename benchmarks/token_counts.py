"""How far the token counts of models without a public tokenizer are off: `python benchmarks/token_counts.py SESSIONS.jsonl.gz`.

Prompts are those of replayed sessions, put together as for a model that nobody knows. The truth is what a tokenizer says that
stands for the provider's: other encodings of OpenAI, one that no chat model has (MiniLM's pieces), and a real server's own
count, the marks of turns included (llama.cpp with SmolLM2). Each window begins knowing nothing, and learns from every
completion, as the daemon does: the first ten teach, the next ten judge, by the error of their sum, as budgets and costs see
it, and by that of single ones.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import urllib.request
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


def truths() -> Iterator[tuple[str, Callable[[Prompt], int]]]:
    cl100k = encodings.encoder("cl100k_base")
    assert cl100k is not None
    yield "cl100k_base", by_text(cl100k)
    yield "cl100k_base, 30 % more", by_text(lambda text: 1.3 * cl100k(text))
    try:
        from tokenizers import Tokenizer

        found = installed(models_dir(os.environ))
        if found is not None:
            pieces = Tokenizer.from_file(str(next(found.directory.glob("*tokenizer.json"))))
            pieces.no_truncation()
            pieces.no_padding()
            yield "MiniLM's pieces", by_text(lambda text: len(pieces.encode(text).ids))
    except (ImportError, StopIteration):
        pass


def estimated(prompt: Prompt, calibration: Calibration) -> int:
    count = counter_for(MODEL, calibration).count
    return sum(count(text) + MESSAGE_TOKENS for text in texts(prompt))


def learned(prompt: Prompt, calibration: Calibration, actual: int) -> Calibration:
    measure = counter_for(MODEL).measure
    whole = sum((measure(text) for text in texts(prompt)), Measure(0, 0))
    return calibration.observe(MODEL, whole, actual - MESSAGE_TOKENS * len(texts(prompt)))


def judged(prompts: list[Prompt], truth: list[int]) -> tuple[float, list[float], list[float]]:
    """The error before anything is known, that of each window's sum after ten, and of its single prompts."""
    first = sum(estimated(prompt, Calibration()) for prompt in prompts) / sum(truth) - 1
    sums, singles = [], []
    for start in range(0, len(prompts) - 2 * WINDOW + 1, 2 * WINDOW):
        calibration, guesses = Calibration(), []
        window = range(start, start + 2 * WINDOW)
        for at in window:
            guesses.append(estimated(prompts[at], calibration))
            calibration = learned(prompts[at], calibration, truth[at])
        later = window[WINDOW:]
        sums.append(sum(guesses[WINDOW:]) / sum(truth[at] for at in later) - 1)
        singles += [guess / truth[at] - 1 for guess, at in zip(guesses[WINDOW:], later, strict=True)]
    return first, sums, singles


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sessions")
    parser.add_argument("--sessions", dest="limit", type=int, default=150)
    arguments = parser.parse_args()
    replay = Replay(MODEL, Budget())
    for events in sessions(arguments.sessions, arguments.limit):
        replay.play(events)
    prompts = [composed.prompt for session in replay.focus_sessions for composed in session]
    print(f"{len(prompts)} prompts of {arguments.limit} sessions")
    print(
        f"{'estimate':12} {'the model':24} {'at first':>9} {'after ten: mean':>16} {'worst of sums':>14} {'single, p90':>12}"
    )

    def table(name: str, count: Callable[[Prompt], int]) -> None:
        truth = [count(prompt) for prompt in prompts]
        plain = encodings.encoder
        for base in ("o200k_base", "words"):
            if base == "words":
                counter_for.__globals__["encoder"] = lambda _: None
            first, sums, singles = judged(prompts, truth)
            counter_for.__globals__["encoder"] = plain
            mean = statistics.mean(abs(one) for one in sums)
            worst = max(abs(one) for one in sums)
            high = sorted(abs(one) for one in singles)[len(singles) * 9 // 10]
            over = sum(abs(one) > 0.03 for one in sums)
            print(
                f"{base:12} {name:24} {first:+9.1%} {mean:16.1%} {worst:14.1%} {high:12.1%}   {over} of {len(sums)} over 3 %"
            )

    for name, count in truths():
        table(name, count)
    model = llama.weights()
    if model is not None:
        with llama.serving(model) as url:
            table("SmolLM2, by its server", server(url))


if __name__ == "__main__":
    main()
