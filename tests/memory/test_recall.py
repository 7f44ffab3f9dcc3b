"""What memory answers: the rules that a user relies on."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from ghostcells.domain.examples import Example, Reason, Situation
from ghostcells.domain.ghosts import Recollection
from ghostcells.memory import recall
from ghostcells.memory.features import Signals
from ghostcells.memory.model import Ranker, ranker
from ghostcells.memory.rank import REPEATED, repeated
from ghostcells.memory.recall import RecallMemory
from ghostcells.memory.weighing import Hit
from tests.memory.builders import DAY_MS, ELSEWHERE, HERE, NOW_MS, Shelf, example, ran, situation

LOG = "Get the log for block 01HZ0W9XABCDEFGHJKMNPQRSTV"
CURL = "curl http://localhost:8080/api/blocklogs/01HZ0W9XABCDEFGHJKMNPQRSTV | jq ."
NEW_CURL = "curl http://localhost:8080/api/blocklogs/01J00000000000000000000000 | jq ."


async def at_once(work: Callable[[], object]) -> object:
    return work()


def ask(shelf: Shelf, asked: Situation | str, *, present: Sequence[str] = (), limit: int = 5) -> Recollection:
    given = situation(asked, notebook=ELSEWHERE) if isinstance(asked, str) else asked
    memory = RecallMemory(shelf, None, at_once)
    return asyncio.run(memory.recall(given, limit=limit, present=present, now_ms=NOW_MS))


def shown(answer: Recollection) -> list[str]:
    return [one.text for one in answer.candidates if one.confidence >= answer.threshold]


OTHERS = (
    example("List the pods in namespace payments", "kubectl get pods -n payments"),
    example("Show the disk usage of /var/log", "du -sh /var/log"),
    example("Build the image", "docker build -t app ."),
    example("Commit everything", "git commit -am wip"),
)


@pytest.mark.parametrize("others", [pytest.param((), id="alone"), pytest.param(OTHERS, id="among-others")])
@pytest.mark.parametrize(
    "asked",
    [
        "Get the log for block 01J00000000000000000000000",
        "fetch the block log of 01J00000000000000000000000",
        "get log for the block 01J00000000000000000000000 again",
    ],
)
def test_one_run_is_enough(others: tuple[Example, ...], asked: str) -> None:
    assert shown(ask(Shelf(*others, example(LOG, CURL)), asked))[:1] == [NEW_CURL]


@pytest.mark.parametrize("asked", ["Create a new cluster for the demo", "Bake a cake", "Rotate the signing keys"])
def test_what_was_never_done_is_answered_with_silence(asked: str) -> None:
    assert shown(ask(Shelf(*OTHERS, example(LOG, CURL)), asked)) == []


def test_an_empty_memory_is_silent() -> None:
    assert ask(Shelf(), "anything").candidates == ()


def test_what_ran_last_under_the_same_words_of_a_notebook_is_sure_enough_to_be_shown_again() -> None:
    """Measured on the sessions: two of three such runs are near the one before."""
    prose = "Now set the environment variables"
    first, last = example(prose, "export PROJECT=demo"), example(prose, "export PROJECT=demo REGION=europe-west1")
    there = situation(prose, ran(first.text), ran(last.text), notebook=HERE)
    best = ask(Shelf(*OTHERS, first, last), there).candidates[0]
    assert (best.text, shown(ask(Shelf(*OTHERS, first, last), there))[:1]) == (last.text, [last.text])
    assert best.confidence >= REPEATED


def test_a_question_that_is_asked_again_in_the_same_words_is_answered_whatever_stands_around_it() -> None:
    """Measured on the sessions: three of four such answers are near what is run."""
    asked = "How many orders failed today?"
    first = situation(
        "# A tour\n\n`orders.log` is a file beside this notebook. Run the cell below: put the cursor into it and press "
        f"Shift+Enter.\n\n{asked}"
    )
    told = example(first, "grep -c FAILED orders.log")
    again = (
        "## The next morning\n\nYou want to know it again. Add a Markdown cell below this one, and write in it what you want "
        "to know.\n\nThe cell that you ran appears in grey. Move onto it with the arrow key, and it is yours; run it."
    )
    there = situation(f"{again}\n\n{asked}", ran(told.text))
    assert shown(ask(Shelf(told), there)) == [told.text]


def test_what_stands_above_everything_says_nothing_about_the_command_below() -> None:
    first, again = "Restart the shop.\nRun this command:", "Look at the disk of the mail server.\nRun this command:"
    assert shown(ask(Shelf(example(first, "kubectl rollout restart deploy/shop")), again)) == []


def test_failures_count_against_what_ran_under_the_same_words() -> None:
    prose = "Now set the environment variables"
    asked = situation(prose, notebook=HERE)
    good, bad = (example(prose, "export PROJECT=demo", failures=count) for count in (0, 3))
    assert repeated(asked, [hit_of(good)])[good.id] == pytest.approx(REPEATED)
    assert repeated(asked, [hit_of(bad)])[bad.id] < REPEATED / 2
    assert repeated(situation("or", notebook=HERE), [hit_of(example("or", "ls"))]) == {}


def hit_of(one: Example) -> Hit:
    return Hit(one, Signals())


def test_one_correction_is_enough() -> None:
    wrong = example("Deploy web-7 to staging", "make deploy TARGET=web-7", runs=12)
    right = example("Deploy web-7 to staging", "make deploy TARGET=web-7 ENV=staging --wait")
    answer = ask(Shelf(*OTHERS, wrong, right), "deploy web-9 to staging")
    assert answer.candidates[0].text == "make deploy TARGET=web-9 ENV=staging --wait"


def test_a_correction_that_only_fails_corrects_nothing() -> None:
    good = example("Deploy web-7 to staging", "make deploy TARGET=web-7", runs=3)
    broken = example("Deploy web-7 to staging", "make dploy TARGET=web-7", runs=1, failures=4)
    assert ask(Shelf(good, broken), "Deploy web-7 to staging").candidates[0].text == good.text


@pytest.mark.parametrize("evidence", ["failures", "rejections"])
def test_evidence_against_an_example_lowers_its_confidence(evidence: str) -> None:
    levels = [ask(Shelf(example(LOG, CURL, **{evidence: count})), LOG).candidates[0].confidence for count in range(5)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > levels[-1]


def test_what_was_only_read_comes_after_what_ran() -> None:
    read = example("Check the state of the nodes", "kubectl describe nodes", runs=0, reads=1, reason=Reason.READ)
    run = example("Check the state of the nodes", "kubectl get nodes -o wide")
    for shelf in (Shelf(read, run), Shelf(run, read)):
        assert ask(shelf, "Check the state of the nodes").candidates[0].text == run.text


def test_commands_that_stand_there_already_are_not_offered() -> None:
    assert NEW_CURL not in [
        one.text
        for one in ask(
            Shelf(example(LOG, CURL)), "Get the log for block 01J00000000000000000000000", present=[NEW_CURL + " "]
        ).candidates
    ]


def test_nearly_equal_candidates_are_one() -> None:
    long = "aws s3 sync build s3://bucket/site --delete --exclude tmp --acl private --region eu-west-1 --quiet"
    other = example(situation("Publish the web site", notebook=ELSEWHERE), long.replace("--quiet", "--no-progress"))
    answer = ask(Shelf(example("Publish the web site", long), other), "Publish the web site")
    assert len(answer.candidates) == 1


def test_after_a_run_the_step_that_followed_it_is_offered() -> None:
    followed = example(situation("", ran("terraform plan -out plan.bin")), "terraform apply plan.bin", runs=4)
    answer = ask(Shelf(*OTHERS, followed), situation("", ran("terraform plan -out plan.bin"), notebook=HERE))
    assert answer.candidates[0].text == "terraform apply plan.bin"


def test_the_order_does_not_depend_on_the_order_of_arrival() -> None:
    kept = [
        example(LOG, CURL, last_ms=NOW_MS - 5),
        example("Get the log of the last block", "tail block.log", last_ms=7),
    ]
    one, other = Shelf(*kept), Shelf(*reversed(kept))
    assert [x.text for x in ask(one, LOG).candidates] == [x.text for x in ask(other, LOG).candidates]


def test_asking_twice_gives_the_same_answer() -> None:
    shelf = Shelf(*OTHERS, example(LOG, CURL))
    assert ask(shelf, LOG).candidates == ask(shelf, LOG).candidates


def test_confidences_are_probabilities_and_fall_with_the_rank() -> None:
    levels = [one.confidence for one in ask(Shelf(*OTHERS, example(LOG, CURL)), LOG).candidates]
    assert levels == sorted(levels, reverse=True)
    assert all(0 <= level <= 1 for level in levels)


def test_no_more_than_the_limit() -> None:
    many = [example(f"Get the log of part {n} of it", f"tool{n} log --part") for n in range(9)]
    assert len(ask(Shelf(*many), "Get the log of part 3 of it", limit=3).candidates) <= 3


def test_the_user_may_set_the_threshold() -> None:
    memory = RecallMemory(Shelf(example(LOG, CURL)), None, at_once, threshold=0.99)
    answer = asyncio.run(memory.recall(situation(LOG), limit=1, present=(), now_ms=NOW_MS))
    assert answer.threshold == 0.99


def test_a_command_with_a_removed_secret_carries_a_warning() -> None:
    candidate = ask(
        Shelf(example("Log in to the registry", "login --token [redacted:token]")), "Log in to the registry"
    )
    assert [one.code for one in candidate.candidates[0].warnings] == ["redacted-secret"]


class Found(msgspec.Struct, frozen=True):
    rows: list[int]
    scores: list[float]


class Vectors:
    """An embedder that finds row 1, fails, or is not there yet."""

    def __init__(self, *, ready: bool = True, error: Exception | None = None, reach: int = 1000) -> None:
        self.ready = ready
        self.reach = reach
        self.error = error
        self.started = 0

    def start(self) -> None:
        self.started += 1

    async def search(self, text: str, k: int, *, key: str = "") -> Found:
        if self.error is not None:
            raise self.error
        return Found([1], [0.9])

    async def score(self, rows: Sequence[int], *, key: str = "") -> list[float | None]:
        return [None for _ in rows]


def recall_with(vectors: Vectors) -> Recollection:
    memory = RecallMemory(Shelf(example("Have a look at the weather", "curl wttr.in"), *OTHERS), vectors, at_once)
    return asyncio.run(
        memory.recall(situation("forecast, please", notebook=ELSEWHERE), limit=3, present=(), now_ms=NOW_MS)
    )


def test_vectors_find_what_words_do_not() -> None:
    assert [(one.text, one.cosine) for one in recall_with(Vectors()).candidates] == [("curl wttr.in", 0.9)]


def test_words_judge_alone_while_what_was_learned_last_has_no_vector() -> None:
    """Else the newest example, which is the likeliest, would seem to be the least alike."""
    memory = RecallMemory(Shelf(*OTHERS), Vectors(reach=len(OTHERS) - 1), at_once)
    question = situation(OTHERS[-1].situation.intent, notebook=ELSEWHERE)
    answer = asyncio.run(memory.recall(question, limit=3, present=(), now_ms=NOW_MS))
    assert answer.candidates[0].cosine is None
    assert "no vectors yet" in answer.notes[0]


def test_an_embedder_that_is_not_ready_is_started_and_not_waited_for() -> None:
    vectors = Vectors(ready=False)
    answer = recall_with(vectors)
    assert (answer.candidates, vectors.started, len(answer.notes)) == ((), 1, 1)


@pytest.mark.parametrize("error", [RuntimeError("gone"), TimeoutError()])
def test_an_embedder_that_fails_leaves_words_alone(error: Exception) -> None:
    answer = recall_with(Vectors(error=error))
    assert len(answer.notes) == 1


def test_a_cancelled_recall_stops_its_search() -> None:
    stopped = asyncio.Event()

    class Slow(Vectors):
        async def search(self, text: str, k: int, *, key: str = "") -> Found:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()
            return Found([], [])

    async def scenario() -> None:
        memory = RecallMemory(Shelf(*OTHERS), Slow(), at_once)
        task = asyncio.ensure_future(memory.recall(situation("x y"), limit=1, present=(), now_ms=NOW_MS))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stopped.wait()

    asyncio.run(scenario())


def test_what_the_first_question_needs_is_read_in_memorys_thread_before_it_is_asked() -> None:
    threads: list[str] = []

    class Unread(Shelf):
        def match(self, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
            raise AssertionError(terms)

    async def scenario() -> None:
        with ThreadPoolExecutor(1, "memory") as pool:

            async def in_thread(work: Callable[[], object]) -> object:
                return await asyncio.get_running_loop().run_in_executor(pool, work)

            def reading() -> Ranker:
                threads.append(threading.current_thread().name)
                return ranker()

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(recall, "ranker", reading)
                await RecallMemory(Unread(*OTHERS), None, in_thread).warm()

    asyncio.run(scenario())
    assert threads == ["memory_0"]


def test_labels_say_when_and_where() -> None:
    kept = example(LOG, CURL, last_ms=NOW_MS - 3 * DAY_MS)
    assert ask(Shelf(kept), LOG).candidates[0].label == "you ran this 3 days ago in deploy.md"


def test_what_followed_a_command_before_is_the_next_step():
    """After a run nothing is written yet: the steps of a procedure come by what ran before them."""
    from ghostcells.domain.examples import Above, Example, Reason, Situation
    from ghostcells.domain.notebook import CellKind
    from ghostcells.memory.features import Signals
    from ghostcells.memory.model import ranker
    from ghostcells.memory.rank import next_steps
    from ghostcells.memory.weighing import Hit

    def step(name, command, before, runs=1):
        above = (Above(CellKind.CODE, "shellscript", before),)
        situation = Situation(notebook="file:///a.md", intent=f"Do {name}", above=above)
        example = Example(name, 1, situation, "shellscript", command, Reason.OWN, runs, 0, 0, 0, 0, 1, 1)
        return Hit(example, Signals(0.0, 0.0, 99, 0.0, 0.0, 99))

    now = Situation(notebook="file:///b.md", above=(Above(CellKind.CODE, "shellscript", "make build"),))
    judge = ranker().lexical
    alone = next_steps(now, [step("deploy", "make deploy", "make build"), step("other", "ls", "pwd")], judge)
    assert set(alone) == {"deploy"}
    assert alone["deploy"] > 0.5
    both = [step("deploy", "make deploy", "make build", 9), step("test", "make test", "make build")]
    often = next_steps(now, both, judge)
    assert often["deploy"] > 0.6
    assert often["test"] < 0.2
    written = Situation(notebook="file:///b.md", intent="Roll back", above=now.above)
    assert next_steps(written, [step("deploy", "make deploy", "make build")], judge) == {}


def overridden(times: int, **more: object) -> list[str]:
    shelf = Shelf(
        example("Restart the web frontend of the shop", "kubectl rollout restart web", overrides=times, **more)
    )
    return [one.text for one in ask(shelf, situation("Restart the web frontend of the shop")).candidates]


def test_an_example_that_was_overridden_three_times_is_not_shown() -> None:
    """Unless the user has pinned it: that says more."""
    assert overridden(2) == ["kubectl rollout restart web"]
    assert overridden(3) == []
    assert overridden(3, pinned=True) == ["kubectl rollout restart web"]


def test_one_search_that_fails_costs_only_what_it_would_find(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(example("Restart the web frontend of the shop", "kubectl rollout restart web"))

    def broken(*_: object) -> list[tuple[int, float]]:
        raise OSError("malformed")

    monkeypatch.setattr(shelf, "match", broken)
    found = ask(shelf, situation("Restart the web frontend of the shop"))
    assert found.failed == ("words",)
    assert [one.text for one in found.candidates] == ["kubectl rollout restart web"]
    assert found.notes == ("the search by words failed",)


def test_what_is_always_at_hand_is_considered_whatever_is_found() -> None:
    shelf = Shelf(example("Restart the web frontend of the shop", "kubectl rollout restart web"))
    memory = RecallMemory(shelf, None, at_once)
    asked = situation("Bake a cake", notebook=ELSEWHERE)
    found = asyncio.run(memory.recall(asked, limit=5, present=(), now_ms=NOW_MS))
    assert found.candidates == ()
    memory.always = lambda _: (shelf.examples[1].id,)
    found = asyncio.run(memory.recall(asked, limit=5, present=(), now_ms=NOW_MS))
    assert [one.text for one in found.candidates] == ["kubectl rollout restart web"]
    assert found.candidates[0].confidence < found.threshold
