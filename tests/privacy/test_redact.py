"""Rules of redaction: what goes, what stays, and what a text looks like afterwards."""

from __future__ import annotations

import json
import random
import re
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.planted import (
    ALNUM,
    COMMANDS,
    CROCKFORD,
    FIELDS,
    HEX,
    PLACES,
    TOKENS,
    WIRE,
    awkward,
    base64_text,
    chars,
    password,
    pem_lines,
)

from ghostcells.privacy.redact import MARK, Redactor, holds_redaction

REDACTOR = Redactor()


def redacted(text: str) -> str:
    return REDACTOR.redact(text).text


def gone(secret: str, text: str) -> bool:
    """Neither the secret nor a telling part of it is left."""
    result = redacted(text)
    left = re.sub(r"\[redacted:[a-z0-9-]+\]", "", result)
    return MARK in result and not any(secret[at : at + 6] in left for at in range(max(1, len(secret) - 5)))


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("kind", TOKENS.values(), ids=TOKENS)
def test_a_token_goes_wherever_it_stands(kind, place):
    secret = kind(random.Random(7))
    assert gone(secret, place(secret))


@pytest.mark.parametrize("make", (FIELDS | COMMANDS | WIRE).values(), ids=FIELDS | COMMANDS | WIRE)
@pytest.mark.parametrize("seed", range(5))
def test_a_password_goes_wherever_something_tells_it(make, seed):
    secret = password(random.Random(seed))
    assert gone(secret, make(secret))


@pytest.mark.parametrize(
    "form",
    ["export-quoted", "single-quotes", "option-quoted", "python-call", "json", "escaped", "env-dump", "yaml-quoted"],
)
@pytest.mark.parametrize("seed", range(5))
def test_punctuation_does_not_end_a_password_that_quotes_or_a_line_hold(form, seed):
    secret = awkward(random.Random(seed))
    assert gone(secret, FIELDS[form](secret))


def planted_kinds() -> dict[str, tuple]:
    rng = random.Random(20)
    return {
        "aws": tuple(("AKIA" + chars(rng, 16, "ABCDEFGHJK234567"), PLACES["argument"]) for _ in range(10))
        + tuple((base64_text(rng, 30), lambda one: f"aws_secret_access_key = {one}") for _ in range(10)),
        "github": tuple((TOKENS["github-ghp"](rng), PLACES["prose"]) for _ in range(20)),
        "slack": tuple((TOKENS["slack-bot"](rng), PLACES["json"]) for _ in range(20)),
        "stripe": tuple((TOKENS["stripe-secret"](rng), PLACES["python"]) for _ in range(20)),
        "jwt": tuple((TOKENS["jwt"](rng), PLACES["bare"]) for _ in range(20)),
        "private-key": tuple(
            (line, lambda one: f"-----BEGIN PRIVATE KEY-----\n{one}\n-----END PRIVATE KEY-----")
            for line in (chars(rng, 64) for _ in range(20))
        ),
        "url": tuple((password(rng), WIRE["postgres"]) for _ in range(20)),
        "bearer": tuple((chars(rng, 40), WIRE["bearer"]) for _ in range(20)),
        "assignment": tuple((password(rng), FIELDS["export"]) for _ in range(20)),
        "option": tuple((password(rng), COMMANDS["mysql"]) for _ in range(20)),
    }


def test_of_two_hundred_planted_secrets_of_ten_kinds_none_is_left():
    planted = [(kind, secret, place) for kind, cases in planted_kinds().items() for secret, place in cases]
    assert len(planted) == 200
    assert [(kind, place(secret)) for kind, secret, place in planted if not gone(secret, place(secret))] == []


def identifiers() -> list[str]:
    rng = random.Random(10)
    made = []
    for _ in range(143):
        made += [
            chars(rng, 1, "01234567") + chars(rng, 25, CROCKFORD),
            str(uuid.UUID(int=rng.getrandbits(128))),
            chars(rng, 40, HEX),
            chars(rng, 7, HEX),
            "sha256:" + chars(rng, 64, HEX),
            f"web-{chars(rng, 10, 'bcdf456789')}-{chars(rng, 5, 'bcdfghx2456789')}",
            f"ip-10-0-{rng.randint(0, 255)}-{rng.randint(0, 255)}.eu-west-1.compute.internal",
        ]
    return made[:1000]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("{}", id="bare"),
        pytest.param("kubectl logs -n prod {} --tail=50", id="kubectl"),
        pytest.param("git checkout {} && docker run --rm -p 80:80 img@{}", id="git-and-docker"),
        pytest.param('{{"id": "{}", "digest": "{}", "key": "{}"}}', id="json"),
        pytest.param("aws s3 cp s3://bucket/key/{} . # the key of the object", id="s3"),
        pytest.param("The token service runs in {} and is passed {}.", id="prose"),
    ],
)
def test_of_a_thousand_identifiers_none_is_redacted(place):
    texts = [place.replace("{{", "{").replace("}}", "}").replace("{}", one) for one in identifiers()]
    assert [text for text in texts if REDACTOR.redact(text).count] == []


@pytest.mark.parametrize(
    "text",
    [
        "DB_PASSWORD=$DB_PASSWORD",
        'export TOKEN="${TOKEN}"',
        "docker login -u bot -p $(cat secret.txt) ghcr.io",
        'mysql -u root -p"$MYSQL_PWD" app',
        "mysql -u root -p app_production",
        "PASSWORD=%s",
        "curl -u <user>:<password> https://example.com",
        'curl -H "Authorization: Bearer <TOKEN>" https://example.com',
        "curl -H 'Authorization: Bearer $TOKEN' https://example.com",
        "password: '***'",
        "password: {{ token }}",
        "password: vault:secret/data/app#password",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "https://user:$PASS@example.com/",
        "postgres://user:<password>@host/db",
        "API_KEY=YOUR_API_KEY",
        "curl https://hooks.slack.com/services/YOUR/SLACK/WEBHOOK",
        "REGISTRY_AUTH=htpasswd",
        'api_key = os.environ["API_KEY"]',
        "password = getpass.getpass()",
        "login(user=user, password=password)",
        "ansible-playbook site.yml --vault-password-file ~/.vault",
        "kubectl create secret generic tls --from-file=tls.key",
        "docker run -p 8080 img",
        "docker run -p 8080:80 nginx",
        "mkdir -p dir/sub",
        "ssh -p 22 host",
        "kubectl get pods -p x",
        "cp -p a b && rsync -a -u x y",
        "max_tokens=4096 tokenizer=bert",
        "secretName: web-tls",
        "secretKeyRef:\n  name: db\n  key: password",
        "kubectl get secret db-credentials -o yaml",
        "passed: 12, compass=north, bypass: true",
        "Enter the password of the account and press return.",
        "grep 'token=' access.log | cut -d'=' -f2",
        "grep -r 'BEGIN RSA PRIVATE KEY' .",
        "http://localhost:8080/@scope/package",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUZ0\n-----END CERTIFICATE-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtleWtleWtleQ user@host",
        "integrity sha512-" + "Ab1+" * 21 + "Ab==",
    ],
)
def test_what_only_refers_to_a_secret_stays(text):
    assert redacted(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("DB_PASSWORD={}", "DB_PASSWORD=[redacted:password]", id="name"),
        pytest.param(
            "psql 'postgres://app:{}@db/app'", "psql 'postgres://app:[redacted:url-password]@db/app'", id="url"
        ),
        pytest.param('{{"password": "{}"}}', '{"password": "[redacted:password]"}', id="quotes"),
        pytest.param("curl -u app:{} host", "curl -u app:[redacted:password] host", id="user"),
        pytest.param("mysql -p{} -h db", "mysql -p[redacted:password] -h db", id="option"),
    ],
)
def test_what_stands_around_a_secret_stays(text, left):
    assert redacted(text.format(password(random.Random(3)))) == left


@pytest.mark.parametrize("kind", ["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\\n"])
def test_a_private_key_goes_whole(kind, newline):
    lines = pem_lines(random.Random(1))
    key = newline.join([f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----"])
    assert redacted(f"before {key} after") == "before [redacted:private-key] after"


def test_a_private_key_that_is_cut_off_goes_as_far_as_it_goes():
    lines = pem_lines(random.Random(2))[:3]
    assert (
        redacted("\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "... more"]))
        == "[redacted:private-key]\n... more"
    )


@pytest.mark.parametrize("section", ["data", "stringData"])
def test_every_value_of_a_kubernetes_secret_goes_whatever_its_name(section):
    secret = base64_text(random.Random(4), 12)
    values = f"{section}:\n  one: {secret}\n  two: '{secret}'\n"
    manifest = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n{values}type: Opaque\n"
    assert redacted(manifest) == manifest.replace(secret, "[redacted:k8s-secret]")


def test_a_kubernetes_secret_in_json_loses_its_values():
    secret = base64_text(random.Random(5), 12)
    manifest = json.dumps({"apiVersion": "v1", "data": {"one": secret}, "kind": "Secret", "metadata": {"name": "db"}})
    assert redacted(manifest) == manifest.replace(secret, "[redacted:k8s-secret]")
    assert gone(secret, json.dumps({"applied": manifest}))


def test_a_config_map_keeps_its_values():
    manifest = "apiVersion: v1\nkind: ConfigMap\ndata:\n  one: QUJDREVGR0g=\n"
    assert redacted(manifest) == manifest


def test_the_count_and_the_kinds_say_what_was_found():
    result = REDACTOR.redact(f"A_PASSWORD={password(random.Random(1))} B_TOKEN={chars(random.Random(2), 20)}")
    assert (result.count, result.kinds) == (2, ("password", "token"))
    assert holds_redaction(result.text)
    assert not holds_redaction("A_PASSWORD=$A")


def test_a_pattern_of_the_user_is_redacted_too():
    assert Redactor([r"ACME-\d{4}"]).redact("id ACME-1234 and ACME-12").text == "id [redacted:user] and ACME-12"


def test_a_bad_pattern_is_named():
    with pytest.raises(ValueError, match=re.escape("'(unclosed'")):
        Redactor(["ok", "(unclosed"])


PARTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet=" \n=:\"'`\\-/@,;{}[]$", max_size=8),
    st.sampled_from(
        [
            "password",
            "TOKEN=",
            "Bearer ",
            "mysql -p",
            "curl -u a:",
            "://u:",
            "@h",
            "kind: Secret\ndata:\n  a: ",
            MARK,
            "x]",
        ]
    ),
    st.sampled_from(
        ["the password is ", "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----", "AKIA", "ghp_", "sk-"]
    ),
    st.text(alphabet=ALNUM, min_size=8, max_size=40),
)
TEXTS = st.lists(PARTS, max_size=8).map("".join)


@given(TEXTS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_redacting_twice_is_redacting_once(text):
    once = redacted(text)
    assert REDACTOR.redact(once).text == once
    assert REDACTOR.redact(once).count == 0


@given(TEXTS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_is_outside_the_spans_stays_byte_for_byte(text):
    at = 0
    for piece in re.split(r"\[redacted:[a-z0-9-]{1,40}\]", redacted(text)):
        at = text.find(piece, at)
        assert at >= 0
        at += len(piece)


@given(TEXTS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_text_without_secrets_comes_back_itself(text):
    result = REDACTOR.redact(text)
    assert result.count > 0 or result.text == text
    assert (result.count == 0) == (result.kinds == ())


@given(TEXTS, st.sampled_from([r"\w+", ".", r"[a-z]\d*", "a|", r"redacted"]))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_redacting_twice_is_redacting_once_with_any_pattern(text, pattern):
    redactor = Redactor([pattern])
    once = redactor.redact(text).text
    assert redactor.redact(once).text == once
