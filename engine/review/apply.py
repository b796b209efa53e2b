"""The engine's result and what people decided of it, to the result that is shown: nothing is read or written here."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.decide import decide
from engine.doctype import DocumentType
from engine.flow import checked
from engine.pointer import expand, set_at
from engine.result import Field, Finding, PageResult, Result
from engine.review.rows import gone_rows, place_now, shown_path, without_rows
from engine.view.decided import Decision, decided, standing

NO_ROWS = Field((), source="human", missing="absent")
"""What a table becomes whose rows are all gone."""


def apply(original: Result, decisions: Iterable[Decision], doctype: DocumentType | None) -> Result:
    """*original* with the standing decisions in it; itself where there are none.

    What was found of a decided value goes. What the type's schema, its rules and the witness's silences say is said
    anew of the new data; what they do not say of the engine's own stays, for then they are others. All the rest stays
    until somebody dismisses it, and then stays as a warning that says so. Rows that are none leave
    (:mod:`engine.review.rows`). Without a *doctype* nothing can be checked, and no document becomes clean.
    """
    stand = standing(decisions)
    if not stand:
        return original
    told = {path: decision for path, decision in decided(stand).items() if path in original.fields}
    decided_fields, gone = fields_of(original, stand), rows_gone(original, stand)
    data = _data(original.data, decided_fields, told)
    without_rows(data, gone)
    fields: dict[str, Field] = {}
    for path, field in decided_fields.items():
        if (now := place_now(path, gone, data)) is not None:
            fields.setdefault(now, field if shown_path(path, gone) is not None else NO_ROWS)
    said = {now: decision for path, decision in told.items() if (now := place_now(path, gone, data)) is not None}
    found = [
        replace(finding, path=now)
        for finding in _kept(original, doctype)
        if finding.path not in told and (now := shown_path(finding.path, gone)) is not None
    ]
    found += [_by_person(f, fields, said) for f in (checked(data, fields, doctype) if doctype else ())]
    found += unsaid(original.pages, found)
    dismissed = [decision for decision in stand if decision.kind == "dismiss"]
    findings = tuple(_dismissed(finding, dismissed, gone) for finding in dict.fromkeys(found))
    pages = settled_pages(original.pages, findings, dismissed)
    status = decide(doctype, fields, findings, pages)
    return replace(original, status=status, data=data, fields=fields, findings=findings, pages=pages)


def fields_of(original: Result, stand: Iterable[Decision]) -> dict[str, Field]:
    """The fields at the engine's places with what was decided of them, one after the other: what somebody accepted is
    what stood there then, be it the engine's or a correction."""
    fields = dict(original.fields)
    for decision in stand:
        if decision.kind != "dismiss" and decision.path in fields:
            fields[decision.path] = _field(fields[decision.path], decision)
    return fields


def rows_gone(original: Result, stand: Iterable[Decision]) -> frozenset[str]:
    """The rows of the engine's result that are none, by what was decided of their cells."""
    stand = tuple(stand)
    marked = {path for path, decision in decided(stand).items() if decision.kind == "absent"}
    return gone_rows(original.data, fields_of(original, stand), marked)


def other_type(original: Result, doctype: DocumentType) -> bool:
    """Whether *doctype* cannot be the one by which *original* was checked: it does not say what was said then."""
    anew = set(checked(original.data, original.fields, doctype))
    return any(finding.check in ("schema", "arithmetic") and finding not in anew for finding in original.findings)


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
    """What was found by looking at pages, or by another type. What this one tells of the data is told anew."""
    if doctype is None:
        yield from original.findings
        return
    anew = set(checked(original.data, original.fields, doctype))
    for finding in original.findings:
        if finding not in anew:
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


def _dismissed(finding: Finding, dismissed: Sequence[Decision], gone: Collection[str]) -> Finding:
    for decision in dismissed:
        was, now = decision.was, shown_path(decision.path, gone)
        if was is not None and now is not None and same_doubt(finding, Finding(**{**was, "path": now})):
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


def of_a_page(finding: Finding) -> bool:
    """Whether it says that a page was not read as it should have been."""
    return not finding.path and finding.check in ("page", "route", "budget") and finding.severity == "error"


def unsaid(pages: Sequence[PageResult], findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The pages that were not read as they should have been, where nothing says so already."""
    said = {finding.page for finding in findings if of_a_page(finding)}
    return tuple(
        Finding("", "page", "error", f"page {page.page} is {page.outcome}: {page.reason}", page.page)
        for page in pages
        if page.outcome not in ("complete", "skipped") and page.page not in said
    )


def settled_pages(
    pages: Sequence[PageResult], findings: Sequence[Finding], dismissed: Sequence[Decision]
) -> tuple[PageResult, ...]:
    """The pages as they count from now on: one that was not read as it should have been is complete once all that says
    so has been dismissed. Its reason tells how it ended, and who settled it."""
    said = [(Finding(**decision.was), decision.who) for decision in dismissed if decision.was]
    by_page = {finding.page: who for finding, who in said if of_a_page(finding)}
    doubted = {finding.page for finding in findings if of_a_page(finding)}
    return tuple(
        replace(page, outcome="complete", reason=f"{page.reason} ({page.outcome}; settled by {by_page[page.page]})")
        if page.outcome not in ("complete", "skipped") and page.page in by_page and page.page not in doubted
        else page
        for page in pages
    )
