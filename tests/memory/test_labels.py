"""Why a command is suggested, in a few words."""

import pytest

from ghostcells.memory.labels import ago, cautions, label
from tests.memory.builders import DAY_MS, ELSEWHERE, HERE, NOW_MS, example, situation


@pytest.mark.parametrize(
    ("passed_ms", "expected"),
    [
        pytest.param(-5, "just now", id="clock-of-another-machine"),
        pytest.param(90_000, "just now", id="just-now"),
        pytest.param(20 * 60_000, "20 minutes ago", id="minutes"),
        pytest.param(5 * 3_600_000, "5 hours ago", id="hours"),
        pytest.param(DAY_MS, "yesterday", id="yesterday"),
        pytest.param(40 * DAY_MS, "40 days ago", id="days"),
    ],
)
def test_durations(passed_ms: int, expected: str) -> None:
    assert ago(passed_ms) == expected


@pytest.mark.parametrize(
    ("changes", "notebook", "expected"),
    [
        pytest.param({}, ELSEWHERE, "you ran this yesterday in deploy.md", id="once"),
        pytest.param({}, HERE, "you ran this yesterday here", id="here"),
        pytest.param({"runs": 12}, ELSEWHERE, "you ran this 12 times, last yesterday", id="often"),
        pytest.param({"runs": 0, "reads": 1}, ELSEWHERE, "from runbook deploy.md, not run yet", id="read"),
    ],
)
def test_labels(changes: dict[str, object], notebook: str, expected: str) -> None:
    assert label(example("x", "y", **changes), NOW_MS, notebook=notebook) == expected


@pytest.mark.parametrize(
    ("notebook", "expected"),
    [
        ("history:zsh", "from your zsh history, not run yet"),
        ("tldr:tar", "from the tldr page of tar, not run yet"),
        (HERE, "from this notebook, not run yet"),
    ],
)
def test_what_was_read_says_where(notebook: str, expected: str) -> None:
    one = example(situation("x", notebook=notebook), "y", runs=0, reads=1)
    assert label(one, NOW_MS, notebook=HERE) == expected


def test_an_outline_is_to_be_filled_in() -> None:
    assert [one.code for one in cautions("kubectl get pods -n …")] == ["incomplete"]


def test_only_a_removed_secret_is_warned_of() -> None:
    assert cautions("curl -H [redacted:token] x")[0].code == "redacted-secret"
    assert cautions("curl x") == ()
