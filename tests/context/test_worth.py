"""A completion is asked for only where it can change something."""

from hypothesis import given
from hypothesis import strategies as st

from ghostcells.context.worth import (
    Answers,
    Corpus,
    Habits,
    Moment,
    changed,
    judge,
    key_of,
    shape,
    weight,
)
from ghostcells.domain.exchange import Message, Prompt, Role

SMALL = Corpus(lambda _: 0, 0)
NEW = Habits()


def moment(
    text: str, asked: tuple[str, ...] = (), rested: int = 500, memory: float = 0.0, *, by_hand: bool = False
) -> Moment:
    return Moment(text, prose=True, rested_ms=rested, asked=asked, memory=memory, by_hand=by_hand)


def asks(*args: object, **kwargs: object) -> bool:
    return judge(moment(*args, **kwargs), SMALL, NEW).ask  # type: ignore[arg-type]


def test_a_finished_intent_is_worth_asking_about() -> None:
    assert asks("List the pods of the web deployment.")


def test_memory_that_is_certain_is_not_improved_upon() -> None:
    assert not asks("List the pods.", memory=0.85)
    assert asks("List the pods.", memory=0.5)


def test_less_than_a_content_word_changes_nothing() -> None:
    asked = ("List the pods of prod.",)
    assert not asks("List the pods of the prod!", asked, rested=5000)
    assert judge(moment("List all the pods of prod.", asked, 5000), SMALL, NEW).why == "less than a content word is new"
    assert asks("List the pods of staging.", asked, rested=5000)


def test_in_the_middle_of_a_sentence_a_longer_rest_is_waited_for() -> None:
    verdict = judge(moment("List the pods of the deployment that"), SMALL, NEW)
    assert not verdict.ask
    assert verdict.again_ms is not None
    assert asks("List the pods of the deployment that", rested=verdict.again_ms)


def test_each_completion_asks_for_more_that_is_new_unless_the_user_waits() -> None:
    asked = ("List the pods.",)
    assert not asks("List the pods. Restart web.", asked)
    assert asks("List the pods. Restart web.", asked, rested=2000)
    assert asks("List the pods. Restart web deployment, scale workers, drain node seven.", asked)


def test_who_asks_by_hand_is_answered() -> None:
    assert asks("x", ("x",), memory=1.0, by_hand=True)


def test_prose_that_is_never_run_is_left_alone() -> None:
    habits = NEW
    for number in range(60):
        habits = habits.observe(f"# Heading {number}", run=False).observe(f"Run step {number}:", run=True)
    assert not judge(moment("# Background knowledge:\n# More history."), SMALL, habits).ask
    assert judge(moment("Deploy the new version:"), SMALL, habits).ask


def test_nothing_is_withheld_before_habits_are_known() -> None:
    assert NEW.share("# Heading") == 0.5


def test_common_words_of_the_users_own_corpus_weigh_little() -> None:
    corpus = Corpus(lambda word: {"cluster": 900, "quota": 3}.get(word, 0), 1000)
    assert weight("cluster", corpus) < 0.1
    assert weight("quota", corpus) == 1.0
    assert weight("the", corpus) == 0.0
    assert changed("the cluster", "a cluster", corpus) == 0.0


def test_shapes_are_told_apart() -> None:
    assert [shape(text) for text in ("# a", "do:", "why?", "- x", "x", "x" * 200)] == [
        "heading", "colon", "question", "item-short", "text-short", "text-middle",
    ]  # fmt: skip


def prompt(text: str) -> Prompt:
    return Prompt("system", (Message(Role.USER, text),), 100)


def test_identical_requests_have_one_key() -> None:
    assert key_of(prompt("a"), "m") == key_of(prompt("a"), "m")
    assert len({key_of(prompt("a"), "m"), key_of(prompt("b"), "m"), key_of(prompt("a"), "n")}) == 3


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_answers_are_kept_within_bounds_least_recently_used_first(steps: list[tuple[int, bool]]) -> None:
    answers = Answers(size=3)
    model: list[str] = []
    for number, put in steps:
        key = str(number)
        if put:
            answers.put(key, f"answer {key}")
        known = key in model
        assert put or answers.get(key) == (f"answer {key}" if known else None)
        if put or known:
            model = [*[other for other in model if other != key][-2:], key] if known else [*model, key][-3:]
        assert len(answers) <= 3
