"""Frames survive any division into reads, and anything else is noticed."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.embedders import wire
from ghostcells.embedders.pipes import Requests, send

rows = st.lists(st.integers(-(2**63), 2**63 - 1))


@given(rows)
def test_row_ids_survive_packing(ids):
    assert wire.unpack_rows(wire.pack_rows(ids)) == set(ids)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.data())
def test_requests_are_read_whole_however_the_pipe_cuts_them(texts, data):
    sent = b"".join(wire.frame(wire.Search(number, text, 3)) for number, text in enumerate(texts))
    source, target = os.pipe()
    try:
        requests, got = Requests(source), []
        while sent:
            cut = data.draw(st.integers(1, len(sent)))
            os.write(target, sent[:cut])
            sent = sent[cut:]
            while (body := requests.next(0)) is not None:
                got.append(wire.read_request(body).text)
        assert got == texts
    finally:
        os.close(source)
        os.close(target)


def test_a_closed_pipe_ends_the_requests_even_within_a_frame():
    source, target = os.pipe()
    os.write(target, wire.frame(wire.Hello(1))[:-1])
    os.close(target)
    with pytest.raises(EOFError):
        Requests(source).next(0)
    os.close(source)


def test_a_length_that_no_message_has_is_an_error():
    with pytest.raises(wire.FramingError, match="announced"):
        wire.body_length(b"Cont")


def test_an_answer_arrives_as_it_was_sent():
    source, target = os.pipe()
    answer = wire.Found(7, [3, 1], [0.5, 0.25], [None, 0.125], [], 1.0, 2.0)
    send(target, answer)
    assert wire.read_answer(Requests(source).next(0)) == answer
    os.close(source)
    os.close(target)
