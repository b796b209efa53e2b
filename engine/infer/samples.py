"""Sample documents, read, with the values that somebody knows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.config import Config
from engine.errors import BadInput, UsageError
from engine.exact_json import read_json
from engine.flow import read
from engine.page import Reading
from engine.reading import Progress

WANTED = range(3, 11)  # samples that a proposal should rest on: fewer tell chance from rule badly, more say the same


@dataclass(frozen=True, slots=True)
class Sample:
    """A document as words. ``values`` are data as ``expected.json`` has them, None where nobody gave any."""

    path: Path
    readings: tuple[Reading, ...]
    values: Mapping[str, Any] | None


def values_path(document: Path) -> Path:
    """Where the values of a sample are looked for: beside it, under its stem; of a regression case, what is right."""
    beside = document.with_suffix(".json")
    of_case = document.with_name("expected.json")
    return of_case if not beside.is_file() and document.with_name("case.toml").is_file() else beside


def read_values(document: Path) -> Mapping[str, Any] | None:
    """The values beside a document, None without any. Raises UsageError for what is no JSON object."""
    path = values_path(document)
    if not path.is_file():
        return None
    values = read_json(path, "values of a document")
    if not isinstance(values, dict):
        raise UsageError(f'{path}: values of a document are one object; write such as {{"total": 9.00}}')
    return values


def read_sample(document: Path, config: Config, progress: Progress | None = None) -> Sample:
    """Raises BadInput for a document that cannot be opened or has no page that could be read."""
    values = read_values(document)
    readings = tuple(reading for reading in read(document, config=config, progress=progress).readings if reading.words)
    if not readings:
        raise BadInput(f"{document}: no word could be read on it; leave this sample out")
    return Sample(document, readings, values)


def with_values(samples: Sequence[Sample]) -> list[tuple[Sample, Mapping[str, Any]]]:
    return [(sample, sample.values) for sample in samples if sample.values is not None]
