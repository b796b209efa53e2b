"""All results of a batch in one file: as JSON lines, or their fields as tables. One at a time is held."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simplejson

from engine.as_json import to_json
from engine.batch.pieces import Cuts
from engine.batch.state import Batch, pieces_file
from engine.csv_export import write_csv
from engine.errors import UsageError
from engine.from_json import data_to_result
from engine.output import check_places, whole_output
from engine.result import Result

LINES = "results.jsonl"


@dataclass(frozen=True, slots=True)
class Results(Collection[Result]):
    """The results of a batch in the order of its items, then those of earlier runs, read each time they are gone
    through; those not there are left out. Raises UsageError at a file that is no result."""

    batch: Batch

    def __iter__(self) -> Iterator[Result]:
        for path, data in self.data():
            try:
                yield data_to_result(data)
            except UsageError as error:
                raise UsageError(f"{path}: {error}") from error

    def __len__(self) -> int:
        return sum(path.exists() for path in self._paths())

    def __contains__(self, result: object) -> bool:
        return any(result == each for each in self)

    def data(self) -> Iterator[tuple[Path, Any]]:
        """Each file with the JSON in it."""
        for path in self._paths():
            try:
                yield path, simplejson.loads(path.read_bytes(), use_decimal=True)
            except FileNotFoundError:  # cancelled
                continue
            except (OSError, ValueError) as error:
                raise UsageError(f"{path} cannot be read ({error}): delete it and resume the batch") from error

    def _paths(self) -> Iterator[Path]:
        items = Cuts(pieces_file(self.batch.out)).pieces((*self.batch.items, *self.batch.kept))
        return (self.batch.out / item.name for item in items)


def check_tables(csv: Path | None, parquet: Path | None) -> None:
    """Whether the tables have places to go to, before any work. Raises UsageError, MissingDependency."""
    check_places({}, None, csv)
    if parquet is not None:
        from engine.batch.parquet import check_parquet

        check_parquet(parquet)


def write_tables(batch: Batch, csv: Path | None, parquet: Path | None) -> None:
    """``results.jsonl`` beside the results, and the tables asked for. Raises UsageError where one cannot be written."""
    results = Results(batch)
    with whole_output(batch.out / LINES) as file:
        for _, data in results.data():
            file.write(f"{to_json(data, indent=None)}\n".encode())
    if csv is not None:
        write_csv(results, csv)
    if parquet is not None:
        from engine.batch.parquet import write_parquet

        write_parquet(results, parquet)
