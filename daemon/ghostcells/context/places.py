"""Where a command acts: the context, cluster, namespace, profile or project that it names."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from ghostcells.context.commands import Command

_KUBE = frozenset(
    {
        "kubectl",
        "oc",
        "k9s",
        "stern",
        "kustomize",
        "istioctl",
        "argocd",
        "flux",
        "kubectl-argo-rollouts",
        "cilium",
        "velero",
        "linkerd",
        "tkn",
    }
)
_OPTIONS: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "Kubernetes context": (_KUBE | {"helm", "helmfile"}, ("--context", "--kube-context")),
    "Kubernetes cluster": (_KUBE | {"eksctl", "aws"}, ("--cluster", "--cluster-name")),
    "namespace": (_KUBE | {"helm", "helmfile"}, ("-n", "--namespace")),
    "kubeconfig": (_KUBE | {"helm"}, ("--kubeconfig",)),
    "AWS profile": (frozenset({"aws", "eksctl", "sam", "cdk"}), ("--profile",)),
    "AWS region": (frozenset({"aws", "eksctl", "sam", "cdk"}), ("--region",)),
    "Google Cloud project": (frozenset({"gcloud", "bq", "gsutil"}), ("--project", "--project_id")),
    "Azure subscription": (frozenset({"az"}), ("--subscription",)),
    "Docker context": (frozenset({"docker"}), ("--context", "-H", "--host")),
}
_VARIABLES = {
    "AWS_PROFILE": "AWS profile",
    "AWS_DEFAULT_PROFILE": "AWS profile",
    "AWS_REGION": "AWS region",
    "AWS_DEFAULT_REGION": "AWS region",
    "KUBECONFIG": "kubeconfig",
    "KUBE_CONTEXT": "Kubernetes context",
    "CLOUDSDK_CORE_PROJECT": "Google Cloud project",
    "GOOGLE_CLOUD_PROJECT": "Google Cloud project",
    "DOCKER_CONTEXT": "Docker context",
    "DOCKER_HOST": "Docker context",
    "ARM_SUBSCRIPTION_ID": "Azure subscription",
    "TF_WORKSPACE": "Terraform workspace",
}
_CHANGES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("kubectl", "config", "use-context"), "Kubernetes context"),
    (("oc", "config", "use-context"), "Kubernetes context"),
    (("kubectx",), "Kubernetes context"),
    (("kubens",), "namespace"),
    (("oc", "project"), "namespace"),
    (("gcloud", "config", "set", "project"), "Google Cloud project"),
    (("az", "account", "set"), "Azure subscription"),
    (("docker", "context", "use"), "Docker context"),
    (("terraform", "workspace", "select"), "Terraform workspace"),
    (("pulumi", "stack", "select"), "Pulumi stack"),
)
_OPEN = frozenset("$`<%{*")


class Place(msgspec.Struct, frozen=True):
    kind: str
    name: str


def places_of(command: Command) -> Iterator[Place]:
    """The places that a command names; those behind a variable or a placeholder are nobody's guess."""
    for kind, name in _named(command):
        if name and not _OPEN & set(name):
            yield Place(kind, name)


def _named(command: Command) -> Iterator[tuple[str, str]]:
    for variable, value in command.env:
        if variable in _VARIABLES:
            yield _VARIABLES[variable], value
    words = command.argv
    if words and words[0] in {"export", "env", "set"}:
        for word in words[1:]:
            variable, equals, value = word.partition("=")
            if equals and variable in _VARIABLES:
                yield _VARIABLES[variable], value
    for change, kind in _CHANGES:
        named = (command.program, *words[1 : len(change)])
        if named == change and len(words) == len(change) + 1 and not words[-1].startswith("-"):
            yield kind, words[-1]
    end = words.index("--") if "--" in words else len(words)
    for kind, (programs, options) in _OPTIONS.items():
        if command.program in programs:
            yield from ((kind, value) for value in _values(words[1:end], options))


def _values(words: tuple[str, ...], options: tuple[str, ...]) -> Iterator[str]:
    for index, word in enumerate(words):
        name, equals, joined = word.partition("=")
        if name not in options:
            continue
        if equals:
            yield joined
        elif index + 1 < len(words) and not words[index + 1].startswith("-"):
            yield words[index + 1]


def known_places(commands: Iterable[Command]) -> Mapping[str, set[str]]:
    known: dict[str, set[str]] = {}
    for command in commands:
        for place in places_of(command):
            known.setdefault(place.kind, set()).add(place.name)
    return known
