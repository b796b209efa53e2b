"""A run as data, and the run that was accepted for a case: ``accepted.json``, made to be read in a diff.

One value a line, what was expected and found only where they are not exactly the same, and nothing that varies
between machines: no reasons and messages, which hold measured figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, get_args

from engine.as_json import to_json
from engine.errors import UsageError
from engine.exact_json import read_json
from engine.output import write_whole
from engine.pointer import pointer_to, tokens
from engine.regress.case import ACCEPTED_FILE, Case
from engine.regress.ran import Outcome, Ran, RanField, RanFinding, RanPage
from engine.result import Check, Missing, Route, Severity, Status, Usage, Verdict
from engine.result import Outcome as PageOutcome
from engine.validate import broken, faults

DIGEST = 16  # hex digits: two expectations of one case never meet by chance


def expectation(case: Case) -> str:
    """A short digest of all that the case says is right, so that a run is known to be accepted for another."""
    told = {
        "expected": case.expected,
        "tolerances": dict(case.tolerances),
        "status": case.status,
        "routes": case.routes and list(case.routes),
        "findings": [asdict(finding) for finding in case.findings],
    }
    return hashlib.sha256(to_json(told, indent=None).encode()).hexdigest()[:DIGEST]


def read_accepted(case: Case) -> Ran | None:
    """The accepted run, None for a case that has none. Raises UsageError for a file that is no run."""
    path = case.folder / ACCEPTED_FILE
    if not path.exists():
        return None
    data = read_json(path, "an accepted run")
    # the folder is the case: one that was renamed or copied keeps its accepted run
    return data_to_ran(data | {"case": case.name} if isinstance(data, dict) else data, str(path))


def write_accepted(case: Case, ran: Ran) -> None:
    """Accept a run. Raises UsageError for one that failed, and where the file cannot be written."""
    if ran.error:
        raise UsageError(f"{case.name} could not run ({ran.error}): put that right before accepting it")
    data = ran_to_data(_lasting(ran, expectation(case)), right_values=False)
    del data["case"]
    write_whole(case.folder / ACCEPTED_FILE, _lines(data))


def _lasting(ran: Ran, told: str) -> Ran:
    return replace(
        ran,
        pages=tuple(replace(page, reason="") for page in ran.pages),
        findings=tuple(replace(finding, message="") for finding in ran.findings),
        stale=(),
        expectation=told,
    )


def _lines(data: Mapping[str, Any]) -> str:
    """JSON with a line for every entry of a list."""
    members = []
    for name, value in data.items():
        told = to_json(value, indent=None)
        if isinstance(value, list) and value:
            told = "[\n    " + ",\n    ".join(to_json(entry, indent=None) for entry in value) + "\n  ]"
        members.append(f"  {to_json(name)}: {told}")
    return "{\n" + ",\n".join(members) + "\n}\n"


# ---------------------------------------------------------------- a run to data


def ran_to_data(ran: Ran, *, right_values: bool = True) -> dict[str, Any]:
    """A run as JSON data, numbers exact. What is empty is left out, and so is a null that is right. ``right_values``:
    with what was expected of exact values too, which is no news to whoever has the case."""
    data = {
        "case": ran.case,
        "type": ran.type,
        "status": ran.status,
        "expectation": ran.expectation,
        "error": ran.error,
        "fields": [_field_to_data(field, right_values) for field in ran.fields if field.outcome != "absent"],
        "pages": [_filled(asdict(page)) for page in ran.pages],
        "findings": [_filled(asdict(finding)) | {"path": finding.path} for finding in ran.findings],
        "stale": list(ran.stale),
        "usage": {} if ran.usage == Usage() else asdict(ran.usage),
    }
    return _filled(data)


def _field_to_data(field: RanField, right_values: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"path": field.path, "found_at": None if field.found_at == field.path else field.found_at}
    data["leaf"] = None if field.leaf == _pattern(field.where) else field.leaf
    data |= {"outcome": field.outcome, "verdict": field.verdict, "missing": field.missing}
    told = {"expected": field.expected, "found": field.found}
    if field.outcome == "exact":
        told = {"expected": field.expected} if right_values else {}
    # a lost place is told, for it differs from being the same as the right one
    lost = {"found_at": None} if field.found_at is None and field.path is not None else {}
    return {name: value for name, value in data.items() if value is not None} | lost | told


def _pattern(pointer: str) -> str:
    """The pattern of a pointer that has no open map in it."""
    return "".join("/*" if token.isdecimal() else f"/{token}" for token in tokens(pointer))


def _filled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in (None, "", [], {})}


# ---------------------------------------------------------------- data to a run


def _table(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


_TEXT, _COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
_POINTER = {"type": "string", "pattern": "^(/|$)"}
_FIELD = _table(
    ("outcome", "verdict"),
    path=_POINTER,
    found_at={"anyOf": [_POINTER, {"type": "null"}]},
    leaf=_POINTER,
    outcome={"enum": list(get_args(Outcome))},
    expected={},
    found={},
    verdict={"enum": list(get_args(Verdict))},
    missing={"enum": list(get_args(Missing))},
)
_PAGE = _table(
    ("page", "route", "outcome"),
    page=_COUNT,
    route={"enum": list(get_args(Route))},
    reason=_TEXT,
    outcome={"enum": list(get_args(PageOutcome))},
)
_FINDING = _table(
    ("path", "check", "severity"),
    path=_POINTER,
    check={"enum": list(get_args(Check))},
    severity={"enum": list(get_args(Severity))},
    message=_TEXT,
)
_USAGE = _table(
    (),
    calls=_COUNT,
    input_tokens=_COUNT,
    output_tokens=_COUNT,
    usd={"type": ["number", "null"]},
    kept=_COUNT,
)
_RAN = _table(
    ("case",),
    case=_TEXT,
    type=_TEXT,
    status={"enum": list(get_args(Status))},
    expectation=_TEXT,
    error=_TEXT,
    fields={"type": "array", "items": _FIELD},
    pages={"type": "array", "items": _PAGE},
    findings={"type": "array", "items": _FINDING},
    stale={"type": "array", "items": _TEXT},
    usage=_USAGE,
)


def data_to_ran(data: Any, where: str) -> Ran:
    """The run that data tell. Raises UsageError, which begins with ``where``, for anything else.

    The values of an exact field are None where they were not kept.
    """
    for fault in faults(data, _RAN):
        at, said = pointer_to(fault.absolute_path), broken(fault) or fault.message
        raise UsageError(f"{where}: {at or 'the whole'} {said}; take a file that the engine wrote, or accept anew")
    return Ran(
        case=data["case"],
        type=data.get("type"),
        status=data.get("status"),
        fields=tuple(_data_to_fields(data.get("fields", []))),
        pages=tuple(RanPage(**{"reason": "", **page}) for page in data.get("pages", [])),
        findings=tuple(RanFinding(**{"message": "", **finding}) for finding in data.get("findings", [])),
        stale=tuple(data.get("stale", [])),
        usage=Usage(**data.get("usage", {})),
        error=data.get("error"),
        expectation=data.get("expectation", ""),
    )


def _data_to_fields(fields: list[dict[str, Any]]) -> Iterator[RanField]:
    for told in fields:
        path = told.get("path")
        found_at = told.get("found_at", path)
        found = told.get("expected") if told["outcome"] == "exact" else None
        known = {"expected": None, "found": found, "leaf": _pattern(path or found_at or ""), **told}
        yield RanField(**(known | {"path": path, "found_at": found_at}))
