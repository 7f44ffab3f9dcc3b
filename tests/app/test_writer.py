"""From an order to pieces, and what is kept of how it went."""

import asyncio

import pytest
import pytest_asyncio

from ghostcells.app.writer import Rules
from ghostcells.config.schema import Budget, Model
from ghostcells.domain.ghosts import Candidate
from ghostcells.domain.notebook import CellKind
from ghostcells.providers.base import ProviderError
from ghostcells.runtime.ports import Answered, Declined
from ghostcells.tokens import PRIOR_ROUNDS, Calibration, Measure, counter_for

from .bench import ANSWER, Bench, code, example, order, prose, recording, used

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def bench(tmp_path):
    made = Bench(recording(tmp_path / "answers.jsonl", ANSWER))
    yield made
    if hasattr(made, "models"):
        await made.close()


def texts(outcome):
    assert isinstance(outcome, Answered), outcome
    return [piece.text for piece in outcome.pieces]


async def test_an_answer_is_code_first_with_its_short_explanation_below(bench):
    outcome = await bench.make().write()
    assert texts(outcome) == ["gzip access.log", "Use gzip."]
    assert [piece.kind for piece in outcome.pieces] == [CellKind.CODE, CellKind.MARKUP]
    assert bench.grown[-1][0].text == "gzip access.log"


async def test_verbose_prose_is_left_out(bench, tmp_path):
    bench.recording = recording(tmp_path / "verbose.jsonl", "Word " * 80 + "\n\n```bash\nls\n```\n")
    assert texts(await bench.make().write()) == ["ls"]


async def test_the_trace_has_what_was_sent_and_answered_and_what_it_cost(bench):
    await bench.make().write()
    (trace,) = bench.traces
    assert "Compress the access log of yesterday" in trace.model.prompt
    assert trace.model.prompt.startswith("[system]\n")
    assert trace.model.answer == ANSWER
    assert (trace.model.input_tokens, trace.model.output_tokens, trace.model.estimated) == (120, 9, False)
    assert {"words", "prompt", "firstChunk", "firstGhost", "total"} <= trace.stages_ms.keys()
    assert ("SHELL_PARSES", "passed") in [(one.name, one.result) for one in trace.assertions]
    assert bench.usages[-1].input_tokens == 120
    assert bench.thoughts == [True, False]


async def test_examples_of_the_session_and_habits_are_in_the_prompt(bench):
    found = Candidate("gzip app.log", "shellscript", 1.0, 0.6, example="e1")
    bench.often = (used("gzip app.log"), used("ls -la", "e2"), used("make test", "e2"), used("cat secret", "forgotten"))
    await bench.make(example(), example("e2")).write(order(candidates=(found,)))
    prompt = bench.traces[0].model.prompt
    assert "[assistant]\n```" in prompt
    assert "Compress the log of the app" in prompt
    assert "What this user often runs:\n- gzip app.log\n- ls -la\n- make test\n\n" in prompt


async def test_examples_are_frozen_for_a_session(bench):
    found = Candidate("gzip app.log", "shellscript", 1.0, 0.6, example="e1")
    other = Candidate("zstd app.log", "shellscript", 1.0, 0.9, example="e2")
    bench.make(example(), example("e2", "zstd app.log", "Compress it with zstd"))
    await bench.write(order(candidates=(found,)))
    await bench.write(order(prose("Compress the access log with zstd, and the old ones."), candidates=(other,)))
    assert len(bench.traces) == 2
    assert "Compress it with zstd" not in bench.traces[1].model.prompt


async def test_the_prefix_has_the_same_bytes_in_every_session_of_a_notebook(bench):
    found = Candidate("gzip app.log", "shellscript", 1.0, 0.6, example="e1")
    bench.often = (used("make test", "e2"), used("gzip app.log"))
    bench.make(example(), example("e2"))
    await bench.write(order(candidates=(found,), asked=True))
    later = order(prose("Tell whether the disk is full."), session="x2", suggestion="s2", asked=True)
    await bench.write(later)
    first, second = (trace.model.prompt.partition("\n\n[")[0] for trace in bench.traces)
    assert first == second
    assert first.endswith("- gzip app.log\n- make test")


async def test_an_identical_request_is_answered_without_asking(bench):
    bench.make()
    first = await bench.write(order(asked=True))
    again = await bench.write(order(asked=True, suggestion="s2"))
    assert texts(first) == texts(again)
    assert (bench.traces[1].model.input_tokens, bench.traces[1].model.cost_usd) == (0, 0.0)


async def test_what_can_change_nothing_is_not_asked(bench):
    outcome = await bench.make().write(order(sure=0.95))
    assert outcome == Declined("memory is certain")
    assert not bench.traces


async def test_a_text_with_nothing_new_keeps_its_answer(bench):
    bench.make()
    await bench.write()
    outcome = await bench.write(order(prose("Compress the access log of yesterday.")))
    assert isinstance(outcome, Declined)
    assert outcome.unchanged


async def test_in_the_middle_of_a_sentence_a_longer_rest_is_waited_for(bench):
    outcome = await bench.make().write(order(rested_ms=200))
    assert isinstance(outcome, Declined)
    assert outcome.again_ms == 1500


async def test_a_cap_that_is_reached_leaves_memory_alone_and_says_so(bench):
    caps = Budget(notebook_usd=0.0)
    bench.make(caps=caps, model=Model(provider="openai", name="some-model", base_url="https://models.example/v1"))
    outcome = await bench.write()
    assert isinstance(outcome, Declined)
    assert "budget.notebookUsd" in outcome.why
    assert "suggesting from memory" in bench.budget[-1]


async def test_a_local_model_is_free(bench):
    assert texts(await bench.make(caps=Budget(notebook_usd=0.0, day_usd=0.0)).write())


async def test_secrets_are_taken_out_and_counted(bench):
    secret = "ghp_" + "a1B2" * 9
    cells = (code(f"export GITHUB_TOKEN={secret}"), prose("Check that the token of GitHub works."))
    await bench.make().write(order(*cells))
    (trace,) = bench.traces
    assert secret not in trace.model.prompt
    assert "GITHUB_TOKEN" in trace.model.prompt
    assert trace.redactions >= 1


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        pytest.param(Rules(paths=("*/shared/*",)), "providers.allowPaths", id="path"),
    ],
)
async def test_what_may_not_be_sent_is_not_sent(bench, rules, why):
    outcome = await bench.make(rules=rules).write()
    assert isinstance(outcome, Declined)
    assert why in outcome.why


async def test_offline_asks_only_what_is_here(bench):
    model = Model(provider="openai", name="m", base_url="https://models.example/v1")
    outcome = await bench.make(rules=Rules(offline=True), model=model).write()
    assert isinstance(outcome, Declined)
    assert "providers.offline" in outcome.why


async def test_outputs_stay_here_where_they_may_not_be_sent(bench):
    cells = (code("cat names"), prose("Count these names, please."))
    wanted = order(*cells, outputs={"c1": "Ada Lovelace"})
    await bench.make(rules=Rules(outputs=False)).write(wanted)
    assert "Lovelace" not in bench.traces[0].model.prompt
    assert any("output" in what for what in bench.traces[0].dropped)


async def test_risky_commands_are_warned_about(bench, tmp_path):
    bench.recording = recording(tmp_path / "risky.jsonl", "```bash\nrm -rf build\n```\n")
    outcome = await bench.make().write()
    assert [one.code for one in outcome.pieces[0].warnings] == ["destructive-command"]


async def test_an_empty_answer_is_no_trouble(bench, tmp_path):
    bench.recording = recording(tmp_path / "empty.jsonl", [{"error": "empty"}])
    assert texts(await bench.make().write()) == []
    assert not [text for text in bench.troubles if text]


async def test_an_answer_that_breaks_off_fails_and_is_traced(bench, tmp_path):
    bench.recording = recording(tmp_path / "cut.jsonl", [{"text": "```bash\nls\n"}, {"error": "cut"}])
    with pytest.raises(ProviderError):
        await bench.make().write()
    (trace,) = bench.traces
    assert trace.model.answer == "```bash\nls\n"
    assert trace.model.estimated
    assert trace.model.output_tokens > 0
    assert [text for text in bench.troubles if text]


async def test_a_cancelled_answer_is_traced_with_what_it_cost(bench, tmp_path):
    bench.recording = recording(tmp_path / "long.jsonl", [{"text": "```bash\nls\n"}, {"after_ms": 60_000, "text": "x"}])
    bench.make(model=Model(provider="scripted", name=f"{bench.recording}#paced"))
    task = asyncio.ensure_future(bench.write())
    await bench.first.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    (trace,) = bench.traces
    assert trace.model.answer == "```bash\nls\n"
    assert "superseded" in trace.why
    assert bench.thoughts == [True, False]


async def test_a_prompt_too_long_is_shortened_once_and_that_is_remembered(bench, tmp_path):
    done = [{"text": "```bash\nls\n```\n"}, {"finish": "stop"}]
    bench.recording = recording(tmp_path / "long.jsonl", [{"error": "context-too-long"}], done)
    cells = [prose(f"Step {number} " + "does something of note. " * 6, f"p{number}") for number in range(8)]
    assert texts(await bench.make().write(order(*cells))) == ["ls"]
    assert bench.prompting.limits
    assert "shortened" in " ".join(bench.traces[0].dropped)


async def test_a_plugin_that_is_not_there_is_told_and_memory_goes_on(bench):
    bench.make(model=Model(provider="nobody", name="m"))
    with pytest.raises(Exception, match="no provider"):
        await bench.write()
    assert "no provider" in bench.troubles[-1]
    assert bench.thoughts == [True, False]


async def test_chatter_after_the_step_is_not_waited_for(bench, tmp_path):
    chatter = [
        {"text": "```bash\nls\n```\n"},
        {"text": "This lists the files.\n"},
        {"after_ms": 60_000, "text": "And so on."},
    ]
    bench.recording = recording(tmp_path / "chatter.jsonl", chatter)
    name = f"{bench.recording}#paced"
    bench.make(model=Model(provider="scripted", name=name))
    bench.prompting.calibration = counted_ten_times(name)
    assert texts(await bench.write()) == ["ls"]
    assert "And so on" not in bench.traces[0].model.answer
    assert not [text for text in bench.troubles if text]


def counted_ten_times(model):
    calibration = Calibration()
    for _ in range(PRIOR_ROUNDS):
        calibration = calibration.observe(counter_for(model).key, Measure(tokens=100), 120)
    return calibration


async def test_the_first_answers_of_a_model_are_heard_to_their_end_since_its_count_comes_last(bench, tmp_path):
    chatter = [
        {"text": "```bash\nls\n```\n"},
        {"text": "And so on."},
        {"usage": {"input_tokens": 200}, "finish": "stop"},
    ]
    silent = [{"text": "```bash\nls -l\n```\n"}, {"text": "It lists.\n"}, {"text": "And so on."}, {"finish": "stop"}]
    bench.recording = recording(tmp_path / "chatter.jsonl", chatter, silent, silent)
    bench.make()
    assert texts(await bench.write(order(asked=True))) == ["ls"]
    assert bench.traces[0].model.input_tokens == 200
    await bench.prompting.run(lambda: None)
    assert bench.prompting.calibration.rounds(counter_for(str(bench.recording)).key) == 1
    for number in (2, 3):
        later = order(
            prose(f"Compress log number {number}."), session=f"x{number}", suggestion=f"s{number}", asked=True
        )
        assert texts(await bench.write(later)) == ["ls -l"]
    assert bench.traces[1].model.answer.endswith("And so on.")
    assert not bench.traces[2].model.answer.endswith("And so on."), (
        "it is not waited for what this server does not send"
    )


async def test_a_gateway_on_this_computer_costs_what_its_model_does(bench):
    model = Model(provider="openai", name="gpt-4o-mini", base_url="http://127.0.0.1:9/v1")
    outcome = await bench.make(model=model, caps=Budget(notebook_usd=0.0)).write()
    assert isinstance(outcome, Declined)
    assert "budget.notebookUsd" in outcome.why


async def test_a_session_has_a_budget_of_tokens(bench):
    """Of 500 tokens one prompt takes 120 and more: the next is held to what is left, and then there is none."""
    bench.make(rules=Rules(session_tokens=500))
    outcomes = [
        await bench.write(
            order(prose(f"Step {number}: compress archive {number} of {number}00 services."), suggestion=f"s{number}")
        )
        for number in range(1, 6)
    ]
    asked = [one for one in outcomes if isinstance(one, Answered)]
    assert len(asked) == 2
    assert "budget.sessionTokens" in outcomes[-1].why
    assert "held to 371 tokens: this cell has used 129 of 500" in bench.traces[1].dropped
    by_hand = order(prose("And this one is asked for by hand."), suggestion="s9", asked=True)
    assert isinstance(await bench.write(by_hand), Answered)
    elsewhere = order(prose("Another cell has its own budget."), suggestion="s10", session="x2")
    assert isinstance(await bench.write(elsewhere), Answered)
