"""Which model the settings and the environment come to."""

import pytest

from ghostcells.app.models import choose
from ghostcells.config.schema import Model, Settings
from ghostcells.domain.errors import ConfigError
from ghostcells.providers.prices import Prices

PRICES = Prices.load()


@pytest.mark.parametrize(
    ("environ", "provider", "source"),
    [
        pytest.param({"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, "openai", "OPENAI_API_KEY", id="openai first"),
        pytest.param({"ANTHROPIC_API_KEY": "k"}, "anthropic", "ANTHROPIC_API_KEY", id="anthropic"),
    ],
)
def test_a_key_in_the_environment_is_enough(environ, provider, source):
    choice = choose(Settings(), environ, PRICES)
    assert (choice.provider, choice.source) == (provider, source)
    assert choice.model == PRICES.default_model(provider)
    assert not choice.free


def test_without_a_key_there_is_no_model():
    assert choose(Settings(), {}, PRICES) is None


def test_none_is_none_whatever_keys_there_are():
    assert choose(Settings(model=Model(provider="none")), {"OPENAI_API_KEY": "k"}, PRICES) is None


def test_ollama_needs_one_line():
    choice = choose(Settings(model=Model(provider="ollama")), {}, PRICES)
    assert (choice.local, choice.free, bool(choice.model)) == (True, True, True)


def test_a_server_on_this_computer_is_free_and_may_be_asked_offline():
    model = Model(provider="openai", name="m", base_url="http://localhost:8080/v1")
    choice = choose(Settings(model=model), {}, PRICES)
    assert (choice.local, choice.free) == (True, True)


def test_an_address_in_the_environment_counts():
    choice = choose(Settings(model=Model(provider="openai")), {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, PRICES)
    assert choice.local


def test_a_second_model_is_asked_after_the_first():
    model = Model(provider="openai", name="a", fallback="b")
    assert choose(Settings(model=model), {}, PRICES).models == ("a", "b")


def test_a_provider_without_a_default_model_wants_a_name():
    with pytest.raises(ConfigError, match=r"model\.name"):
        choose(Settings(model=Model(provider="azure")), {}, PRICES)
