"""Copies of bundled cases, to be spoilt."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.regress.case import CASE_FILE, Case, read_case

FIXTURES = Path(__file__).parents[2] / "fixtures"


def copied(name: str, below: Path) -> Path:
    """The folder of a copy of the case, and beside it of the case whose document it shares."""
    document = read_case(FIXTURES / name).document
    for folder in {FIXTURES / name, document.parent}:
        shutil.copytree(folder, below / folder.name, dirs_exist_ok=True)
    return below / name


def changed(folder: Path, old: str, new: str, file: str = CASE_FILE) -> Case:
    """The case after a text in one of its files was replaced."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return read_case(folder)
