"""From values to HTML. Everything that is put in is escaped, by the template language and for every page alike."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from ghostcells.domain.examples import Example
from ghostcells.domain.ids import is_ulid
from ghostcells.domain.trace import Outcome, Trace, TracedModel
from ghostcells.domain.words import asked, counted, event_name, moment, one_line, share, short_name, stage, usd, verdict

_HERE = files("ghostcells.dashboard")


_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


def proposed(trace: Trace) -> str:
    """What a suggestion came down to: the model's command where its answer showed, else memory's first candidate."""
    by_model = "firstGhost" in trace.stages_ms and trace.outcome is not Outcome.SILENT
    if isinstance(trace.model, TracedModel) and by_model:
        code = _FENCED.search(trace.model.answer)
        return code[1] if code else trace.model.answer
    return trace.candidates[0].text if trace.candidates else ""


def dated(example: Example) -> tuple[Example, int]:
    """An example with the time at which it was run or read last."""
    return example, example.last_ms


def diff_lines(diff: str) -> list[tuple[str, str]]:
    """Each line of a diff with the class that colours it."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return [(kinds.get(line[:1], "same"), line) for line in diff.splitlines()]


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("ghostcells.dashboard"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for tool in (
        moment,
        share,
        usd,
        one_line,
        short_name,
        stage,
        asked,
        counted,
        verdict,
        dated,
        proposed,
        event_name,
        diff_lines,
    ):
        made.filters[tool.__name__] = tool
    made.tests["id"] = lambda value: isinstance(value, str) and is_ulid(value)
    return made


_templates = _environment()


@cache
def _style() -> Markup:
    return Markup(_HERE.joinpath("style.css").read_text(encoding="utf-8"))  # noqa: S704 -- a file of our own


def page(name: str, nonce: str, **values: Any) -> str:
    """A page of the dashboard: its style within, so that nothing has to come before it is painted; `nonce` lets it through."""
    return _templates.get_template(f"{name}.html").render(standalone=False, style=_style(), nonce=nonce, **values)


def document(name: str, **values: Any) -> str:
    """The same page as one file that needs no server: without scripts, links or buttons."""
    return _templates.get_template(f"{name}.html").render(standalone=True, style=_style(), **values)
