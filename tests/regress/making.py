"""Cases and results made by hand, for what needs no page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.regress.case import Case
from engine.regress.compare import compare
from engine.regress.ran import Ran, RanFinding, RanPage
from engine.result import Field, Result, Status


def result_of(data: dict[str, Any], fields: Mapping[str, Field] | None = None, status: Status = "clean") -> Result:
    return Result("slip.jpg", None, 1, "receipt", status, data, dict(fields or {}))


def case_of(expected: Mapping[str, Any], **told: Any) -> Case:
    return Case(Path("fixtures/made"), "Made.", Path("slip.jpg"), "receipt", expected, **told)


def ran_of(
    case: Case,
    data: dict[str, Any],
    verdicts: Mapping[str, Any] | None = None,
    status: Status = "clean",
    route: Any = "ocr",
    findings: tuple[RanFinding, ...] = (),
    **told: Any,
) -> Ran:
    fields = {pointer: Field(None, verdict=verdict) for pointer, verdict in (verdicts or {}).items()}
    compared = compare(case.expected, result_of(data, fields), None, case.tolerances)
    pages = (RanPage(1, route, "read with 0.91", "complete"),)
    return Ran(case.name, "receipt", status, compared, pages, findings, **told)
