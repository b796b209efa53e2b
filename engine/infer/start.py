"""A new document type to begin with: its name, and a text small, sound, and commented where a person goes on."""

from __future__ import annotations

import re
from pathlib import Path

from engine.errors import UsageError

RESERVED = ("auto", "result")
"""Names that the command line takes for something else: ``--type auto``, ``schema show result``."""
TEMPLATE = Path(__file__).with_name("start.json")


def start_type(name: str, folder: Path) -> tuple[Path, str]:
    """Where the new type goes, and its text. UsageError for a name that cannot be one or is taken."""
    check_new_name(name)
    path = folder / f"{name}.json"
    if path.exists():
        raise UsageError(f"{path} exists already: edit it, or choose another name")
    title = name.replace("_", " ").capitalize()
    return path, TEMPLATE.read_text(encoding="utf-8").replace('"title": ""', f'"title": "{title}"')


def check_new_name(name: str) -> None:
    """UsageError for what no new type should be called; one that there is may be called as its file is."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f'"{name}" is no name of a type: use small letters, figures and _, such as utility_bill')
    if name in RESERVED:
        raise UsageError(f'"{name}" means something else where a type is named: choose another name')
