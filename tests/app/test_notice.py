"""The first lesson is told of once in the life of a data directory."""

from ghostcells.app.notice import FirstLesson
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation
from ghostcells.domain.replies import Severity

from .bench import NB


class Client:
    def __init__(self):
        self.said = []

    def show_message(self, text, severity):
        assert severity is Severity.INFO
        self.said.append(text)


def ran(text="make test", *, success=True):
    return Executed(
        id="1", time_ms=0, notebook=NB, success=success, text=text, language="shellscript", situation=Situation(NB)
    )


def test_the_first_lesson_is_told_of_once(tmp_path):
    client = Client()
    for _ in range(2):
        notice = FirstLesson(tmp_path, client)
        notice.committed([ran(success=False)])
        notice.committed([ran()])
        notice.committed([ran("make deploy")])
    (said,) = client.said
    assert "make test" in said
    assert "ghostcells examples" in said


def test_a_failed_run_is_no_lesson(tmp_path):
    client = Client()
    FirstLesson(tmp_path, client).committed([ran(success=False)])
    assert client.said == []


def test_what_cannot_be_kept_is_not_said(tmp_path):
    """Else it would be said every time."""
    client = Client()
    FirstLesson(tmp_path / "gone", client).committed([ran()])
    assert client.said == []
