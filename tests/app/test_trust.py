"""The user's key goes to the host that it is for, or that the user has named, whatever a trusted workspace says."""

import pytest

from ghostcells.app.models import Models
from ghostcells.app.trust import key_file_of, withheld
from ghostcells.config.schema import Model, Settings
from ghostcells.providers.base import ErrorKind, ProviderConfig, ProviderError
from ghostcells.providers.registry import Registry
from ghostcells.providers.scripted import create


def settings(url: str | None, *attributes: str, **more: str) -> Settings:
    return Settings(model=Model(base_url=url, by_workspace=frozenset(attributes), **more))


@pytest.mark.parametrize(
    ("url", "environ_url", "sent"),
    [
        pytest.param("https://api.openai.com/v1", "", True, id="the key's own host"),
        pytest.param("https://API.openai.com:443/v1", "", True, id="the same, written otherwise"),
        pytest.param("https://evil.example/v1", "", False, id="another host"),
        pytest.param("http://api.openai.com/v1", "", False, id="without encryption"),
        pytest.param("https://api.openai.com:8443/v1", "", False, id="another port"),
        pytest.param("https://api.openai.com@evil.example/v1", "", False, id="a user that looks like the host"),
        pytest.param("https://api.openai.com.evil.example/v1", "", False, id="a host that begins like it"),
        pytest.param("https://gateway.example/v1", "https://gateway.example/v1", True, id="named in the environment"),
        pytest.param("http://[broken", "", False, id="no address"),
        pytest.param("ftp://x", "", False, id="no address of the web"),
    ],
)
def test_a_workspace_names_no_other_host_for_the_key(url: str, environ_url: str, *, sent: bool) -> None:
    why = withheld(settings(url, "base_url"), "openai", environ_url)
    assert (why == "") is sent
    assert sent or "model.baseUrl in your own configuration" in why
    assert withheld(settings(url), "openai", environ_url) == "", "the user has named it"


def test_the_key_of_one_provider_is_not_for_another() -> None:
    assert withheld(settings("https://api.anthropic.com", "base_url"), "openai", "")
    assert not withheld(settings("https://api.anthropic.com", "base_url"), "anthropic", "")
    assert withheld(settings("https://gateway.example", "base_url"), "a-plugin", "")


def test_a_key_file_is_not_for_a_provider_that_a_workspace_has_chosen() -> None:
    assert key_file_of(settings(None, "provider", provider="anthropic", api_key_file="~/k")) is None
    assert key_file_of(settings(None, "name", api_key_file="~/k")) == "~/k"


@pytest.mark.asyncio
@pytest.mark.parametrize("provider", ["openai", "anthropic", "azure"])
async def test_no_client_is_made_with_the_key(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    environ = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY"), "not-a-real-key")
    models = Models(environ, told.append)
    models.use(settings("https://evil.example/v1", "base_url", provider=provider, name="m"))
    made: list[ProviderConfig] = []
    monkeypatch.setattr(Registry, "create", lambda _, name, config: made.append(config) or create(config))
    await models.chain()
    try:
        assert [config.key for config in made] == [None]
        models._failed(ProviderError(ErrorKind.UNAUTHORIZED, "no key"))
        assert "evil.example: your key is not sent there" in told[-1]
        models._failed(ProviderError(ErrorKind.TIMEOUT, "slow"))
        assert told[-1] == "slow"
    finally:
        await models.close()
