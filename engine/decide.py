"""clean, review or failed: the contract's definition, nothing else.

Clean = every requested page complete, no finding of severity error, no field contradicted, and every critical leaf
confirmed, or (one reader only) unchecked with a calibrated confidence at or above the type's threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.doctype import DocumentType
from engine.pointer import matches
from engine.result import Field, Finding, PageResult, Status


def decide(
    doctype: DocumentType | None,
    fields: Mapping[str, Field],
    findings: Sequence[Finding],
    pages: Sequence[PageResult],
) -> Status:
    asked = [page for page in pages if page.outcome != "skipped"]
    if not any(page.outcome == "complete" or page.route == "vlm" for page in asked):  # OCR has read what a VLM refused
        return "failed"
    if doctype is None or any(page.outcome != "complete" for page in asked):
        return "review"
    if any(finding.severity == "error" for finding in findings):
        return "review"
    if any(field.verdict == "contradicted" for field in fields.values()):
        return "review"
    return "review" if doubts(doctype, fields) else "clean"


def doubt_findings(doctype: DocumentType, fields: Mapping[str, Field]) -> tuple[Finding, ...]:
    """Why a critical leaf is not vouched for, so that no document is for review without a word."""
    return tuple(
        Finding(pointer, "witness", "warning", _doubt(fields.get(pointer), doctype.threshold), page_of(fields, pointer))
        for pointer in doubts(doctype, fields)
    )


def hearsay_findings(doctype: DocumentType, fields: Mapping[str, Field]) -> tuple[Finding, ...]:
    """Values beside the critical ones that are a model's word alone: an error, for nothing speaks for them."""
    critical = [leaf.pointer for leaf in doctype.leaves if leaf.critical]
    alone = [
        pointer
        for pointer, field in fields.items()
        if field.source == "vlm"
        and field.value is not None
        and field.verdict == "unchecked"
        and not any(matches(pattern, pointer) for pattern in critical)
    ]
    if not alone:
        return ()
    listed = ", ".join(alone[:5]) + (f" and {len(alone) - 5} more" if len(alone) > 5 else "")
    return (Finding("", "witness", "error", f"only the model saw these values, and nobody has checked them: {listed}"),)


def page_of(fields: Mapping[str, Field], pointer: str) -> int | None:
    return fields[pointer].page if pointer in fields else None


def _doubt(field: Field | None, threshold: float) -> str:
    if field is None or field.value is None:
        return f"a critical value is missing ({field.missing if field else 'absent'})"
    if field.verdict != "unchecked":
        return f"a critical value is {field.verdict}"
    if field.source == "vlm":
        return f"only the model saw {field.printed!r}, and nobody has checked it"
    if field.source == "given":
        return "nobody has checked a critical value"
    sure = field.confidence or 0.0
    return f"only one reader saw {field.printed!r}, and its confidence {sure:.3f} is below the type's {threshold:g}"


def doubts(doctype: DocumentType, fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Pointers of the critical leaves that nothing vouches for; a column without any row is one."""
    found: list[str] = []
    for leaf in doctype.leaves:
        if leaf.critical:
            values = {pointer: field for pointer, field in fields.items() if matches(leaf.pointer, pointer)}
            found += [pointer for pointer, field in values.items() if not vouched(field, doctype.threshold)]
            place = leaf.array or leaf.pointer
            told_empty = place in fields and fields[place].source == "human"
            found += [] if values or told_empty else [place]
    return tuple(dict.fromkeys(found))


def vouched(field: Field, threshold: float) -> bool:
    if field.source == "human":  # a person vouches, also for there being none
        return True
    if field.value is None:
        return False
    if field.verdict == "confirmed":
        return True
    calibrated = field.source not in ("vlm", "given")  # no word of others for how sure they are vouches for anything
    return field.verdict == "unchecked" and calibrated and (field.confidence or 0.0) >= threshold
