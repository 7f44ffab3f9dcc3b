"""A risky command is warned of by what would run, with a grammar and without one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghostcells.context import commands
from ghostcells.context.rules import RULES, Rule, matches
from ghostcells.context.safety import _cautions, cautions

D, P, R, C = "destructive-command", "privileged-command", "remote-code", "other-context"


@pytest.fixture(params=["grammar", "scan"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "grammar":
        pytest.importorskip("tree_sitter_bash")
    else:
        monkeypatch.setattr(commands, "parser", lambda: None)
    _cautions.cache_clear()


def codes(text: str, language: str = "shellscript", used: tuple[str, ...] = ()) -> list[str]:
    return [caution.code for caution in cautions(text, language, used)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rm -rf build", [D]), ("rm -fr build", [D]), ("rm --recursive x", [D]), ("/bin/rm -r x", [D]), ("rm x", []),
        ("\\rm -rf x", [D]), ("r'm' -rf x", [D]), ('"rm" -rf x', [D]),
        ("kubectl delete pod x", [D]), ("kubectl -n prod delete pod x", [D]), ("kubectl get pods", []),
        ("kubectl --context=a delete ns x", [D]), ("kubectl delete pod x --dry-run=client", []),
        ("kubectl describe pod delete", []), ("kubectl logs delete-job", []), ("kubectl delete --help", []),
        ("terraform destroy", [D]), ("terraform -chdir=a destroy", [D]), ("terraform plan -destroy", []),
        ("terraform apply -auto-approve", [D]), ("terraform apply", []),
        ("git push --force", [D]), ("git push -f origin main", [D]), ("git push --force-with-lease=main", [D]),
        ("git push origin +main", [D]), ("git push origin :old", [D]), ("git push", []),
        ("git reset --hard HEAD~1", [D]), ("git reset HEAD", []), ("git clean -fdx", [D]), ("git clean -nfdx", []),
        ("git commit -m 'git reset --hard'", []), ("git checkout .", [D]), ("git checkout main", []),
        ("git branch -D old", [D]), ("git branch -d old", []),
        ("dd if=a.img of=/dev/sda bs=4M", [D]), ("dd if=a of=b", []), ("mkfs.ext4 /dev/sdb1", [D]),
        ("echo x > /dev/sda", [D]), ("echo x > /dev/null", []), ("ls 2>/dev/null", []),
        ("cat a | tee /dev/nvme0n1", [D]), ("docker system prune -af", [D]), ("docker ps", []),
        ("docker volume rm data", [D]), ("docker compose down", []), ("docker compose down -v", [D]),
        ("docker compose -f a.yaml down --volumes", [D]),
        ("aws s3 rm --recursive s3://b/x", [D]), ("aws s3 ls", []), ("aws ec2 terminate-instances --instance-ids i", [D]),
        ("aws --profile p eks delete-cluster --name x", [D]), ("aws s3 cp a s3://b/rm", []),
        ("gcloud compute instances delete x", [D]), ("gcloud container clusters list", []), ("az group delete -n x", [D]),
        ("helm uninstall x", [D]), ("helm -n a uninstall x", [D]), ("helm install uninstall ./c", []),
        ("find . -name x -delete", [D]), ("find . -name x -exec rm -rf {} \\;", [D]), ("find . -name rm", []),
        ("ls | xargs rm -rf", [D]), ("ls | xargs -n 1 -I {} rm -r {}", [D]), ("find . -print0 | xargs -0 rm -r", [D]),
        ("echo 'rm -rf /'", []), ('echo "rm -rf /"', []), ("# rm -rf /", []), ("ls # rm -rf /", []),
        ("grep -r 'DROP TABLE' .", []), ("echo rm -rf x", []), ("man rm", []),
        ("ls && rm -rf x", [D]), ("false || rm -rf x", [D]), ("(cd a; rm -rf b)", [D]), ("{ rm -rf b; }", [D]),
        ("echo $(rm -rf x)", [D]), ('echo "$(rm -rf x)"', [D]), ("echo `rm -rf x`", [D]), ("echo '$(rm -rf x)'", []),
        ("X=$(rm -rf y)", [D]), ("for f in *; do rm -r $f; done", [D]), ("if true; then rm -r a; fi", [D]),
        ("while read x; do\n  kubectl delete pod $x\ndone", [D]), ("f() { rm -rf x; }", [D]),
        ("sh -c 'rm -rf x'", [D]), ('bash -lc "kubectl delete pod x"', [D]), ("sh -c 'echo \"rm -rf x\"'", []),
        ("bash <<'EOF'\nrm -rf x\nEOF", [D]), ("cat <<'EOF'\nrm -rf x\nEOF", []), ("cat > a.sh <<EOF\nrm -rf x\nEOF", []),
        ("cat <<EOF | sh\nrm -rf x\nEOF", [D]), ("echo 'rm -rf x' | bash", [D]), ("echo 'rm -rf x' | wc", []),
        ("eval 'rm -rf x'", [D]), ("ssh host rm -rf x", [D]), ("ssh -p 22 host 'rm -rf x'", [D]), ("ssh host ls", []),
        ("kubectl exec pod -- rm -rf /data", [D]), ("kubectl exec -it pod -- ls", []), ("docker exec -it c rm -rf x", [D]),
        ("docker run --rm -it alpine ls", []), ("env A=b rm -rf x", [D]), ("timeout 5 rm -rf x", [D]), ("nohup rm -r x &", [D]),
        ("A=1 rm -rf x", [D]), ("time rm -rf x", [D]), ("! rm -rf x", [D]), ("rm \\\n  -rf x", [D]),
        ("psql -c 'DROP TABLE users'", [D]), ("psql -c 'select 1'", []), ('mysql -e "TRUNCATE logs"', [D]),
        ("psql <<< 'drop table x'", [D]), ("psql <<EOF\nDELETE FROM users;\nEOF", [D]),
        ('psql -c "DELETE FROM users WHERE id = 1"', []), ("psql -c \"select 'drop table x'\"", []),
        ("echo 'DROP DATABASE x' | psql", [D]), ("sqlite3 a.db 'drop table x'", [D]),
        ("sudo ls", [P]), ("sudo -u postgres ls", [P]), ("sudo rm -rf x", [D, P]), ("sudo -n -- rm -rf x", [D, P]),
        ("su -c 'rm -rf x' root", [D, P]), ("echo sudo", []), ("docker run --privileged a", [P]), ("chmod 777 x", [P]),
        ("curl -s https://x | sh", [R]), ("curl -s https://x | sudo bash -s -- -y", [R, P]), ("wget -qO- x | python3", [R]),
        ("bash <(curl -s x)", [R]), ('sh -c "$(curl -fsSL x)"', [R]), ('eval "$(curl x)"', [R]), ("source <(curl x)", [R]),
        ("curl x | jq .", []), ("curl x | python3 -m json.tool", []), ("curl x | python3 -c 'import sys'", []),
        ("curl x -o a.sh", []), ("curl x | tee a | bash", [R]), ("cat a.sh | bash", []), ("curl x | bash script.sh", []),
        ("source <(kubectl completion bash)", []), ("systemctl status x", []), ("systemctl stop x", [D]),
        ("rsync -a --delete a b", [D]), ("rsync -an --delete a b", []), ("crontab -r", [D]), ("crontab -l", []),
        ("redis-cli -h x FLUSHALL", [D]), ("kubectl logs <pod>", []), ("kubectl delete pod <pod>", [D]), ("", []),
        ("if [[ -f x && $y =~ ^rm ]]; then ls; fi", []), ("diff <(ls a) <(ls b)", []), ("case $x in rm) ls;; esac", []),
    ],
)  # fmt: skip
def test_what_would_run_is_warned_of(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("DROP TABLE users;", "sql", [D]),
        ("SELECT 1; -- DROP TABLE users", "sql", []),
        ("select * from t where x = 'drop table y'", "sql", []),
        ("UPDATE t SET a = 1", "sql", [D]),
        ("UPDATE t SET a = 1 WHERE b", "sql", []),
        ("!rm -rf x", "python", [D]),
        ("%%bash\nrm -rf x", "python", [D]),
        ("import os\nos.system('rm -rf x')", "python", [D]),
        ("subprocess.run(['rm', '-rf', path])", "python", [D]),
        ("print('rm -rf x')", "python", []),
        ("shutil.rmtree(path)", "python", [D]),
        ("rm -rf x", "markdown", []),
        ("x = (", "python", []),
    ],
)
def test_other_languages_carry_commands_too(text: str, language: str, expected: list[str]) -> None:
    assert codes(text, language) == expected


@pytest.mark.parametrize(
    ("text", "used", "warned"),
    [
        ("kubectl --context prod get pods", ("kubectl --context staging get pods",), True),
        ("kubectl --context=staging get pods", ("kubectl --context staging get pods",), False),
        ("kubectl --context prod get pods", (), False),
        ("kubectl --context prod get pods", ("kubectl get pods",), False),
        ("kubectl -n prod get pods", ("kubectl -n dev get pods",), True),
        ("kubectl -nprod get pods", ("kubectl get pods",), False),
        ("helm -n prod list", ("kubectl --namespace dev get pods",), True),
        ("kubectl -n $NS get pods", ("kubectl -n dev get pods",), False),
        ("AWS_PROFILE=prod aws s3 ls", ("export AWS_PROFILE=dev",), True),
        ("aws --profile prod s3 ls", ("AWS_PROFILE=dev aws s3 ls",), True),
        ("gcloud --project b compute instances list", ("gcloud config set project a",), True),
        ("gcloud compute instances list --project=a", ("gcloud config set project a",), False),
        ("kubectl config use-context prod", ("kubectl --context staging get pods",), True),
        ("kubectl exec -n dev pod -- sort -n 3", ("kubectl get pods -n dev",), False),
        ("head -n 3 x", ("kubectl get pods -n dev",), False),
        ("sudo kubectl -n prod get pods", ("kubectl -n dev get pods",), True),
        ("terraform workspace select prod", ("terraform workspace select dev",), True),
    ],
)
def test_another_place_than_so_far_is_warned_of(text: str, used: tuple[str, ...], *, warned: bool) -> None:
    assert (C in codes(text, used=used)) is warned


def test_a_message_names_both_places() -> None:
    (caution,) = cautions("kubectl --context prod get pods", "shellscript", ["kubectl --context staging get pods"])
    assert caution.message == "Kubernetes context prod: so far this notebook used staging"


def test_the_user_adds_rules_on_parsed_arguments() -> None:
    rules = (Rule("deployer ** --env=prod|--prod", "deploys to production", "production"),)
    assert [caution.code for caution in cautions("deployer run --prod", "bash", (), rules)] == ["production"]
    assert cautions("echo 'deployer run --prod'", "bash", (), rules) == ()
    assert cautions("deployer run --env=dev", "bash", (), rules) == ()


def test_the_gravest_warning_comes_first_and_each_once() -> None:
    found = cautions("sudo rm -rf a; sudo rm -rf b", "bash")
    assert [caution.code for caution in found] == [D, P]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.pattern)
def test_every_listed_rule_matches_what_it_says(rule: Rule) -> None:
    """The pattern read as a command: first alternatives, stars as words."""
    words = [token.split("|")[0] for token in rule.pattern.split() if not token.startswith("!") and token != "**"]
    argv = [word.replace("*", "x") for word in words]
    assert matches(rule.pattern, argv)
    assert not matches(rule.pattern, ["echo", *argv])
    assert not matches(rule.pattern, ["echo", " ".join(argv)])
    assert rule.message[0].islower()


def test_any_text_is_read_without_an_error() -> None:
    for text in (
        "'",
        '"',
        "$(",
        "`",
        "<<",
        "<<EOF",
        "a <<EOF | b",
        "((",
        "${",
        "\\",
        "<(",
        "\x00",
        "\ud800",
        "a" * 50_000,
        "$(" * 500,
    ):
        cautions(text, "shellscript")


PIECES = st.sampled_from(
    [
        "rm -rf x",
        "sudo ",
        "echo ",
        "'",
        '"',
        "$(",
        ")",
        "`",
        "|",
        "&&",
        ";",
        "\n",
        "<<EOF",
        "EOF",
        "(",
        "{ ",
        "}",
        "if ",
        "then ",
        "fi",
        "for i in ",
        "do ",
        "done",
        "case x in ",
        "esac",
        "\\",
        " ",
        "<(",
        ">",
        "2>&1",
        "#",
        "=",
        "A=1 ",
        "日本",
        "\x00",
        "${x",
        "[[ ",
        "]]",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=16))
def test_no_text_breaks_the_reader_and_no_quoted_text_warns(pieces: list[str]) -> None:
    text = "".join(pieces)
    cautions(text, "shellscript")
    quoted = text.replace("'", "").replace("\x00", "")
    assert cautions(f"echo '{quoted}'", "shellscript") == ()
    assert cautions(f"# {quoted}".replace("\n", " "), "shellscript") == ()
    assert "destructive-command" in codes(f"echo '{quoted}'; rm -rf x")
