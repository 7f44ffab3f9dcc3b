"""What docs/context.md says of rules and checks is what the code has."""

from pathlib import Path

import pytest

from ghostcells.context.caching import break_even
from ghostcells.context.checks import TABLE
from ghostcells.context.prompt import Budget
from ghostcells.context.rules import RULES

DOC = (Path(__file__).parents[2] / "docs" / "context.md").read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pattern)
def test_every_rule_is_documented(rule: object) -> None:
    pattern, message = rule.pattern.replace("|", "\\|"), rule.message  # type: ignore[attr-defined]
    assert f"| `{pattern}` | {message} |" in DOC


def test_every_check_is_documented_with_its_policy() -> None:
    for row in TABLE:
        (line,) = [line for line in DOC.splitlines() if line.startswith(f"| `{row.name}` |")]
        assert line.split("|")[3].split(":")[0].strip() == row.policy.value


def test_the_figures_of_budget_and_break_even_are_the_codes() -> None:
    assert f"{Budget().input_tokens} tokens if not set otherwise" in DOC
    assert [break_even(250, 4096), break_even(250, 1024), break_even(150, 1024), break_even(1100, 1024)] == [
        None,
        8,
        25,
        2,
    ]
