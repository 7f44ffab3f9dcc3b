"""`telemetry show`: exactly what would be sent about the last days, whether or not it is."""

import argparse
import time

import msgspec

from ghostcells.app.decisions import last_decisions
from ghostcells.app.logs import LOGS
from ghostcells.commands.data import opened
from ghostcells.commands.output import command, print_json_line
from ghostcells.commands.settings import data_dir_of, settings_of
from ghostcells.store.views import decode
from ghostcells.telemetry import usage

_DECISIONS = 2_000


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "Show what usage telemetry is, and whether it is sent."
    group = commands.add_parser("telemetry", help=about, description=about)
    parts = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    made = command(
        parts,
        "show",
        "Print the usage events of the last days to the letter, as they are sent or would be.",
        examples="ghostcells telemetry show\nghostcells telemetry show --days 7 --json",
    )
    made.add_argument("--days", type=int, default=1, metavar="N", help="how far back (default 1)")
    made.set_defaults(run=show)


def show(options: argparse.Namespace) -> int:
    settings = settings_of(options).telemetry
    since = round(time.time() * 1000) - options.days * 86_400_000
    with opened(options) as data:
        bodies = data.still.rows("SELECT body FROM event WHERE time_ms >= ? ORDER BY id", since)
    events = [
        (record.time_ms, one) for (body,) in bodies for record in (decode(body),) for one in usage.of_record(record)
    ]
    for decision in last_decisions(data_dir_of(options) / LOGS, _DECISIONS):
        if decision.time_ms >= since:
            events += [(decision.time_ms, one) for one in usage.of_decision(decision)]
    if not options.json:
        to = settings.endpoint or "OTEL_EXPORTER_OTLP_ENDPOINT, or else this machine"
        state = f"is sent to {to}" if settings.usage else "is not sent: telemetry.usage is false"
        print(f"This {state}.")
    for time_ms, event in sorted(events, key=lambda one: one[0]):
        print_json_line({"timeMs": time_ms, **msgspec.to_builtins(usage.allowed(event, settings.private))})
    return 0
