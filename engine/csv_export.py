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
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.output import write_whole

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


def write_csv(results: Iterable[Result], path: Path) -> tuple[Path, ...]:
    """Write the tables of *results*, as the module tells; return the files written, the fields first.

    Raises UsageError where they cannot be written.
    """
    whole = tuple(results)
    target = path / "fields.csv" if path.is_dir() else path
    written = [target]
    write_whole(target, _table(FIELD_COLUMNS, (row for result in whole for row in field_rows(result))))
    for array, rows in array_rows(whole).items():
        beside = target.with_name(f"{target.stem}.{array}{target.suffix}")
        columns = tuple(dict.fromkeys(column for row in rows for column in row))
        write_whole(beside, _table(columns, rows))
        written.append(beside)
    return tuple(written)


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


def array_rows(results: Iterable[Result]) -> dict[str, list[Row]]:
    """The entries of every array, by the array's name: its pointer with ``.`` for ``/``.

    A row has the document, the entry's pointer, the page it begins on, and a column a leaf, named by the
    pointer below the entry; an entry that is no object or array is in the column ``value``.
    """
    tables: dict[str, list[Row]] = defaultdict(list)
    for result in results:
        for array, entries in _arrays(result.data, ""):
            for number, entry in enumerate(entries):
                tables[_array_name(array)].append(_entry_row(result, f"{array}/{number}", entry))
    return dict(tables)


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


def _table(columns: tuple[str, ...], rows: Iterable[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([_cell(column) for column in columns])
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return text.getvalue()


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
