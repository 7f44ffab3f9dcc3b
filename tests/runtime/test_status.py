"""The daemon's state as the editor is told it: once per change, and each trouble in words once."""

from ghostcells.domain.replies import SessionUsage
from ghostcells.runtime.status import StatusBoard

from .fakes import FakeClient


def states(client: FakeClient) -> list[str]:
    return [sent[1] for sent in client.sent if sent[0] == "status"]


def test_only_changes_are_told() -> None:
    client = FakeClient()
    board = StatusBoard(client)
    for _ in range(3):
        board.announce(off=False, trouble="")
    board.announce(off=True, trouble="")
    assert states(client) == ["ready", "off"]


def test_a_trouble_is_said_in_words_once() -> None:
    client = FakeClient()
    board = StatusBoard(client)
    for trouble in ("disk full", "", "disk full"):
        board.announce(off=False, trouble=trouble)
    assert states(client) == ["degraded", "ready", "degraded"]
    assert [sent for sent in client.sent if sent[0] == "message"] == [("message", "disk full")]


def test_each_part_clears_only_its_own_trouble() -> None:
    client = FakeClient()
    board = StatusBoard(client)
    board.trouble("provider", "no key")
    board.trouble("embedder", "no weights")
    board.trouble("provider", "")
    assert client.sent[-1] == ("status", "degraded", "no weights")
    board.trouble("embedder", "")
    assert states(client)[-1] == "ready"


def test_off_outweighs_trouble_and_trouble_outweighs_thinking() -> None:
    client = FakeClient()
    board = StatusBoard(client)
    board.think(True)  # noqa: FBT003 -- the word is the whole call
    board.trouble("provider", "no key")
    board.announce(off=True, trouble="")
    assert states(client) == ["thinking", "degraded", "off"]


def test_what_is_spent_and_who_is_asked_are_part_of_it() -> None:
    client = FakeClient()
    board = StatusBoard(client)
    board.use("openai", "m")
    board.spend(SessionUsage(1, 2, 0.5))
    assert len(states(client)) == 2


def test_a_trouble_that_goes_on_in_other_words_is_not_said_again() -> None:
    """A window in front of the user's text for each key would be worse than the trouble."""
    client = FakeClient()
    board = StatusBoard(client)
    for number in range(3):
        board.trouble("log", f"segment {number} cannot be written")
    assert [sent for sent in client.sent if sent[0] == "message"] == [("message", "segment 0 cannot be written")]
    assert client.sent[-1] == ("status", "degraded", "segment 2 cannot be written")
