"""What makes a command risky: a table of patterns on parsed arguments.

A pattern is words: the program, then its subcommands in order, then options in any order.
- `a|b` either, `*` any characters, `**` any number of words in between;
- `-r` an option, also among others (`-rf`); `--force` also as `--force=true`;
- `!-n` unless this option is there.
Options before a subcommand may take a value: `kubectl -n prod delete` is `kubectl delete`.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache

import msgspec

DESTRUCTIVE = "destructive-command"
PRIVILEGED = "privileged-command"
REMOTE = "remote-code"
CONTEXT = "other-context"
_CLUSTER = 2
_NEVER = ("--help", "--dry-run")


class Rule(msgspec.Struct, frozen=True):
    """`message` says what the command does, in words after its name."""

    pattern: str
    message: str = "matches one of your patterns"
    code: str = DESTRUCTIVE


def _rules(code: str, table: Iterable[tuple[str, str]]) -> tuple[Rule, ...]:
    return tuple(Rule(pattern, message, code) for pattern, message in table)


DESTRUCTIVE_RULES = _rules(
    DESTRUCTIVE,
    (
        ("rm -r|-R|--recursive", "deletes folders with all that is in them"),
        ("shred|wipefs|blkdiscard", "makes data unreadable"),
        ("srm", "makes data unreadable"),
        ("find ** -delete", "deletes every file that it finds"),
        ("rsync --delete|--delete-*|--del !-n", "deletes files that the source does not have"),
        ("truncate -s|--size", "cuts files"),
        ("dd ** of=/dev/*", "writes over a device"),
        ("mkfs|mkfs.*|mke2fs|mkswap", "makes a new file system over what is there"),
        ("fdisk|parted|sfdisk|gdisk|sgdisk !-l !--list !--print", "changes the partitions of a disk"),
        ("lvremove|vgremove|pvremove", "removes volumes"),
        ("cryptsetup luksFormat|erase|luksErase", "makes an encrypted volume unreadable"),
        ("zfs|zpool destroy", "destroys a file system"),
        ("kubectl|oc|k3s delete", "deletes resources of the cluster"),
        ("kubectl|oc drain", "evicts everything from a node"),
        ("kubectl|oc replace --force", "deletes resources and makes them anew"),
        ("kubectl apply --prune", "deletes resources that are not in the files"),
        ("oc adm drain", "evicts everything from a node"),
        ("kubeadm reset", "takes this node out of its cluster"),
        ("helm uninstall|delete|del|un", "removes a release with its resources"),
        ("helmfile destroy|delete", "removes all releases"),
        ("terraform|tofu|terragrunt destroy", "destroys what the configuration describes"),
        ("terraform|tofu|terragrunt apply -destroy", "destroys what the configuration describes"),
        (
            "terraform|tofu|terragrunt apply|run-all -auto-approve|--auto-approve",
            "changes infrastructure without asking",
        ),
        ("terraform|tofu state rm", "forgets resources that go on running"),
        ("pulumi destroy", "destroys what the stack holds"),
        ("cdk destroy", "destroys stacks"),
        (
            "git push -f|--force|--force-with-lease|--mirror|-d|--delete",
            "overwrites or deletes what others may have fetched",
        ),
        ("git push ** +*|:*", "overwrites or deletes what others may have fetched"),
        ("git reset --hard", "throws away changes that are not committed"),
        ("git clean -f|--force !-n", "deletes files that git does not know"),
        ("git branch -D", "deletes a branch, merged or not"),
        ("git checkout|switch -f|--force|--discard-changes", "throws away changes that are not committed"),
        ("git checkout|restore .", "throws away changes that are not committed"),
        ("git stash drop|clear", "deletes stashed changes"),
        ("git filter-branch|filter-repo", "rewrites history"),
        ("gh repo|release|secret|variable delete", "deletes on GitHub"),
        (
            "docker|podman|nerdctl system|volume|image|container|network|builder prune",
            "removes everything that is unused",
        ),
        ("docker|podman|nerdctl rm -f|--force", "removes running containers"),
        ("docker|podman|nerdctl volume rm|remove", "removes volumes with their data"),
        ("docker compose down -v|--volumes|--rmi", "removes volumes or images"),
        ("docker-compose down -v|--volumes|--rmi", "removes volumes or images"),
        ("docker swarm leave -f|--force", "takes this node out of the swarm"),
        ("kind|k3d|minikube|eksctl|k0sctl delete", "deletes a cluster or parts of it"),
        ("k3d|kind cluster delete", "deletes a cluster"),
        ("aws s3 rm|rb", "deletes objects or a bucket"),
        ("aws s3 sync|mv --delete", "deletes objects that the source does not have"),
        (
            "aws * delete-*|terminate-*|deregister-*|purge-*|remove-*|destroy-*|batch-delete-*",
            "deletes resources in the account",
        ),
        ("gcloud ** delete|destroy|remove-iam-policy-binding", "deletes resources of the project"),
        ("gsutil rm|rb", "deletes objects or a bucket"),
        ("gsutil rsync -d", "deletes objects that the source does not have"),
        ("bq rm", "deletes tables or datasets"),
        ("az ** delete|purge", "deletes resources of the subscription"),
        ("doctl ** delete|rm|d", "deletes resources"),
        ("heroku apps:destroy|pg:reset|addons:destroy", "deletes an app or its data"),
        ("flyctl|fly apps|volumes|machine destroy", "deletes an app or its data"),
        ("velero backup|restore|schedule delete", "deletes backups"),
        ("argocd app|cluster|proj delete|rm", "deletes an application with its resources"),
        ("flux uninstall|delete", "removes flux or what it manages"),
        ("istioctl uninstall", "removes the mesh"),
        ("vault secrets disable", "deletes every secret of an engine"),
        ("vault delete|lease", "deletes or revokes secrets"),
        ("vault kv delete|destroy", "deletes secrets"),
        ("consul kv delete", "deletes keys"),
        ("etcdctl del", "deletes keys"),
        ("etcdctl member remove", "takes a member out of the cluster"),
        ("redis-cli|valkey-cli ** FLUSHALL|FLUSHDB|flushall|flushdb", "deletes all keys"),
        ("dropdb|dropuser", "drops a database or a user"),
        ("kafka-topics|kafka-topics.sh --delete", "deletes a topic with its messages"),
        ("kafka-delete-records|kafka-delete-records.sh", "deletes messages"),
        ("hdfs dfs -rm|-rmr", "deletes files of the cluster"),
        ("hadoop fs -rm|-rmr", "deletes files of the cluster"),
        ("crontab -r", "deletes all scheduled jobs"),
        ("systemctl stop|disable|mask", "stops a service"),
        ("shutdown|reboot|poweroff|halt", "stops this machine"),
        ("systemctl reboot|poweroff|halt", "stops this machine"),
        ("killall", "ends processes by name"),
        ("pkill -9|-KILL|-f", "ends processes by name"),
        ("iptables|ip6tables|nft -F|--flush", "drops all rules of the firewall"),
        ("nft flush", "drops all rules of the firewall"),
        ("userdel|deluser|groupdel", "deletes an account"),
        ("apt|apt-get|yum|dnf purge|autoremove|remove|erase", "removes packages"),
        ("pacman -R", "removes packages"),
        ("brew uninstall|remove|rm --zap", "removes packages with their data"),
        ("npm|yarn|pnpm unpublish", "takes a published package away"),
        ("chmod|chown|chgrp -R|--recursive ** /", "changes the owner or the mode of the whole system"),
        ("mongosh|mongo ** *dropDatabase*", "drops a database"),
        ("ansible ** -a *rm*-r*", "deletes folders on other machines"),
        ("skaffold delete", "deletes what was deployed"),
        ("tkn ** delete", "deletes resources of the cluster"),
        ("nomad job stop -purge", "stops a job and forgets it"),
        ("vagrant destroy", "deletes machines"),
        ("virsh destroy|undefine", "stops or deletes a machine"),
        ("multipass|limactl delete", "deletes machines"),
    ),
)

PRIVILEGED_RULES = _rules(
    PRIVILEGED,
    (
        ("sudo|doas|pkexec|su|runas", "runs with more rights than yours"),
        ("docker|podman|nerdctl run --privileged", "gives a container the rights of this machine"),
        ("kubectl|oc create clusterrolebinding --clusterrole=cluster-admin", "gives every right in the cluster"),
        ("oc adm policy add-cluster-role-to-user|add-scc-to-user", "gives rights in the whole cluster"),
        ("kubectl|oc ** --as=system:masters|--as-group=system:masters", "acts with every right in the cluster"),
        ("chmod 777|0777|a+rwx|ugo+rwx", "lets everyone write"),
        ("chmod u+s|+s|4755|04755", "lets everyone run a program as its owner"),
        ("visudo|usermod|setcap", "changes who may do what"),
    ),
)

RULES = DESTRUCTIVE_RULES + PRIVILEGED_RULES


def listed(program: str) -> tuple[Rule, ...]:
    """The listed rules about a program."""
    return _by_program().get(program, ()) + tuple(
        rule for rule in _with_stars() if any(fnmatchcase(program, name) for name in rule.pattern.split()[0].split("|"))
    )


@cache
def _by_program() -> dict[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in RULES:
        if rule not in _with_stars():
            for name in rule.pattern.split()[0].split("|"):
                found[name] = (*found.get(name, ()), rule)
    return found


@cache
def _with_stars() -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if "*" in rule.pattern.split()[0])


def matches(pattern: str, argv: Sequence[str]) -> bool:
    """Whether a command has the shape of a pattern."""
    if not argv or any(_is_option(word, never) and not word.endswith("=none") for word in argv[1:] for never in _NEVER):
        return False
    first, *rest = pattern.split()
    program = argv[0].rpartition("/")[2]
    if not any(fnmatchcase(program, name) for name in first.split("|")):
        return False
    arguments = list(argv[1:])
    for token in rest:
        if token.startswith("!") and any(_is_option(word, token[1:]) for word in arguments):
            return False
        if token.startswith("-") and not any(_is_option(word, one) for word in arguments for one in token.split("|")):
            return False
    return _has_words([token for token in rest if token[0] not in "-!"], arguments)


def _is_option(word: str, option: str) -> bool:
    if not word.startswith("-"):
        return False
    if fnmatchcase(word, option) or word.startswith(f"{option}="):
        return not word.endswith("=false")
    single = len(option) == _CLUSTER and option[0] == "-" and option[1] != "-"
    return single and not word.startswith("--") and word[1:].isalpha() and option[1] in word[1:]


def _has_words(tokens: list[str], arguments: list[str]) -> bool:
    """Whether the words stand there in order, with nothing before them but options and what may be their values."""
    if not tokens:
        return True
    word_wanted, *rest = tokens
    anywhere = word_wanted == "**"
    if anywhere and not rest:
        return True
    if anywhere:
        word_wanted, *rest = rest
    wanted = word_wanted.split("|")
    for index, word in enumerate(arguments):
        if word.startswith("-"):
            continue
        if any(fnmatchcase(word, one) for one in wanted) and _has_words(rest, arguments[index + 1 :]):
            return True
        if not anywhere and not _may_be_value(arguments, index):
            return False
    return False


def _may_be_value(arguments: list[str], index: int) -> bool:
    before = arguments[index - 1] if index else ""
    return before.startswith("-") and "=" not in before
