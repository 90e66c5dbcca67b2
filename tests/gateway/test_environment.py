"""Settings from the environment: what is said wrongly is said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import installation
from gateway.environment import (
    BadSetting,
    Environment,
    kept_secret,
    private_directory,
    private_file,
)


def test_misspelt_variables_are_told_with_what_was_meant() -> None:
    environment = Environment({"POINTSMAN_HTPS": "1", "POINTSMAN_NONSENSE_WORD": "", "HTPS": "1"})
    environment.flag("HTTPS", default=False)
    assert list(environment.unread()) == [
        "POINTSMAN_HTPS is no setting of this service and has no effect. "
        "Did you mean POINTSMAN_HTTPS?",
        "POINTSMAN_NONSENSE_WORD is no setting of this service and has no effect.",
    ]


def test_what_is_read_or_belongs_to_others_is_not_told() -> None:
    variables = {
        "POINTSMAN_HTTPS": "1",
        "POINTSMAN_SECRET_KEY_FILE": "/dev/null",
        "POINTSMAN_API_KEY": "pm-x",
        "POINTSMAN_TEST_DATABASE_URL": "x",
    }
    environment = Environment(variables)
    environment.flag("HTTPS", default=False)
    environment.text("SECRET_KEY")
    assert list(environment.unread()) == []


def test_choices() -> None:
    assert Environment({}).choice("SERVER", ("fast", "stock")) == "fast"
    environment = Environment({"POINTSMAN_SERVER": "Stock"})
    assert environment.choice("SERVER", ("fast", "stock")) == "stock"
    with pytest.raises(BadSetting, match="must be a or b, not 'stock'"):
        environment.choice("SERVER", ("a", "b"))


def test_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = Environment({"POINTSMAN_A": "~/data", "POINTSMAN_B": "relative"})
    assert environment.path("A", Path("x")) == tmp_path / "data"
    assert environment.path("B", Path("x")) == Path.cwd() / "relative"
    assert environment.path("C", Path("x")) == Path.cwd() / "x"


def test_private_places(tmp_path: Path) -> None:
    private_directory(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    file = tmp_path / "data" / "file"
    private_file(file)
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("kept")
    file.chmod(0o640)
    private_file(file)
    assert file.read_text() == "kept"
    assert file.stat().st_mode & 0o777 == 0o640, "an operator's own choice stays"


def test_a_secret_that_was_lost_is_not_made_anew(tmp_path: Path) -> None:
    """Nor taken for one where it is empty or no text."""
    secret, marker = tmp_path / "key", tmp_path / "marker"
    marker.touch()
    with pytest.raises(BadSetting, match=f"{secret} is missing.*POINTSMAN_KEY"):
        kept_secret(secret, needed_by=marker, instead="KEY")
    assert not secret.exists()
    for data, words in ((b"\n", "is empty"), (b"\xff\xfe", "holds no text")):
        secret.write_bytes(data)
        with pytest.raises(BadSetting, match=words):
            kept_secret(secret)
        assert secret.read_bytes() == data


@pytest.mark.parametrize("keys", [["garbage"], [""], ["x" * 44], ["é" * 44]])
def test_what_is_no_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(BadSetting, match="SOMEWHERE must be Fernet keys"):
        installation.encryption_keys(keys, "SOMEWHERE")


def test_what_can_be_guessed_signs_no_session() -> None:
    assert installation.signing_key("x" * 32, "SOMEWHERE") == "x" * 32
    with pytest.raises(BadSetting, match="SOMEWHERE holds 5 characters and needs at least 32"):
        installation.signing_key("hello", "SOMEWHERE")


@pytest.mark.parametrize("url", ["nonsense", "what://x/y", "postgres://[/x"])
def test_what_is_no_url_of_a_database_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSetting, match="POINTSMAN_DATABASE_URL is no URL"):
        installation.database(Environment({"POINTSMAN_DATABASE_URL": url}), tmp_path)


def test_a_home_is_understood_in_the_path_of_a_database(tmp_path: Path) -> None:
    env = Environment({"POINTSMAN_DATABASE_URL": "sqlite:///~/kept.sqlite3"})
    assert installation.database(env, tmp_path)["NAME"] == str(Path.home() / "kept.sqlite3")
