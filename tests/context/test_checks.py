"""Every answer is judged the same way, and a failing one is repaired or silenced."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghostcells.context.checks import TABLE, Answer, Asked, Policy, check, names, showable
from ghostcells.context.parse import Parser
from ghostcells.domain.exchange import Page
from ghostcells.domain.notebook import Cell, CellKind
from tests.context.pages import md, page, sh


def answer(text: str, *, cut: bool = False) -> Answer:
    parser = Parser("shellscript")
    parser.feed(text)
    parser.end()
    return Answer.of(parser, cut=cut)


def asked(shown: Page | None = None, *, intent: bool = True, ran: tuple[str, ...] = ()) -> Asked:
    return Asked(shown or page(sh("kubectl get nodes"), md("List the pods.")), intent, ran)


def texts(given_answer: Answer, for_what: Asked) -> list[str]:
    return [draft.text for draft in check(given_answer, for_what).drafts]


def result(name: str, given_answer: Answer, for_what: Asked) -> str:
    return {one.name: one.result for one in check(given_answer, for_what).assertions}[name]


GOOD = "```sh\nkubectl get pods\n```"


def test_a_good_answer_passes_as_it_is() -> None:
    checked = check(answer(GOOD), asked())
    assert [draft.text for draft in checked.drafts] == ["kubectl get pods"]
    assert [one.name for one in checked.assertions] == list(names())
    assert {one.result for one in checked.assertions} <= {"passed", "skipped"}


def test_code_that_is_only_comments_is_left_out_and_does_not_show_while_it_grows() -> None:
    alone = check(answer("```sh\n# List the pods\n```"), asked())
    assert (alone.silent, alone.why) == (True, "the answer is a comment")
    commented = "```sh\n# all of them\nkubectl get pods\n```"
    assert texts(answer(commented), asked()) == ["# all of them\nkubectl get pods"]
    parser = Parser("shellscript")
    parser.feed("```sh\n# all of them\n")
    assert not showable(parser.drafts, asked())
    parser.feed("kubectl get pods\n")
    assert showable(parser.drafts, asked())


def test_code_that_holds_the_notebooks_prose_is_an_echo() -> None:
    shown = page(md("# Deploy\n\nThe shop runs in the cluster prod-eu, namespace shop."), md("List the pods."))
    told = "```sh\nThe shop runs in the cluster prod-eu, namespace shop.\nkubectl get pods\n```"
    assert check(answer(told), asked(shown)).silent
    assert result("NO_ECHO", answer(told), asked(shown)) == "failed"
    heading = "```sh\n# Deploy\nkubectl apply -f shop.yaml\n```"
    assert texts(answer(heading), asked(shown)) == ["# Deploy\nkubectl apply -f shop.yaml"]


def test_an_answer_is_cut_to_its_first_step() -> None:
    text = GOOD + "\nNow delete one.\n```sh\nkubectl delete pod x\n```"
    assert texts(answer(text), asked()) == ["kubectl get pods"]
    assert result("ONE_STEP", answer(text), asked()) == "failed"


def test_code_comes_first_where_the_user_writes_prose() -> None:
    text = "This lists them all.\n\n" + GOOD
    assert texts(answer(text), asked()) == ["kubectl get pods"]
    assert result("CODE_FIRST", answer(text), asked()) == "failed"
    after_code = asked(page(sh("kubectl get nodes")), intent=False)
    assert texts(answer(text), after_code) == ["This lists them all.", "kubectl get pods"]


def test_an_intent_is_answered_with_a_command_or_not_at_all() -> None:
    checked = check(answer("You could look at the dashboard first."), asked())
    assert checked.silent
    assert "no command" in checked.why


def test_what_was_just_run_is_not_suggested_again() -> None:
    assert check(answer(GOOD), asked(ran=("ls", "kubectl  get pods\n"))).silent
    assert not check(answer(GOOD), asked(ran=("kubectl get pods", "ls"))).silent


@pytest.mark.parametrize("shown", [page(), page(md("  \n"))])
def test_an_empty_document_gets_no_cells(shown: Page) -> None:
    checked = check(answer(GOOD), asked(shown))
    assert checked.silent
    assert result("NON_EMPTY_DOC", answer(GOOD), asked(shown)) == "failed"


@pytest.mark.parametrize(
    ("shown", "text", "left"),
    [
        (page(md("List the pods of prod now.")), "List the pods of prod now.\n\n" + GOOD, ["kubectl get pods"]),
        (page(md("x"), after=(sh("kubectl get pods"),)), GOOD, []),
        (page(sh("ls", "a"), md("x"), outputs={"cell:a": "kubectl get pods"}), GOOD, []),
        (page(sh("kubectl get pods")), GOOD, []),
        (page(sh("kubectl get pods"), sh("ls"), md("Look again.")), GOOD, ["kubectl get pods"]),
        (page(sh("ls")), "Answer with the next cell.\n\n" + GOOD, ["kubectl get pods"]),
    ],
)
def test_nothing_of_the_prompt_is_echoed(shown: Page, text: str, left: list[str]) -> None:
    assert texts(answer(text), asked(shown, intent=False)) == left


def test_an_answer_that_broke_off_keeps_its_whole_lines() -> None:
    broken = answer("```sh\nkubectl get pods\nkubectl delete po", cut=True)
    assert texts(broken, asked()) == ["kubectl get pods"]
    assert result("BALANCED_FENCES", broken, asked()) == "failed"
    assert check(answer("```sh\nkubectl delete po", cut=True), asked()).silent
    assert texts(answer("```sh\nkubectl get pods"), asked()) == ["kubectl get pods"]


@pytest.mark.parametrize(
    ("text", "parses"),
    [
        ("cat <<EOF | kubectl apply -f -\na: 1\nEOF", True),
        ("cat <<-'EOF' > f\n\tx\n\tEOF", True),
        ("[[ -f x && $a =~ ^b ]] && echo y", True),
        ("diff <(ls a) <(ls b)", True),
        ("case $x in a) b;; *) c;; esac", True),
        ("((i++)); a=(1 2); echo ${a[@]}", True),
        ("kubectl logs <pod> -n <name space>", True),
        ("if true; then ls", False),
        ("echo 'x", False),
        ("cat <<EOF\nx", False),
        ("ls | | wc", False),
        ("echo $(ls", False),
    ],
)
def test_shell_has_to_parse(text: str, *, parses: bool) -> None:
    pytest.importorskip("tree_sitter_bash")
    assert check(answer(f"````sh\n{text}\n````"), asked()).silent is not parses


def test_without_a_grammar_parsing_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghostcells.context.grammar.parser", lambda: None)
    assert result("SHELL_PARSES", answer("```sh\necho 'x\n```"), asked()) == "skipped"
    assert texts(answer("```sh\necho 'x\n```"), asked()) == ["echo 'x"]


def test_code_that_the_notebook_does_not_run_is_silenced() -> None:
    assert check(answer("```hcl\nresource {}\n```"), asked()).silent
    assert not check(answer("```python\nx = 1\n```"), asked(page(sh("x", language="python"), md("y")))).silent


def test_there_is_no_ghost_of_a_ghost() -> None:
    ghost = Cell("g", CellKind.CODE, "shellscript", "ls", flagged=True)
    assert check(answer(GOOD), asked(page(ghost, md("x")))).silent
    assert check(answer(GOOD), Asked(page(sh("ls", "g"), md("x")), intent=True, ghosts=frozenset({"cell:g"}))).silent
    assert check(answer("```ghostcell\nls\n```"), asked()).silent


def test_a_policy_can_be_set_to_silence() -> None:
    text = GOOD + "\nNow delete one.\n```sh\nkubectl delete pod x\n```"
    assert check(answer(text), asked(), {"ONE_STEP": Policy.SILENCE}).silent


def test_nothing_answered_is_silence_and_no_failure() -> None:
    checked = check(answer(""), asked())
    assert checked.silent
    assert "failed" not in {one.result for one in checked.assertions}


def test_every_row_says_why() -> None:
    assert all(row.why and row.name.isupper() for row in TABLE)
    assert len(set(names())) == len(TABLE)


PARTS = st.sampled_from(
    [
        GOOD,
        "Some prose here.\n",
        "```sh\nls\n```\n",
        "and then:\n",
        "```sh\nrm -r x",
        "```output\na\n```\n",
        "List the pods.\n",
        "\n",
        "$ ls\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(PARTS, max_size=6), prose=st.booleans())
def test_what_shows_while_it_grows_is_what_the_checks_leave_or_nothing(parts: list[str], *, prose: bool) -> None:
    for_what = asked(page(sh("true"), md("Say what.")) if prose else page(sh("true")), intent=prose)
    parser = Parser("shellscript")
    shown: tuple[str, ...] = ()
    for part in parts:
        now = tuple(draft.text for draft in showable(parser.feed(part), for_what))
        assert all(new.startswith(old) for old, new in zip(shown, now, strict=False))
        assert len(now) >= len(shown)
        shown = now
    parser.end()
    final = [draft.text for draft in check(Answer.of(parser), for_what).drafts]
    whole = [draft.text for draft in showable(parser.drafts, for_what)]
    assert all(text in whole for text in final)
    assert sum(draft.kind is CellKind.CODE for draft in check(Answer.of(parser), for_what).drafts) <= 1
