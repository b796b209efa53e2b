"""A result as one plain structure, ready for JSON: what the report and the review page show, and nothing they decide.

All texts are as they are, unescaped; who puts them on a page sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.doctype import DocumentType
from engine.pointer import matches, unescape
from engine.result import Field, Finding, PageResult, Result
from engine.view.doubts import doubts


def document_view(result: Result, name: str, doctype: DocumentType | None = None) -> dict[str, Any]:
    """``{"name", "path", "type", "status", "usd", "fields": […], "findings": […], "pages": […], "doubts": [paths]}``.

    *name* tells the result among others. ``fields`` has each leaf as ``path``, ``label`` (the type's title, else the
    name), ``row`` (the pointer of the line that it stands in, or None), ``value`` as text (None with ``missing``),
    ``printed``, ``page``, ``box`` (x0 y0 x1 y1, fractions of the upright page), ``source``, ``verdict``, ``witness``,
    ``confidence``, ``critical``, ``doubt`` (error, warning or None) and ``reasons``. ``findings`` are those of no
    field. Pages that were left out are not there.
    """
    doubted = {doubt.path: doubt for doubt in doubts(result)}
    return {
        "name": name,
        "path": result.path,
        "type": result.type,
        "status": result.status,
        "usd": None if result.usage.usd is None else str(result.usage.usd),
        "model": result.model,
        "fields": [
            {
                **_field(path, field, doctype),
                "doubt": doubted[path].level if path in doubted else None,
                "reasons": [_finding(finding) for finding in doubted[path].findings] if path in doubted else [],
            }
            for path, field in result.fields.items()
        ],
        "findings": [_finding(finding) for finding in result.findings if finding.path not in result.fields],
        "pages": [_page(page) for page in result.pages if page.outcome != "skipped"],
        "doubts": list(doubted),
    }


def value_text(value: Any) -> str | None:
    """A value as people write it; an empty array has none to show."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None or value == () else f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def label_of(path: str, doctype: DocumentType | None) -> str:
    """What the type calls the place, else its name as words."""
    for leaf in doctype.leaves if doctype else ():
        if leaf.title and matches(leaf.pointer, path):
            return leaf.title
    names = [unescape(name) for name in path.split("/")[1:]]
    return names[-1].replace("_", " ") if names else "document"


def mark_of(field: Field) -> str:
    """What a field is marked by: its verdict, or ``human`` where a person gave it, which stands above any witness."""
    return "human" if field.source == "human" else field.verdict


def _field(path: str, field: Field, doctype: DocumentType | None) -> dict[str, Any]:
    leaf = next((leaf for leaf in doctype.leaves if matches(leaf.pointer, path)), None) if doctype else None
    return {
        "path": path,
        "label": label_of(path, doctype),
        "row": row_of(path),
        "value": value_text(field.value),
        "missing": field.missing,
        "printed": field.printed,
        "page": field.page,
        "box": None if field.box is None else field.box.as_list(),
        "source": field.source,
        "verdict": field.verdict,
        "witness": field.witness,
        "confidence": field.confidence,
        "critical": bool(leaf and leaf.critical),
    }


def row_of(path: str) -> str | None:
    """``/line_items/3`` of ``/line_items/3/amount``; None of a field that stands in no line."""
    names = path.split("/")
    numbers = [at for at, name in enumerate(names) if name.isdigit()]
    return "/".join(names[: numbers[-1] + 1]) if numbers else None


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "check": finding.check,
        "severity": finding.severity,
        "message": finding.message,
        "page": finding.page,
    }


def _page(page: PageResult) -> dict[str, Any]:
    usd: Mapping[str, Any] = {} if page.usage is None or page.usage.usd is None else {"usd": str(page.usage.usd)}
    return {
        "page": page.page,
        "route": page.route,
        "reason": page.reason,
        "outcome": page.outcome,
        "signals": page.signals,
        "seconds": page.seconds,
        "attempts": page.attempts,
        **usd,
    }
