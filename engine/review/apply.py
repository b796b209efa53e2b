"""The engine's result and what people decided of it, to the result that is shown: nothing is read or written here."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.decide import decide
from engine.doctype import DocumentType
from engine.flow import checked
from engine.pointer import expand, set_at
from engine.result import Field, Finding, PageResult, Result
from engine.review.decisions import Decision, decided, standing


def apply(original: Result, decisions: Iterable[Decision], doctype: DocumentType | None) -> Result:
    """*original* with the standing decisions in it; itself where there are none.

    What was found of a decided value goes; what the type's schema, its rules and the witness's silences say is said
    anew of the new data. Everything else stays until somebody dismisses it, and then stays as a warning that says so.
    Without a *doctype* nothing can be checked, and no document becomes clean.
    """
    stand = standing(decisions)
    if not stand:
        return original
    told = {path: decision for path, decision in decided(stand).items() if path in original.fields}
    fields = {path: _field(field, told[path]) if path in told else field for path, field in original.fields.items()}
    data = _data(original.data, fields, told)
    found = [finding for finding in _kept(original, doctype) if finding.path not in told]
    found += [_by_person(f, fields, told) for f in (checked(data, fields, doctype) if doctype else ())]
    found += unsaid(original.pages, found)
    dismissed = [decision for decision in stand if decision.kind == "dismiss"]
    findings = tuple(_dismissed(finding, dismissed) for finding in dict.fromkeys(found))
    pages = settled_pages(original.pages, findings, dismissed)
    status = decide(doctype, fields, findings, pages)
    return replace(original, status=status, data=data, fields=fields, findings=findings)


def _field(field: Field, decision: Decision) -> Field:
    """A person's word has no confidence: nobody measured how often people are right."""
    if decision.kind == "accept":
        return replace(field, source="human", verdict="confirmed", confidence=None)
    if decision.kind == "absent":
        return Field(() if field.value == () else None, source="human", missing="absent", witness=field.witness)
    return Field(
        decision.value,
        decision.printed,
        decision.page,
        decision.box,
        "human",
        "confirmed",
        field.witness,
        box_quality="exact" if decision.box else None,
    )


def _data(data: Mapping[str, Any], fields: Mapping[str, Field], told: Iterable[str]) -> dict[str, Any]:
    made = copy.deepcopy(dict(data))
    for path in told:
        if not any(isinstance(value, list) for _, value in expand(data, path)):  # an empty array stays one
            set_at(made, path, fields[path].value)
    return made


# ---------------------------------------------------------------- findings


def _kept(original: Result, doctype: DocumentType | None) -> Iterator[Finding]:
    """What was found by looking at pages. What is told of the data alone is told anew."""
    if doctype is None:
        yield from original.findings
        return
    anew = set(checked(original.data, original.fields, doctype))
    for finding in original.findings:
        if finding not in anew and finding.check not in ("schema", "arithmetic"):
            yield finding


def _by_person(finding: Finding, fields: Mapping[str, Field], told: Mapping[str, Decision]) -> Finding:
    """What is missing because a person looked and it is not there is no error."""
    below = [path for path in fields if path == finding.path or path.startswith(f"{finding.path}/")]
    if finding.check != "schema" or not below or any(_is_there(fields[path], told.get(path)) for path in below):
        return finding
    who = told[below[0]].who
    return replace(finding, severity="warning", message=f"{finding.message}: {who} says that it is not there")


def _is_there(field: Field, decision: Decision | None) -> bool:
    return decision is None or decision.kind != "absent" or field.value not in (None, ())


def _dismissed(finding: Finding, dismissed: Sequence[Decision]) -> Finding:
    for decision in dismissed:
        if decision.was is not None and same_doubt(finding, Finding(**decision.was)):
            why = f": {decision.why}" if decision.why else ""
            message = f"{finding.message} (dismissed by {decision.who}{why})"
            return replace(finding, severity="warning", message=message)
    return finding


def same_doubt(one: Finding, other: Finding) -> bool:
    """What would mend a rule may be told otherwise once another value is decided; the doubt is the same."""

    def core(finding: Finding) -> tuple[Any, ...]:
        return finding.path, finding.check, finding.page, finding.message.split("; it would hold")[0]

    return core(one) == core(other)


# ---------------------------------------------------------------- pages


def unsaid(pages: Sequence[PageResult], findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The pages that were not read as they should have been, where nothing says so already."""
    said = {finding.page for finding in findings if not finding.path}
    return tuple(
        Finding("", "page", "error", f"page {page.page} is {page.outcome}: {page.reason}", page.page)
        for page in pages
        if page.outcome not in ("complete", "skipped") and page.page not in said
    )


def settled_pages(
    pages: Sequence[PageResult], findings: Sequence[Finding], dismissed: Sequence[Decision]
) -> tuple[PageResult, ...]:
    """The pages as they count for the status: what is said of one that was not complete has been dismissed."""
    by_page = {decision.was["page"] for decision in dismissed if decision.was and not decision.path}
    doubted = {finding.page for finding in findings if finding.severity == "error" and not finding.path}
    return tuple(
        replace(page, outcome="complete")
        if page.outcome not in ("complete", "skipped") and page.page in by_page - doubted
        else page
        for page in pages
    )
