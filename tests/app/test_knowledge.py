"""What a model is told of the user, and what of the user's habits is kept."""

import pytest
from msgspec.structs import replace

from ghostcells.app.knowledge import Knowledge, remembered
from ghostcells.domain.events import Executed
from ghostcells.domain.examples import Situation, situation_at
from ghostcells.domain.ghosts import Candidate

from .bench import NB, Source, at_once, code, example, prose, used

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


async def test_examples_are_alike_by_sense_or_by_their_words():
    by_words = remembered(example(), Situation(NB, "compress the logs of the app"), None)
    assert by_words.similarity > 0.9
    assert not by_words.by_sense
    assert remembered(example(), Situation(NB, "delete every pod"), None).similarity == 0.0
    by_sense = remembered(example(), Situation(NB, "make it smaller"), 0.7)
    assert (by_sense.similarity, by_sense.by_sense) == (0.7, True)
    assert remembered(example(), Situation(NB, "anything"), -0.1).similarity == 0.0


async def test_after_a_run_situations_are_compared_by_what_was_run_before():
    here = situation_at([code("kubectl rollout restart deployment/web")], 1, NB)
    there = situation_at([code("kubectl rollout restart deployment/api"), prose("Wait for it.")], 2, NB)
    kept = replace(example(text="kubectl rollout status deployment/api"), situation=there)
    assert remembered(kept, here, None).similarity > 0.5
    assert remembered(example(), here, None).similarity == 0.0


async def test_what_memory_says_of_a_candidate_is_what_its_example_is_judged_by():
    knowledge = Knowledge(Source(example("e1"), example("e2")), at_once)
    found = [Candidate("gzip app.log", "shellscript", 1.0, 0.1, example="e1", cosine=0.8),
             Candidate("gzip app.log", "shellscript", 1.0, 0.9, example="e2", cosine=0.2)]  # fmt: skip
    told = await knowledge.told("x1", Situation(NB, "make it smaller"), found)
    assert [(one.id, one.similarity) for one in told.examples] == [("e1", 0.8), ("e2", 0.2)]


async def test_the_most_used_commands_are_told_the_same_in_every_session_but_for_what_was_forgotten():
    often = [used("gzip app.log"), used("make deploy", "e2"), used("cat key", "forgotten")]
    knowledge = Knowledge(Source(example("e1"), example("e2")), at_once, lambda _: tuple(often))
    found = [Candidate("gzip app.log", "shellscript", 1.0, 0.1, example="e1")]
    told = await knowledge.told("x1", Situation(NB, "deploy"), found)
    assert told.conventions == ("gzip app.log", "make deploy")
    assert (await knowledge.told("x0", Situation(NB, "compress"), ())).conventions == told.conventions
    often.append(used("make undo"))
    assert (await knowledge.told("x1", Situation(NB, "deploy"), ())).conventions == told.conventions
    later = (await knowledge.told("x2", Situation(NB, "deploy"), ())).conventions
    assert later == ("gzip app.log", "make deploy", "make undo")


async def test_a_word_counts_by_how_common_it_is():
    knowledge = Knowledge(Source(*(example(f"e{n}") for n in range(30))), at_once)
    corpus = await knowledge.corpus(["deploy payments"])
    assert corpus.texts == 30
    assert corpus.df("payments") == 0
