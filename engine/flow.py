"""The way of a document, on one screen: file -> readings -> routes -> claims -> fields -> findings -> status."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.check import rule_findings, schema_findings
from engine.config import Config
from engine.decide import decide, doubt_findings
from engine.doctype import DocumentType, list_types, load_type
from engine.errors import BadInput
from engine.identify import identify
from engine.label.claims import readings_to_claims
from engine.label.rank import Model
from engine.merge import claims_to_fields, fields_to_data
from engine.ocr import Ocr
from engine.ocr.tesseract import Tesseract
from engine.page import Reading, Region
from engine.reading import Progress, read_pages
from engine.receive import Document, receive, sha256_of
from engine.result import Field, Finding, Missing, PageResult, Result, Route
from engine.route import Decision, decide_route
from engine.rules import apply

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """A document and its pages as words."""

    document: Document
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class PageRoute:
    """Where a page should go, and why."""

    page: int
    route: Route
    reason: str
    signals: dict[str, float]
    regions: tuple[Region, ...]
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentRoutes:
    document: Document
    pages: tuple[PageRoute, ...]


def extract(
    path: Path | str, *, type: str = "auto", config: Config | None = None, progress: Progress | None = None
) -> Result:
    """A document to its result. A file that cannot be read gives a ``failed`` result; UsageError is raised."""
    config, path = config or Config(), Path(path)
    doctypes = asked_types(type, config)
    ocr = reader(config)
    try:
        document = receive(path, config)
        readings = read_pages(document, ocr, config, progress)
    except BadInput as error:
        return nothing_read(path, doctypes, str(error), ocr)
    doctype, doubt = choose_type(readings, doctypes)
    result = readings_to_result(document, readings, doctype, config, doubt=doubt)
    return replace(result, ocr=ocr.name)


def readings_to_result(
    document: Document,
    readings: Sequence[Reading],
    doctype: DocumentType | None,
    config: Config,
    model: Model | None = None,
    doubt: Sequence[Finding] = (),
) -> Result:
    """Everything after reading: routes, claims, fields, findings, status. Touches no file."""
    routes = readings_to_routes(readings, document, doctype, config)
    pages = routes_to_pages(document, readings, routes)
    findings = [*doubt, *page_findings(readings)]
    fields: dict[str, Field] = {}
    data: dict[str, Any] = {}
    if doctype is not None:
        claims = readings_to_claims([r for r in readings if not r.failure], doctype, model)
        fields, merge_findings = claims_to_fields(claims, doctype, why_missing(pages, routes))
        data = fields_to_data(fields, doctype)
        findings += [*merge_findings, *schema_findings(data, doctype), *rule_findings(data, doctype)]
        findings += doubt_findings(doctype, fields)
    findings += route_findings(readings, routes, tables_hold(data, doctype))
    return Result(
        path=str(document.path),
        sha256=document.sha256,
        page_count=document.page_count,
        type=doctype.name if doctype else None,
        status=decide(doctype, fields, findings, pages),
        data=data,
        fields=fields,
        findings=tuple(findings),
        pages=pages,
    )


def read(path: Path | str, *, config: Config | None = None, progress: Progress | None = None) -> DocumentReading:
    """The words of a document. Raises BadInput for a file that cannot be opened; a bad page has its failure."""
    config = config or Config()
    document = receive(Path(path), config)
    return DocumentReading(document, read_pages(document, reader(config), config, progress))


def route(
    path: Path | str,
    *,
    type: str | None = None,
    config: Config | None = None,
    progress: Progress | None = None,
) -> DocumentRoutes:
    """Where each page should go; no model is called. Raises BadInput for a file that cannot be opened."""
    config = config or Config()
    doctype = load_type(type, config.schemas) if type and type != "auto" else None
    whole = read(path, config=config, progress=progress)
    decisions = readings_to_routes(whole.readings, whole.document, doctype, config)
    return DocumentRoutes(
        whole.document,
        tuple(
            PageRoute(r.page, d.route, d.reason, r.signals, r.regions, r.failure)
            for r, d in zip(whole.readings, decisions, strict=True)
        ),
    )


# --------------------------------------------------------------------------------------------------- steps


def reader(config: Config) -> Ocr:
    return Tesseract(config.lang, config.ocr_timeout)


def asked_types(name: str, config: Config) -> tuple[DocumentType, ...]:
    """The type of that name, or all there are for ``auto``; raises UsageError before any page is read."""
    if name != "auto":
        return (load_type(name, config.schemas),)
    return tuple(load_type(known, config.schemas) for known, _ in list_types(config.schemas))


def choose_type(
    readings: Sequence[Reading], doctypes: Sequence[DocumentType]
) -> tuple[DocumentType | None, tuple[Finding, ...]]:
    if len(doctypes) == 1:
        return doctypes[0], ()
    found = identify(readings, doctypes)
    log.info("type: %s", found.reason)
    chosen = next((d for d in doctypes if d.name == found.type), None)
    return chosen, () if chosen else (Finding("", "type", "error", found.reason),)


def readings_to_routes(
    readings: Sequence[Reading], document: Document, doctype: DocumentType | None, config: Config
) -> tuple[Decision, ...]:
    return tuple(
        decide_route(
            reading,
            requires=frozenset(doctype.requires) if doctype else frozenset(),
            pages=document.page_count,
            page_limit=config.page_limit,
            forced=config.route,
        )
        for reading in readings
    )


def routes_to_pages(
    document: Document, readings: Sequence[Reading], routes: Sequence[Decision]
) -> tuple[PageResult, ...]:
    """One entry a page of the file; those that ``--pages`` left out are skipped."""
    done = {r.page: page_result(r, d) for r, d in zip(readings, routes, strict=True)}
    return tuple(done.get(page) or skipped(page) for page in range(1, document.page_count + 1))


def page_result(reading: Reading, decision: Decision) -> PageResult:
    if reading.failure:
        return PageResult(reading.page, "ocr", reading.failure, reading.signals, "failed", seconds=reading.seconds)
    way: Route = decision.route
    if decision.wants_vlm:  # no model is configured, so the page stays with whoever read it
        way = "text_layer" if reading.source == "text_layer" else "ocr"
    reason = f"{decision.reason}: wanted a VLM, none is configured" if decision.wants_vlm else decision.reason
    return PageResult(reading.page, way, reason, reading.signals, "complete", seconds=reading.seconds)


def skipped(page: int) -> PageResult:
    nothing = {"handwriting": 0.0, "table": 0.0}
    return PageResult(page, "ocr", "left out by --pages, not looked at", nothing, "skipped", attempts=0)


def page_findings(readings: Sequence[Reading]) -> tuple[Finding, ...]:
    if not readings:
        return (Finding("", "page", "error", "--pages names no page that the document has: nothing was read"),)
    return tuple(Finding("", "page", "error", r.failure, r.page) for r in readings if r.failure)


def route_findings(readings: Sequence[Reading], routes: Sequence[Decision], tables_hold: bool) -> tuple[Finding, ...]:
    """A page that wanted a VLM and did not get one is a doubt about the document.

    Except for a table: where its rows aligned so well that their arithmetic holds, OCR was enough.
    """
    return tuple(
        Finding(
            "",
            "route",
            "warning" if decision.cause == "table" and tables_hold else "error",
            f"{decision.reason}: wanted a VLM, none is configured",
            reading.page,
        )
        for reading, decision in zip(readings, routes, strict=True)
        if decision.wants_vlm
    )


def tables_hold(data: dict[str, Any], doctype: DocumentType | None) -> bool:
    """Whether rules over rows exist, apply to this document and all hold."""
    if doctype is None:
        return False
    over_rows = [rule for rule in doctype.checks if any("*" in pattern for pattern, _ in rule.names.values())]
    held = [outcome.holds for rule in over_rows for outcome in apply(rule, data) if outcome.holds is not None]
    return bool(held) and all(held)


def why_missing(pages: Sequence[PageResult], routes: Sequence[Decision]) -> Missing:
    """Why a leaf without a value has none, as far as the pages tell."""
    if any(page.outcome != "complete" for page in pages):
        return "failed"
    return "unreadable" if any(d.cause in ("handwriting", "poor_ocr") for d in routes) else "absent"


def nothing_read(path: Path, doctypes: Sequence[DocumentType], sentence: str, ocr: Ocr) -> Result:
    """The result of a file that could not be read at all: its type's shape, every leaf null because it failed."""
    doctype = doctypes[0] if len(doctypes) == 1 else None
    fields, _ = claims_to_fields((), doctype, "failed") if doctype else ({}, ())
    return Result(
        path=str(path),
        sha256=digest_if_readable(path),
        page_count=0,
        type=doctype.name if doctype else None,
        status="failed",
        data=fields_to_data(fields, doctype) if doctype else {},
        fields=fields,
        findings=(Finding("", "page", "error", sentence),),
        ocr=ocr.name,
    )


def digest_if_readable(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except OSError:  # the finding already says that the file cannot be opened
        return None
