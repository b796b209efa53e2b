"""The library's face: what can be imported from `engine`, and that its types are there for type checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import engine


@pytest.mark.parametrize("name", engine.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(engine, name) is not None


def test_a_name_that_is_not_public_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="extrct"):
        engine.extrct  # noqa: B018


def test_a_users_type_checker_knows_the_types(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(
        "from engine import Config, Result, extract, result_to_json\n"
        "result: Result = extract('a.pdf', type='receipt', config=Config(jobs=1))\n"
        "text: str = result_to_json(result)\n"
        "wrong: int = result.status\n"
    )
    # of other packages our types tell nothing, and reading their stubs would take ten times as long
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = true\nfollow_imports = skip\n[mypy-engine.*]\nfollow_imports = silent\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "use.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(errors) == 1, done.stdout
    assert errors[0].startswith("use.py:4: error: Incompatible types in assignment")
