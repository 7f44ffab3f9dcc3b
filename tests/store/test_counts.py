"""Statistics from any moment on are those of the records since then, whatever is kept as sums."""

import random

import pytest
from msgspec.structs import replace

from ghostcells.domain.events import Executed, SessionEnded
from ghostcells.domain.feedback import Feedback, Judgement
from ghostcells.store.index import Index
from ghostcells.store.paths import prepare
from ghostcells.store.queries import Queries

from . import builders as b

HOUR = 3_600_000


def history(rng):
    """Four days of cells, runs and sessions."""
    made = []
    for number in range(60):
        at = rng.randrange(4 * b.DAY_MS)
        made.append(b.suggested(at, f"c{number}"))
        kind = rng.randrange(4)
        if kind == 0:
            made.append(b.accepted(at + 10, f"c{number}"))
        elif kind == 1:
            made.append(b.rejected(at + 10, f"c{number}", shown_ms=rng.choice((10, 900))))
        elif kind == 2:
            made.append(b.superseded(at + 10, f"c{number}"))
        feedback = rng.choice((None, Judgement(Feedback.ACCEPTED), Judgement(Feedback.RAN_UNLISTED)))
        run = b.ran(at + 20, suggestion=rng.choice((None, "S0")), edited=rng.random() < 0.5, writer=number)
        made.append(replace(run, feedback=feedback))
        made.append(replace(b.ended(at + 30, f"s{number}"), outcomes={"recommended": 2, "no_matches": number % 2}))
        made.append(b.traced(at + 40, f"S{at}", f"s{number}", prompt="p"))
    return made


@pytest.mark.parametrize("since", [0, b.NOW_MS, b.NOW_MS + 7 * HOUR, b.NOW_MS + b.DAY_MS, b.NOW_MS + 3 * b.DAY_MS + 1])
@pytest.mark.parametrize("seed", range(3))
def test_sums_and_rows_say_the_same(tmp_path, since, seed):
    records = history(random.Random(seed))
    index = Index.open(prepare(tmp_path), b.WORDS)
    index.fold(records)
    queries = Queries(index, index.settle)
    found = queries.stats(since)
    runs = [one for one in records if isinstance(one, Executed) and one.time_ms >= since]
    ended = [one for one in records if isinstance(one, SessionEnded) and one.time_ms >= since]
    cells = queries.rows("SELECT end_type, shown_ms FROM ghost WHERE time_ms >= ?", since)
    assert found.suggested == len(cells)
    assert found.read == sum((shown or 0) >= 750 for _, shown in cells)
    ends = [end for end, _ in cells]
    assert (found.accepted, found.rejected, found.superseded) == (
        ends.count("ACCEPTED"), ends.count("REJECTED"), ends.count("SUPERSEDED"),
    )  # fmt: skip
    assert found.executed == len(runs)
    assert found.executed_as_suggested == sum(one.suggestion is not None and not one.edited for one in runs)
    said = [one.feedback.feedback for one in runs if one.feedback]
    assert found.feedback == {kind: said.count(kind) for kind in sorted(set(said))}
    searched = {}
    for one in ended:
        for name, count in one.outcomes.items():
            searched[name] = searched.get(name, 0) + count
    assert {name: count for name, count in found.outcomes.items() if count} == {k: v for k, v in searched.items() if v}
    traces = queries.rows("SELECT count(*) FROM trace WHERE time_ms >= ?", since)[0][0]
    assert (found.input_tokens, found.cost_usd) == (100 * traces, pytest.approx(0.001 * traces))
    queries.close()
    index.close()
