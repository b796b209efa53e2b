"""What the pages of the review show: the list of documents, and the desk of one; plain data, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.as_json import result_to_data
from engine.as_text import one_line
from engine.doctype import DocumentType
from engine.review.doubts import needs_review, open_doubts
from engine.review.folder import Folder, Reviewed
from engine.review.rows import shown_path
from engine.review.typed import entry_text, leaf_of
from engine.view.decided import Decision, decided
from engine.view.document import document_view, label_of


def progress(folder: Folder) -> tuple[int, int]:
    """How many of the documents that needed review are done, and how many there were."""
    asked = [known for known in folder if needs_review(known.original) or known.standing]
    return sum(not needs_review(known.result) for known in asked), len(asked)


def listed(folder: Folder) -> list[dict[str, Any]]:
    """A row for each document, what still needs review first, then in the order of the names."""
    rows = [_row(number, known) for number, known in enumerate(folder, start=1)]
    return sorted(rows, key=lambda row: (row["status"] == "clean", row["number"]))


def _row(number: int, known: Reviewed) -> dict[str, Any]:
    open_ = open_doubts(known.result, known.doctype)
    return {
        "number": number,
        "name": one_line(known.name.removesuffix(".json")),
        "type": known.result.type,
        "status": known.result.status,
        "was": known.original.status,
        "doubts": sum(doubt.needed for doubt in open_),
        "warnings": sum(not doubt.needed for doubt in open_),
        "decisions": len(known.standing),
        "stale": known.stale,
        "by": sorted({decision.who for decision in known.standing}),
    }


def next_number(folder: Folder, number: int) -> int | None:
    """The next document behind *number* that needs review, from the start again behind the last; None without any."""
    names = folder.names
    order = [*range(number, len(names)), *range(number - 1)]
    return next((at + 1 for at in order if needs_review(folder[names[at]].result)), None)


def desk(folder: Folder, number: int) -> dict[str, Any]:
    """:func:`engine.view.document.document_view` and what can be done about it. ``queue`` has the doubts, ``next`` the
    number of the next document that needs review, ``decided`` who said what of a field, ``inputs`` what it takes. Each
    field has ``entry`` too: a text that is read back as its value (:func:`engine.review.typed.entry_text`), or None."""
    known = folder[folder.names[number - 1]]
    done, asked = progress(folder)
    view = document_view(known.result, known.name, known.doctype)
    entries = _entries(known)
    gone = known.gone
    said = ((shown_path(path, gone), decision) for path, decision in decided(known.decisions).items())
    return {
        **view,
        "fields": [field | {"entry": entries.get(field["path"])} for field in view["fields"]],
        "number": number,
        "count": len(folder.names),
        "next": next_number(folder, number),
        "done": done,
        "asked": asked,
        "stale": known.stale,
        "why_not": known.why_not,
        "queue": queue(known),
        "decided": {path: _said(decision) for path, decision in said if path is not None},
        "undoable": len(known.standing),
        "inputs": {path: _input(path, known.doctype) for path in known.result.fields},
    }


def _entries(known: Reviewed) -> dict[str, str | None]:
    habits = known.habits
    return {
        path: entry_text(field.value, field.printed, leaf, habits)
        for path, field in known.result.fields.items()
        if (leaf := leaf_of(path, known.doctype)) is not None
    }


def queue(known: Reviewed) -> list[dict[str, Any]]:
    told = result_to_data(known.result)
    return [
        {
            "path": doubt.path,
            "is_field": doubt.is_field,
            "label": label_of(doubt.path, known.doctype) if doubt.path else _where(doubt.findings),
            "needed": doubt.needed,
            "page": next((finding.page for finding in doubt.findings if finding.page), None),
            "was": told["fields"].get(doubt.path) if doubt.is_field else None,
            "findings": [
                {"path": f.path, "check": f.check, "severity": f.severity, "message": f.message, "page": f.page}
                for f in doubt.findings
            ],
        }
        for doubt in open_doubts(known.result, known.doctype)
    ]


def _where(findings: Sequence[Any]) -> str:
    page = next((finding.page for finding in findings if finding.page), None)
    return f"Page {page}" if page else "The document"


def _said(decision: Decision) -> dict[str, Any]:
    return {"kind": decision.kind, "who": decision.who, "when": decision.when, "why": decision.why}


def _input(path: str, doctype: DocumentType | None) -> dict[str, Any]:
    leaf = leaf_of(path, doctype)
    if leaf is None:
        return {"typed": False}
    return {"typed": True, "type": leaf.type, "kind": leaf.kind, "choices": [str(choice) for choice in leaf.choices]}
