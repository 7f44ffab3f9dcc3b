"""The log says what each run has taught, once."""

from ghostcells.domain.events import Executed, Learned
from ghostcells.domain.examples import Reason, Situation
from ghostcells.domain.ids import Stamp
from ghostcells.learning.learner import Learner
from ghostcells.learning.lessons import example_id

HERE = Situation(notebook="file:///deploy.md", intent="show the pods")


def run(number, *, success=True):
    return Executed(
        id=f"01J0000000000000000000000{number}",
        time_ms=5,
        notebook=HERE.notebook,
        cell="c1",
        success=success,
        text="kubectl get pods",
        language="shellscript",
        situation=HERE,
    )


def test_each_successful_run_is_told_as_learned():
    told = []
    learner = Learner(append=told.append, stamp=lambda: Stamp(9, 1))
    learner.committed([run(1), run(2, success=False)])
    (learned,) = told
    assert isinstance(learned, Learned)
    assert (learned.executed, learned.reason, learned.time_ms) == (run(1).id, Reason.OWN, 9)
    assert learned.example == example_id(HERE, "shellscript", "kubectl get pods")
    assert learned.situation is None
