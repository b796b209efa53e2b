"""What is left to look at in a result: its doubts, those first that keep it from being clean."""

from __future__ import annotations

from dataclasses import dataclass

from engine.decide import doubts as unvouched
from engine.doctype import DocumentType
from engine.result import Finding, Result
from engine.review.apply import unsaid
from engine.view.doubts import doubts


@dataclass(frozen=True, slots=True)
class Open:
    """A field in doubt with all that is said of it, or one finding of the document, of a page or of rows.

    ``needed``: the document is not clean before it is decided.
    """

    path: str
    is_field: bool
    findings: tuple[Finding, ...]
    needed: bool


def open_doubts(result: Result, doctype: DocumentType | None) -> tuple[Open, ...]:
    """The needed ones first, each kind in the order of :func:`engine.view.doubts.doubts`."""
    wanted = set(unvouched(doctype, result.fields)) if doctype else set()
    found: list[Open] = []
    for doubt in doubts(result):
        if doubt.path in result.fields:
            needed = doubt.level == "error" or doubt.path in wanted
            found.append(Open(doubt.path, True, doubt.findings, needed))
        else:
            found += [Open(doubt.path, False, (f,), f.severity == "error" or f.path in wanted) for f in doubt.findings]
    found += [Open("", False, (finding,), True) for finding in unsaid(result.pages, result.findings)]
    told = {doubt.path for doubt in found}
    found += [Open(path, path in result.fields, (), True) for path in wanted if path not in told]
    return tuple(sorted(found, key=lambda doubt: not doubt.needed))


def needs_review(result: Result) -> bool:
    return result.status != "clean"
