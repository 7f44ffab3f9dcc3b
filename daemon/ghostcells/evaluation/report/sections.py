"""The parts of the report: tables, charts, cases."""

from collections import Counter
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from ghostcells.domain.feedback import Feedback
from ghostcells.evaluation.contrast import Contrast
from ghostcells.evaluation.items import Result
from ghostcells.evaluation.judging import Agreement
from ghostcells.evaluation.metrics import ABOUT, LEAST_REPO, Figures
from ghostcells.evaluation.report.curves import Named, percent
from ghostcells.evaluation.report.tags import tag
from ghostcells.evaluation.report.worst import marked, why, worst
from ghostcells.evaluation.statistics import Interval

_SHOWN_CHARS = 700
_WORSE_SHOWN = 5


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Element]], *, texts: int = 1) -> Element:
    """The first `texts` columns are words, the others figures."""
    head = tag("tr", (tag("th", one, class_="text" if at < texts else "") for at, one in enumerate(columns)))
    body = (
        tag("tr", (tag("td", one, class_="text" if 0 < at < texts else "") for at, one in enumerate(row)))
        for row in rows
    )
    return tag("div", tag("table", tag("thead", head), tag("tbody", body)), class_="scroll")


def ranged(one: Interval, *, share: bool = True) -> Element:
    """A figure with its interval."""
    if one.low == one.high:
        return tag("span", percent(one.value) if share else f"{one.value:.3f}")
    if share:
        return tag("span", percent(one.value), tag("small", f" {one.low * 100:.1f}–{one.high * 100:.1f}"))  # noqa: RUF001
    return tag("span", f"{one.value:.3f}", tag("small", f" {one.low:.3f}–{one.high:.3f}"))  # noqa: RUF001


def cards(figures: Figures) -> Element:
    """What a user notices."""
    values = figures.values
    told = (
        ("shown", "of the places get a ghost"),
        ("precision", "of those ghosts are what ran, or nearly"),
        ("recall", "of all places get a ghost that is right or nearly"),
        ("calibration-error", "is how far its confidence is off"),
    )
    return tag("div", (_card(values[name], text) for name, text in told if name in values), class_="cards")


def _card(value: Interval, text: str) -> Element:
    spread = f"{value.low * 100:.0f} to {value.high * 100:.0f} %" if value.high > value.low else ""
    return tag("div", tag("b", percent(value.value)), tag("span", text), tag("small", spread), class_="card")


def measures(named: Named) -> Element:
    """All figures with their intervals and what they mean."""
    names = [name for name in (*ABOUT, "template") if any(name in one.values for _, one in named)]
    rows = []
    for name in names:
        cells: list[str | Element] = [name]
        cells += [
            ranged(one.values[name], share="distance" not in name) if name in one.values else "" for _, one in named
        ]
        rows.append(
            [*cells, tag("span", ABOUT.get(name, "the right form of command, as the data names forms"), class_="note")]
        )
    columns = ("figure", *(name for name, _ in named), "meaning")
    made = tag("div", tag("h3", "All figures"), table(columns, rows))
    for row in made.iter("tr"):
        row[-1].set("class", "text")
    return made


def surest(named: Named) -> Element:
    shares = [at.share for at in named[0][1].surest]
    rows = []
    for place, share in enumerate(shares):
        row: list[str | Element] = [f"{share * 100:.0f} %"]
        for _, one in named:
            at = one.surest[place]
            row += [percent(at.near), percent(at.exact), percent(at.program)]
            row += [f"{at.confidence:.2f}"] if len(named) == 1 else []
        rows.append(row)
    told = ("near", "exact", "program", *(("from confidence",) if len(named) == 1 else ()))
    columns = ["shown", *(f"{column}{_of(name, named)}" for name, _ in named for column in told)]
    return tag("div", tag("h3", "If only the surest were shown"), table(columns, rows))


def _of(name: str, named: Named) -> str:
    return f", {name}" if len(named) > 1 else ""


def contrasted(before: str, after: str, found: Contrast) -> Element:
    """Two variants on the same questions."""
    rows = [
        (
            one.measure,
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            tag("span", f"{one.change.value:+.3f}", tag("small", f" {one.change.low:+.3f} to {one.change.high:+.3f}")),
            str(one.gained),
            str(one.lost),
            "" if one.p is None else f"{one.p:.3f}" if one.p >= 0.001 else "< 0.001",  # noqa: PLR2004 - what is printed
            "certain" if one.certain else "may be chance",
        )
        for one in found.differences
    ]
    columns = ("figure", before, after, "change", "higher at", "lower at", "p (McNemar)", "")
    share = len(found.worse) / found.shared if found.shared else 0.0
    return tag(
        "div",
        tag("h3", f"{after}, compared with {before}"),
        tag(
            "p",
            f"The same {found.shared} questions. {percent(share)} became worse by more than a tenth of the distance.",
            class_="note",
        ),
        table(columns, rows),
        _worsened(found),
    )


def _worsened(found: Contrast) -> Element | None:
    if not found.worse:
        return None
    cases = (
        _case(other, f"distance {one.distance:.2f} before, {other.distance:.2f} now")
        for one, other in found.worse[:_WORSE_SHOWN]
    )
    return tag("details", tag("summary", "What became worse most"), cases)


def known(figures: Figures, suffix: str) -> Element:
    return tag(
        "div",
        tag("h3", f"By what was known{suffix}"),
        tag("p", "To repeat what was run is memory; to be right where it never ran takes more.", class_="note"),
        _told(figures.known, "the command"),
    )


def repos(figures: Figures, suffix: str) -> Element:
    mean = figures.repo_mean
    rows = dict(figures.repos)
    note = (
        f"The mean counts each repository with at least {LEAST_REPO} questions once, the figures above each question."
    )
    if mean:
        rows = {"mean over repositories": mean, **rows}
    return tag("div", tag("h3", f"By repository{suffix}"), tag("p", note, class_="note"), _told(rows, "repository"))


def _told(parts: dict[str, dict[str, float]], what: str) -> Element:
    columns = ("questions", "near", "exact", "program", "distance", "shown", "precision")
    rows = [
        (
            name,
            f"{one['questions']:.0f}",
            *(percent(one[key]) if key != "distance" else f"{one[key]:.3f}" for key in columns[1:]),
        )
        for name, one in parts.items()
    ]
    return table((what, *columns), rows)


def spent(figures: Figures, suffix: str) -> Element:
    one = figures.costs
    said = f"Memory took {one.memory_ms_median:.0f} ms at the median and {one.memory_ms_p95:.0f} ms at the 95th percentile."
    if one.asked:
        said += (
            f" A model was asked at {one.asked} questions: {one.input_tokens} tokens in ({one.cached_tokens} of them from its "
            f"cache), {one.output_tokens} out, ${one.usd:.4f}, {one.model_ms_median:.0f} ms at the median. Of the checks on "
            f"its answers {one.assertions_passed} passed and {one.assertions_failed} failed."
        )
    return tag("div", tag("h3", f"Time and cost{suffix}"), tag("p", said))


_FEEDBACK = {
    Feedback.ACCEPTED: "a recommendation was accepted and run",
    Feedback.EDITED: "a recommendation was accepted, edited and run",
    Feedback.RAN_LISTED: "one of several that were offered was run",
    Feedback.OVERRODE_LISTED: "another one of those listed was run",
    Feedback.RAN_UNLISTED: "something was suggested, and something else was run",
    Feedback.NONE: "nothing was suggested",
}


def lived(found: Sequence[Result], suffix: str) -> Element:
    """What really happened then, as the log has it: with the settings and the version of that time."""
    counts = Counter(one.feedback for one in found if one.feedback)
    total = counts.total()
    rows = [
        (text, str(counts[kind]), percent(counts[kind] / total)) for kind, text in _FEEDBACK.items() if counts[kind]
    ]
    note = "Not what would be suggested now, but what was suggested when these commands were run."
    parts = (tag("h3", f"What was made of the ghosts of that time{suffix}"), tag("p", note, class_="note"))
    return tag("div", *parts, table(("what was run", "runs", "share"), rows))


def judged(found: Agreement, suffix: str) -> Element:
    text = (
        f"{found.model} was shown {found.asked} pairs that differ as texts. It agrees with distance 0 in "
        f"{percent(found.share)}; it calls {found.only_model} pairs the same that our measure tells apart, and "
        f"{found.only_metric} different that our measure calls the same."
    )
    return tag("div", tag("h3", f"A model as judge{suffix}"), tag("p", text))


def worst_cases(found: Sequence[Result], suffix: str) -> Element:
    cases = worst(found)
    shown = any(one.shown for one in found)
    note = (
        "Surely suggested and far from what ran, of what was shown."
        if shown
        else "Nothing was shown; these are the surest of what was not."
    )
    body = [_case(one, why(one)) for one in cases] or [tag("p", "There are none.")]
    return tag("div", tag("h3", f"The worst cases{suffix}"), tag("p", note, class_="note"), body)


def _case(one: Result, said: str) -> Element:
    suggested = one.best.text if one.best else ""
    heading = f"{one.heading} — " if one.heading and one.heading not in one.intent else ""
    return tag(
        "div",
        tag("p", tag("small", f"{one.repo}, {one.document}: "), _cut(heading + " ".join(one.intent.split()))),
        tag(
            "div",
            tag("div", tag("small", f"suggested, confidence {one.confidence:.2f}"), _pre(suggested, one.answer)),
            tag("div", tag("small", f"ran, distance {one.distance:.2f}"), _pre(one.answer, suggested)),
            class_="sides",
        ),
        tag("p", said, class_="note"),
        class_="case",
    )


def _pre(text: str, other: str) -> Element:
    text, other = _cut(text), _cut(other)
    return tag(
        "pre", (tag("mark", part) if differs and part.strip() else part for part, differs in marked(text, other))
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]} …"
