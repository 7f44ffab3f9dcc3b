"""The successful runs of late, with what each taught: what the most used commands are counted from."""

from collections.abc import Callable
from typing import Any

from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Verdict
from ghostcells.domain.pool import Ran
from ghostcells.store import views


def ran_since(run: Callable[..., Any], since_ms: int) -> list[Ran]:
    """Runs since then that teach something; forgotten ones are not among them. `run` executes a query on the index."""
    rows = run(
        "SELECT v.example, e.body, e.notebook, e.time_ms FROM event e "
        "JOIN evidence v ON v.event = e.id AND v.verdict = ? WHERE e.type = 'EXECUTED' AND e.time_ms >= ?",
        (Verdict.RAN, since_ms),
    )
    found = []
    for example, body, notebook, time_ms in rows:
        record = views.decode(body)
        if isinstance(record, Executed):
            found.append(Ran(example, record.text, record.language, notebook, time_ms))
    return found
