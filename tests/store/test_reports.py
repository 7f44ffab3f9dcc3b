"""How suggestions fared, by day and by what wrote them: counted as records come, in whatever order they do."""

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from ghostcells.domain.events import Deleted, Traced
from ghostcells.domain.trace import Outcome, Trace, TracedModel
from ghostcells.store.index import Index
from ghostcells.store.paths import prepare
from ghostcells.store.queries import Queries
from ghostcells.store.reports import Reports

from . import builders as b

LATER = b.NOW_MS + 3_600_000
MINUTE = 60_000


def deleted(at, cell):
    return Deleted(id=b.rid(at), time_ms=b.NOW_MS + at, notebook=b.NOTEBOOK, cell=cell, suggestion="S0")


def traced(at, suggestion, name="gpt", usd=0.25):
    model = TracedModel(
        provider="openai",
        name=name,
        prompt="p",
        answer="a",
        input_tokens=100,
        output_tokens=10,
        cache_read_tokens=40,
        cost_usd=usd,
        estimated=False,
    )
    trace = Trace(
        suggestion=suggestion,
        session="s",
        trigger="edit",
        time_ms=b.NOW_MS + at,
        stages_ms={"total": 1.0},
        candidates=(),
        outcome=Outcome.RECOMMENDED,
        why="",
        model=model,
    )
    return Traced(id=b.rid(at), time_ms=b.NOW_MS + at, notebook=b.NOTEBOOK, session="s", trace=trace)


def by_model(at, cell):
    record = b.suggested(at, cell)
    ghosts = tuple(replace(one, source="model", language_id="python") for one in record.cells)
    return replace(record, source="model", cells=ghosts)


HISTORY = (
    b.suggested(0, "read-and-run"),
    b.accepted(1_000, "read-and-run"),
    b.ran(2_000, cell="read-and-run", suggestion="S0"),
    b.suggested(10, "edited"),
    b.accepted(1_010, "edited", shown_ms=100),
    b.ran(2_010, cell="edited", suggestion="S10", edited=True),
    b.suggested(20, "gone"),
    b.accepted(1_020, "gone"),
    deleted(5 * MINUTE, "gone"),
    b.suggested(30, "never-seen"),
    b.superseded(1_030, "never-seen"),
    b.suggested(40, "open"),
    by_model(50, "refused"),
    traced(51, "S50"),
    b.rejected(1_050, "refused"),
)


@pytest.fixture
def index(tmp_path: Path):
    made = Index.open(prepare(tmp_path), b.WORDS)
    yield made
    made.close()


@pytest.fixture
def reports(index):
    queries = Queries(index, index.settle)
    yield Reports(queries)
    queries.close()


def counted(funnel):
    return {rate.name: (rate.part, rate.whole) for rate in funnel.rates()}


def test_each_step_is_counted_of_what_it_is_a_part_of(index, reports):
    index.fold(HISTORY)
    (funnel,) = reports.funnels(now_ms=LATER)
    assert funnel.suggested == 6
    assert counted(funnel) == {
        "in view at all": (4, 5),
        "read (750 ms or more)": (3, 4),
        "accepted after reading": (2, 3),
        "accepted": (3, 4),
        "run": (2, 3),
        "run unchanged": (1, 2),
        "still there after 10 minutes": (2, 3),
    }


def test_what_was_accepted_just_now_is_not_yet_asked_whether_it_stays(index, reports):
    index.fold(HISTORY)
    (funnel,) = reports.funnels(now_ms=b.NOW_MS + 6 * MINUTE)
    assert (funnel.settled, funnel.kept) == (0, 0)


def test_who_wrote_it_and_in_which_language_are_told_apart(index, reports):
    index.fold(HISTORY)
    by_source = reports.funnels(by=("source", "model", "language"), now_ms=LATER)
    assert [(one.source, one.model, one.language, one.suggested) for one in by_source] == [
        ("memory", "", "shellscript", 5),
        ("model", "gpt", "python", 1),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_does_not_matter(index, reports, seed):
    shuffled = list(HISTORY)
    random.Random(seed).shuffle(shuffled)
    for record in shuffled:
        index.fold([record])
    (funnel,) = reports.funnels(now_ms=LATER)
    assert counted(funnel)["run"] == (2, 3)
    assert [one.model for one in reports.funnels(by=("model",), now_ms=LATER)] == ["", "gpt"]
    assert reports.costs()[0].cost_usd == 0.25


def test_a_part_of_a_day_is_counted_exactly(index, reports):
    index.fold(HISTORY)
    (since,) = reports.funnels(b.NOW_MS + 25, now_ms=LATER)
    assert since.suggested == 3


def test_an_acceptance_that_was_undone_does_not_count(index, reports):
    index.fold([b.suggested(0, "c"), b.accepted(1_000, "c"), b.restored(2_000, "c")])
    (funnel,) = reports.funnels(now_ms=LATER)
    assert (funnel.accepted, funnel.ended) == (0, 0)


def test_days_have_their_runs_and_lessons(index, reports):
    run = b.ran(2_000, cell="read-and-run", suggestion="S0")
    index.fold([*HISTORY, b.learned(3_000, "e1", run.id)])
    index.fold([replace(b.ran(9, writer=3), time_ms=b.NOW_MS + b.DAY_MS, id=b.rid(b.DAY_MS))])
    first, second = reports.days(now_ms=LATER)
    assert (first.suggested, first.accepted, first.kept, first.executed, first.as_suggested, first.learned) == (
        6, 3, 2, 2, 1, 1,
    )  # fmt: skip
    assert (second.day, second.executed, second.suggested) == (first.day + 1, 1, 0)


def test_what_was_accepted_just_now_has_not_stayed_yet(index, reports):
    index.fold([b.suggested(0, "c"), b.accepted(1_000, "c")])
    (soon,) = reports.days(now_ms=b.NOW_MS + 60_000)
    (later,) = reports.days(now_ms=LATER)
    assert (soon.accepted, soon.settled, soon.kept) == (1, 0, 0)
    assert (later.accepted, later.settled, later.kept) == (1, 1, 1)


def test_costs_are_those_of_each_model_and_day(index, reports):
    index.fold([traced(0, "a"), traced(1, "b", usd=0.5), traced(2, "c", name="other", usd=0.1)])
    gpt, other = reports.costs()
    assert (gpt.requests, gpt.input_tokens, gpt.cache_read_tokens, gpt.cost_usd) == (2, 200, 80, 0.75)
    assert (other.model, other.cost_usd) == ("other", 0.1)


def test_what_is_taken_back_is_not_counted_any_more(index, reports):
    index.fold(HISTORY)
    index.rebuild()
    assert reports.funnels(now_ms=LATER) == []
    assert reports.days() == []
    assert reports.costs() == []


def test_ends_are_counted_by_their_reason(index, reports):
    index.fold(HISTORY)
    assert [(one.type, one.reason, one.count) for one in reports.ends()] == [
        ("ACCEPTED", "focus", 3),
        ("REJECTED", "dismissed", 1),
        ("SUPERSEDED", "newer", 1),
    ]
