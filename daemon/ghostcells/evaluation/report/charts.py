"""Line charts as SVG whose colours are the page's own, so that they fit light and dark. No library does that: theirs are fixed.

Points are (x, y) in the units of the axes.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

import msgspec

from ghostcells.evaluation.report.tags import tag

WIDTH, HEIGHT = 390, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 14, 44
SERIES = 6
"""How many colours the page has; a further line begins with the first again, dashed."""


class Line(msgspec.Struct, frozen=True):
    """`band` has the lower and upper bound at each point, or nothing; `dots`: points alone, without a line."""

    name: str
    points: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float], ...] = ()
    labels: tuple[str, ...] = ()
    dots: bool = False


class Axis(msgspec.Struct, frozen=True):
    """`ticks` are where it is marked, and how; it reaches from the first to the last."""

    title: str
    ticks: tuple[tuple[float, str], ...]

    @property
    def low(self) -> float:
        return self.ticks[0][0]

    @property
    def high(self) -> float:
        return self.ticks[-1][0]


def percent_axis(title: str, most: float) -> Axis:
    """From 0 to a round share that is at least `most`."""
    step = next(step for step in (0.05, 0.1, 0.2, 0.25) if most <= step * 5 or step == 0.25)  # noqa: PLR2004
    count = max(1, -int(-most // step))
    return Axis(title, tuple((at * step, f"{at * step * 100:.0f} %") for at in range(count + 1)))


def chart(about: str, lines: Sequence[Line], x: Axis, y: Axis, *, diagonal: bool = False) -> Element:
    """The chart with its legend; `about` says what it shows to those who do not see it."""
    place = _Place(x, y)
    drawn = [*_frame(x, y, place)]
    if diagonal:
        low, high = max(x.low, y.low), min(x.high, y.high)
        drawn.append(tag("path", d=place.path([(low, low), (high, high)]), class_="ideal"))
    for number, line in enumerate(lines):
        drawn += _line(line, number, place)
    svg = tag("svg", drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=about)
    return tag("figure", svg, _legend(lines) if len(lines) > 1 else None, tag("figcaption", about))


class _Place:
    """Units of the axes -> pixels."""

    def __init__(self, x: Axis, y: Axis) -> None:
        self._x, self._y = x, y

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        along = (x - self._x.low) / ((self._x.high - self._x.low) or 1)
        up = (min(y, self._y.high) - self._y.low) / ((self._y.high - self._y.low) or 1)
        return _LEFT + along * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        placed = (self(*point) for point in points)
        return "M" + "L".join(f"{across:.1f} {down:.1f}" for across, down in placed)


def _frame(x: Axis, y: Axis, place: _Place) -> list[Element]:
    made: list[Element] = []
    for value, text in y.ticks:
        _, down = place(x.low, value)
        made += [
            tag("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=down, y2=down, class_="grid"),
            tag("text", text, x=_LEFT - 6, y=down + 4, text_anchor="end"),
        ]
    for value, text in x.ticks:
        across, _ = place(value, y.low)
        made.append(tag("text", text, x=across, y=HEIGHT - _BOTTOM + 16, text_anchor="middle"))
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    made.append(tag("text", x.title, x=middle, y=HEIGHT - 8, text_anchor="middle", class_="axis"))
    made.append(tag("text", y.title, x=_LEFT, y=_TOP - 4, text_anchor="start", class_="axis"))
    return made


def _line(line: Line, number: int, place: _Place) -> list[Element]:
    colour = f"s{number % SERIES}{' dashed' if number >= SERIES else ''}"
    made: list[Element] = []
    if line.band:
        lower = [(point[0], band[0]) for point, band in zip(line.points, line.band, strict=True)]
        upper = [(point[0], band[1]) for point, band in zip(line.points, line.band, strict=True)]
        made.append(tag("path", d=place.path([*lower, *reversed(upper)]) + "Z", class_=f"band {colour}"))
    if not line.dots:
        made.append(tag("path", d=place.path(line.points), class_=f"line {colour}"))
    for at, point in enumerate(line.points):
        across, down = place(*point)
        title = tag("title", line.labels[at]) if line.labels else None
        made.append(tag("circle", title, cx=across, cy=down, r=4 if line.dots else 3, class_=f"dot {colour}"))
    return made


def _legend(lines: Sequence[Line]) -> Element:
    entries = (tag("li", tag("i", class_=f"key s{number % SERIES}"), line.name) for number, line in enumerate(lines))
    return tag("ul", entries, class_="legend")
