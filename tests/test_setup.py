"""`make setup` on machines that lack something: what is installed, or what a person is told to run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALL = "tesseract-ocr tesseract-ocr-eng poppler-utils"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder that is all of PATH: bash and grep, and a python3 with venv."""
    for program in ("bash", "grep", "env"):
        found = shutil.which(program)
        assert found
        (tmp_path / program).symlink_to(found)
    add(tmp_path, "python3", "exit 0")
    return tmp_path


def add(machine: Path, name: str, script: str) -> None:
    path = machine / name
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
    path.chmod(0o755)


def install(machine: Path, *programs: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".ci" / "install", *programs],
        env={"PATH": str(machine)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_everything_is_there_nothing_is_done(machine: Path) -> None:
    add(machine, "tesseract", "echo 'List of languages (99):'; echo eng; for i in {1..99999}; do echo $i; done")
    add(machine, "pdftoppm", "")
    assert install(machine).returncode == 0


def test_root_installs_what_is_missing(machine: Path) -> None:
    add(machine, "id", "echo 0")
    add(machine, "apt-get", "echo apt-get $*")
    done = install(machine, "make")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        ["apt-get update", f"apt-get install -y --no-install-recommends make {ALL}"],
    )


def test_only_what_is_missing_is_installed(machine: Path) -> None:
    add(machine, "tesseract", "echo 'List of languages (1):'; echo osd")
    add(machine, "pdftoppm", "")
    add(machine, "id", "echo 0")
    add(machine, "apt-get", "echo apt-get $*")
    assert install(machine).stdout.splitlines()[1].endswith("--no-install-recommends tesseract-ocr-eng")


def test_sudo_without_a_password_is_used(machine: Path) -> None:
    add(machine, "id", "echo 1000")
    add(machine, "sudo", "[ $# -gt 2 ] && echo sudo $*; exit 0")
    add(machine, "apt-get", "exit 9")
    done = install(machine)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == (
        "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends " + ALL
    )


def test_without_rights_the_line_to_run_is_printed_and_nothing_goes_on(machine: Path) -> None:
    add(machine, "id", "echo 1000")
    add(machine, "sudo", "exit 1")
    add(machine, "apt-get", "exit 9")
    done = install(machine)
    assert done.returncode == 1
    assert f"sudo apt-get install -y --no-install-recommends {ALL}\n" in done.stderr


def test_without_apt_the_names_are_told(machine: Path) -> None:
    done = install(machine)
    assert (done.returncode, ALL in done.stderr) == (1, True)


def test_an_apt_that_fails_stops_the_setup(machine: Path) -> None:
    add(machine, "id", "echo 0")
    add(machine, "apt-get", "exit 100")
    assert install(machine).returncode == 100


def test_every_target_has_its_line_of_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    told = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert told == set(phony.split())
