"""Every command of the README runs, in a copy of what a user sees, and its Python does too."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, STDOUT

import httpx
import pytest

from engine.cli import main
from tests.vlm import servers
from tests.vlm.answers import answer_text, loads

http, server = servers.http, servers.server

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
PROGRAM = Path(sys.executable).with_name("engine")
SEEN = ("Makefile", "pyproject.toml", "schemas", "fixtures")
FINE = {"extract": {0, 1}, "batch": {0, 1}}
"""Exit codes of commands that may tell of a doubt; all others end with 0."""


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def commands(page: str = README) -> Iterator[list[str]]:
    for block in [*blocks("console", page), *blocks("sh", page)]:
        for line in block.splitlines():
            if line.startswith("$ "):
                yield shlex.split(line[2:])


OURS = [command for command in [*commands(), *commands(MODELS)] if command[0] == "engine"]
SERVERS = [command for command in OURS if command[1] in ("review", "serve")]
ENGINE = [command for command in OURS if command not in SERVERS]
MAKE = [command for command in commands() if command[0] == "make"]
NOT_OURS = (["export"], ["pip", "install"], ["ollama", "pull"])
OLLAMA = "http://localhost:11434/v1"


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


@pytest.fixture
def models(server: servers.Server, copy: Path, monkeypatch: pytest.MonkeyPatch) -> servers.Server:
    """Every provider's server, played on loopback: it answers what the faded receipt holds."""
    data = loads((copy / "fixtures" / "receipt_faded" / "expected.json").read_text(encoding="utf-8"))
    server.handler = lambda asked: servers.answer(answer_text(asked.schema, data))
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url("anthropic"))
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url("openai"))
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.base_url("google"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(copy / "cache"))
    return server


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def engine(*given: str) -> int:
    """The exit code of a command in this process; batches, which leave threads behind, have one of their own."""
    with pytest.raises(SystemExit) as ended:
        main(given)
    return int(str(ended.value.code))


@pytest.fixture
def here(copy: Path, monkeypatch: pytest.MonkeyPatch, pictures_once: None) -> Path:
    """The copy as the current folder."""
    monkeypatch.chdir(copy)
    return copy


def prepare(folder: Path, command: list[str]) -> None:
    """What an earlier command of the README leaves, where it has not run here: its results in ``out``."""
    if command[1] in ("report", "review") and not (folder / command[2]).exists():
        (made,) = (c for c in ENGINE if c[1] == "extract" and f"--out {command[2]} " in " ".join(c))
        engine(*made[1:])


def test_no_command_is_of_a_kind_that_nobody_tries() -> None:
    others = [c for c in commands() if c[0] not in ("engine", "make")]
    assert [c for c in others if not any(c[: len(known)] == known for known in NOT_OURS)] == []
    assert ["make", "demo"] in MAKE
    assert any(command[1] == "extract" for command in ENGINE)


@pytest.mark.parametrize("command", ENGINE, ids=" ".join)
def test_engine_commands_run(
    here: Path, models: servers.Server, command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    prepare(here, command)
    words = [models.base_url("openai-compatible") if word == OLLAMA else word for word in command[1:]]
    capfd.readouterr()
    code = run(here, PROGRAM, *words).returncode if command[1:3] == ["batch", "run"] else engine(*words)
    printed = capfd.readouterr()
    assert code in FINE.get(command[1], {0}), printed.err
    named = command[command.index("--provider") + 1] if "--provider" in command else None
    if command[1] == "extract" and named and "--dry-run" not in command:
        result = json.loads(printed.out)
        assert result["pages"][0]["outcome"] == "complete"
        assert result["fields"]["/total"]["source"] == "vlm"
        assert named == "replay" or result["engine"]["model"].startswith(f"{named}/")


@pytest.mark.parametrize("command", SERVERS, ids=" ".join)
def test_servers_serve_until_they_are_stopped(here: Path, command: list[str]) -> None:
    quiet = {"review": ["--no-browser"], "serve": ["--port", "0"]}[command[1]]
    prepare(here, command)
    serving = subprocess.Popen([PROGRAM, *command[1:], *quiet], cwd=here, stdout=PIPE, stderr=STDOUT, text=True)
    assert serving.stdout is not None
    try:
        told = next(line for line in serving.stdout if "http://" in line)
        (address,) = re.findall(r"http://\S+", told)
        page = httpx.get(address if command[1] == "review" else f"{address}/healthz", follow_redirects=True)
        assert page.status_code == 200
    finally:
        serving.send_signal(signal.SIGINT)
        assert serving.wait(30) in (0, 130)


@pytest.mark.parametrize("command", MAKE, ids=" ".join)
def test_make_commands_name_targets(copy: Path, command: list[str]) -> None:
    done = run(copy, "make", "-n", *command[1:])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "shown"), [(README, "/total"), (MODELS, "['complete']")], ids=["README", "models"])
def test_the_python_runs(
    here: Path, models: servers.Server, page: str, shown: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for script in blocks("python", page):
        (here / "script.py").write_text(script)
        runpy.run_path("script.py", run_name="__main__")
        assert shown in capfd.readouterr().out


def test_the_settings_are_settings(here: Path, models: servers.Server) -> None:
    (settings,) = blocks("toml")
    (here / "readme.toml").write_text(settings)
    assert engine("doctor", "--config", "readme.toml") == 0


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []


def test_an_own_table_of_models_is_one(here: Path, models: servers.Server, capfd: pytest.CaptureFixture[str]) -> None:
    setting, table = blocks("toml", MODELS)
    (here / "models.toml").write_text(setting)
    (here / "my-models.toml").write_text(table)
    asked = ["--provider", "openai-compatible", "--model", "qwen3-vl", "--max-usd", "0", "--route", "vlm"]
    server = ("--base-url", models.base_url("openai-compatible"))
    receipt = "fixtures/receipt_thermal/receipt.jpg"
    assert engine("extract", receipt, "--type", "receipt", "--config", "models.toml", *asked, *server) == 1
    assert json.loads(capfd.readouterr().out)["usage"]["usd"] == 0


@pytest.mark.slow
def test_the_demo_sets_up_and_shows_a_result(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "demo-out", ".*_cache")
    shutil.copytree(ROOT, folder, ignore=ignored)
    done = run(folder, "make", "demo")
    assert done.returncode == 0, done.stderr
    assert (folder / "demo-out" / "receipt.json").is_file()
    assert "/total" in done.stdout
