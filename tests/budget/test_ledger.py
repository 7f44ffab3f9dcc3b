"""What may be spent, and that nothing goes over it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.budget.ledger import DAY_MS, Caps, Charge, Ledger, Level, charge_of
from ghostcells.domain.trace import Outcome, Trace, TracedModel

NOON = 20_000 * DAY_MS + DAY_MS // 2


def charge(usd: float, name: str = "s", notebook: str = "a", time_ms: int = NOON, session: str = "x") -> Charge:
    return Charge(name, session, notebook, time_ms, usd, 100, 10, 50)


def ledger(notebook_usd: float = 0.05, day_usd: float = 1.0, offset: int = 0) -> Ledger:
    made = Ledger(Caps(notebook_usd, day_usd), offset)
    made.opened("a", NOON - 1000)
    made.opened("b", NOON - 1000)
    return made


def test_spending_is_known_by_suggestion_session_notebook_and_day() -> None:
    book = ledger()
    book.charge(charge(0.01, "1"))
    book.charge(charge(0.02, "2", notebook="b", session="y"))
    assert book.suggestion("1").usd == pytest.approx(0.01)
    assert book.session("y").usd == pytest.approx(0.02)
    assert book.notebook("a").usd == pytest.approx(0.01)
    assert book.day(NOON).usd == pytest.approx(0.03)
    assert (book.day(NOON).completions, book.day(NOON).input_tokens, book.day(NOON).cache_read_tokens) == (2, 200, 100)


def test_the_same_suggestion_is_charged_once() -> None:
    book = ledger()
    for _ in range(3):
        book.charge(charge(0.01))
    assert book.day(NOON).usd == pytest.approx(0.01)


def test_a_notebook_warns_before_it_stops() -> None:
    book = ledger()
    assert book.allows("a", NOON, 0.001).level is Level.OK
    book.charge(charge(0.045))
    verdict = book.allows("a", NOON, 0.001)
    assert verdict.level is Level.SOFT
    verdict = book.allows("a", NOON, 0.01)
    assert verdict.level is Level.HARD
    assert verdict.why == "$0.0450 of $0.05 spent on this notebook (budget.notebookUsd): suggesting from memory"
    assert book.allows("b", NOON, 0.01).level is Level.OK


def test_a_notebooks_cap_runs_from_open_to_close() -> None:
    book = ledger()
    book.charge(charge(0.05))
    book.closed("a")
    book.opened("a", NOON + 1)
    assert book.allows("a", NOON + 1, 0.001).level is Level.OK
    assert book.day(NOON).usd == pytest.approx(0.05)


def test_a_day_ends_at_the_users_midnight() -> None:
    midnight = 20_001 * DAY_MS
    book = ledger(day_usd=0.01, notebook_usd=9, offset=120)
    late = midnight - 2 * 3_600_000 - 1
    book.charge(charge(0.01, time_ms=late))
    assert book.allows("a", late, 0.001).level is Level.HARD
    assert book.allows("a", late + 1, 0.001).level is Level.OK
    assert book.day_start_ms(late + 1) == late + 1


def test_a_local_model_is_never_refused() -> None:
    book = ledger(0.0, 0.0)
    assert book.allows("a", NOON, 0.0).level is Level.OK
    assert book.allows("a", NOON, 0.0001).level is Level.HARD


def test_what_is_under_way_counts_until_it_ends() -> None:
    book = ledger(notebook_usd=0.01)
    book.hold(charge(0.008, "1"))
    assert book.allows("a", NOON, 0.008).level is Level.HARD
    book.release("1")
    assert book.allows("a", NOON, 0.008).level is Level.OK
    book.hold(charge(0.008, "2"))
    book.charge(charge(0.001, "2"))
    assert book.allows("a", NOON, 0.008).level is not Level.HARD


def test_a_trace_is_charged_for_its_model_alone() -> None:
    trace = Trace("s", "x", "text", NOON, {}, (), Outcome.SILENT, "")
    assert charge_of(trace, "a") is None
    model = TracedModel("openai", "m", "p", "a", 500, 20, 0, 0.002, estimated=True)
    made = charge_of(Trace("s", "x", "text", NOON, {}, (), Outcome.OFFERED, "", model=model), "a")
    assert made is not None
    assert (made.usd, made.input_tokens, made.estimated) == (0.002, 500, True)


AMOUNTS = st.floats(1e-6, 0.02)
REQUESTS = st.lists(
    st.tuples(st.sampled_from("ab"), AMOUNTS, st.floats(0, 1), st.integers(0, DAY_MS // 4), st.booleans()), max_size=60
)


@given(REQUESTS, st.floats(0.001, 0.05), st.floats(0.001, 0.1))
def test_no_cap_is_ever_exceeded(
    requests: list[tuple[str, float, float, int, bool]], notebook_cap: float, day_cap: float
) -> None:
    """Whatever is asked while other requests are under way, as long as a completion costs no more than its estimate."""
    book = ledger(notebook_cap, day_cap)
    now, under_way = NOON, []
    for number, (notebook, estimate, share, later, ends) in enumerate(requests):
        now += later % 1000
        if book.allows(notebook, now, estimate).level is not Level.HARD:
            book.hold(charge(estimate, str(number), notebook, now))
            under_way.append(charge(estimate * share, str(number), notebook, now))
        if ends and under_way:
            book.charge(under_way.pop(0))
        for name in "ab":
            assert book.notebook(name).usd <= notebook_cap + 1e-6
        assert book.day(now).usd <= day_cap + 1e-6


@given(REQUESTS)
def test_a_rebuilt_ledger_is_the_same_whatever_the_order(requests: list[tuple[str, float, float, int, bool]]) -> None:
    charges = [charge(usd, str(number), notebook, NOON + number) for number, (notebook, usd, *_) in enumerate(requests)]
    first, second = ledger(), ledger()
    for one in charges:
        first.charge(one)
    for one in reversed(charges):
        second.charge(one)
    for notebook in "ab":
        assert first.notebook(notebook).usd == pytest.approx(second.notebook(notebook).usd)
    assert first.day(NOON).completions == second.day(NOON).completions == len(charges)


def test_past_days_are_forgotten() -> None:
    book = ledger()
    book.closed("a")
    book.charge(charge(0.01, "old", time_ms=NOON - 10 * DAY_MS))
    book.charge(charge(0.01, "new"))
    assert book.suggestion("old").completions == 0
