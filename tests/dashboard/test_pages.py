"""What the pages call things."""

import pytest

from ghostcells.dashboard.pages import proposed
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate, TracedModel

SHOWN = {"firstGhost": 5.0}
REMEMBERED = TracedCandidate("du -sh .", 1.0, 0.1, "memory")


def asked(answer, outcome, stages):
    model = TracedModel("openai", "small", "prompt", answer, 1, 1, 0, 0.0, estimated=False)
    return Trace("s", "x", "edit", 1, stages, (REMEMBERED,), outcome, "why", model=model)


@pytest.mark.parametrize(
    ("answer", "outcome", "stages", "said"),
    [
        pytest.param(
            "Use gzip.\n\n```bash\ngzip app.log\n```\n", Outcome.RECOMMENDED, SHOWN, "gzip app.log\n", id="its-command"
        ),
        pytest.param("gzip app.log", Outcome.RECOMMENDED, SHOWN, "gzip app.log", id="without-a-fence"),
        pytest.param("", Outcome.SILENT, {}, "du -sh .", id="nothing-showed"),
        pytest.param("gzip", Outcome.RECOMMENDED, {}, "du -sh .", id="memory-s-showed-instead"),
    ],
)
def test_a_suggestion_is_named_by_what_it_came_down_to(answer, outcome, stages, said):
    assert proposed(asked(answer, outcome, stages)) == said
