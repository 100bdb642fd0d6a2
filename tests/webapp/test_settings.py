import pytest
from sqlalchemy.engine import make_url
from werkzeug.security import generate_password_hash

from webapp import settings as module
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


@pytest.mark.parametrize(
    "url",
    [
        "host=db user=inkling password=hidden",
        "mysql://inkling:hidden@db/inkling",
        "postgresql+psycopg2://inkling:hidden@db/inkling",
        "postgresql://inkling:hidden@db:port/inkling",
    ],
)
def test_a_database_that_is_not_known_is_refused_in_a_line_without_its_password(url):
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"INKLING_DATABASE_URL": url})
    message = str(error.value)
    assert message.startswith("INKLING_DATABASE_URL is wrong: it takes postgresql://USER:PASSWORD@")
    assert "hidden" not in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://inkling@/inkling?host=/run/postgresql",
        "postgresql://inkling:a#b@db:5432/inkling?options=-c%20x@y",
        "postgresql+psycopg://inkling:p%40@[::1]:5432/inkling",
        "postgresql://db",
        "sqlite:///inkling.db",
        "sqlite+pysqlite:////srv/inkling.db",
    ],
)
def test_a_database_that_sqlalchemy_can_read_is_taken(url):
    assert make_url(Settings.from_environment({"INKLING_DATABASE_URL": url}).database)


def test_a_database_whose_driver_is_not_installed_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    assert Settings.from_environment({"INKLING_DATABASE_URL": "sqlite:////srv/inkling.db"})
    with pytest.raises(SettingsError, match=r"pip install 'inkling\[postgres\]'"):
        Settings.from_environment({"INKLING_DATABASE_URL": "postgresql://inkling@db/inkling"})


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("INKLING_LOG", "xml", "text or json"),
        ("INKLING_CORRECTIONS", "maybe", "1 or 0, or true or false"),
    ],
)
def test_what_is_accepted_is_said_in_words(name, value, takes):
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({name: value})
    assert str(error.value) == f"{name}={value!r} is wrong: it takes {takes}"


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+pysqlite:///?mode=memory"]
)
def test_sqlite_without_a_file_is_refused(url):
    """Each process would have a database of its own."""
    with pytest.raises(SettingsError, match="it takes the file of SQLite too, as in sqlite:////"):
        Settings.from_environment({"INKLING_DATABASE_URL": url})


HASHED = "scrypt:32768:8:1$0aB1cD2eF3gH4iJ5$" + 64 * "a7"


@pytest.mark.parametrize(
    "value",
    [
        "garbage",
        HASHED.replace("$", ""),
        HASHED.partition("$")[0],  # what a shell leaves of it
        HASHED[:-1],
        HASHED.replace("scrypt:32768:8:1", "argon2"),
        HASHED + "\n",
    ],
)
def test_a_hash_that_no_password_can_have_is_refused_with_a_hint(value):
    """Every login would be refused."""
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"INKLING_ADMIN_PASSWORD_HASH": value})
    assert str(error.value).startswith("INKLING_ADMIN_PASSWORD_HASH is wrong: it takes what ")
    assert "in single quotes" in str(error.value)
    assert value not in str(error.value)


@pytest.mark.parametrize("method", ["scrypt", "scrypt:16384:8:2", "pbkdf2", "pbkdf2:sha1:1000"])
def test_a_hash_by_werkzeug_is_taken(method):
    hashed = generate_password_hash("password", method)
    settings = Settings.from_environment({"INKLING_ADMIN_PASSWORD_HASH": hashed})
    assert settings.admin_password_hash == hashed


@pytest.mark.parametrize("name", ["INKLING_ADMIN_TOKEN", "INKLING_SECRET_KEY"])
def test_a_secret_that_could_be_guessed_is_refused(name):
    assert Settings.from_environment({name: 16 * "x"})
    with pytest.raises(SettingsError, match=f"{name} is wrong: it takes at least 16 characters"):
        Settings.from_environment({name: 15 * "x"})


@pytest.mark.parametrize("name", ["INKLING_ADMIN_TOKEN", "INKLING_CLASS_TOKENS"])
def test_an_invalid_secret_is_not_shown(name):
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({name: "too short"})
    assert "too short" not in str(error.value)
