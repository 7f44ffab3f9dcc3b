"""Where settings come from, which source counts, and what is said about those that do not fit."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostcells.config.keys import check, keys
from ghostcells.config.load import Problem, Source, load, merge
from ghostcells.config.schema import Settings, chosen_provider


def messages(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems]


def read(tmp_path: Path, toml: str = "", *, environ: dict[str, str] | None = None, editor: object = None):
    config = tmp_path / "config.toml"
    config.write_text(toml, encoding="utf-8")
    return load(config=config, environ=environ or {}, editor=editor, folders=[tmp_path])


def test_without_any_source_the_defaults_hold():
    assert load(config=None, environ={}) == (Settings(), ())


def test_the_defaults_are_those_that_clients_rely_on():
    settings = Settings()
    assert (settings.suggest.enabled, settings.suggest.mode) == (True, "auto")
    assert (settings.memory.embedder, settings.memory.min_confidence) == ("auto", None)
    assert (settings.budget.notebook_usd, settings.budget.day_usd) == (0.05, 1.0)
    assert settings.log.retention_days == 400
    assert settings.model.provider is None


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        pytest.param(0, 1, id="file over default"),
        pytest.param(1, 2, id="workspace's file over the user's"),
        pytest.param(2, 3, id="workspace settings over its file"),
        pytest.param(3, 4, id="environment over workspace"),
        pytest.param(4, 5, id="editor over environment"),
    ],
)
def test_a_nearer_source_counts_more(tmp_path, last, expected):
    tree = [{"log": {"retentionDays": days}} for days in (3, 5)]
    (tmp_path / ".ghostcells.toml").write_text("[log]\nretentionDays = 2\n" if last >= 1 else "")
    settings, problems = read(
        tmp_path,
        "[log]\nretentionDays = 1\n",
        environ={"GHOSTCELLS_LOG_RETENTION_DAYS": "4"} if last >= 3 else {},
        editor={
            "workspaceTrusted": True,
            "workspaceSettings": tree[0] if last >= 2 else {},
            "settings": tree[1] if last >= 4 else {},
        },
    )
    assert settings.log.retention_days == expected
    assert problems == ()


def test_a_bad_key_costs_that_key_alone_and_all_problems_come_together(tmp_path):
    settings, problems = read(
        tmp_path,
        """
        [suggest]
        enabled = "no"
        mode = "manual"
        [memory]
        minConfidence = 3
        idleSeconds = 5
        [surprise]
        deep = 1
        """,
    )
    assert settings.suggest.enabled is True
    assert settings.suggest.mode == "manual"
    assert settings.memory.idle_seconds == 5
    config = tmp_path / "config.toml"
    assert messages(problems) == [
        f'{config}: suggest.enabled: expected true or false, got "no"',
        f"{config}: memory.minConfidence: expected a number from 0 to 1, got 3",
        f"{config}: surprise.deep: unknown setting",
    ]


def test_what_is_wrong_leaves_the_value_of_the_source_below():
    settings, problems = merge(
        [Source("file", {"suggest": {"mode": "manual"}}), Source("editor settings", {"suggest": {"mode": "loud"}})]
    )
    assert settings.suggest.mode == "manual"
    assert messages(problems) == ['editor settings: suggest.mode: expected one of "auto", "manual", got "loud"']


@pytest.mark.parametrize(
    ("path", "guess"),
    [
        ("suggest.disabledlanguages", "suggest.disabledLanguages"),
        ("memory.min_confidence", "memory.minConfidence"),
        ("sugest.mode", "suggest.mode"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_known_one(path, guess):
    _, problems = merge([Source("file", {path: "x"})])
    assert messages(problems) == [f"file: {path}: unknown setting; did you mean {guess}?"]


def test_the_value_of_an_unknown_key_is_not_repeated():
    """It may be a secret that was put in the wrong place."""
    _, problems = merge([Source("file", {"model": {"apiKey": "hunter2"}})])
    assert "hunter2" not in str(problems)
    assert "model.apiKeyFile" in str(problems)


def test_broken_toml_names_the_file_and_the_line(tmp_path):
    settings, problems = read(tmp_path, "[suggest]\nmode = \n")
    assert settings == Settings()
    assert len(problems) == 1
    assert problems[0].source == str(tmp_path / "config.toml")
    assert "line 2" in problems[0].message


def test_a_file_that_was_named_has_to_exist(tmp_path):
    missing = tmp_path / "none.toml"
    assert load(config=missing, environ={})[1] == ()
    assert messages(load(config=missing, environ={}, config_required=True)[1]) == [f"{missing}: no such file"]


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff\xfe\x00", "UTF-8"), (b"\xef\xbb\xbf[log]\nretentionDays = 7", "")]
)
def test_files_of_other_encodings_are_named_and_a_byte_order_mark_is_harmless(tmp_path, content, said):
    config = tmp_path / "config.toml"
    config.write_bytes(content)
    settings, problems = load(config=config, environ={})
    assert (settings.log.retention_days == 7) is not bool(said)
    assert said in str(problems)


def test_a_directory_in_place_of_the_file_is_a_problem_not_a_crash(tmp_path):
    (problem,) = load(config=tmp_path, environ={})[1]
    assert "cannot be read" in problem.message


@pytest.mark.parametrize("trusted", [False, None, "true", 1], ids=repr)
def test_of_a_workspace_that_is_not_trusted_only_suggest_counts(tmp_path, trusted):
    """A cloned repository must not send the user's cells elsewhere; only `true` itself says that it may."""
    (tmp_path / ".ghostcells.toml").write_text(
        '[suggest]\nmode = "manual"\n[model]\nbaseUrl = "https://evil.example"\n'
    )
    settings, problems = read(
        tmp_path,
        editor={
            "workspaceTrusted": trusted,
            "workspaceSettings": {"model": {"provider": "openai"}, "suggest": {"enabled": False}},
        },
    )
    assert settings.suggest.mode == "manual"
    assert settings.suggest.enabled is False
    assert settings.model == Settings().model
    assert {problem.key for problem in problems} >= {"model.baseUrl", "model.provider"}


@pytest.mark.parametrize("trusted", [True, False])
def test_a_key_is_never_named_by_a_workspace(tmp_path, trusted):
    (tmp_path / ".ghostcells.toml").write_text('model.apiKeyFile = "team.key"\nmodel.name = "m"\n')
    sent = {"workspaceTrusted": trusted, "workspaceSettings": {"model": {"apiKeyFile": "other.key"}}}
    settings, problems = read(tmp_path, editor=sent)
    assert settings.model.api_key_file is None
    assert settings.model.name == ("m" if trusted else None)
    assert [problem.key for problem in problems].count("model.apiKeyFile") == 2
    own, _ = read(tmp_path, editor={**sent, "settings": {"model": {"apiKeyFile": "~/mine"}}})
    assert own.model.api_key_file == "~/mine"


def test_a_workspace_does_not_say_whose_certificates_are_believed(tmp_path):
    (tmp_path / ".ghostcells.toml").write_text('model.caFile = "team.pem"\n')
    settings, problems = read(tmp_path, editor={"workspaceTrusted": True})
    assert settings.model.ca_file is None
    assert [problem.key for problem in problems] == ["model.caFile"]


@pytest.mark.parametrize(
    ("own", "workspace", "editor", "expected"),
    [
        pytest.param("", "http://team", None, {"base_url"}, id="the workspace alone"),
        pytest.param("http://team", "http://team", None, set(), id="the user's file says the same"),
        pytest.param("http://mine", "http://team", None, {"base_url"}, id="the user's file says otherwise"),
        pytest.param("", "http://team", "http://mine", set(), id="the editor's settings count more"),
        pytest.param("http://mine", "", None, set(), id="the user alone"),
    ],
)
def test_what_only_a_workspace_says_is_known_as_such(tmp_path, own, workspace, editor, expected):
    (tmp_path / ".ghostcells.toml").write_text(f'model.baseUrl = "{workspace}"\n' if workspace else "")
    given = {"workspaceTrusted": True, "settings": {"model": {"baseUrl": editor}} if editor else {}}
    settings, problems = read(tmp_path, f'model.baseUrl = "{own}"\n' if own else "", editor=given)
    assert settings.model.by_workspace == expected
    assert problems == ()


def test_nobody_says_what_a_workspace_said(tmp_path):
    settings, problems = read(tmp_path, "model.byWorkspace = []\n")
    assert settings == Settings()
    assert [problem.key for problem in problems] == ["model.byWorkspace"]


@pytest.mark.parametrize("trusted", [True, False])
def test_a_workspace_does_not_say_who_is_told_what_its_user_does(tmp_path, trusted):
    (tmp_path / ".ghostcells.toml").write_text('telemetry.usage = true\ntelemetry.endpoint = "http://evil.example"\n')
    sent = {"workspaceTrusted": trusted, "workspaceSettings": {"telemetry": {"otlp": True}}}
    settings, problems = read(tmp_path, editor=sent)
    assert settings.telemetry == Settings().telemetry
    assert {problem.key for problem in problems} >= {"telemetry.usage", "telemetry.endpoint", "telemetry.otlp"}
    own, _ = read(tmp_path, editor={**sent, "settings": {"telemetry": {"otlp": True}}})
    assert own.telemetry.otlp


@pytest.mark.parametrize("editor", [5, [], {"settings": 3}, {"workspaceSettings": "x"}, {"settings": {"suggest": []}}])
def test_what_the_editor_sends_may_be_anything(editor):
    settings, problems = load(config=None, environ={}, editor=editor)
    assert settings == Settings()
    assert len(problems) == 1


def test_null_is_as_good_as_absent():
    """Editors send null for what is not set."""
    editor = {
        "settings": {"memory": {"minConfidence": None, "embedder": None}, "suggest": None},
        "workspaceSettings": None,
    }
    assert load(config=None, environ={}, editor=editor) == (Settings(), ())


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("GHOSTCELLS_SUGGEST_ENABLED", "off", "suggest.enabled", False),
        ("GHOSTCELLS_SUGGEST_ENABLED", "1", "suggest.enabled", True),
        ("GHOSTCELLS_MEMORY_MIN_CONFIDENCE", "0.25", "memory.minConfidence", 0.25),
        ("GHOSTCELLS_LOG_RETENTION_DAYS", "30", "log.retentionDays", 30),
        ("GHOSTCELLS_SUGGEST_DISABLED_LANGUAGES", "python, sql", "suggest.disabledLanguages", ("python", "sql")),
        ("GHOSTCELLS_PRIVACY_PATTERNS", '["a{1,2}"]', "privacy.patterns", ("a{1,2}",)),
        ("GHOSTCELLS_MODEL_PROVIDER", "none", "model.provider", "none"),
    ],
)
def test_every_setting_can_come_from_the_environment(name, text, path, value):
    settings, problems = load(config=None, environ={name: text})
    key = keys()[path]
    assert getattr(getattr(settings, key.section), key.attribute) == value
    assert problems == ()


def test_the_environment_is_searched_for_slips_but_not_for_other_things():
    environ = {"GHOSTCELLS_SUGEST_MODE": "auto", "GHOSTCELLS_DATA_DIR": "/d", "GHOSTCELLS_CONFIG": "/c", "PATH": "/bin"}
    _, problems = load(config=None, environ=environ)
    assert messages(problems) == [
        "environment: GHOSTCELLS_SUGEST_MODE: unknown setting; did you mean GHOSTCELLS_SUGGEST_MODE?"
    ]


def test_a_bad_pattern_costs_that_pattern_alone():
    """To drop the good ones with it would store what they hide."""
    settings, problems = merge([Source("file", {"privacy": {"patterns": ["(", "a+"]}})])
    assert settings.privacy.patterns == ("a+",)
    assert "item 1: expected a regular expression" in str(problems[0])


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_are_finite(number):
    _, problems = merge([Source("file", {"budget": {"dayUsd": number}})])
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("configured", "environ", "provider"),
    [
        (None, {}, "none"),
        (None, {"ANTHROPIC_API_KEY": "k"}, "anthropic"),
        (None, {"ANTHROPIC_API_KEY": "k", "OPENAI_API_KEY": "k"}, "openai"),
        (None, {"OPENAI_API_KEY": " "}, "none"),
        ("none", {"OPENAI_API_KEY": "k"}, "none"),
    ],
)
def test_the_provider_is_the_one_whose_key_is_there_unless_one_is_set(configured, environ, provider):
    settings, _ = merge([Source("file", {"model": {"provider": configured}})])
    assert chosen_provider(settings, environ) == provider


def test_every_setting_says_what_it_is_for():
    for key in keys().values():
        assert key.description.endswith((".", "`.")), key.path
        assert key.expected


def test_every_default_fits_its_own_rule():
    for key in keys().values():
        if key.default is not None:
            assert check(key, msgspec.to_builtins(key.default)) == (key.default, [])


def test_the_json_schema_holds_every_key():
    text = msgspec.json.encode(msgspec.json.schema(Settings)).decode()
    assert all(f'"{key.path.split(".")[1]}"' in text for key in keys().values())


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*keys(), "suggest", "memory", "mode", "enabled", "x", ""]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(trees, st.booleans())
def test_no_tree_whatever_breaks_the_merge(tree, restricted):
    """What fits is a `Settings` that msgspec accepts; what does not is told."""
    if not isinstance(tree, dict):
        tree = {"suggest": tree}
    settings, problems = merge([Source("any", tree, restricted=restricted)])
    assert msgspec.convert(msgspec.to_builtins(settings), Settings) == settings
    assert all(str(problem) for problem in problems)
