"""`report.html`: for someone who does not believe it. Figures with their intervals, what they mean, and what went wrong."""

import time
from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

import msgspec

from ghostcells import __version__
from ghostcells.evaluation.contrast import contrast
from ghostcells.evaluation.experiment import Experiment
from ghostcells.evaluation.items import Result
from ghostcells.evaluation.judging import Agreement
from ghostcells.evaluation.metrics import Figures, trend
from ghostcells.evaluation.report import curves, sections
from ghostcells.evaluation.report.tags import page_of, tag
from ghostcells.evaluation.results import Batch


class Measured(msgspec.Struct, frozen=True):
    """One variant on one data set; `judged` if there was a judge, `former` if there is a run to compare with."""

    batch: Batch
    found: list[Result]
    figures: Figures
    judged: Agreement | None = None
    former: list[Result] | None = None


def page(measured: Sequence[Measured], experiment: Experiment, now_ms: int) -> str:
    """The whole report as HTML."""
    style = files("ghostcells.evaluation.report").joinpath("style.css").read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", "How good are the suggestions?"),
        tag("style", style),
    )
    datasets = list(dict.fromkeys(one.batch.dataset for one in measured))
    parts = [_dataset(name, [one for one in measured if one.batch.dataset == name]) for name in datasets]
    body = tag("body", tag("main", _opening(measured, experiment, now_ms), *parts, _method(measured)))
    return page_of(tag("html", head, body, lang="en"))


def _opening(measured: Sequence[Measured], experiment: Experiment, now_ms: int) -> Element:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(now_ms / 1000))
    questions = sum(one.figures.count for one in measured)
    drawn = f", drawn by seed {experiment.seed}" if experiment.sample else ""
    return tag(
        "header",
        tag("h1", "How good are the suggestions?"),
        tag(
            "p",
            f"ghostcells {__version__}, {when}. {questions} answers to questions{drawn}: what would have been suggested at "
            "this place, from what had been run by then, and what did the user run? An interval behind a figure is the middle "
            "95 % of 1000 draws of whole documents.",
            class_="lead",
        ),
    )


def _dataset(name: str, measured: Sequence[Measured]) -> Element:
    first = measured[0]
    parts = [
        tag("h2", _title(name)),
        tag("p", _about(first), class_="lead"),
        *(tag("p", text, class_="note warn") for text in _doubts(first)),
        *(element for one in measured for element in _short(one, alone=len(measured) == 1)),
        curves.charts([(one.batch.variant, one.figures) for one in measured], ordered=_ordered(first)),
        sections.measures([(one.batch.variant, one.figures) for one in measured]),
        sections.surest([(one.batch.variant, one.figures) for one in measured]),
        *_contrasts(measured),
        *(element for one in measured for element in _details(one, alone=len(measured) == 1)),
    ]
    return tag("section", parts)


def _title(name: str) -> str:
    return "Your own log" if name == "mine" else name


def _ordered(one: Measured) -> bool:
    return bool(one.batch.about["ordered"])


def _about(one: Measured) -> str:
    count, documents = one.figures.count, one.figures.documents
    if not _ordered(one):
        return (
            f"{count} pairs of intent and command, each asked about with all the others in memory and without itself."
        )
    return (
        f"{count} questions in {documents} documents, in the order of time. Memory begins empty and knows at each question "
        "what had been run before it, and nothing else."
    )


def _doubts(one: Measured) -> list[str]:
    """What a reader should know before believing the figures."""
    said = []
    repeated = sum(item.repeated for item in one.found)
    if repeated:
        said.append(
            f"At {repeated} of {one.figures.count} questions the same command had run under the very same words before: exact "
            "contamination, if that was a copy of this document. “By what was known” has the figures without them."
        )
    if one.figures.costs.failed:
        said.append(f"{one.figures.costs.failed} questions failed and count as unanswered; items.csv says how.")
    if one.batch.dataset != "mine" and one.batch.about["memory"] == "on" and not one.batch.about["rankers"]:
        said.append(
            "The ranker that ships was learned from public runbooks. If this data is among them, these figures are better than "
            "they would be elsewhere: docs/evaluation.md says how to judge by rankers that have not seen it."
        )
    if one.figures.count < _FEW:
        said.append(f"{one.figures.count} questions are few: look at the intervals before the figures.")
    return said


_FEW = 200


def _short(one: Measured, *, alone: bool) -> list[Element]:
    """The three figures that matter, and whether it learns."""
    title = None if alone else tag("h3", one.batch.variant)
    parts = [title, sections.cards(one.figures)]
    if _ordered(one) and one.figures.documents > 1:
        parts.append(tag("p", learns(one.found)))
    return [part for part in parts if part is not None]


def learns(found: Sequence[Result]) -> str:
    """The learning curve in a sentence; one that is flat is called flat."""
    change = trend(found)
    bounds = f"95 %: {change.low:+.2f} to {change.high:+.2f}"
    told = f"{change.value:+.2f} from the first half of the questions to the second ({bounds})"
    if change.low > 0:
        return f"It gets better: near rises by {told}."
    if change.high < 0:
        return f"It gets worse: near changes by {told}."
    return f"The learning curve is flat: near changes by {told}, which may be chance."


def _contrasts(measured: Sequence[Measured]) -> list[Element]:
    """Each variant against the first, and each against the former run."""
    first = measured[0]
    pairs = [(first.batch.variant, first.found, one) for one in measured[1:]]
    pairs += [(f"{one.batch.variant}, the former run", one.former, one) for one in measured if one.former]
    return [sections.contrasted(name, one.batch.variant, contrast(before, one.found)) for name, before, one in pairs]


def _details(one: Measured, *, alone: bool) -> list[Element]:
    suffix = "" if alone else f": {one.batch.variant}"
    made = [sections.worst_cases(one.found, suffix), sections.known(one.figures, suffix)]
    if len(one.figures.repos) > 1:
        made.append(sections.repos(one.figures, suffix))
    made.append(sections.spent(one.figures, suffix))
    if any(item.feedback for item in one.found):
        made.append(sections.lived(one.found, suffix))
    if one.judged is not None and one.judged.asked:
        made.append(sections.judged(one.judged, suffix))
    return made


def _method(measured: Sequence[Measured]) -> Element:
    rows = [
        (one.batch.variant, one.batch.dataset, one.batch.id, str(one.batch.about["data"]), _settings(one))
        for one in measured
    ]
    return tag(
        "section",
        tag("h2", "How this was measured"),
        tag(
            "p",
            "Memory, its ranking, the threshold below which nothing is shown, and, where there is one, the prompt and the "
            "checks of a model are the code that serves an editor. Time is that of the data. What is not replayed is the "
            "typing itself: each question is asked once, when its prose is whole. What was suggested teaches nothing, what was "
            "run does. Nothing here touches your own memory.",
        ),
        sections.table(("variant", "data", "batch", "content", "settings"), rows, texts=5),
    )


def _settings(one: Measured) -> str:
    about = one.batch.about
    settings = about["settings"]
    model = settings["model"]["provider"] or "none"
    shown = [f"memory: {about['memory']}", f"embedder: {settings['memory']['embedder']}", f"model: {model}"]
    if settings["memory"]["minConfidence"] is not None:
        shown.append(f"minConfidence: {settings['memory']['minConfidence']}")
    shown.append("rankers: without the asked repository's family" if about["rankers"] else "ranker: as shipped")
    return ", ".join(shown)
