"""From which similarity on an example is of help to a model: `python benchmarks/example_floor.py SESSIONS.jsonl.gz`.

Each step of a replayed session asks for its three nearest of the sessions before, by the cosine of the sentence model and by
shared words. An example helps where its command begins with the same program, or is nearly the command that was run. Needs
the extra `minilm` and its model.
"""

from __future__ import annotations

import argparse
import itertools
import os
from dataclasses import dataclass

import numpy as np
from prompt_cost import sessions

from ghostcells.app.knowledge import shared_words
from ghostcells.config.places import models_dir
from ghostcells.domain.distance import argument_distance
from ghostcells.domain.examples import Situation
from ghostcells.embedders.install import installed
from ghostcells.embedders.minilm import load
from ghostcells.memory.analysis import example_text

NEAREST = 3
NEAR = 0.3
EDGES = (0.0, 0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 1.01)


@dataclass
class Step:
    session: str
    intent: str
    command: str


def steps_of(path: str, limit: int) -> list[Step]:
    found = []
    for events in sessions(path, limit):
        prose = ""
        for event in events:
            if event["type"] == "focus":
                prose = "" if event["kind"] == "markup" else prose
                markup = event["kind"] == "markup"
            elif event["type"] in {"type", "insert"} and markup:
                for key in [event["text"]] if event["type"] == "insert" else event["text"]:
                    prose = prose[:-1] if key == "\b" else prose + key
            elif event["type"] == "execute" and prose.strip():
                found.append(Step(event["s"], prose[-600:], event["text"]))
                prose = ""
    return found


def program(command: str) -> str:
    words = command.split()
    return next((word for word in words if word != "sudo" and "=" not in word), "")


def table(name: str, judged: list[tuple[float, bool, bool]]) -> None:
    print(f"\n{name}: of {len(judged)} examples, the {NEAREST} nearest of each step")
    print(f"{'similarity':14} {'examples':>9} {'same program':>13} {'nearly the command':>19}")
    for low, high in itertools.pairwise(EDGES):
        rows = [one for one in judged if low <= one[0] < high]
        if rows:
            same, near = (sum(one[at] for one in rows) / len(rows) for at in (1, 2))
            print(f"{low:.2f} to {min(high, 1):.2f} {len(rows):12} {same:13.0%} {near:19.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sessions")
    parser.add_argument("--sessions", dest="limit", type=int, default=300)
    arguments = parser.parse_args()
    steps = steps_of(arguments.sessions, arguments.limit)
    model = installed(models_dir(os.environ))
    assert model is not None, "ghostcells models install"
    embedder = load(str(model.directory))
    asked = np.vstack([embedder.vector(step.intent) for step in steps])
    vectors = np.vstack([embedder.vector(example_text(Situation("", step.intent), step.command)) for step in steps])
    by_cosine, by_words = [], []
    for at, step in enumerate(steps):
        earlier = next((place for place in range(at, -1, -1) if steps[place].session != step.session), -1) + 1
        if earlier < NEAREST:
            continue

        def judged(place: int, similarity: float, step: Step = step) -> tuple[float, bool, bool]:
            other = steps[place].command
            near = argument_distance(other, step.command) <= NEAR
            return similarity, program(other) == program(step.command), near

        cosines = vectors[:earlier] @ asked[at]
        by_cosine += [judged(int(place), float(cosines[place])) for place in np.argsort(-cosines)[:NEAREST]]
        words = np.array([shared_words(steps[place].intent, step.intent) for place in range(earlier)])
        by_words += [judged(int(place), float(words[place])) for place in np.argsort(-words)[:NEAREST]]
    table("cosine", by_cosine)
    table("shared words", by_words)


if __name__ == "__main__":
    main()
