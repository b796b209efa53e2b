"""Settings: where they come from, who wins, and what is said of each slip."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.config import Config, load_config
from engine.errors import UsageError


def toml(folder: Path, text: str) -> Path:
    path = folder / "engine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_source_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_config(None, {"PATH": "/bin"}, {}) == Config()


def test_options_win_over_environment_over_file(tmp_path: Path) -> None:
    file = toml(tmp_path, 'lang = "deu"\njobs = 1\nmin_side = 20\n')
    config = load_config(file, {"ENGINE_LANG": "fra", "ENGINE_JOBS": "2"}, {"jobs": 3, "lang": None})
    assert (config.min_side, config.lang, config.jobs) == (20, "fra", 3)


def test_the_file_beside_the_work_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml(tmp_path, "max_pages = 7\n")
    monkeypatch.chdir(tmp_path)
    assert load_config(None, {}, {}).max_pages == 7


def test_a_named_file_replaces_the_one_beside_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml(tmp_path, "max_pages = 7\n")
    other = tmp_path / "other.toml"
    other.write_text("jobs = 4\n")
    monkeypatch.chdir(tmp_path)
    assert load_config(other, {}, {}) == Config(jobs=4)


def test_a_path_in_the_file_is_relative_to_the_file(tmp_path: Path) -> None:
    assert load_config(toml(tmp_path, 'schemas = "types"\n'), {}, {}).schemas == tmp_path / "types"


def test_a_path_in_the_environment_is_taken_as_it_is() -> None:
    assert load_config(None, {"ENGINE_SCHEMAS": "types"}, {}).schemas == Path("types")


def test_text_from_the_environment_gets_the_settings_type() -> None:
    config = load_config(None, {"ENGINE_MAX_BYTES": "1000", "ENGINE_OCR_TIMEOUT": "2.5"}, {})
    assert (config.max_bytes, config.ocr_timeout) == (1000, 2.5)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_config(None, {"ENGINE_JOBS": "", "ENGINE_LAGN": ""}, {}) == Config()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('lagn = "deu"', "did you mean 'lang'"),
        ('jobs = "2"', "engine.toml: jobs is '2' and must be a whole number of at least 0"),
        ("jobs = -1", "must be a whole number of at least 0"),
        ("jobs = true", "must be a whole number"),
        ("max_bytes = 0", "at least 1"),
        ("ocr_timeout = nan", "must be a number"),
        ("lang = 3", "must be languages such as eng or eng+deu"),
        ('lang = "eng; rm"', "must be languages such as eng or eng+deu"),
        ('lang = "--psm"', "must be languages such as eng or eng+deu"),
        ('pages = "one"', "must be pages such as 1-3,7"),
        ('route = "best"', "must be one of auto, ocr, vlm"),
        ('ocr = "both"\nlang = "rus"', "Western European languages only"),
        ("[engine]\njobs = 1", "unknown"),
        ("jobs = ", "not valid TOML"),
    ],
)
def test_a_slip_in_the_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)) as error:
        load_config(toml(tmp_path, text), {}, {})
    assert "\n" not in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"other\.toml does not exist"):
        load_config(tmp_path / "other.toml", {}, {})


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "engine.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_config(tmp_path / "engine.toml", {}, {})


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"ENGINE_LAGN": "deu"}, "'ENGINE_LAGN': did you mean 'ENGINE_LANG'"),
        ({"ENGINE_JOBS": "two"}, "ENGINE_JOBS is 'two' and must be a whole number"),
        ({"ENGINE_JOBS": "-2"}, "ENGINE_JOBS is -2 and must be a whole number of at least 0"),
        ({"ENGINE_ROUTE": "best"}, "ENGINE_ROUTE is 'best' and must be one of"),
    ],
)
def test_a_slip_in_the_environment_is_told(environ: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load_config(None, environ, {})


def test_a_slip_in_an_option_names_the_option() -> None:
    with pytest.raises(UsageError, match="--jobs is -1"):
        load_config(None, {}, {"jobs": -1})


def test_a_program_that_makes_its_own_settings_is_checked_too() -> None:
    with pytest.raises(UsageError, match="max_pixels is 0"):
        Config(max_pixels=0)


def test_the_password_is_never_shown() -> None:
    assert "hunter2" not in repr(Config(password="hunter2"))  # noqa: S106 - no secret
    with pytest.raises(UsageError) as error:
        load_config(None, {}, {"password": ["hunter2"]})
    assert "hunter2" not in str(error.value)
