"""What people decided, for others to learn from: samples with their values, and how often the engine was right."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.as_json import to_json
from engine.errors import EngineError, UsageError
from engine.output import write_whole
from engine.pointer import tokens, unescape
from engine.result import Result
from engine.review.folder import Folder, Reviewed
from engine.review.pictures import Pictures
from engine.view.decided import judged


@dataclass(frozen=True, slots=True)
class Samples:
    """``folders`` by the name of their type, ready for ``engine schema infer NAME --learn``; ``left_out`` says of each
    document that is none why."""

    folders: dict[str, Path]
    count: int
    left_out: tuple[str, ...]


def write_samples(folder: Folder, pictures: Pictures, target: Path) -> Samples:
    """Each document that people went through and that is clean now, below ``target/TYPE``, with what is known of it
    beside it: the values that a person or a witness vouches for, and no others.

    Raises UsageError where they cannot be written.
    """
    folders: dict[str, Path] = {}
    left_out: list[str] = []
    count = 0
    for known in folder:
        why_not = _why_no_sample(known)
        if why_not:
            left_out += [f"{known.name}: {why_not}"] if known.standing else []
            continue
        try:
            document = pictures.path(known.name, known.result.path, known.result.sha256)
        except EngineError as error:
            left_out.append(str(error))
            continue
        place = folders.setdefault(str(known.result.type), target / str(known.result.type))
        copy = place / f"{known.name.removesuffix('.json')}{document.suffix}"
        write_whole(copy.with_suffix(".json"), to_json(vouched_data(known.result)) + "\n")
        try:
            shutil.copyfile(document, copy)
        except OSError as error:
            raise UsageError(f"{copy} cannot be written ({error.strerror}): give another folder") from error
        count += 1
    return Samples(folders, count, tuple(left_out))


def _why_no_sample(known: Reviewed) -> str:
    if not known.standing:
        return "nobody decided anything"
    if known.result.status != "clean":
        return f"it is still {known.result.status}"
    if any(page.outcome == "skipped" for page in known.result.pages):
        return "it is a part of its file, and a sample is a whole file"
    return ""


def vouched_data(result: Result) -> dict[str, Any]:
    """The data without what nobody vouches for; a table is there as a whole or not at all."""
    data: dict[str, Any] = copy.deepcopy(result.data)
    for path, field in result.fields.items():
        if field.source == "human" or (field.value is not None and field.verdict == "confirmed"):
            continue
        first_row = next((at for at, name in enumerate(tokens(path)) if name.isdecimal()), None)
        if first_row is not None and field.value is None:
            continue  # an empty cell of a table says nothing of the others
        names = [unescape(name) for name in tokens(path)[:first_row]]
        node = data
        for name in names[:-1]:
            node = node.get(name, {})
        node.pop(names[-1], None)
    return data


def outcomes(folder: Folder) -> Iterator[dict[str, Any]]:
    """A line for each value of the engine that a person judged: what the engine said of it, and whether it was right.

    Values that nobody looked at are not there, so these are the doubted ones for the most part.
    """
    for known in folder:
        for one in judged(known.decisions):
            yield {
                "result": known.name,
                "sha256": known.original.sha256,
                "type": known.original.type,
                "path": one.path,
                "source": one.source,
                "verdict": one.verdict,
                "confidence": one.confidence,
                "right": one.right,
            }


def write_outcomes(lines: Sequence[dict[str, Any]], target: Path) -> None:
    write_whole(target, "".join(to_json(line, indent=None) + "\n" for line in lines))
