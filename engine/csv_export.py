"""Results as CSV for spreadsheets: one table of fields and one for each array, such as the line items.

``--csv FILE.csv`` writes ``FILE.csv`` with a row a leaf, and ``FILE.line_items.csv`` with a row an entry of
``/line_items``, over all documents. Given a folder, the tables in it are ``fields.csv`` and
``fields.line_items.csv``. UTF-8, comma, RFC 4180. Numbers are plain, with a decimal point and as many digits
as printed.

A document's text may be a spreadsheet formula (``=HYPERLINK(…)``). Text that starts as one gets an apostrophe
in front, which spreadsheets take as "this is text"; numbers and text that is only a number stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.output import whole_output

if TYPE_CHECKING:
    from engine.result import Result

FIELD_COLUMNS = (
    "document",
    "pointer",
    "value",
    "printed",
    "page",
    "box",
    "source",
    "verdict",
    "confidence",
    "missing",
)
Row = dict[str, Any]

_FORMULA = re.compile(r"[=+\-@\t\r\n]")  # what spreadsheets take for the start of a formula
_NUMBER = re.compile(r"[+-]?[\d.,]+%?")


def write_csv(results: Collection[Result], path: Path) -> tuple[Path, ...]:
    """Write the tables of *results*, as the module tells; return the files written, the fields first.

    The results are gone through twice, one at a time: so they may be read from their files. Raises UsageError where
    the tables cannot be written.
    """
    target = path / "fields.csv" if path.is_dir() else path
    arrays: dict[str, dict[str, None]] = {}
    with _table(target, FIELD_COLUMNS) as write:
        for result in results:
            for row in field_rows(result):
                write(row)
            for array, row in entry_rows(result):
                arrays.setdefault(array, {}).update(dict.fromkeys(row))
    beside = {array: target.with_name(f"{target.stem}.{array}{target.suffix}") for array in arrays}
    with ExitStack() as tables:
        writers = {array: tables.enter_context(_table(beside[array], tuple(arrays[array]))) for array in arrays}
        for result in results if arrays else ():
            for array, row in entry_rows(result):
                writers[array](row)
    return (target, *beside.values())


def field_rows(result: Result) -> Iterator[Row]:
    """A row a leaf of the result, in the order of its fields."""
    for pointer, field in result.fields.items():
        yield {
            "document": result.path,
            "pointer": pointer,
            "value": field.value,
            "printed": field.printed,
            "page": field.page,
            "box": field.box and " ".join(f"{edge:g}" for edge in field.box.as_list()),
            "source": field.source,
            "verdict": field.verdict,
            "confidence": None if field.confidence is None else round(field.confidence, 4),
            "missing": field.missing,
        }


def entry_rows(result: Result) -> Iterator[tuple[str, Row]]:
    """The entries of every array, each with the array's name: its pointer with ``.`` for ``/``.

    A row has the document, the entry's pointer, the page it begins on, and a column a leaf, named by the
    pointer below the entry; an entry that is no object or array is in the column ``value``.
    """
    for array, entries in _arrays(result.data, ""):
        for number, entry in enumerate(entries):
            yield _array_name(array), _entry_row(result, f"{array}/{number}", entry)


def _entry_row(result: Result, pointer: str, entry: Any) -> Row:
    leaves = dict(_leaves(entry, pointer))
    pages = (result.fields[leaf].page for leaf in leaves if leaf in result.fields)
    row: Row = {
        "document": result.path,
        "pointer": pointer,
        "page": min((page for page in pages if page is not None), default=None),
    }
    for leaf, value in leaves.items():
        column = leaf.removeprefix(pointer)
        row[column if column[1:] in row else column[1:] or "value"] = value
    return row


def _arrays(data: Any, pointer: str) -> Iterator[tuple[str, list[Any]]]:
    """Every array outside other arrays, with its pointer; an inner one is part of its row."""
    if isinstance(data, list):
        yield pointer, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _arrays(value, f"{pointer}/{_escaped(key)}")


def _leaves(data: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, f"{pointer}/{_escaped(key)}")
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _leaves(value, f"{pointer}/{number}")
    else:
        yield pointer, data


def _array_name(pointer: str) -> str:
    """Fit for a file name whatever the schema calls its fields."""
    return re.sub(r"[^\w.-]", "_", pointer.removeprefix("/").replace("/", ".")) or "rows"


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


@contextmanager
def _table(path: Path, columns: tuple[str, ...]) -> Iterator[Callable[[Row], object]]:
    """A table at *path*, whole or not there, and the way to add a row to it."""
    with whole_output(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow([_cell(column) for column in columns])
        yield lambda row: writer.writerow([_cell(row.get(column)) for column in columns])
        text.flush()
        text.detach()


def _cell(value: Any) -> str:
    """One value as a cell: exact numbers, words for truth values, and no text that runs as a formula."""
    if value is None or isinstance(value, list | tuple):  # the field of an empty array
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    text = str(value)
    if isinstance(value, str) and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return text.encode("utf-8", "replace").decode("utf-8")
