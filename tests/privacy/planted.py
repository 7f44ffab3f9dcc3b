"""Secrets made from their formats by a seeded generator, and the texts they are planted in: none was ever anyone's."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def chars(rng: random.Random, count: int, alphabet: str = ALNUM) -> str:
    return "".join(rng.choices(alphabet, k=count))


def password(rng: random.Random) -> str:
    return chars(rng, rng.randint(7, 16)) + chars(rng, 1, string.digits) + chars(rng, 1, string.ascii_letters)


def awkward(rng: random.Random) -> str:
    """A password that holds what shells and URLs give a meaning to, for places where quotes keep it together."""
    return chars(rng, 5) + chars(rng, 5, "!#%^&*+~?;|<>()=,") + chars(rng, 5)


def base64_text(rng: random.Random, count: int) -> str:
    return base64.b64encode(rng.randbytes(count)).decode()


def jwt(rng: random.Random) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()).decode().rstrip("=")
    body = base64.urlsafe_b64encode(json.dumps({"sub": chars(rng, 10), "iat": 1}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{chars(rng, 43, ALNUM + '-_')}"


def pem_lines(rng: random.Random) -> list[str]:
    return [*(chars(rng, 64, ALNUM + "+/") for _ in range(5)), chars(rng, 22, ALNUM + "+/") + "=="]


TOKENS: dict[str, Callable[[random.Random], str]] = {
    "aws-key-id": lambda rng: "AKIA" + chars(rng, 16, string.ascii_uppercase + "234567"),
    "aws-session-id": lambda rng: "ASIA" + chars(rng, 16, string.ascii_uppercase + "234567"),
    **{f"github-{one}": lambda rng, one=one: f"{one}_{chars(rng, 36)}" for one in ("ghp", "gho", "ghu", "ghs", "ghr")},
    "github-pat": lambda rng: f"github_pat_{chars(rng, 22)}_{chars(rng, 59)}",
    "gitlab": lambda rng: "glpat-" + chars(rng, 20, ALNUM + "-_"),
    "slack-bot": lambda rng: f"xoxb-{chars(rng, 12, string.digits)}-{chars(rng, 12, string.digits)}-{chars(rng, 24)}",
    "slack-app": lambda rng: f"xapp-1-A{chars(rng, 10)}-{chars(rng, 13, string.digits)}-{chars(rng, 64, HEX)}",
    "slack-hook": lambda rng: f"https://hooks.slack.com/services/T{chars(rng, 8)}/B{chars(rng, 8)}/{chars(rng, 24)}",
    "stripe-secret": lambda rng: "sk_" + "live_" + chars(rng, 24),
    "stripe-restricted": lambda rng: "rk_" + "test_" + chars(rng, 24),
    "google": lambda rng: "AIza" + chars(rng, 35, ALNUM + "-_"),
    "google-oauth": lambda rng: "GOCSPX-" + chars(rng, 28, ALNUM + "-_"),
    "npm": lambda rng: "npm_" + chars(rng, 36),
    "pypi": lambda rng: "pypi-AgEIcHlwaS5vcmc" + chars(rng, 80, ALNUM + "-_"),
    "openai": lambda rng: "sk-" + chars(rng, 48),
    "openai-project": lambda rng: "sk-proj-" + chars(rng, 60, ALNUM + "-_"),
    "anthropic": lambda rng: "sk-ant-api03-" + chars(rng, 80, ALNUM + "-_"),
    "huggingface": lambda rng: "hf_" + chars(rng, 34),
    "sendgrid": lambda rng: f"SG.{chars(rng, 22, ALNUM + '-_')}.{chars(rng, 43, ALNUM + '-_')}",
    "twilio": lambda rng: "SK" + chars(rng, 32, HEX),
    "mailgun": lambda rng: "key-" + chars(rng, 32, HEX),
    "mailchimp": lambda rng: f"{chars(rng, 32, HEX)}-us{rng.randint(1, 21)}",
    "digitalocean": lambda rng: "dop_v1_" + chars(rng, 64, HEX),
    "telegram": lambda rng: f"{chars(rng, 9, '123456789')}:AA{chars(rng, 33, ALNUM + '-_')}",
    "vault": lambda rng: "hvs." + chars(rng, 90, ALNUM + "-_"),
    "docker": lambda rng: "dckr_pat_" + chars(rng, 27, ALNUM + "-_"),
    "jwt": jwt,
}

PLACES: dict[str, Callable[[str], str]] = {
    "bare": lambda secret: secret,
    "argument": lambda secret: f"deploy --with {secret} --now",
    "prose": lambda secret: f"We used {secret}, which still works.",
    "python": lambda secret: f"client = Client({secret!r})",
    "json": lambda secret: json.dumps({"value": secret, "n": 1}),
    "escaped": lambda secret: json.dumps({"log": json.dumps({"value": secret})}),
    "colon": lambda secret: f"value:{secret}\nnext: line",
}

FIELDS: dict[str, Callable[[str], str]] = {
    "export": lambda secret: f"export DB_PASSWORD={secret}",
    "export-quoted": lambda secret: f'export API_KEY="{secret}" && run',
    "prefix": lambda secret: f"PGPASSWORD={secret} psql -h db -U app",
    "single-quotes": lambda secret: f"MYSQL_PWD='{secret}' mysqldump app > app.sql",
    "docker-env": lambda secret: f"docker run -d -e POSTGRES_PASSWORD={secret} -p 5432:5432 postgres:16",
    "option": lambda secret: f"az sql server create --admin-password {secret} --name db",
    "option-equals": lambda secret: f"kubectl --token={secret} get nodes",
    "option-quoted": lambda secret: f"argocd login host --username admin --password '{secret}'",
    "python": lambda secret: f'api_key = "{secret}"\nclient(api_key)',
    "python-typed": lambda secret: f"token: str = '{secret}'",
    "python-call": lambda secret: f"connect(user='app', password='{secret}', port=5432)",
    "python-environ": lambda secret: f'os.environ["OPENAI_API_KEY"] = "{secret}"',
    "json": lambda secret: json.dumps({"user": "app", "password": secret}),
    "json-key": lambda secret: json.dumps({"apiKey": secret, "clientSecret": secret}, indent=2),
    "escaped": lambda secret: json.dumps({"line": json.dumps({"auth_token": secret})}),
    "yaml": lambda secret: f"db:\n  user: app\n  password: {secret}\n  port: 5432\n",
    "yaml-quoted": lambda secret: f'  client_secret: "{secret}"\n',
    "env-dump": lambda secret: f"PATH=/bin\nREDIS_PASSWORD={secret}\nHOME=/root\n",
    "properties": lambda secret: f"spring.datasource.password = {secret}\n",
    "fish": lambda secret: f"set -x GITHUB_TOKEN {secret}",
    "powershell": lambda secret: f'$env:ARM_CLIENT_SECRET = "{secret}"',
    "dockerfile": lambda secret: f"ENV NPM_TOKEN {secret}",
    "terraform": lambda secret: f'variable = {{\n  db_password = "{secret}"\n}}',
    "connection": lambda secret: f"Server=db;Database=app;User Id=sa;Password={secret};Encrypt=true",
    "prose": lambda secret: f"The password is {secret}.",
    "prose-backticks": lambda secret: f"log in as admin, password `{secret}`, then continue",
    "prose-colon": lambda secret: f"User: admin, password: {secret}",
    "query": lambda secret: f"curl 'https://api.example.com/v1?api_key={secret}&page=2'",
    "helm": lambda secret: f"helm install db chart --set auth.password={secret},replicas=2",
    "npmrc": lambda secret: f"//registry.example.com/:_authToken={secret}",
}

COMMANDS: dict[str, Callable[[str], str]] = {
    "mysql": lambda secret: f"mysql -u root -p{secret} -h db app",
    "mysqldump": lambda secret: f"mysqldump --single-transaction -p'{secret}' app | gzip > app.gz",
    "mysql-in-docker": lambda secret: f"docker exec -i db mysql -uroot -p{secret} < dump.sql",
    "mysql-in-quotes": lambda secret: f'kubectl exec db-0 -- sh -c "mysql -uroot -p{secret} -e status"',
    "redis": lambda secret: f"redis-cli -h cache -a {secret} ping",
    "sshpass": lambda secret: f"sshpass -p {secret} ssh root@10.0.0.1",
    "curl": lambda secret: f"curl -sS -u admin:{secret} https://example.com/api",
    "curl-quoted": lambda secret: f"curl --user 'admin:{secret}' https://example.com/api",
    "docker-login": lambda secret: f"docker login -u bot -p {secret} ghcr.io",
    "docker-stdin": lambda secret: f"echo {secret} | docker login -u bot --password-stdin",
    "helm-login": lambda secret: f"helm registry login -u bot -p {secret} registry.example.com",
    "mongosh": lambda secret: f"mongosh -u admin -p {secret} --authenticationDatabase admin",
    "sqlcmd": lambda secret: f"sqlcmd -S db -U sa -P {secret} -Q 'select 1'",
    "ldap": lambda secret: f"ldapsearch -x -D cn=admin -w {secret} -b dc=example",
    "zip": lambda secret: f"zip -r -P {secret} backup.zip data",
    "htpasswd": lambda secret: f"htpasswd -bc users.htpasswd admin {secret}",
    "chpasswd": lambda secret: f"echo 'root:{secret}' | chpasswd",
    "sudo": lambda secret: f"echo {secret} | sudo -S systemctl restart app",
    "from-literal": lambda secret: f"kubectl create secret generic db --from-literal=pin={secret}",
    "openssl": lambda secret: f"openssl enc -aes-256-cbc -pass pass:{secret} -in a -out b",
    "sql": lambda secret: f"CREATE USER 'app'@'%' IDENTIFIED BY '{secret}';",
    "smbclient": lambda secret: f"smbclient //host/share -U admin%{secret}",
    "continued": lambda secret: f"mysql \\\n  -u root \\\n  -p{secret} \\\n  app",
}

WIRE: dict[str, Callable[[str], str]] = {
    "bearer": lambda secret: f'curl -H "Authorization: Bearer {secret}" https://example.com',
    "bearer-python": lambda secret: f'headers = {{"Authorization": f"Bearer {secret}"}}',
    "token": lambda secret: f"http GET example.com 'Authorization: token {secret}'",
    "api-key-header": lambda secret: f"curl -H 'X-Api-Key: {secret}' https://example.com",
    "private-token": lambda secret: f"curl --header 'PRIVATE-TOKEN: {secret}' https://example.com",
    "postgres": lambda secret: f"psql postgresql://app:{secret}@db:5432/app",
    "mongodb": lambda secret: f"MONGO_URL=mongodb+srv://app:{secret}@cluster0.example.net/app?w=1",
    "redis": lambda secret: f"redis://:{secret}@cache:6379/0",
    "git": lambda secret: f"git clone https://oauth2:{secret}@git.example.com/a/b.git",
    "cookie": lambda secret: f"curl -H 'Cookie: session={secret}' https://example.com",
    "sas": lambda secret: f"https://x.blob.core.windows.net/c?sv=2022&sig={secret}{secret}%3D&se=1",
}
