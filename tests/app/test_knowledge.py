"""What a model is told of the user, and what of the user's habits is kept."""

import pytest

from ghostcells.app.knowledge import Knowledge, remembered
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation

from .bench import NB, Source, at_once, example

pytestmark = pytest.mark.asyncio


def ran(intent):
    return Executed(
        id="1", time_ms=0, notebook=NB, success=True, text="ls", language="shellscript", situation=Situation(NB, intent)
    )


async def test_prose_that_is_followed_by_a_run_is_told_from_prose_that_is_not():
    knowledge = Knowledge(Source(), at_once)
    for number in range(30):
        knowledge.considered(NB, f"s{number}", "A note about nothing in particular")
    assert knowledge.habits.share("Another note about nothing") < 0.3
    knowledge.committed([ran("Restart the service:")])
    assert knowledge.habits.share("Restart it:") > knowledge.habits.share("Another note about nothing")


async def test_examples_are_alike_by_their_words_or_as_sure_as_memory_is():
    same = remembered(example(), "compress the logs of the app", 0.1)
    other = remembered(example(), "delete every pod", 0.1)
    assert same.similarity > 0.9
    assert other.similarity == 0.1
    assert remembered(example(), "delete every pod", 0.7).similarity == 0.7


async def test_a_word_counts_by_how_common_it_is():
    knowledge = Knowledge(Source(*(example(f"e{n}") for n in range(30))), at_once)
    corpus = await knowledge.corpus(["deploy payments"])
    assert corpus.texts == 30
    assert corpus.df("payments") == 0
