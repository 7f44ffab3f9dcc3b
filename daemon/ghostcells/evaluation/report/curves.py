"""The report's charts: how precise for how much shown, the learning curve, calibration."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from ghostcells.evaluation.metrics import Figures
from ghostcells.evaluation.report.charts import Axis, Line, chart, percent_axis
from ghostcells.evaluation.report.tags import tag

Named = Sequence[tuple[str, Figures]]


def percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def charts(named: Named, *, ordered: bool) -> Element:
    made = [_surest_chart(named)]
    if ordered:
        made.append(_curve(named))
    fitted = [(name, one) for name, one in named if one.bins]
    if fitted:
        made.append(_calibration(fitted))
    return tag("div", made, class_="charts")


def _surest_chart(named: Named) -> Element:
    lines = [
        Line(
            name,
            tuple((at.share, at.near) for at in one.surest),
            labels=tuple(f"{at.count} surest: {percent(at.near)} near" for at in one.surest),
        )
        for name, one in named
    ]
    x = Axis(
        "share of places that get a ghost, the surest first",
        tuple((at / 10, f"{at * 10} %") for at in range(0, 11, 2)),
    )
    return chart("How much is right or nearly right, if only so much is shown.", lines, x, percent_axis("near", 1.0))


def _curve(named: Named) -> Element:
    lines = []
    for name, one in named:
        points = tuple((float(at.examples), at.near.value) for at in one.periods)
        band = tuple((at.near.low, at.near.high) for at in one.periods) if len(named) <= 2 else ()  # noqa: PLR2004
        lines.append(
            Line(
                name,
                points,
                band,
                tuple(f"{at.near.count} questions: {percent(at.near.value)} near" for at in one.periods),
            )
        )
    most = max(point[0] for line in lines for point in line.points) or 1.0
    highest = max(max(at.near.high for at in one.periods) for _, one in named)
    x = Axis("examples in memory when it was asked", _round_ticks(most))
    return chart(
        "The learning curve: how much is near, whether shown or not, as memory grows.",
        lines,
        x,
        percent_axis("near", highest),
    )


def _round_ticks(most: float) -> tuple[tuple[float, str], ...]:
    step = next(step for power in range(7) for step in (10**power, 2 * 10**power, 5 * 10**power) if most <= step * 6)
    return tuple((float(at * step), f"{at * step}") for at in range(int(-(-most // step)) + 1))


def _calibration(named: Named) -> Element:
    lines = [
        Line(
            name,
            tuple((at.confidence, at.near) for at in one.bins),
            labels=tuple(
                f"{at.count} questions: confidence {percent(at.confidence)}, near {percent(at.near)}" for at in one.bins
            ),
            dots=True,
        )
        for name, one in named
    ]
    ticks = tuple((at / 5, f"{at * 20} %") for at in range(6))
    return chart(
        "Calibration: what it says against what was near, ten equal groups. On the dashed line it says what is so.",
        lines,
        Axis("confidence", ticks),
        Axis("near", ticks),
        diagonal=True,
    )
