"""Every command of the README runs, in a copy of what a user sees, and its Python does too."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM = Path(sys.executable).with_name("engine")
SEEN = ("Makefile", "pyproject.toml", "schemas", "fixtures")
FINE = {"extract": {0, 1}}
"""Exit codes of commands that may tell of a doubt; all others end with 0."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[list[str]]:
    for block in [*blocks("console"), *blocks("sh")]:
        for line in block.splitlines():
            if line.startswith("$ "):
                yield shlex.split(line[2:])


ENGINE = [command for command in commands() if command[0] == "engine"]
MAKE = [command for command in commands() if command[0] == "make"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files a README command may touch, with the type that the README tells to add."""
    folder = tmp_path_factory.mktemp("readme")
    for name in SEEN:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (document_type,) = blocks("json")
    (folder / "schemas" / "delivery_note.json").write_text(document_type)
    return folder


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_no_command_is_of_a_kind_that_nobody_tries() -> None:
    assert len(ENGINE) + len(MAKE) == len(list(commands()))
    assert ["make", "demo"] in MAKE
    assert any(command[1] == "extract" for command in ENGINE)


@pytest.mark.parametrize("command", ENGINE, ids=" ".join)
def test_engine_commands_run(copy: Path, command: list[str]) -> None:
    done = run(copy, PROGRAM, *command[1:])
    assert done.returncode in FINE.get(command[1], {0}), done.stderr


@pytest.mark.parametrize("command", MAKE, ids=" ".join)
def test_make_commands_name_targets(copy: Path, command: list[str]) -> None:
    done = run(copy, "make", "-n", *command[1:])
    assert done.returncode == 0, done.stderr


def test_the_python_runs(copy: Path) -> None:
    (script,) = blocks("python")
    done = run(copy, sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
    assert "/total" in done.stdout


def test_the_settings_are_settings(copy: Path) -> None:
    (settings,) = blocks("toml")
    (copy / "readme.toml").write_text(settings)
    done = run(copy, PROGRAM, "doctor", "--config", "readme.toml")
    assert done.returncode == 0, done.stderr


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


@pytest.mark.slow
def test_the_demo_sets_up_and_shows_a_result(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "demo-out", ".*_cache")
    shutil.copytree(ROOT, folder, ignore=ignored)
    done = run(folder, "make", "demo")
    assert done.returncode == 0, done.stderr
    assert (folder / "demo-out" / "receipt.json").is_file()
    assert "/total" in done.stdout
