"""Commands run where they are told to, without a terminal, and not for ever."""

import asyncio

from ghostcells.trial.sandbox import LOG, furnish
from ghostcells.trial.shell import run


def test_output_and_exit_code_are_the_command_s(tmp_path):
    ran = asyncio.run(run("pwd; echo no >&2; exit 3", tmp_path))
    assert (ran.output, ran.exit_code) == (f"{tmp_path.resolve()}\nno\n", 3)


def test_a_command_that_reads_gets_nothing(tmp_path):
    assert asyncio.run(run("cat", tmp_path)).exit_code == 0


def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path):
    ran = asyncio.run(run("sleep 60 & wait", tmp_path, seconds=0.05))
    assert ran.exit_code != 0
    assert "ended after" in ran.output


def test_what_the_demonstration_runs_works_in_its_folder(tmp_path):
    folder = furnish(tmp_path / "orders")
    assert (folder / LOG).exists()
    assert asyncio.run(run("grep FAILED orders.log | grep -vc ' test '", folder)).output == "4\n"
