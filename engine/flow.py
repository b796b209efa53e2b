"""The way of a document, on one screen: file, readings, routes, answers, claims, fields, findings, status."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.agreement import bounded
from engine.asking import Rehearsed, ask_pages, rehearse_pages
from engine.check import rule_findings, schema_findings
from engine.config import Config
from engine.decide import decide, doubt_findings, hearsay_findings
from engine.doctype import DocumentType, list_types, load_type
from engine.errors import BadInput
from engine.fate import answer_findings, page_findings, route_findings, routes_to_pages, tables_hold, why_missing
from engine.identify import identify
from engine.label.claims import readings_to_claims
from engine.label.rank import Model
from engine.merge import claims_to_fields, fields_to_data
from engine.ocr import Ocr
from engine.ocr.both import Both
from engine.ocr.tesseract import Tesseract
from engine.page import Reading
from engine.readers import readers_to_claims
from engine.reading import Progress, read_pages
from engine.receive import Document, receive, sha256_of
from engine.result import Field, Finding, Missing, Result, Usage
from engine.route import Decision, PageRoute, decide_route
from engine.vlm.ask import PageAnswer, Vlm
from engine.vlm.connect import connect

log = logging.getLogger(__name__)

NO_ANSWERS: Mapping[int, PageAnswer] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """A document and its pages as words."""

    document: Document
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class DocumentRoutes:
    document: Document
    pages: tuple[PageRoute, ...]


def extract(
    path: Path | str,
    *,
    type: str = "auto",
    config: Config | None = None,
    progress: Progress | None = None,
    vlm: Vlm | None = None,
) -> Result:
    """A document to its result. A file that cannot be read gives a ``failed`` result; UsageError is raised.

    ``vlm`` is the model of a run over several documents, which share its budget; else the configured one is used.
    """
    config, path = config or Config(), Path(path)
    doctypes = asked_types(type, config)
    vlm = vlm or connect(config)
    ocr = reader(config)
    try:
        document = receive(path, config)
        readings = read_pages(document, ocr, config, progress)
    except BadInput as error:
        return nothing_read(path, doctypes, str(error), ocr)
    doctype, doubt = choose_type(readings, doctypes)
    routes = readings_to_routes(readings, document, doctype, config)
    answers = ask_pages(document, readings, routes, doctype, vlm, config, progress)
    result = readings_to_result(document, readings, doctype, config, answers=answers, doubt=doubt)
    return replace(result, ocr=ocr.name, model=vlm.name if vlm else None)


def readings_to_result(
    document: Document,
    readings: Sequence[Reading],
    doctype: DocumentType | None,
    config: Config,
    model: Model | None = None,
    answers: Mapping[int, PageAnswer] = NO_ANSWERS,
    doubt: Sequence[Finding] = (),
) -> Result:
    """Everything after reading and asking: claims, fields, findings, status. Touches no file."""
    routes = readings_to_routes(readings, document, doctype, config)
    pages = routes_to_pages(document, readings, routes, answers, config)
    findings = [*doubt, *page_findings(readings), *answer_findings(answers)]
    fields: dict[str, Field] = {}
    data: dict[str, Any] = {}
    if doctype is not None:
        by_ocr = readings_to_claims([r for r in readings if not r.failure], doctype, model)
        claims, model_doubts = readers_to_claims(by_ocr, answers, doctype)
        findings += model_doubts
        fields, merge_findings = claims_to_fields(
            claims, doctype, why_missing(document, doctype, readings, routes, answers)
        )
        fields = bounded(fields, readings) if config.ocr == "both" else fields
        data = fields_to_data(fields, doctype)
        findings += [*merge_findings, *schema_findings(data, doctype), *rule_findings(data, doctype)]
        findings += [*doubt_findings(doctype, fields), *hearsay_findings(doctype, fields)]
    findings += route_findings(readings, routes, answers, tables_hold(data, doctype), config)
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
        usage=sum((answer.usage for answer in answers.values()), Usage()),
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
    return DocumentRoutes(whole.document, tuple(map(PageRoute, whole.readings, decisions)))


def rehearse(
    path: Path | str,
    vlm: Vlm,
    *,
    type: str = "auto",
    config: Config | None = None,
    progress: Progress | None = None,
) -> Iterator[Rehearsed]:
    """What ``extract`` would ask the model, one page at a time; nothing is sent.

    Raises BadInput for a file that cannot be opened, or whose type cannot be told.
    """
    config = config or Config()
    document = receive(Path(path), config)
    readings = read_pages(document, reader(config), config, progress)
    doctype, doubt = choose_type(readings, asked_types(type, config))
    if doctype is None:
        raise BadInput(f"{path}: {doubt[0].message}")
    routes = readings_to_routes(readings, document, doctype, config)
    yield from rehearse_pages(document, readings, routes, doctype, vlm, config)


# --------------------------------------------------------------------------------------------------- steps


def reader(config: Config) -> Ocr:
    tesseract = Tesseract(config.lang, config.ocr_timeout)
    return Both(tesseract) if config.ocr == "both" else tesseract


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
            policy=config.policy,
        )
        for reading in readings
    )


def nothing_read(path: Path, doctypes: Sequence[DocumentType], sentence: str, ocr: Ocr) -> Result:
    """The result of a file that could not be read at all: its type's shape, every leaf null because it failed."""
    doctype = doctypes[0] if len(doctypes) == 1 else None
    failed: dict[str, Missing] = {leaf.pointer: "failed" for leaf in doctype.leaves} if doctype else {}
    fields, _ = claims_to_fields((), doctype, failed) if doctype else ({}, ())
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
