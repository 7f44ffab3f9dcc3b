"""Small data sets in the formats that are read, and a way to replay them in this process."""

import asyncio
import gzip
import json

import pytest

from ghostcells.config.schema import Settings
from ghostcells.evaluation.experiment import Variant, settings_for
from ghostcells.evaluation.items import Offer, Result
from ghostcells.evaluation.replay import Plan, Replay


def session(number, repo, *cells, doc=None):
    """Events of one session; a string is prose that is typed, a pair (command, output) is run."""
    doc = doc or f"doc{number}"
    events, at = [{"s": number, "t_ms": 0, "type": "open", "doc": doc, "repo": repo}], 0
    for place, cell in enumerate(cells):
        at += 1000
        if isinstance(cell, str):
            events.append({"s": number, "t_ms": at, "type": "focus", "cell": place, "kind": "markup"})
            events.append({"s": number, "t_ms": at + 100, "type": "type", "cell": place, "text": cell, "gaps": [100]})
        else:
            text, output = cell
            events.append({"s": number, "t_ms": at, "type": "focus", "cell": place, "kind": "code", "lang": "bash"})
            events.append(
                {
                    "s": number, "t_ms": at + 500, "type": "execute", "cell": place, "lang": "bash", "text": text,
                    "output": output,
                }
            )  # fmt: skip
    return events


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


DEPLOY = [
    ("List the pods of the web shop in the namespace web", ("kubectl get pods -n web", "web-1 Running")),
    ("Show what the pod web-1 has logged", ("kubectl logs web-1 -n web", "")),
    ("Restart the deployment of the web shop", ("kubectl rollout restart deployment/web -n web", "")),
]


@pytest.fixture
def sessions_file(tmp_path):
    """Twelve sessions with the same three steps in other words each time."""
    events = []
    for number in range(12):
        cells = [cell for prose, run in DEPLOY for cell in (f"Attempt {number}: {prose}.", run)]
        events += session(number, f"repo{number % 2}", *cells)
    path = tmp_path / "sessions.jsonl.gz"
    path.write_bytes(gzip.compress(lines(events).encode()))
    return path


@pytest.fixture
def plan(tmp_path):
    def made(recall="on", **settings):
        chosen = settings_for({"memory": {"embedder": "lexical"}, **settings}, Settings(), name="test")
        return Plan(Variant(memory=recall), chosen, "", str(tmp_path / "models"), str(tmp_path), 1.0)

    return made


@pytest.fixture
def replayed(plan):
    """Ask all questions of a data set, or those wanted."""

    def done(dataset, given=None, wanted=None):
        keys = wanted or [one.question.key for one in dataset.moments() if one.question]
        found: list[Result] = []
        asyncio.run(Replay(dataset, given or plan(), found.append).run(keys))
        return found

    return done


def result(number=0, *, confidence=0.5, word=1.0, distance=None, text="ls", answer="pwd", **more):
    fields = {
        "key": f"k/{number}", "dataset": "d", "repo": "r", "document": f"doc{number // 3}", "number": number, "time_ms": number,
        "heading": "", "intent": "Where am I?", "answer": answer, "language": "shellscript", "examples": number,
        "source": "memory", "word": word, "distance": word if distance is None else distance,
        "offers": (Offer(text, confidence, word if distance is None else distance, word),),
    }  # fmt: skip
    return Result(**{**fields, **more})
