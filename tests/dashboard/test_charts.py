"""What charts show besides the numbers that their tables have, too."""

import re

import pytest

from ghostcells.dashboard.charts import charts
from ghostcells.dashboard.ports import Caps, Overview
from ghostcells.domain.reports import Day, DayCost, Funnel


def cost(day, usd, model="small"):
    return DayCost(day=day, provider="openai", model=model, requests=1, input_tokens=1, output_tokens=1, cache_read_tokens=0,
                   cost_usd=usd)  # fmt: skip


def seen(*, costs=(), days=(), cap=1.0):
    return Overview(
        version=1, total=Funnel(), funnels=(), days=tuple(days), costs=tuple(costs), caps=Caps(cap, 0.05, 0.25), ends=(),
        latencies={}, examples=0, taught=(), useful=(), useless=(), decisions=(),
    )  # fmt: skip


def chart(title, shown):
    return next(one for one in charts(shown, "nonce") if one.title == title)


def heights(svg):
    (line,) = re.findall(r'<line [^>]*class="cap"[^>]*>', svg)
    return float(re.search(r'y1="([\d.]+)"', line)[1])


@pytest.mark.parametrize("days", [[0.4, 0.9], [0.4, 1.4], [0.06]], ids=["below", "above", "far-below"])
def test_a_day_s_cap_is_a_line_across_the_days(days):
    drawn = chart("What it cost", seen(costs=[cost(20_000 + day, usd) for day, usd in enumerate(days)]))
    assert heights(drawn.svg) >= 0
    assert (
        "A day may cost $1.00 (budget.dayUsd, the dashed line), a notebook $0.05; today has cost $0.25." in drawn.about
    )


def test_a_dearer_day_is_higher_than_the_cap():
    """The line stands where the value does: lower on the page where the days go beyond it."""
    below = chart("What it cost", seen(costs=[cost(20_000, 0.5)]))
    above = chart("What it cost", seen(costs=[cost(20_000, 4.0)]))
    assert heights(below.svg) < heights(above.svg)


def test_a_cap_far_above_every_day_is_told_and_not_drawn():
    drawn = chart("What it cost", seen(costs=[cost(20_000, 0.001)]))
    assert 'class="cap"' not in drawn.svg
    assert "far above what is drawn" in drawn.about


def test_whether_it_learns_is_said_with_its_denominators():
    week = [Day(day=20_000 + day, executed=10, as_suggested=day) for day in range(14)]
    said = chart("Is it learning?", seen(days=week)).about
    assert said == "Runs of the last week that were as suggested: 70 of 70 (100%). Of the week before: 21 of 70 (30%)."
    first = chart("Is it learning?", seen(days=week[:3])).about
    assert (
        first == "Runs of the last week that were as suggested: 3 of 30 (10%). Of the week before: there were no runs."
    )
    assert chart("Is it learning?", seen()).about == "Nothing has been run yet."


def test_what_may_still_be_deleted_is_no_part_of_what_stayed():
    days = [Day(day=20_000, accepted=5, settled=2, kept=1)]
    assert chart("Acceptance and retention", seen(days=days)).rows[0][2] == "1 of 2"


def test_what_has_not_changed_is_not_drawn_anew():
    costs = [cost(20_000, 0.5)]
    first = {one.title: one.svg for one in charts(seen(costs=costs), "nonce")}
    again = {one.title: one.svg for one in charts(seen(costs=costs), "nonce")}
    changed = {one.title: one.svg for one in charts(seen(costs=[cost(20_000, 0.25)]), "nonce")}
    assert all(again[title] is svg for title, svg in first.items())
    assert [title for title, svg in first.items() if changed[title] is not svg] == ["What it cost"]


def test_a_drawing_holds_only_what_is_seen():
    drawn = chart("What it cost", seen(costs=[cost(20_000, 0.5), cost(20_001, 0.75)])).svg
    assert not re.search("<desc|<script|<!--", drawn)
    assert drawn.count('class="rect') == 2
