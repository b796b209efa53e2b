"""The guide to a new type is true: its commands run in their order, and end with a regression case that passes."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.cli import main
from engine.exact_json import read_json

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "new-type.md").read_text(encoding="utf-8")
FINE = {"engine extract": {0, 1}}
"""Exit codes of commands that may tell of a doubt; all others end with 0."""


@dataclass(frozen=True)
class Followed:
    """Where the guide led, and what its commands printed, stderr last."""

    folder: Path
    printed: dict[str, str]


def _run(command: str) -> tuple[int, str]:
    """Exit code and what is printed, stderr last. Our commands run in this process, their patterns as a shell's."""
    program, *words = shlex.split(command)
    if program == "python":
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    assert program == "engine"
    given = [found for word in words for found in (sorted(map(str, Path().glob(word))) if "[" in word else [word])]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with pytest.raises(SystemExit) as ended, redirect_stdout(out), redirect_stderr(err):
        main(given)
    printed = [stream.seek(0) or stream.read() for stream in (out, err)]
    return int(str(ended.value.code)), "".join(printed)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory, pictures_once: None) -> Followed:
    folder = tmp_path_factory.mktemp("guide") / "checkout"
    shutil.copytree(ROOT / "fixtures" / "generator", folder / "fixtures" / "generator")
    printed = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in re.findall(r"^```console\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL):
            for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
                if command.startswith("cd "):
                    patch.chdir(command.removeprefix("cd "))
                    continue
                code, printed[command] = _run(command)
                fine = next((codes for start, codes in FINE.items() if command.startswith(start)), {0})
                assert code in fine, f"{command}\n{printed[command]}"
        folder = Path.cwd()
    return Followed(folder, printed)


def test_the_table_of_checks_is_what_infer_prints(followed: Followed) -> None:
    (table,) = re.findall(r"^```\n(check .*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    printed = next(text for command, text in followed.printed.items() if "infer" in command)
    assert set(map(str.rstrip, table.splitlines())) <= set(map(str.rstrip, printed.splitlines()))


def test_a_bill_that_was_not_learned_from_is_read_rightly(followed: Followed) -> None:
    result = json.loads((followed.folder / "results" / "bill-4.json").read_text(encoding="utf-8"))
    truth = read_json(followed.folder / "samples" / "bill-4.json", "values")
    numbers = {name: value for name, value in truth.items() if not isinstance(value, str)}
    assert len(numbers) >= 5
    assert {name: result["data"][name] for name in numbers} == {name: float(value) for name, value in numbers.items()}


def test_it_ends_with_a_case_that_passes_and_can_fail(followed: Followed) -> None:
    assert (followed.folder / "fixtures" / "bill-4" / "expected.json").is_file()
    assert list(followed.printed)[-2:] == ["engine regress", "engine regress --mutate"]


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", GUIDE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
