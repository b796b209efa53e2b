"""Numbers that can be checked by themselves (IBAN, EAN, VAT …): the formats of python-stdnum by their names there."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import stdnum

_NO_FORMATS = ("exceptions", "iso9362", "numdb", "util")  # the library's own parts, and the old name of bic


@cache
def formats() -> tuple[str, ...]:
    """The names that ``x-check-digits`` may have, sorted: ``iban``, ``eu.vat``, ``us.rtn``; none is imported for it."""
    root = Path(stdnum.__path__[0])
    files = (path.relative_to(root).with_suffix("").parts for path in root.rglob("[a-z]*.py"))
    return tuple(sorted(name for name in map(".".join, files) if name not in _NO_FORMATS))


def is_valid(value: str, name: str) -> bool:
    """Whether the value has the form of the format and its check digits agree. ``name`` is one of :func:`formats`."""
    return bool(_format(name).is_valid(value))


def format_title(name: str) -> str:
    """The format in words, such as ``IBAN (International Bank Account Number)``; of one line."""
    first = (_format(name).__doc__ or name).strip().split(".\n")[0]
    return " ".join(first.split()).rstrip(".")


@cache
def _format(name: str) -> ModuleType:
    return import_module(f"stdnum.{name}")
