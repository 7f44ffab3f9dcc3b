"""`ghostcells learned`: a week in sentences."""

import pytest


def test_an_empty_week_says_so(command):
    said = command("learned")
    assert said.code == 0
    assert said.out.startswith("Nothing was learned this week")


def test_what_was_run_and_corrected_is_told(command, history):
    said = command("learned").out
    assert "It learned 1 new command this week: 1 in deploy.md." in said
    assert "You corrected it: `kubectl get pods -n shop` instead of `kubectl get pods -n web`." in said


def test_for_programs(command, history):
    found = command("learned", "--since", "1h", "--json").json
    assert found["learned"] == 1
    assert found["sentences"][0].startswith("It learned 1 new command of late")


@pytest.mark.parametrize("since", ["soon", "7 parsecs"])
def test_a_time_that_is_not_understood(command, since):
    said = command("learned", "--since", since)
    assert said.code == 1
    assert "--since: expected an age such as 7d" in said.err
