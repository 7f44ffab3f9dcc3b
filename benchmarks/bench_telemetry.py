"""What telemetry costs: nothing on the way of a key, and how much of a core for what happens in an hour of work.

    .venv/bin/python benchmarks/bench_telemetry.py

A key makes no record and no decision, so the loop never meets telemetry there; what it meets at a commit or a decision is one
call, timed here off and on. The thread behind it is timed by its own CPU clock, for a suggestion by a model with its records.
"""

import statistics
import threading
import time

from ghostcells.app.telemetry import Telemetry
from ghostcells.config import schema
from ghostcells.domain.decisions import Decision, Weighed
from ghostcells.domain.events import Accepted, Executed, Suggested, Traced
from ghostcells.domain.examples import Situation
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.notebook import CellKind
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate, TracedModel

ROUNDS = 2_000
ID = "01JNB3Z6W8YQ4T0V2X5K7M9R1T"
COMMON = {"id": ID, "time_ms": 1, "notebook": "file:///a.md", "session": ID}
MODEL = TracedModel("openai", "small", "p" * 2_000, "a" * 200, 500, 50, 200, 0.001, estimated=False)
TRACE = Trace(ID, ID, "edit", 1_000, {"words": 2.0, "vectors": 3.0, "rank": 6.0, "prompt": 8.0, "firstChunk": 90.0,
              "firstGhost": 91.0, "total": 400.0}, (TracedCandidate("ls", 1.0, 0.5, "memory"),), Outcome.RECOMMENDED, "why",
              model=MODEL)  # fmt: skip
RECORDS = [
    Suggested(
        **COMMON, suggestion=ID, cells=(Ghost("c", CellKind.CODE, "shellscript", "ls", "model"),), source="model"
    ),
    Traced(**COMMON, trace=TRACE),
    Accepted(**COMMON, cell="c", suggestion=ID, shown_ms=900, text="ls"),
    Executed(**COMMON, cell="c", success=True, text="ls", language="shellscript", situation=Situation(notebook="n")),
]
DECISION = Decision(
    time_ms=1, notebook="n", cell="c", session=ID, trigger="edit", why="w", candidates=(Weighed(1, 1, "m"),)
)


def on_the_loop(telemetry):
    """Microseconds of CPU of one call, by the median of a thousand."""
    taken = []
    for _ in range(1_000):
        begun = time.thread_time_ns()
        telemetry.decided(DECISION)
        taken.append((time.thread_time_ns() - begun) / 1_000)
    return statistics.median(taken)


def behind(settings):
    """Microseconds of CPU of the thread, for one suggestion: its decision and its records."""
    telemetry = Telemetry(None, {})
    telemetry.use(settings)
    assert telemetry._thread is not None
    begun = time.process_time()
    for _ in range(ROUNDS):
        telemetry.committed(RECORDS)
        telemetry.decided(DECISION)
        while telemetry._queue.qsize() > 100:
            threading.Event().wait(0.001)
    telemetry._queue.put(None)
    telemetry._thread.join()
    return 1e6 * (time.process_time() - begun) / ROUNDS


def main():
    off = Telemetry(None, {})
    off.use(schema.Telemetry())
    print(f"a decision on the loop, off: {on_the_loop(off):.2f} us of CPU")
    on = Telemetry(None, {})
    on.use(schema.Telemetry(metrics="127.0.0.1:0"))
    print(f"a decision on the loop, on:  {on_the_loop(on):.2f} us of CPU")
    print(f"behind it, Prometheus: {behind(schema.Telemetry(metrics='127.0.0.1:0')):.0f} us of CPU for a suggestion")
    refused = schema.Telemetry(otlp=True, usage=True, endpoint="http://127.0.0.1:9")
    print(f"behind it, OTLP, nobody there: {behind(refused):.0f} us of CPU for a suggestion")


if __name__ == "__main__":
    main()
