"""The results of a folder under review: what the engine gave, what people decided, and what is shown for it.

The engine's own result is kept as ``DIR/.engine/original/NAME.json`` before it is changed; ``DIR/NAME.json`` is always
:func:`engine.review.apply.apply` of it and of the decisions. A decision is on the disk before the result is written: a
process that died between the two is made good for when the folder is opened again.
"""

from __future__ import annotations

import getpass
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import simplejson

from engine.as_json import result_to_data, to_json
from engine.batch.state import alone, load
from engine.doctype import DocumentType, load_type
from engine.errors import UsageError
from engine.exact_json import read_json
from engine.from_json import data_to_result
from engine.output import write_whole
from engine.result import Result
from engine.review.apply import apply, other_type, rows_gone, unsaid
from engine.review.decisions import add_decision
from engine.review.digest import digest
from engine.review.rows import engine_s_path
from engine.review.typed import Habits, habits_of
from engine.reviewed import original_file
from engine.view.decided import Decision, Kind, read_decisions, standing

Data = Mapping[str, Any]


class Changed(UsageError):
    """What was decided is not what stands there any more."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One result. ``name`` is its file's name; ``engine`` what the file says of the engine that wrote it; ``of`` and
    ``now`` the digests of ``original`` and of what the file holds. ``stale`` decisions were of an earlier extraction of
    the document and are not applied. ``doctype`` is None without a type, or where it cannot be had: ``why_not``."""

    name: str
    original: Result
    engine: Data
    of: str
    now: str
    result: Result
    decisions: tuple[Decision, ...] = ()
    stale: int = 0
    doctype: DocumentType | None = None
    why_not: str = ""

    @property
    def standing(self) -> tuple[Decision, ...]:
        return standing(self.decisions)

    @property
    def habits(self) -> Habits:
        return habits_of(field.printed for field in self.original.fields.values())

    @property
    def gone(self) -> frozenset[str]:
        """The rows that are none, by their places in ``original``; decisions name such places too."""
        return rows_gone(self.original, self.standing)


class Folder:
    """The results at the top of *out*, by their names. Made by :func:`opened`; its methods may be called by threads."""

    def __init__(self, out: Path, who: str, schemas: Path | None) -> None:
        self.out, self.who = out, who
        self.schemas = schemas or _begun_with(out)
        self._types: dict[str, DocumentType | str] = {}
        self._lock = threading.Lock()
        self.ignored: list[str] = []
        by_name: dict[str, list[Decision]] = {}
        self._made: list[tuple[str, str]] = []  # result and id of each decision, in their order
        for decision in read_decisions(out):
            by_name.setdefault(decision.result, []).append(decision)
            self._made.append((decision.result, decision.id))
        self._results: dict[str, Reviewed] = {}
        for path in sorted(out.glob("*.json")):
            try:
                self._results[path.name] = self._read(path, tuple(by_name.get(path.name, ())))
            except UsageError as error:
                self.ignored.append(str(error))
        if not self._results:
            raise UsageError(f"{out} holds no result: give the folder that engine extract or engine batch run wrote to")
        self.names = tuple(self._results)

    def __getitem__(self, name: str) -> Reviewed:
        return self._results[name]

    def __iter__(self) -> Iterator[Reviewed]:
        return iter(self._results.values())

    # ------------------------------------------------------------ deciding

    def decide(self, name: str, kind: Kind, path: str, *, was: Data, **told: Any) -> Reviewed:
        """Keep one decision and write the result anew. ``path`` is the place and ``was`` the field, or the finding, as
        the person saw them.

        Raises Changed where another stands there by now, UsageError where nothing can be written.
        """
        with self._lock:
            known = self._unchanged(name)
            if was != _now(known.result, kind, path, was):
                raise Changed("this has changed since the page was loaded: look at it once more")
            place = engine_s_path(path, known.gone)
            if kind != "dismiss" and place not in known.original.fields:
                raise UsageError("its rows were all marked absent: take that back first")
            return self._decide(known, kind, place, was=was, **told)

    def undo(self, name: str | None = None) -> Reviewed | None:
        """Take back the last decision that stands on *name*, without one the last of all; None where none stands."""
        with self._lock:
            if name is None:
                name = next((name for name, made in reversed(self._made) if self._stands(name, made)), None)
            if name is None:
                return None
            known = self._unchanged(name)
            if not known.standing:
                return None
            undone = known.standing[-1]
            return self._decide(known, "undo", undone.path, was=None, undoes=undone.id)

    def _stands(self, name: str, made: str) -> bool:
        return name in self._results and any(decision.id == made for decision in self[name].standing)

    def _decide(self, known: Reviewed, kind: Kind, path: str, *, was: Data | None, **told: Any) -> Reviewed:
        decision = Decision(
            id=uuid.uuid4().hex,
            result=known.name,
            sha256=known.original.sha256,
            of=known.of,
            gives="",
            kind=kind,
            path=path,
            who=self.who,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            was=was,
            **told,
        )
        result = apply(known.original, (*known.decisions, decision), known.doctype)
        text, gives = _to_text(result, known.engine)
        decision = replace(decision, gives=gives)
        self._keep_original(known)
        add_decision(self.out, decision)
        made = replace(known, result=result, decisions=(*known.decisions, decision))
        self._results[known.name] = made  # it is decided, even if the next line fails
        self._made.append((known.name, decision.id))
        write_whole(self.out / known.name, text)
        made = self._results[known.name] = replace(made, now=gives)
        return made

    def _keep_original(self, known: Reviewed) -> None:
        """The file as it is, before its first change; that of an earlier extraction is kept beside it."""
        place = original_file(self.out, known.name)
        if place.is_file():
            kept = digest(read_json(place, "a result"))
            if kept == known.of:
                return
            place.replace(place.with_name(f"{place.stem}~{kept}.json"))
        write_whole(place, (self.out / known.name).read_text("utf-8"))

    def _unchanged(self, name: str) -> Reviewed:
        """Raises Changed where another process has written the result since, and takes in what it wrote."""
        known = self[name]
        path = self.out / name
        if digest(_result_of(path)[0]) != known.now:
            self._results[name] = self._read(path, known.decisions)
            raise Changed(f"{path} was extracted again meanwhile: look at it once more")
        return known

    # ------------------------------------------------------------ reading

    def _read(self, path: Path, lines: tuple[Decision, ...]) -> Reviewed:
        """The result with its decisions, and its file put right where a process died before it wrote it."""
        told, whole = _result_of(path)
        now, original = digest(told), told
        line = next((line for line in reversed(lines) if line.gives == now and line.of != now), None)
        if line is not None:  # the file is what a decision gave
            original, whole = self._original(path.name, line.of)
        of = digest(original)
        ours = tuple(line for line in lines if line.of == of)
        engine = original["engine"]
        doctype, why_not = self._type(whole)
        result = apply(whole, ours, doctype)
        if ours and now != ours[-1].gives:
            text, now = _to_text(result, engine)
            write_whole(path, text)
        stale = len(standing(lines)) - len(standing(ours))
        return Reviewed(path.name, whole, engine, of, now, result, ours, stale, doctype, why_not)

    def _original(self, name: str, of: str) -> tuple[Data, Result]:
        place = original_file(self.out, name)
        for path in (place, place.with_name(f"{place.stem}~{of}.json")):
            if path.is_file():
                told, result = _result_of(path)
                if digest(told) == of:
                    return told, result
        raise UsageError(f"{place} is gone, though {name} was reviewed: bring it back, or extract the document again")

    def _type(self, original: Result) -> tuple[DocumentType | None, str]:
        """The type that the result was checked by. Another of its name is as good as none: its rules are others."""
        name = original.type
        if name is None:
            return None, "its type is not known: extract it again with --type"
        if name not in self._types:
            try:
                self._types[name] = load_type(name, self.schemas)
            except UsageError as error:
                self._types[name] = str(error)
        found = self._types[name]
        if isinstance(found, str):
            return None, found
        if other_type(original, found):
            return None, f"it was checked by another {name} than {found.path}: give its --schemas, or extract it again"
        return found, ""


def _begun_with(out: Path) -> Path | None:
    """The folder of types that the batch of *out* was run with, None where there was none."""
    try:
        batch = load(out)
    except UsageError:
        return None
    schemas = batch.begun_in / (batch.config.schemas or "schemas")
    return schemas if schemas.is_dir() else None


def _now(result: Result, kind: Kind, path: str, was: Data) -> Data | None:
    """What stands there now of what a decision is about, as *was* tells it."""
    told = result_to_data(result)
    if kind != "dismiss":
        found: Data | None = told["fields"].get(path)
        return found
    open_ = (*told["findings"], *map(asdict, unsaid(result.pages, result.findings)))
    return was if path == was.get("path") and was in open_ else None


def _result_of(path: Path) -> tuple[Data, Result]:
    told = read_json(path, "a result")
    return told, data_to_result(told)


def _to_text(result: Result, engine: Data) -> tuple[str, str]:
    """The file's text and its digest. The engine that read the document stays the one that is named."""
    text = to_json({**result_to_data(result), "engine": engine}) + "\n"
    return text, digest(simplejson.loads(text, use_decimal=True))


@contextmanager
def opened(out: Path, who: str | None, schemas: Path | None) -> Iterator[Folder]:
    """The folder for the one process that may change it; *who* decides (default: the user's name).

    Raises UsageError: no folder, no result in it, a batch or another review that works there.
    """
    if not out.is_dir():
        raise UsageError(f"{out} is no folder: give the one that holds the results")
    with alone(out):
        yield Folder(out, who or _user(), schemas)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as in a container, where the user has a number only
        raise UsageError("who decides is not known here: give --who NAME") from None
