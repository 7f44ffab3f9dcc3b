"""`events`, `cell`, `trace`, `sessions`, `stats`: the protocol's queries for people and for programs."""

import json
import re

import pytest

from .conftest import GHOST, SESSION, SUGGESTION

pytestmark = pytest.mark.usefixtures("history")


def test_events_are_one_line_each(command):
    lines = command("events").out.splitlines()
    assert [line.split()[2] for line in lines] == ["SESSION_STARTED", "SUGGESTED", "ACCEPTED", "EXECUTED"]
    assert "kubectl get pods -n web" in lines[1]
    assert "ok: kubectl get pods -n shop" in lines[3]


def test_events_for_programs_are_the_protocol_s(command):
    found = [json.loads(line) for line in command("events", "--json").out.splitlines()]
    assert [one["type"] for one in found][-1] == "EXECUTED"
    assert found[-1]["edited"] is True
    assert found[1]["cells"][0]["languageId"] == "shellscript"


def test_the_last_events_or_those_after_one(command):
    every = [json.loads(line)["id"] for line in command("events", "--json").out.splitlines()]
    assert [json.loads(line)["id"] for line in command("events", "--json", "--limit", "2").out.splitlines()] == every[
        -2:
    ]
    after = command("events", "--json", "--after", every[0].lower()).out.splitlines()
    assert [json.loads(line)["id"] for line in after] == every[1:]
    assert command("events", "--limit", "0").out == ""


def test_a_cell_s_life(command):
    text = command("cell", GHOST).out
    assert re.search(r"generated +kubectl get pods -n web", text)
    assert "ok, edited" in text
    assert "ACCEPTED (focus), visible for 0.9 s" in text
    assert command("cell", GHOST, "--json").json["suggestion"] == SUGGESTION


def test_what_is_unknown_is_told(command):
    said = command("trace", SUGGESTION)
    assert said.code == 1
    assert "nothing is known" in said.err


def test_sessions(command):
    (one,) = command("sessions", "--json").json
    assert (one["id"], one["suggested"], one["accepted"], one["executed"]) == (SESSION, 1, 1, 1)
    assert "deploy.md" in command("sessions").out


def test_stats(command):
    found = command("stats", "--json").json
    assert (found["suggested"], found["read"], found["accepted"], found["executed"]) == (1, 1, 1, 1)
    text = command("stats").out
    assert re.search(r"^suggested +1 cell, of these 1 read, 1 accepted", text, re.MULTILINE)
    assert re.search(r"^run +1 cell, of these 0 as suggested", text, re.MULTILINE)
    assert re.search(r"^learning +Runs of the last week that were as suggested: 0 of 1 \(0%\)", text, re.MULTILINE)
    assert re.search(r"^today +\$\S+ of \$1.00 \(budget.dayUsd\)", text, re.MULTILINE)
    assert command("stats", "--since", "1h", "--json").json["accepted"] == 1


@pytest.mark.parametrize("age", ["7", "d", "7y", "-1d"])
def test_an_age_has_a_unit(command, age):
    said = command("stats", f"--since={age}")
    assert said.code == 1
    assert "such as 7d" in said.err


def test_each_rate_says_what_it_is_a_rate_of(command):
    text = command("stats").out
    assert re.search(r"accepted after reading +1 +100% +of 1 cells that were read", text)
    assert re.search(r"run unchanged +0 +0% +of 1 accepted cells that were run", text)
    assert re.search(r"still there after 10 minutes +0 +- +of 0 cells accepted 10 minutes ago", text)
    (funnel,) = command("stats", "--by", "source", "--by", "language", "--json").json
    assert (funnel["source"], funnel["language"], funnel["accepted"]) == ("memory", "shellscript", 1)
    assert {rate["name"]: rate["share"] for rate in funnel["rates"]}["run"] == 1.0
