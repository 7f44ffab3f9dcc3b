"""`config set` changes one line and nothing else, or refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.config.edit import set_value
from ghostcells.config.load import load, parse_toml
from ghostcells.domain.errors import ConfigError


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "config.toml"


def test_the_first_setting_makes_the_file(file):
    assert set_value(file, "suggest.mode", "manual") == "manual"
    assert file.read_text() == '[suggest]\nmode = "manual"\n'


def test_everything_else_in_the_file_stays(file):
    file.parent.mkdir()
    file.write_text(
        "# mine\n[log]\nlevel = 'debug' # much\n\n[suggest] # when\n# why\nmode = 'auto'\n[memory]\nidleSeconds = 1\n"
    )
    set_value(file, "suggest.mode", "manual")
    set_value(file, "log.retentionDays", "30")
    set_value(file, "privacy.patterns", '["a{1,2}"]')
    assert file.read_text() == (
        "# mine\n[log]\nretentionDays = 30\nlevel = 'debug' # much\n\n[suggest] # when\n# why\nmode = \"manual\"\n"
        '[memory]\nidleSeconds = 1\n\n[privacy]\npatterns = ["a{1,2}"]\n'
    )


def test_an_empty_value_takes_the_setting_out(file):
    set_value(file, "suggest.mode", "manual")
    assert set_value(file, "suggest.mode", "") is None
    assert parse_toml(file.read_text()) == {"suggest": {}}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('suggest = {mode = "auto"}\n', id="inline table"),
        pytest.param('suggest.mode = "auto"\n', id="dotted"),
        pytest.param('[suggest]\n"mode" = "auto"\n', id="quoted"),
        pytest.param('[suggest]\nmode = """\nauto"""\n', id="many lines"),
    ],
)
def test_a_file_written_in_another_way_is_refused_and_not_damaged(file, text):
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ConfigError):
        set_value(file, "suggest.mode", "manual")
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("suggest.mod", "x", "did you mean suggest.mode?"),
        ("nothing", "x", "config get"),
        ("suggest.mode", "loud", 'expected one of "auto", "manual"'),
        ("memory.minConfidence", "2", "from 0 to 1"),
        ("privacy.patterns", "[(]", "list of regular expressions"),
    ],
)
def test_what_does_not_fit_is_not_written(file, path, text, said):
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        set_value(file, path, text)
    assert not file.exists()


@given(st.text(min_size=1, max_size=20, alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_what_was_set_is_what_is_read(tmp_path_factory, name):
    file = tmp_path_factory.mktemp("config") / "config.toml"
    set_value(file, "model.name", name)
    settings, problems = load(config=file, environ={})
    assert (settings.model.name, problems) == (name, ())
