"""What was measured stays measured; a run goes on where it ended, and splitting it changes nothing."""

import csv
import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from ghostcells.config.schema import Settings
from ghostcells.domain.errors import ConfigError
from ghostcells.evaluation.experiment import Experiment, Variant, read, settings_for
from ghostcells.evaluation.items import Offer
from ghostcells.evaluation.results import Batch, Results, write_csv
from ghostcells.evaluation.running import prepared
from ghostcells.evaluation.work import Place, do, stretches
from tests.evaluation.conftest import result

LEXICAL = {"memory": {"embedder": "lexical"}}


def running(path, out, **more):
    fields = {"data": (str(path),), "variants": {"memory": Variant(settings=LEXICAL)}, **more}
    return prepared(Experiment(**fields), out, [Place(str(path))], Settings(), models_dir=out / "models", now_ms=1)


def test_a_result_comes_back_as_it_was(tmp_path):
    results = Results(tmp_path)
    results.begin(Batch("b", "memory", "d", {}, 1), ["k/0", "k/1"])
    one = result(0, word=0.25, offers=(Offer("ls 'a'", 0.5, 0.1, 0.25),))
    results.put("b", one)
    assert results.items("b") == [one]
    assert results.missing("b") == ["k/1"]
    results.close()


def test_results_are_for_their_owner(tmp_path):
    results = Results(tmp_path / "new")
    assert results.path.stat().st_mode & 0o077 == 0
    assert results.path.parent.stat().st_mode & 0o077 == 0
    results.close()


def test_to_run_again_asks_nothing(sessions_file, tmp_path):
    first = running(sessions_file, tmp_path / "out")
    assert first.estimate().questions == 36
    for job in first._jobs(first.missing, 1):
        do(job)
    items = first.found(first.runs[0])
    first.results.close()
    again = running(sessions_file, tmp_path / "out")
    assert again.missing == {}
    assert again.found(again.runs[0]) == items
    again.results.close()


def test_another_setting_or_other_data_is_asked_anew(sessions_file, tmp_path):
    first = running(sessions_file, tmp_path / "out")
    strict = Variant(settings={"memory": {"embedder": "lexical", "minConfidence": 0.9}})
    second = running(sessions_file, tmp_path / "out", variants={"memory": strict})
    assert first.batches != second.batches
    other = tmp_path / "other.jsonl.gz"
    other.write_bytes(
        sessions_file.read_bytes() + b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    )
    third = running(other, tmp_path / "out")
    assert third.batches != first.batches
    for one in (first, second, third):
        one.results.close()


def test_what_is_stopped_goes_on_from_there(sessions_file, tmp_path):
    first = running(sessions_file, tmp_path / "out")
    (job,) = first._jobs(first.missing, 1)
    looks = iter([False] * 10 + [True] * 100)
    do(job, stopped=lambda: next(looks))
    assert len(first.missing[job.batch]) == 26
    (rest,) = first._jobs(first.missing, 1)
    do(rest)
    assert first.missing == {}
    whole = running(sessions_file, tmp_path / "whole")
    for one in whole._jobs(whole.missing, 1):
        do(one)
    timeless = [msgspec.structs.replace(one, memory_ms=0) for one in first.found(first.runs[0])]
    assert timeless == [msgspec.structs.replace(one, memory_ms=0) for one in whole.found(whole.runs[0])]
    first.results.close()
    whole.results.close()


def test_several_processes_find_what_one_finds(sessions_file, tmp_path):
    both = running(
        sessions_file,
        tmp_path / "both",
        variants={"a": Variant(settings=LEXICAL), "b": Variant(memory="nearest-words")},
    )
    seen = []
    assert not both.work(2, seen.append)
    assert both.missing == {}
    assert seen[-1] == 72
    alone = running(sessions_file, tmp_path / "alone")
    for one in alone._jobs(alone.missing, 1):
        do(one)
    left, right = both.found(both.runs[0]), alone.found(alone.runs[0])
    assert [(one.key, one.offers) for one in left] == [(one.key, one.offers) for one in right]
    both.results.close()
    alone.results.close()


def test_ctrl_c_leaves_a_run_that_goes_on(sessions_file, tmp_path):
    """A whole `ghostcells eval` is interrupted in the middle; the next one asks only what is left."""
    out = tmp_path / "out"
    line = [sys.executable, "-m", "ghostcells", "eval", str(sessions_file), "--out", str(out), "--jobs", "1", "--json"]
    env = {
        **os.environ,
        "GHOSTCELLS_DATA_DIR": str(tmp_path / "data"),
        "GHOSTCELLS_MODELS_DIR": str(tmp_path / "models"),
    }
    process = subprocess.Popen(
        line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if (out / "results.sqlite").exists():
            results = Results(out)
            batches = [one.id for one in results.batches()]
            done = results.count(batches) if batches else 0
            results.close()
            if done:
                os.killpg(process.pid, signal.SIGINT)
                break
    assert process.wait(60) in {130, 0}
    results = Results(out)
    (batch,) = [one.id for one in results.batches()]
    assert results.count([batch]) + len(results.missing(batch)) == 36
    results.close()
    assert subprocess.run(line, env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0
    results = Results(out)
    assert results.count([batch]) == 36
    results.close()


def test_stretches_are_contiguous_and_of_about_the_same_size():
    keys = [str(number) for number in range(101)]
    parts = stretches(keys, 4)
    assert [len(part) for part in parts] == [26, 25, 25, 25]
    assert [key for part in parts for key in part] == keys
    assert stretches(keys[:20], 8) == [tuple(keys[:20])]
    assert stretches([], 8) == []


def test_a_sample_is_the_same_for_the_same_seed(sessions_file, tmp_path):
    keys = []
    for seed in (1, 1, 2):
        one = running(sessions_file, tmp_path / f"s{len(keys)}", sample=10, seed=seed, skip=6)
        keys.append(next(iter(one.missing.values())))
        one.results.close()
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 10
    assert not any(key.startswith(("sessions/0/", "sessions/1/")) for key in keys[0])


def test_a_table_cannot_be_taken_for_formulas(tmp_path):
    write_csv(tmp_path / "items.csv", [("memory", result(0, answer="=cmd|' /C calc'!A0", text="-x"))])
    with (tmp_path / "items.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["answer"].startswith("'=")
    assert row["suggested"] == "'-x"
    assert row["variant"] == "memory"


def test_an_experiment_is_read_with_paths_beside_it(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        'data = ["s.jsonl"]\nsample = 5\ncap-usd = 0.5\n[variants.memory]\n[variants.floor]\nmemory = "nearest-words"\n'
    )
    found = read(path)
    assert found.data == (str(tmp_path / "s.jsonl"),)
    assert (found.sample, found.cap_usd, list(found.variants)) == (5, 0.5, ["memory", "floor"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("sample = -1", "sample", id="out of range"),
        pytest.param("samples = 1", "samples", id="unknown"),
        pytest.param('[variants.a]\nmemory = "maybe"', "maybe", id="no such memory"),
        pytest.param("= 1", "line 1", id="no TOML"),
    ],
)
def test_a_wrong_experiment_is_named(tmp_path, text, message):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read(path)


def test_a_variant_changes_what_it_names_and_nothing_else():
    base = msgspec.structs.replace(Settings(), privacy=msgspec.structs.replace(Settings().privacy, patterns=("X",)))
    found = settings_for({"memory": {"minConfidence": 0.2}}, base, name="v")
    assert found.memory.min_confidence == 0.2
    assert found.privacy.patterns == ("X",)
    assert found.memory.embedder == base.memory.embedder


def test_no_model_is_asked_unless_a_variant_says_so():
    """A key in the environment must not make an evaluation cost money."""
    base = msgspec.structs.replace(Settings(), model=msgspec.structs.replace(Settings().model, provider="openai"))
    assert settings_for({}, base, name="v").model.provider == "none"
    with pytest.raises(ConfigError, match=r"variant v: memory\.minConfidence"):
        settings_for({"memory": {"minConfidence": 7}}, base, name="v")
