"""The commands of docs/batch.md run, in order, on such documents; its table of limits and its units are true."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.cli import main
from engine.cli.batch import batch
from engine.config import Config
from tests.batch.postgres import postgres
from tests.batch.small import slips
from tests.test_readme import PROGRAM, blocks, commands

FOLDER = Path(__file__).parent.parent / "docs"
PAGE = (FOLDER / "batch.md").read_text(encoding="utf-8")
VERIFY = shutil.which("systemd-analyze")
UNITS = sorted((FOLDER / "batch").glob("*.service"))
FINE = {"worker": {0}}
"""Exit codes; what brings results may tell of doubts and of a file that cannot be read."""


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slips(tmp_path / "scans", 2)
    (tmp_path / "scans" / "broken.pdf").write_bytes(b"%PDF-1.7\n")
    (manifest,) = blocks("csv", PAGE)
    (tmp_path / "manifest.csv").write_text(manifest)
    monkeypatch.chdir(tmp_path)
    seen, printed = set(), ""
    with postgres() as url:
        for command in commands(PAGE):
            if command[:1] == ["export"]:
                monkeypatch.setenv("ENGINE_DATABASE", url)
                continue
            assert command[:2] == ["engine", "batch"]
            seen.add(command[2])
            if command[2] in ("status", "cancel"):  # which start nothing
                with pytest.raises(SystemExit) as ended:
                    main(command[1:])
                assert ended.value.code == 0
                continue
            done = subprocess.run([str(PROGRAM), *command[1:]], capture_output=True, text=True, check=False)
            assert done.returncode in FINE.get(command[2], {0, 1, 2}), f"{command}: {done.stderr}"
            printed = printed or done.stdout
    assert seen == set(batch.commands)
    assert {path.name for path in tmp_path.iterdir()} >= {"results", "by-manifest", "cut", "shared", "fields.parquet"}
    (shown,) = blocks("text", PAGE)
    assert without_times(shown) == without_times(printed)


def without_times(text: str) -> str:
    return re.sub(r"^.* seconds, .*$", "", text, flags=re.MULTILINE).strip()


def test_the_limits_are_the_settings() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([\d,]+)(?: s)? \|", PAGE, re.MULTILINE)
    assert len(told) >= 6
    assert {name: float(value.replace(",", "")) for name, value in told} == {
        name: float(getattr(Config(), name)) for name, _ in told
    }


def test_every_link_leads_somewhere() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE)]
    assert [link for link in links if not link.startswith("http") and not (FOLDER / link).exists()] == []
    named = {Path(link).name for link in links}
    assert {path.name for path in (FOLDER / "batch").iterdir()} <= named


def services() -> Any:
    return yaml.safe_load((FOLDER / "batch" / "compose.yaml").read_text(encoding="utf-8"))["services"]


def started() -> list[list[str]]:
    """What the compose file and the units start, as options of ours."""
    composed = [shlex.split(services()[name]["command"]) for name in ("worker", "batch")]
    return composed + [shlex.split(unit(path)["Service"]["ExecStart"])[1:] for path in UNITS]


def unit(path: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string(path.read_text(encoding="utf-8"))
    return parsed


@pytest.mark.parametrize("command", started(), ids=" ".join)
def test_what_is_started_has_options_that_there_are(command: list[str]) -> None:
    for arguments, code in ([*command, "--help"], 0), ([*command, "--not-there", "--help"], 3):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == code


def test_compose_waits_for_its_database_and_mounts_documents_alike() -> None:
    worker, runner = services()["worker"], services()["batch"]
    mounted = [each for each in runner["volumes"] if "results" not in each]
    assert worker["volumes"] == mounted
    assert worker["depends_on"] == runner["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert all(
        name.removeprefix("ENGINE_").lower() in Config.__slots__ for name in worker["environment"] if "ENGINE" in name
    )


@pytest.mark.skipif(VERIFY is None, reason="needs systemd's own check")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for path in [*UNITS, FOLDER / "batch" / "engine-batch.timer"]:
        text = path.read_text(encoding="utf-8").replace("/opt/engine/bin/engine", str(PROGRAM))
        (tmp_path / path.name.replace("@", "@1")).write_text(text)
    units = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run([str(VERIFY), "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
