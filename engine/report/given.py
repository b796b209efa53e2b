"""Which results a report is of: the files named, and of each folder named the results at its top."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.errors import BadInput, UsageError
from engine.exact_json import read_json
from engine.from_json import data_to_result
from engine.result import Result

Say = Callable[[str], None]


def read_result(path: Path) -> Result:
    """The result of a file. Raises UsageError where it is not there, BadInput where it is none."""
    if not path.exists():
        raise UsageError(f"{path} does not exist: check the path")
    try:
        return data_to_result(read_json(path, "a result"))
    except UsageError as error:
        told = str(error)
        raise BadInput(told if told.startswith(str(path)) else f"{path}: {told}") from None


def result_files(given: Sequence[Path], say: Say) -> list[Path]:
    """The files of results, in order and each once; of a folder by name, and what is no result there is told to *say*.

    Raises UsageError for a path that is not there, BadInput where a file named is no result or there is none at all.
    """
    found: dict[Path, Path] = {}
    for path in given:
        for file in _in_folder(path, say) if path.is_dir() else _named(path):
            found.setdefault(file.resolve(), file)
    if not found:
        raise BadInput(f"there is no result in {', '.join(map(str, given))}: give what engine extract --out wrote")
    return list(found.values())


def _named(path: Path) -> Iterator[Path]:
    read_result(path)
    yield path


def _in_folder(folder: Path, say: Say) -> Iterator[Path]:
    for path in sorted(folder.glob("*.json")):
        try:
            read_result(path)
        except BadInput as error:
            say(f"passed over: {error}")
        else:
            yield path
