"""Results as Parquet for analysis: the tables of :mod:`engine.csv_export`, typed.

``--parquet FILE.parquet`` writes a row a leaf, and ``FILE.line_items.parquet`` a row an entry of ``/line_items``.
Every value is there as text, exactly as in the result; where it is a number, it stands in a column of decimals too:
``number`` beside ``value``, and ``amount.number`` beside ``amount``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.csv_export import Row, entry_rows
from engine.errors import MissingDependency, UsageError
from engine.output import check_places, whole_output

if TYPE_CHECKING:
    from engine.result import Result

DIGITS, PLACES = 38, 12
"""Of the decimals: all that Parquet's widest have, and more places than documents print. A number that does not fit is
there as text alone."""

ROWS = 20_000  # held before they are written

FIELDS = {
    "document": "string",
    "sha256": "string",
    "type": "string",
    "status": "string",
    "pointer": "string",
    "field": "string",
    "value": "string",
    "number": "decimal",
    "printed": "string",
    "page": "int32",
    "source": "string",
    "verdict": "string",
    "witness": "string",
    "confidence": "double",
    "missing": "string",
}
"""Columns and their types. ``field`` is the pointer with ``*`` for the places in arrays: one name for a column of a
table, whatever its row."""

ENTRIES = {"document": "string", "pointer": "string", "page": "int32"}


def check_parquet(path: Path) -> None:
    """Whether a table can be written to *path*. Raises UsageError, MissingDependency."""
    if path.suffix.lower() != ".parquet":
        raise UsageError(f"--parquet {path} is not named *.parquet: name it so")
    check_places({}, path.parent, None)
    _pyarrow()


def write_parquet(results: Collection[Result], path: Path) -> tuple[Path, ...]:
    """Write the tables of *results*, which are gone through twice, one at a time; the files written, the fields first.

    Raises UsageError where they cannot be written, MissingDependency.
    """
    leaves: dict[str, dict[str, bool]] = {}  # of each array, and whether any is a number
    with _table(path, FIELDS) as write:
        for result in results:
            for row in _field_rows(result):
                write(row)
            for array, row in entry_rows(result):
                known = leaves.setdefault(array, {})
                for name, value in row.items():
                    known[name] = known.get(name, False) or _number(value) is not None
    arrays = {array: _columns(known) for array, known in leaves.items()}
    beside = {array: path.with_name(f"{path.stem}.{array}{path.suffix}") for array in arrays}
    with ExitStack() as tables:
        writers = {array: tables.enter_context(_table(beside[array], arrays[array])) for array in arrays}
        for result in results if arrays else ():
            for array, row in entry_rows(result):
                writers[array](_typed(row, arrays[array]))
    return (path, *beside.values())


def _field_rows(result: Result) -> Iterator[Row]:
    whole = {"document": _text(result.path), "sha256": result.sha256, "type": result.type, "status": result.status}
    for pointer, field in result.fields.items():
        yield whole | {
            "pointer": _text(pointer),
            "field": _text(re.sub(r"/\d+(?=/|$)", "/*", pointer)),
            "value": _text(field.value),
            "number": _number(field.value),
            "printed": _text(field.printed),
            "page": field.page,
            "source": field.source,
            "verdict": field.verdict,
            "witness": _text(field.witness),
            "confidence": field.confidence,
            "missing": field.missing,
        }


def _columns(leaves: Mapping[str, bool]) -> dict[str, str]:
    """Of a table of entries. A leaf that is itself called ``x.number`` leaves no place for the number of ``x``."""
    columns = dict(ENTRIES)
    for name in (name for name in leaves if name not in ENTRIES):
        columns[str(_text(name))] = "string"
        if leaves[name] and f"{name}.number" not in leaves:
            columns[f"{_text(name)}.number"] = "decimal"
    return columns


def _typed(row: Row, columns: Mapping[str, str]) -> Row:
    made: Row = {}
    for name, value in row.items():
        made[str(_text(name))] = value if name == "page" else _text(value)
        if columns.get(number := f"{_text(name)}.number") == "decimal":
            made[number] = _number(value)
    return made


def _text(value: Any) -> str | None:
    """A value as the result's JSON has it; nothing for null and an empty array."""
    if value is None or isinstance(value, list | tuple):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    exponent = int(number.as_tuple().exponent)
    fits = -exponent <= PLACES and number.adjusted() < DIGITS - PLACES
    return number if fits else None


@contextmanager
def _table(path: Path, columns: dict[str, str]) -> Iterator[Callable[[Row], None]]:
    """A table at *path*, whole or not there, and the way to add a row to it."""
    arrow, parquet = _pyarrow()
    kinds = {"decimal": arrow.decimal128(DIGITS, PLACES), "double": arrow.float64()}
    made = arrow.schema([(name, kinds.get(kind) or arrow.type_for_alias(kind)) for name, kind in columns.items()])
    rows: list[Row] = []

    def flush() -> None:
        table.write_table(arrow.Table.from_pylist(rows, schema=made))
        rows.clear()

    def write(row: Row) -> None:
        rows.append(row)
        if len(rows) >= ROWS:
            flush()

    with whole_output(path) as file, parquet.ParquetWriter(file, made, compression="zstd") as table:
        yield write
        flush()


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        line = "pip install 'document-engine[parquet]'"
        raise MissingDependency(f"Parquet needs an extra that is not installed: {line}") from error
    return pyarrow, pyarrow.parquet
