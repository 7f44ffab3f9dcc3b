"""What a slow reader does not take waits in order, and old publishes give way once there is much of it."""

from collections.abc import Callable

import pytest

from ghostcells.server.outbox import Outbox


class Sink:
    def __init__(self, outbox: Outbox, room: int = 1_000_000) -> None:
        self.outbox = outbox
        self.room = room
        self.data: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.data.append(data)
        if len(self.data) >= self.room:
            self.outbox.pause()

    def close(self) -> None:
        pass

    def drain(self, room: int = 1_000_000) -> None:
        self.room = len(self.data) + room
        self.outbox.resume()


def publish(outbox: Outbox, data: bytes, *, accepted: bool = False) -> None:
    outbox.write(data, instead_of="nb", replaceable=None if accepted else "nb")


def test_what_is_written_before_there_is_a_reader_waits_for_it() -> None:
    outbox = Outbox()
    outbox.write(b"1")
    sink = Sink(outbox)
    outbox.attach(sink)
    outbox.write(b"2")
    assert sink.data == [b"1", b"2"]


def test_a_slow_reader_gets_everything_in_order() -> None:
    outbox = Outbox()
    sink = Sink(outbox, room=1)
    outbox.attach(sink)
    for number in range(5):
        outbox.write(b"%d" % number)
    assert sink.data == [b"0"]
    sink.drain(room=2)
    outbox.write(b"5")
    assert sink.data == [b"0", b"1", b"2"]
    sink.drain()
    assert sink.data == [b"0", b"1", b"2", b"3", b"4", b"5"]


def test_little_is_never_dropped() -> None:
    outbox = Outbox(much=100)
    sink = Sink(outbox, room=1)
    outbox.attach(sink)
    outbox.write(b"-")
    for number in range(9):
        publish(outbox, b"%d" % number)
    sink.drain()
    assert b"".join(sink.data) == b"-012345678"


def test_of_much_only_the_last_publish_of_a_notebook_is_kept() -> None:
    outbox = Outbox(much=1)
    sink = Sink(outbox, room=1)
    outbox.attach(sink)
    outbox.write(b"-")
    outbox.write(b"reply")
    for number in range(9):
        publish(outbox, b"%d" % number)
    outbox.write(b"reply")
    sink.drain()
    assert b"".join(sink.data) == b"-reply8reply"


def test_a_publish_that_names_accepted_cells_is_never_dropped() -> None:
    outbox = Outbox(much=1)
    sink = Sink(outbox, room=1)
    outbox.attach(sink)
    outbox.write(b"--")
    publish(outbox, b"a1")
    publish(outbox, b"A2", accepted=True)
    publish(outbox, b"a3")
    publish(outbox, b"a4")
    sink.drain()
    assert b"".join(sink.data) == b"--A2a4"


@pytest.mark.asyncio
async def test_draining_does_not_wait_for_ever_and_ends_when_nobody_reads() -> None:
    outbox = Outbox()
    outbox.write(b"x")
    await outbox.drain(0.01)
    outbox.lose()
    await outbox.drain(60)
    outbox.write(b"y")
    sink = Sink(outbox)
    outbox.attach(sink)
    assert sink.data == []


def test_what_is_written_together_goes_out_as_one() -> None:
    outbox = Outbox()
    sink = Sink(outbox)
    outbox.attach(sink)
    with outbox.together():
        outbox.write(b"1")
        with outbox.together():
            outbox.write(b"2")
        assert sink.data == []
    outbox.write(b"3")
    assert sink.data == [b"12", b"3"]


def test_what_is_written_together_stays_behind_what_waits() -> None:
    outbox = Outbox()
    sink = Sink(outbox, room=1)
    outbox.attach(sink)
    outbox.write(b"1")
    with outbox.together():
        outbox.write(b"2")
        outbox.write(b"3")
    assert sink.data == [b"1"]
    sink.drain()
    assert sink.data == [b"1", b"2", b"3"]


class Offered(Sink):
    def offer(self, data: bytes, begins: Callable[[], bool]) -> None:
        if begins():
            self.data.append(data)


def test_what_is_offered_goes_out_unless_something_waits_or_is_put_together() -> None:
    outbox = Outbox()
    sink = Offered(outbox, room=2)
    outbox.attach(sink)
    outbox.offer(b"1", lambda: False)
    outbox.offer(b"2", lambda: True)
    with outbox.together():
        outbox.offer(b"3", lambda: True)
    assert sink.data == [b"2"]
    outbox.write(b"4")
    outbox.offer(b"5", lambda: True)
    assert sink.data == [b"2", b"4"]


def test_a_sink_that_cannot_be_written_to_by_others_is_offered_nothing() -> None:
    outbox = Outbox()
    sink = Sink(outbox)
    outbox.attach(sink)
    outbox.offer(b"1", lambda: True)
    assert sink.data == []
