import pytest

from webapp.settings import Settings, SettingsError, retired_settings


def test_values_come_from_the_environment():
    settings = Settings.from_environment({"INKLING_HOME": "/srv", "INKLING_WORKERS": "3"})
    assert settings.home == "/srv"
    assert settings.workers == 3
    assert settings.model == "inkling"


def test_an_empty_value_counts_as_unset():
    assert Settings.from_environment({"INKLING_WORKERS": ""}).workers >= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INKLING_WORKERS", "many"),
        ("INKLING_WORKERS", "0"),
        ("INKLING_WORKERS", "1.5"),
        ("INKLING_PROXIES", "-1"),
    ],
)
def test_an_invalid_value_gives_one_line_that_names_the_variable_and_what_it_accepts(name, value):
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({name: value})
    message = str(error.value)
    assert message.startswith(f"{name}={value!r} is wrong: it takes `int`")
    assert "\n" not in message


def test_a_retired_setting_counts_only_where_it_is_set():
    assert retired_settings({"INKLING_QUEUE_URL": ""}) == []
    [line] = retired_settings({"INKLING_QUEUE_URL": "redis://x"})
    assert line.startswith("INKLING_QUEUE_URL is ignored")
