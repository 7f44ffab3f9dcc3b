"""A model in an evaluation: what it adds, what it costs, and that it costs no more than was said."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError
from ghostcells.evaluation.answering import most_usd
from ghostcells.evaluation.datasets import dataset_at
from ghostcells.evaluation.experiment import Experiment, Variant, settings_for
from ghostcells.evaluation.judging import Judging, drawn
from ghostcells.evaluation.results import Batch, Results
from ghostcells.evaluation.running import prepared
from ghostcells.evaluation.work import Place
from tests.evaluation.conftest import result

ANSWER = "```bash\nkubectl get pods -n web\n```\n"


@pytest.fixture
def recording(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def made(*texts):
        path = tmp_path / "answers.jsonl"
        rows = []
        for text in texts:
            rows += [
                {"answer": {}},
                {"text": text},
                {"usage": {"input_tokens": 90, "output_tokens": 9}, "finish": "stop"},
            ]
        path.write_text("\n".join(map(json.dumps, rows)))
        return {"model": {"provider": "scripted", "name": str(path)}}

    return made


def test_a_model_alone_answers_from_the_first_question_on(sessions_file, replayed, plan, recording):
    found = replayed(dataset_at(sessions_file), plan("off", **recording(ANSWER)))
    first = found[0]
    assert (first.source, first.best.text, first.word) == ("model", "kubectl get pods -n web", 0.0)
    assert (first.input_tokens, first.output_tokens, first.usd) == (90, 9, 0.0)
    assert first.assertions_passed > 0
    assert first.asked_model
    assert first.shown


def test_memory_and_model_together_have_both_among_the_offers(sessions_file, replayed, plan, recording):
    found = replayed(dataset_at(sessions_file), plan(**recording("```bash\nls -la /srv\n```\n")))
    asked = [one for one in found if one.source == "model"]
    assert asked
    assert asked[-1].best.text == "ls -la /srv"
    assert any("kubectl" in offer.text for offer in asked[-1].offers[1:])


def test_a_model_is_not_asked_where_memory_is_certain_or_asking_is_not_worth_it(
    sessions_file, replayed, plan, recording
):
    found = replayed(dataset_at(sessions_file), plan(**recording(ANSWER)))
    assert all(one.why for one in found)
    assert all(one.input_tokens == 0 for one in found if not one.asked_model)


def test_an_answer_that_fails_is_counted_and_memory_stands(sessions_file, replayed, plan, tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text(json.dumps({"error": "unauthorized"}))
    dataset = dataset_at(sessions_file)
    keys = [one.question.key for one in dataset.moments()][3:5]
    found = replayed(dataset, plan(model={"provider": "scripted", "name": str(path)}), wanted=keys)
    assert all(one.source == "memory" for one in found)
    # Where memory is sure by itself the model is not asked.
    assert any(one.failed for one in found)
    assert all(one.failed for one in found if one.asked_model)


def test_the_estimate_is_the_most_that_a_question_can_cost(monkeypatch):
    """600 tokens in and 200 out, at 0.05 and 0.40 dollars a million."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    settings = settings_for({"model": {"provider": "openai", "name": "gpt-5-nano"}}, Settings(), name="v")
    assert most_usd(settings) == pytest.approx((600 * 0.05 + 200 * 0.40) / 1e6)
    assert most_usd(settings_for({}, Settings(), name="v")) == 0
    unknown = settings_for({"model": {"provider": "openai", "name": "nobody-knows-it"}}, Settings(), name="v")
    assert most_usd(unknown) is None


class Priced(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that charges 600 tokens for each answer."""

    asked = 0

    def do_POST(self):
        type(self).asked += 1
        self.rfile.read(int(self.headers["content-length"]))
        common = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-nano"}
        usage = {"prompt_tokens": 600, "completion_tokens": 200, "total_tokens": 800}
        rows = [
            {**common, "choices": [{"index": 0, "delta": {"content": ANSWER}, "finish_reason": None}]},
            {**common, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {**common, "choices": [], "usage": usage},
        ]
        body = "".join(f"data: {json.dumps(row)}\n\n" for row in rows) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def priced(monkeypatch):
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nothing")
    Priced.asked = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Priced)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {
        "model": {"provider": "openai", "name": "gpt-5-nano", "baseUrl": f"http://127.0.0.1:{server.server_port}/v1"}
    }
    server.shutdown()
    server.server_close()


def test_a_run_costs_no_more_than_its_cap_and_goes_on_with_a_higher_one(sessions_file, tmp_path, priced):
    each = (600 * 0.05 + 200 * 0.40) / 1e6

    def running(cap):
        variants = {"model": Variant(memory="off", settings={**priced, "memory": {"embedder": "lexical"}})}
        experiment = Experiment(data=(str(sessions_file),), sample=20, cap_usd=cap, variants=variants)
        return prepared(
            experiment, tmp_path / "out", [Place(str(sessions_file))], Settings(), models_dir=tmp_path, now_ms=1
        )

    poor = running(4.5 * each)
    assert "because the money was gone" in poor.work(1, lambda _: None)
    assert 0 < poor.results.spent(poor.batches) <= 4.5 * each
    done = poor.results.count(poor.batches)
    assert 0 < done < 20
    poor.results.close()
    rich = running(1.0)
    assert rich.estimate().questions == 20 - done
    assert not rich.work(1, lambda _: None)
    assert rich.results.spent(rich.batches) == pytest.approx(sum(one.usd for one in rich.found(rich.runs[0])))
    rich.results.close()


def test_a_model_that_is_down_ends_the_run_and_is_asked_again_by_the_next_one(sessions_file, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"error": "unauthorized"}))
    settings = {"model": {"provider": "scripted", "name": str(path)}, "memory": {"embedder": "lexical"}}

    def running():
        experiment = Experiment(
            data=(str(sessions_file),), variants={"model": Variant(memory="off", settings=settings)}
        )
        return prepared(
            experiment, tmp_path / "out", [Place(str(sessions_file))], Settings(), models_dir=tmp_path, now_ms=1
        )

    down = running()
    assert "36 questions were not answered, because it failed" in down.work(1, lambda _: None)
    assert down.results.count(down.batches) == 3
    down.results.close()
    path.write_text("\n".join(map(json.dumps, [{"text": ANSWER}, {"usage": {}, "finish": "stop"}])))
    up = running()
    assert not up.work(1, lambda _: None)
    assert not any(one.failed for one in up.found(up.runs[0]))
    up.results.close()


def judging(results, settings):
    return Judging(settings_for(settings, Settings(), name="judge"), results, 1.0)


def test_a_judge_is_asked_once_for_each_pair_and_its_agreement_told(tmp_path, recording):
    results = Results(tmp_path / "out")
    found = [
        result(0, text="ls -a", answer="ls --all", word=0.5, distance=0.0),
        result(1, text="ls", answer="pwd", word=1.0),
        result(2, text="pwd", answer="pwd", word=0.0),
    ]
    settings = recording("SAME", "DIFFERENT")

    async def judge():
        judge = judging(results, settings)
        try:
            return await judge.judge("b", found, 10)
        finally:
            await judge.close()

    first = asyncio.run(judge())
    assert first.asked == 2
    assert first.agree + first.only_model + first.only_metric == 2
    assert {one.key for one in results.items("b")} == {"k/0", "k/1"}
    again = recording("SAME")
    assert asyncio.run(judge()) == first
    assert again
    results.close()


def test_a_judge_needs_a_model(tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    results = Results(tmp_path)
    with pytest.raises(ConfigError, match="judge: its settings name no model"):
        judging(results, {})
    results.close()


def test_what_is_judged_does_not_depend_on_how_it_is_ordered():
    found = [result(number, text=f"ls {number}", answer="pwd") for number in range(50)]
    assert [one.key for one in drawn(found, 5)] == [one.key for one in drawn(found[::-1], 5)]


def test_the_noted_batch_has_all_that_a_result_depends_on(sessions_file, tmp_path):
    first = prepared(
        Experiment(data=("x",)), tmp_path / "o", [Place(str(sessions_file))], Settings(), models_dir=tmp_path, now_ms=1
    )
    (batch,) = first.results.batches()
    assert isinstance(batch, Batch)
    assert {"version", "data", "memory", "settings", "ranker", "rankers"} <= batch.about.keys()
    first.results.close()
