"""Charts as SVG within the page, drawn by pygal, in the colours of the page. Each has its numbers as a table beside it.

To draw one costs as much as all the queries of the page, so the last drawings are kept by what they were drawn from.
"""

import sys
from collections.abc import Sequence
from functools import lru_cache
from xml.etree import ElementTree as ET

import msgspec
import pygal
from markupsafe import Markup
from pygal.style import Style

from ghostcells.dashboard.ports import Overview
from ghostcells.domain.reports import WEEK, Day, lately
from ghostcells.domain.words import day_name, stage, stage_order, usd

POINTS = 60
"""More points than this are put together, by whole weeks: a line of 400 days shows nothing more."""
PERCENTILES = ("p50", "p90", "p99")
_FAR = 20
"""A cap so many times as high as the dearest day would press the days flat: it is told, not drawn."""
_WEEK_OF = "week of "
_DRAWINGS = 16
"""Of each kind: for all spans that one can look at, and what they were before the last event."""
# pygal's finder of its map plugins is of a kind that Python 3.12 dropped and 3.11 warns of; we draw no maps.
sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)]
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="var(--text)",
    foreground_strong="var(--text)",
    foreground_subtle="var(--line)",
    colors=tuple(f"var(--c{number})" for number in range(1, 7)),
    font_family="inherit",
    guide_stroke_color="var(--line)",
    major_guide_stroke_color="var(--line)",
    guide_stroke_dasharray="none",
    major_guide_stroke_dasharray="none",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
    no_data_font_size=16,
)


class Chart(msgspec.Struct, frozen=True):
    """`svg` is safe to put in a page; `rows` are the numbers it was drawn from, `columns` their names."""

    title: str
    about: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class _CappedBar(pygal.StackedBar):  # type: ignore[misc]
    """Bars with a dashed line across them at the value of `cap`, which pygal draws in charts of lines alone."""

    cap: float | None = None

    def _plot(self) -> None:
        super()._plot()
        if self.cap is not None:
            height = self.view.y(self.cap)
            across = {"x1": 0, "x2": self.view.width, "y1": height, "y2": height}
            self.svg.node(self.nodes["overlay"], "line", class_="cap", **across)


class Series(msgspec.Struct, frozen=True):
    name: str
    values: tuple[float | None, ...]
    text: tuple[str, ...]


def charts(seen: Overview, nonce: str) -> tuple[Chart, ...]:
    """All charts of the first page. `nonce` is what lets their styles through the page's policy."""
    labels, days = _together(seen.days)
    return (_acceptance(labels, days, nonce), _learning(seen, labels, days, nonce), _ends(seen, nonce), _costs(seen, nonce),
            _latencies(seen, nonce))  # fmt: skip


def _together(days: Sequence[Day]) -> tuple[list[str], list[Day]]:
    """The days by name, or weeks where there are too many; days without anything are left out."""
    if len(days) <= POINTS:
        return [day_name(one.day) for one in days], list(days)
    weeks: dict[int, Day] = {}
    for one in days:
        known = weeks.setdefault(one.day // WEEK, Day(day=one.day))
        summed = {name: getattr(known, name) + getattr(one, name) for name in Day.__struct_fields__ if name != "day"}
        weeks[one.day // WEEK] = Day(day=known.day, **summed)
    return [f"{_WEEK_OF}{day_name(one.day)}" for one in weeks.values()], list(weeks.values())


def _acceptance(labels: list[str], days: list[Day], nonce: str) -> Chart:
    read = _shares("accepted after reading, of those read", [(one.accepted_read, one.read) for one in days])
    kept = _shares(
        "still there after 10 minutes, of those accepted 10 minutes ago or earlier",
        [(one.kept, one.settled) for one in days],
    )
    return _lines("Acceptance and retention", "Per day of UTC, in percent.", labels, (read, kept), nonce)


def _learning(seen: Overview, labels: list[str], days: list[Day], nonce: str) -> Chart:
    own = _shares("runs that came from a suggestion, unchanged", [(one.as_suggested, one.executed) for one in days])
    return _lines("Is it learning?", lately(seen.days), labels, (own,), nonce)


def _shares(name: str, parts: Sequence[tuple[int, int]]) -> Series:
    values = tuple(100 * part / whole if whole else None for part, whole in parts)
    return Series(name, values, tuple(f"{part} of {whole}" for part, whole in parts))


def _lines(title: str, about: str, labels: list[str], series: tuple[Series, ...], nonce: str) -> Chart:
    rows = tuple((label, *(one.text[place] for one in series)) for place, label in enumerate(labels))
    drawn = _drawn_lines(tuple(labels), series, nonce)
    return Chart(title, about, drawn, ("when", *(one.name for one in series)), rows)


@lru_cache(2 * _DRAWINGS)
def _drawn_lines(labels: tuple[str, ...], series: tuple[Series, ...], nonce: str) -> Markup:
    chart = pygal.Line(**_options(), range=(0, 100), show_dots=len(labels) < POINTS // 2, dots_size=2)
    chart.x_labels = [label.removeprefix(_WEEK_OF) for label in labels]
    chart.x_labels_major_count = 4
    for one in series:
        chart.add(one.name, list(one.values))
    return _svg(chart, nonce)


def _ends(seen: Overview, nonce: str) -> Chart:
    rows = tuple((f"{one.type.lower()}: {one.reason}", str(one.count)) for one in seen.ends)
    drawn = _drawn_ends(rows, nonce)
    return Chart("How suggestions ended", "The latest 5 000 suggested cells.", drawn, ("end", "cells"), rows)


@lru_cache(_DRAWINGS)
def _drawn_ends(rows: tuple[tuple[str, str], ...], nonce: str) -> Markup:
    chart = pygal.HorizontalBar(**_options(), show_legend=False)
    chart.x_labels = [name for name, _ in reversed(rows)]
    chart.add("cells", [int(count) for _, count in reversed(rows)])
    return _svg(chart, nonce)


def _costs(seen: Overview, nonce: str) -> Chart:
    models = sorted({one.model for one in seen.costs})
    spent: dict[int, dict[str, float]] = {}
    for one in seen.costs:
        day = spent.setdefault(one.day, {})
        day[one.model] = day.get(one.model, 0.0) + one.cost_usd
    shown = sorted(spent)[-POINTS:]
    dearest = max((sum(spent[day].values()) for day in shown), default=0.0)
    near = dearest > 0 and dearest * _FAR >= seen.caps.day_usd
    top = max(dearest, seen.caps.day_usd) if near else dearest or seen.caps.day_usd
    bars = tuple((model, tuple(round(spent[day].get(model, 0.0), 6) for day in shown)) for model in models)
    drawn = _drawn_costs(tuple(map(day_name, shown)), bars, seen.caps.day_usd if near else None, top or 1, nonce)
    rows = tuple((day_name(day), *(f"${spent[day].get(model, 0.0):.6f}" for model in models)) for day in shown)
    caps = seen.caps
    where = ", the dashed line" if near else ", far above what is drawn" if dearest else ""
    about = (
        f"US dollars per day of UTC. A day may cost {usd(caps.day_usd)} (budget.dayUsd{where}), "
        f"a notebook {usd(caps.notebook_usd)}; today has cost {usd(caps.today_usd)}."
    )
    return Chart("What it cost", about, drawn, ("day", *models), rows)


@lru_cache(_DRAWINGS)
def _drawn_costs(
    days: tuple[str, ...], bars: tuple[tuple[str, tuple[float, ...]], ...], cap: float | None, top: float, nonce: str
) -> Markup:
    chart = _CappedBar(**_options(), range=(0, top), value_formatter=_amount)
    chart.cap = cap
    chart.x_labels = list(days)
    chart.x_labels_major_count = 4
    for model, values in bars:
        chart.add(model, list(values))
    return _svg(chart, nonce)


def _amount(value: float) -> str:
    """Dollars beside a line: as many digits as tell it from the next one."""
    return f"${value:.6f}".rstrip("0").rstrip(".")


def _latencies(seen: Overview, nonce: str) -> Chart:
    names = sorted(seen.latencies, key=stage_order)
    rows = tuple(
        (stage(name), *(f"{getattr(seen.latencies[name], part):.1f}" for part in PERCENTILES)) for name in names
    )
    about = "Milliseconds from rest, of the latest 2 000 suggestions."
    return Chart("How long it took", about, _drawn_latencies(rows, nonce), ("stage", *PERCENTILES), rows)


@lru_cache(_DRAWINGS)
def _drawn_latencies(rows: tuple[tuple[str, ...], ...], nonce: str) -> Markup:
    chart = pygal.HorizontalBar(**_options())
    # Drawn from below.
    chart.x_labels = [name for name, *_ in reversed(rows)]
    for place, part in enumerate(PERCENTILES, 1):
        chart.add(part, [float(row[place]) for row in reversed(rows)])
    return _svg(chart, nonce)


def _options() -> dict[str, object]:
    return {
        "style": _STYLE,
        "js": (),
        "disable_xml_declaration": True,
        "explicit_size": False,
        "width": 640,
        "height": 260,
        # Half of the last date stands beyond the end of its line.
        "margin_right": 36,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 1,
        "show_minor_x_labels": False,
        "no_data_text": "nothing yet",
        "pretty_print": False,
        "truncate_legend": -1,
        "truncate_label": -1,
    }


def _svg(chart: "pygal.graph.graph.Graph", nonce: str) -> Markup:
    """The drawing, without the script that pygal adds for its own and what only that reads, which is a third of the page.

    It is hidden from readers of screens, who have the table.
    """
    root = chart.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            if str(child.tag).endswith(("script", "desc")) or child.tag is ET.Comment:
                parent.remove(child)
            elif str(child.tag).endswith("style"):
                child.set("nonce", nonce)
            # What stands in a style attribute the policy of the page would not let through.
            for name, _, value in (part.partition(":") for part in (child.attrib.pop("style", "")).split(";") if part):
                child.set(name.strip(), value.strip())
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 -- serialised, so its texts are escaped
