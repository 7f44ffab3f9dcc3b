"""A session's tokens: a prompt has what it wants, then what is left, then nothing."""

import pytest

from ghostcells.budget.session import LEAST_TOKENS, room


@pytest.mark.parametrize(
    ("budget", "used", "expected"),
    [
        pytest.param(2400, 0, 600, id="nothing used"),
        pytest.param(2400, 1800, 600, id="just enough"),
        pytest.param(2400, 1900, 500, id="what is left"),
        pytest.param(2400, 2400 - LEAST_TOKENS, LEAST_TOKENS, id="the least"),
        pytest.param(2400, 2400 - LEAST_TOKENS + 1, 0, id="too little"),
        pytest.param(2400, 9000, 0, id="used up"),
        pytest.param(0, 9000, 600, id="no limit"),
    ],
)
def test_a_prompt_has_what_its_session_has_left(budget: int, used: int, expected: int) -> None:
    assert room(budget, used, 600) == expected
