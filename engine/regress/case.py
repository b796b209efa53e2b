"""A case: a folder with a document, what is right (``expected.json``) and why it is here (``case.toml``)."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeGuard, get_args

from rapidfuzz import fuzz, process

from engine.config import Config, Provider
from engine.errors import UsageError
from engine.exact_json import read_json
from engine.pointer import escape, matches
from engine.result import Check, Route, Severity, Status

CASE_FILE = "case.toml"
EXPECTED_FILE = "expected.json"
ACCEPTED_FILE = "accepted.json"
RECORDINGS = "recordings"
LISTED = 12  # names told where none is near

KEYS = (
    *("why", "document", "type", "routes", "expected_status", "expected_findings", "tolerances", "settings"),
    *("provider", "model", "recorded_by"),
)
NOT_A_CASE_S = frozenset(
    {"provider", "model", "base_url", "models", "recordings", "cache", "no_cache", "schemas", "jobs", "vlm_jobs"}
)
"""Settings of the machine or of the run, or said elsewhere in ``case.toml``."""
SETTINGS = tuple(sorted({setting.name for setting in fields(Config)} - NOT_A_CASE_S))


@dataclass(frozen=True, slots=True)
class ExpectedFinding:
    """A finding that must be there: ``path`` a JSON Pointer; ``check`` and ``severity`` None where any will do."""

    path: str
    check: str | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """``type`` is a name, ``auto``, or the path of a schema file. ``routes`` are the right ones, one a page, ``status``
    what should come out and ``findings`` what must be found; None or empty where the case does not say.

    ``tolerances`` by pointer pattern: the difference of a number still right, days for a date, for a text the share of
    its letters (0..1). ``settings`` are those of :class:`engine.config.Config` under which the document is extracted
    (route, lang, pages, …). ``provider`` and ``model`` are whose answers the recordings are, ``recorded_by`` says who
    really gave them. ``expected`` is the right data, numbers as int and Decimal.
    """

    folder: Path
    why: str
    document: Path
    type: str
    expected: Mapping[str, Any] = field(hash=False)
    routes: tuple[Route, ...] | None = None
    status: Status | None = None
    findings: tuple[ExpectedFinding, ...] = ()
    tolerances: Mapping[str, Decimal] = field(default_factory=dict, hash=False)
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    provider: str | None = None
    model: str | None = None
    recorded_by: str | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def recordings(self) -> Path:
        return self.folder / RECORDINGS


def find_cases(fixtures: Path, names: Sequence[str] = ()) -> tuple[Case, ...]:
    """The cases of those names, in their order: folders below ``fixtures``, or paths of case folders. Without names
    all of them (:func:`case_folders`). Raises UsageError, also where there is none, and for two of one name, by which
    everything that is told of a case is known."""
    there = {folder.name: folder for folder in case_folders(fixtures)}
    if not names and not there:
        raise UsageError(
            f"{fixtures} holds no case (a folder with {CASE_FILE}): give --fixtures the folder of the cases"
        )
    folders = [_folder(name, there, fixtures) for name in names] if names else list(there.values())
    once = {os.path.abspath(folder): folder for folder in folders}  # noqa: PTH100 - without following links
    cases = tuple(map(read_case, once.values()))
    named: dict[str, Case] = {}
    for case in cases:
        if case.name in named:
            both = f"{named[case.name].folder} and {case.folder}"
            raise UsageError(f'two cases are called "{case.name}": run {both} one after the other')
        named[case.name] = case
    return cases


def case_folders(fixtures: Path) -> tuple[Path, ...]:
    """The folders that are cases, sorted: with a ``case.toml``, directly below ``fixtures``, and not hidden."""
    folders = sorted(file.parent for file in fixtures.glob(f"*/{CASE_FILE}"))
    return tuple(folder for folder in folders if not folder.name.startswith("."))


def _folder(name: str, there: Mapping[str, Path], fixtures: Path) -> Path:
    if name in there:
        return there[name]
    if (Path(name) / CASE_FILE).is_file():
        return Path(os.path.normpath(name))
    if Path(name).is_dir():
        raise UsageError(f"{name} is no case: it has no {CASE_FILE} (engine regress add writes one)")
    raise UsageError(f'there is no case "{name}" below {fixtures}{_nearest(name, there)}')


def read_case(folder: Path) -> Case:
    """The case in a folder. Raises UsageError, which names the file and the key, for whatever is not right there."""
    file = folder / CASE_FILE
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - "." has no name, and resolve() would follow links
    try:
        text = file.read_text(encoding="utf-8-sig")
        table, plain = tomllib.loads(text, parse_float=Decimal), tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}): a case is a folder with {CASE_FILE}") from None
    try:
        return _case(folder, table, plain.get("settings", {}))
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None


def _case(folder: Path, table: Mapping[str, Any], settings: Any) -> Case:
    _known(table, KEYS, "")
    expected = read_json(folder / EXPECTED_FILE, "the right values")
    if not isinstance(expected, dict):
        raise UsageError(f'{EXPECTED_FILE} is no JSON object: write the right values, such as {{"total": 9.00}}')
    return Case(
        folder=folder,
        why=_text(table, "why", needed="why the case is here, in a sentence"),
        document=_document(folder, _text(table, "document", needed="the file to extract, relative to this folder")),
        type=_type(folder, _text(table, "type") or "auto"),
        expected=expected,
        routes=_routes(table.get("routes")),
        status=_one_of(table, "expected_status", get_args(Status)),
        findings=tuple(_findings(table.get("expected_findings", []))),
        tolerances=_tolerances(table.get("tolerances", {}), expected),
        settings=_settings(settings),
        provider=_one_of(table, "provider", get_args(Provider)),
        model=_text(table, "model") or None,
        recorded_by=_text(table, "recorded_by") or None,
    )


# ---------------------------------------------------------------- its keys


def _document(folder: Path, relative: str) -> Path:
    path = Path(os.path.normpath(folder / relative))
    if not path.resolve().is_relative_to(folder.resolve().parent):
        raise UsageError(f'document "{relative}" lies outside {folder.parent}: copy it into the case')
    if not path.is_file():
        near = [entry.name for entry in folder.iterdir() if entry.name not in (CASE_FILE, EXPECTED_FILE, ACCEPTED_FILE)]
        raise UsageError(f'document "{relative}" does not exist{_nearest(relative, near)}')
    return path


def _type(folder: Path, told: str) -> str:
    if not told.endswith(".json"):
        return told
    if not (folder / told).is_file():
        raise UsageError(f'type "{told}" does not exist: put the schema beside the case, or give the name of a type')
    return os.path.normpath(folder / told)


def _routes(told: Any) -> tuple[Route, ...] | None:
    if told is None:
        return None
    if not isinstance(told, list) or not told or not all(route in get_args(Route) for route in told):
        raise UsageError(f"routes must be a list of {_listed(get_args(Route))}, one a page")
    return tuple(told)


def _findings(told: Any) -> Iterator[ExpectedFinding]:
    if not isinstance(told, list) or not all(isinstance(finding, dict) for finding in told):
        raise UsageError('expected_findings must be a list such as [{path = "/total", check = "arithmetic"}]')
    for finding in told:
        _known(finding, ("path", "check", "severity"), "expected_findings: ")
        path = finding.get("path")
        if not isinstance(path, str) or not (path == "" or path.startswith("/")):
            raise UsageError('expected_findings: each has a path, such as "/total", or "" for the document')
        check = _one_of(finding, "check", get_args(Check), "expected_findings: ")
        yield ExpectedFinding(path, check, _one_of(finding, "severity", get_args(Severity), "expected_findings: "))


def _tolerances(told: Any, expected: Mapping[str, Any]) -> dict[str, Decimal]:
    if not isinstance(told, dict):
        raise UsageError('tolerances must be a table of pointers and numbers, such as "/total" = 0.01')
    places = list(_places(expected, ""))
    for pattern, value in told.items():
        if not _is_number(value) or not 0 <= value < Decimal("Infinity"):
            raise UsageError(f'tolerances: "{pattern}" must be a number from 0 up')
        if not any(matches(pattern, place) or (f"{pattern}/").startswith(f"{place}/*/") for place in places):
            patterns = dict.fromkeys("/".join("*" if t.isdecimal() else t for t in p.split("/")) for p in places)
            raise UsageError(
                f'tolerances: nothing in {EXPECTED_FILE} stands at "{pattern}"{_nearest(pattern, patterns)}'
            )
    return {pattern: Decimal(value) for pattern, value in told.items()}


def _is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and not Decimal(value).is_nan()


def _places(node: Any, pointer: str) -> Iterator[str]:
    """The pointer of every value, and of every empty list."""
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, dict | list) and node:
        children = node.items() if isinstance(node, dict) else enumerate(node)
    else:
        yield pointer
    for key, child in children:
        yield from _places(child, f"{pointer}/{escape(str(key))}")


def _settings(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise UsageError('settings must be a table, such as route = "ocr"')
    _known(told, SETTINGS, "settings: ")
    try:
        Config(**told)
    except UsageError as error:
        raise UsageError(f"settings: {error}") from None
    return dict(told)


def _known(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise UsageError(f'{where}unknown key "{key}"{_nearest(key, keys)}')


def _text(table: Mapping[str, Any], key: str, needed: str | None = None) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"{key} must be text in quotes")
    if needed and not value.strip():
        raise UsageError(f"{key} is missing: write {needed}")
    return value


def _one_of(table: Mapping[str, Any], key: str, options: Sequence[str], where: str = "") -> Any:
    value = table.get(key)
    if value is not None and value not in options:
        raise UsageError(f"{where}{key} must be one of {_listed(options)}")
    return value


def _listed(options: Iterable[str]) -> str:
    return ", ".join(options)


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    best = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=60)
    if best:
        return f': did you mean "{best[0]}"?'
    return f": there are {_listed(known)}" if 0 < len(known) <= LISTED else ": there is nothing like it"
