"""Every text of every record goes through redaction before it is written."""

import msgspec

from ghostcells.domain.events import Accepted, AnyRecord, Edited, Executed, Learned, Suggested, Traced
from ghostcells.domain.examples import Above, Reason, Situation
from ghostcells.domain.feedback import Feedback, Judgement, Shown
from ghostcells.domain.ghosts import Ghost
from ghostcells.domain.notebook import CellKind, Output
from ghostcells.domain.trace import Outcome, Trace, TracedCandidate, TracedModel
from ghostcells.privacy.records import redact_record

SECRET = "SECRET"
BASE = {"id": "01J00000000000000000000001", "time_ms": 1, "notebook": "file:///n.md"}
SITUATION = Situation(
    notebook="file:///n.md",
    intent=SECRET,
    heading=SECRET,
    above=(Above(CellKind.CODE, "shellscript", SECRET, SECRET),),
)
GHOST = Ghost("g", CellKind.CODE, "shellscript", SECRET, "memory")
TRACE = Trace(
    suggestion="s",
    session="t",
    trigger="edit",
    time_ms=1,
    stages_ms={},
    candidates=(TracedCandidate(SECRET, 1, 1, "memory"),),
    outcome=Outcome.SILENT,
    why="",
    model=TracedModel("p", "m", SECRET, SECRET, 1, 1, 0, 0.0, estimated=False),
)
RECORDS = [
    Executed(
        **BASE,
        success=True,
        text=SECRET,
        language="shellscript",
        situation=SITUATION,
        accepted_text=SECRET,
        shown=(Shown("g", SECRET),),
        feedback=Judgement(Feedback.RAN_UNLISTED, "S", passed=(Shown("g", SECRET),)),
        outputs=(Output("text/plain", SECRET),),
    ),
    Suggested(**BASE, suggestion="s", cells=(GHOST,), source="memory"),
    Accepted(**BASE, suggestion="s", shown_ms=1, text=SECRET),
    Learned(**BASE, example="e", reason=Reason.READ, situation=SITUATION, text=SECRET),
    Edited(**BASE, example="e", becomes="f", situation=SITUATION, text=SECRET, language="shellscript"),
    Traced(**BASE, trace=TRACE),
]
WITHOUT_TEXT = {
    "SESSION_STARTED",
    "SESSION_ENDED",
    "REJECTED",
    "SUPERSEDED",
    "RESTORED",
    "DELETED",
    "FORGOTTEN",
    "PINNED",
}


def test_no_text_of_a_record_escapes():
    for record in RECORDS:
        assert SECRET in msgspec.json.encode(record).decode()
        redacted = redact_record(record, lambda text: text.replace(SECRET, "[redacted:x]"))
        assert SECRET not in msgspec.json.encode(redacted).decode()


def test_a_new_kind_of_record_has_to_be_thought_of():
    tags = {one.__struct_config__.tag for one in AnyRecord.__args__}
    assert tags == WITHOUT_TEXT | {one.__struct_config__.tag for one in RECORDS}
