"""Remembered commands with the present values in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.memory.adapt import adapt
from ghostcells.memory.literals import tokens
from tests.memory.builders import example, ran, situation


@pytest.mark.parametrize(
    ("told", "command", "asked", "expected"),
    [
        pytest.param(
            "Get the log for block 01HZ0W9XABCDEFGHJKMNPQRSTV",
            "curl http://localhost:8080/api/blocklogs/01HZ0W9XABCDEFGHJKMNPQRSTV | jq .",
            "fetch the block log of 01J00000000000000000000000",
            "curl http://localhost:8080/api/blocklogs/01J00000000000000000000000 | jq .",
            id="ulid-inside-a-url",
        ),
        pytest.param(
            "Get the log for block 01HZ0W9XABCDEFGHJKMNPQRSTV",
            "curl http://localhost:8080/api/blocklogs/01HZ0W9XABCDEFGHJKMNPQRSTV | jq .",
            "Get the log for block http://other:80/api/blocklogs/01J00000000000000000000000",
            "curl http://other:80/api/blocklogs/01J00000000000000000000000 | jq .",
            id="a-url-for-an-id-inside-a-url",
        ),
        pytest.param(
            "Mount 2 volumes",
            "mount --count 2 2i2cstorage:/2i2cstorage/homes -o size=2GiB",
            "Mount 3 volumes",
            "mount --count 3 2i2cstorage:/2i2cstorage/homes -o size=3GiB",
            id="a-number-but-not-in-a-name",
        ),
        pytest.param(
            "Count the errors in app.log",
            "grep -c ERROR /var/log/app.log",
            "Count the errors in /srv/web/web.log",
            "grep -c ERROR /srv/web/web.log",
            id="a-path-for-a-name-at-the-end-of-a-path",
        ),
        pytest.param(
            "Create the deployment",
            "kubectl apply -f deployment.yaml",
            "Create what `service.yaml` describes",
            "kubectl apply -f service.yaml",
            id="a-file-for-a-word-that-begins-one",
        ),
        pytest.param(
            "Find all files that are set group ID to 10",
            "find . -group 10 -perm -2000 -print",
            "Find all files that are set group ID to staff",
            "find . -group staff -perm -2000 -print",
            id="the-only-difference-whatever-its-shape",
        ),
        pytest.param(
            'Create a hard link named "my-hard-link" to "myfile.txt"',
            "ln myfile.txt my-hard-link",
            'Create a hard link to "$file" named "/tmp/allfiles"',
            "ln $file /tmp/allfiles",
            id="named-belongs-to-what-follows",
        ),
        pytest.param("Unset DUALCASE", "unset DUALCASE", "Unset environment variable 'z'", "unset z", id="generic-noun"),
        pytest.param(
            "Count the lines of *.php files",
            "find . -name '*.php' | xargs wc -l",
            'Count the lines of ".c" files',
            "find . -name '*.c' | xargs wc -l",
            id="an-ending-for-a-pattern",
        ),
        pytest.param(
            "Find regular .mp3 files larger than 10M and delete them",
            "find / -type f -name '*.mp3' -size +10M -delete",
            "Find all .mp3 files with more than 10MB and delete them",
            "find / -type f -name '*.mp3' -size +10M -delete",
            id="the-same-size-in-other-letters",
        ),
        pytest.param(
            "Find files whose size is greater than 50k",
            "find / -size +50k",
            "Find files which are larger than 20000KB",
            "find / -size +20000k",
            id="a-size-in-the-units-of-the-command",
        ),
        pytest.param(
            "Find all files under /home accessed within 7 days",
            "find /home -atime -7",
            "Find the files in /home/ that were accessed within 3 days",
            "find /home -atime -3",
            id="the-same-folder-with-a-slash",
        ),
        pytest.param(
            'Copy "/srv/web/" to the backup',
            "rsync -a /srv/web/ backup:",
            'Copy "/srv/web" to the backup',
            "rsync -a /srv/web backup:",
            id="a-slash-that-was-quoted-is-meant",
        ),
        pytest.param(
            "Find the files and print the md5sum of each to SUMS",
            "find . -type f -exec md5sum {} \\; > SUMS",
            'Compute MD5 sums of the files and save them as "SUMS"',
            "find . -type f -exec md5sum {} \\; > SUMS",
            id="what-find-is-to-run-is-no-value",
        ),
        pytest.param("Show commit 3f2a91c", "git show 3f2a91c", "show me commit 99bd01e", "git show 99bd01e", id="hash"),
        pytest.param("Print the last 10 lines", "tail -10 x", "Print the last 25 lines", "tail -25 x", id="number"),
        pytest.param(
            "Files larger than 10MB", "find . -size +10M", "Files larger than 2GB", "find . -size +2G", id="size-and-unit"
        ),
        pytest.param(
            "Install version 1.4.2", "pip install x==1.4.2", "Install version 2.0.0", "pip install x==2.0.0", id="version"
        ),
        pytest.param("Usage of /var/log", "du -sh /var/log", "Usage of /srv/data", "du -sh /srv/data", id="path"),
        pytest.param(
            "Find all *.txt files", "find . -name '*.txt'", "Find all *.pdf files", "find . -name '*.pdf'", id="pattern"
        ),
        pytest.param("Find .java files", 'find . -name "*.java"', "Find mp3 files", 'find . -name "*.mp3"', id="extension"),
        pytest.param(
            "Logs of service payments-api",
            "kubectl logs deploy/payments-api",
            "Logs of service checkout-web",
            "kubectl logs deploy/checkout-web",
            id="name",
        ),
        pytest.param("Open https://a.example/x", "open https://a.example/x", "Open https://b.example/y",
                     "open https://b.example/y", id="url"),
        pytest.param("Backup of 2024-05-01", "ls b-2024-05-01", "Backup of 2025-01-31", "ls b-2025-01-31", id="date"),
        pytest.param('Say "hello"', 'echo "hello"', 'Say "good day"', 'echo "good day"', id="quoted"),
        pytest.param("Say 'hello'", "echo hello", "Say 'good day'", "echo 'good day'", id="blank-needs-quotes"),
        pytest.param(
            'Copy "dir_a" to "dir_b"', "cp -r dir_a dir_b", 'Copy "dir_b" to "dir_a"', "cp -r dir_b dir_a", id="swapped"
        ),
        pytest.param(
            "Print a summary of report.txt", "print report.txt", "Output a summary of notes.txt", "print notes.txt",
            id="the-program-stays",
        ),
        pytest.param("Restart port 80 of web10", "x -p 80 web10", "Restart port 10 of web10", "x -p 10 web10", id="not-inside"),
    ],
)  # fmt: skip
def test_values_of_the_intent_are_carried_over(told: str, command: str, asked: str, expected: str) -> None:
    assert adapt(example(told, command), situation(asked)).text == expected


def test_a_value_from_an_output_above_is_carried_over() -> None:
    then = situation("Describe it", ran("kubectl get pods", "NAME READY\nweb-7d9f8c-x2x1z 1/1"))
    now = situation("Describe it", ran("kubectl get pods", "NAME READY\nweb-5b6d9f-k8k2m 1/1"))
    adapted = adapt(example(then, "kubectl describe pod web-7d9f8c-x2x1z"), now)
    assert adapted.text == "kubectl describe pod web-5b6d9f-k8k2m"


def test_a_namespace_used_above_is_kept_to() -> None:
    then = situation("List the services", ran("kubectl get pods -n staging"))
    now = situation("List the services", ran("kubectl get pods -n prod-eu"))
    assert adapt(example(then, "kubectl get svc -n staging"), now).text == "kubectl get svc -n prod-eu"


def test_a_stated_value_without_successor_counts_as_unresolved() -> None:
    adapted = adapt(example("Logs of block 4711", "logs 4711"), situation("Logs of the block"))
    assert (adapted.text, adapted.unresolved) == ("logs 4711", 1)


_INTENTS = st.text(alphabet="abc XYZ 0123456789./-_'\"`:", max_size=80)


@given(_INTENTS, st.text(alphabet="abc XYZ 0123456789./-_'\"|$", max_size=80))
def test_the_same_situation_gets_the_same_command(intent: str, command: str) -> None:
    same = situation(intent, ran("kubectl get pods -n a1", "NAME\nweb-1a2b3c"))
    assert adapt(example(same, command), same).text == command


@given(_INTENTS, st.text(alphabet="ab XY 0189./-_'\"", max_size=60), _INTENTS)
def test_no_value_is_made_up(told: str, command: str, asked: str) -> None:
    """Every word of the result stands in the remembered command or in the present situation."""
    adapted = adapt(example(told, command), situation(asked))
    for old, new in adapted.changed:
        assert new.strip("/").lower() in asked.lower()
        assert old.lower() in command.lower()


@pytest.mark.parametrize(
    ("told", "command", "asked"),
    [
        pytest.param("List //", "ls // /srv", "List /srv/data", id="a-path-of-slashes"),
        pytest.param(
            "Show \u0130zmir-1", "cat \u0130\u0130\u0130 x", "Show web-1", id="letters-that-grow-in-lower-case"
        ),
    ],
)
def test_odd_values_stay(told: str, command: str, asked: str) -> None:
    assert adapt(example(told, command), situation(asked)).text


@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=120))
def test_no_text_makes_it_fail(told: str, command: str, asked: str) -> None:
    adapt(example(situation(told, ran(asked, told)), command), situation(asked, ran(told, asked)))
    tokens(told)
