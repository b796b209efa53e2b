"""The document of a result file: where the result says it is, else beside the result, and the same by its sha256."""

from __future__ import annotations

from pathlib import Path

from engine.errors import UsageError
from engine.receive import sha256_of


def find_document(path: str, sha256: str | None, result_json: Path, given: Path | None = None) -> Path:
    """The file of the document that a result tells as *path* and *sha256*; *given* is one that a person named.

    Raises UsageError where there is none, or only another one.
    """
    told = Path(path)
    if sha256 is None:
        raise UsageError(f"{result_json}: the document was never read, so that it cannot be told: extract it again")
    if given is not None:
        if not given.is_file():
            raise UsageError(f"{given} does not exist: give the file of the document")
        if sha256_of(given) != sha256:
            raise UsageError(f"{given} is not the document of {result_json} (its sha256 differs): give that one")
        return given
    places = (told, result_json.parent / told.name)
    there = [place for place in places if place.is_file()]
    for place in there:
        if sha256_of(place) == sha256:
            return place
    where = " or ".join(map(str, dict.fromkeys(there or places)))
    wrong = "the file has changed since (its sha256 differs)" if there else "there is no such file"
    raise UsageError(f"the document of {result_json} is not at {where}, {wrong}: give it with --document")
