"""What speaks against a result, place by place, in the order in which a person looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.result import Finding, Result

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A place (a pointer, '' for the document) with why it is doubted; ``level`` is that of the worst reason."""

    path: str
    level: Level
    findings: tuple[Finding, ...]


def doubts(result: Result) -> tuple[Doubt, ...]:
    """The doubted places: what has an error or is contradicted before what has only warnings, each in the order of the
    fields; what is said of the whole document, or of a place that is no field, comes last.

    A critical value that nobody vouches for has a warning that says so (:func:`engine.decide.doubt_findings`).
    """
    said: dict[str, list[Finding]] = {}
    for finding in result.findings:
        said.setdefault(finding.path, []).append(finding)
    for path, field in result.fields.items():
        if field.verdict == "contradicted":
            said.setdefault(path, [])
    order = {path: number for number, path in enumerate(result.fields)}
    found = [Doubt(path, _level(result, path, findings), tuple(findings)) for path, findings in said.items()]
    return tuple(sorted(found, key=lambda doubt: (doubt.level != "error", order.get(doubt.path, len(order)))))


def _level(result: Result, path: str, findings: list[Finding]) -> Level:
    field = result.fields.get(path)
    contradicted = field is not None and field.verdict == "contradicted"
    return "error" if contradicted or any(finding.severity == "error" for finding in findings) else "warning"
