"""The way of a document, on one screen: file, readings, routes, answers, claims, fields, findings, status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.alibi import alibi_findings
from engine.asking import Rehearsed, ask_pages, rehearse_pages
from engine.check import rule_findings, schema_findings
from engine.config import Config
from engine.decide import decide, doubt_findings, hearsay_findings
from engine.doctype import DocumentType, load_type
from engine.errors import BadInput
from engine.fate import (
    all_read,
    answer_findings,
    booked,
    page_findings,
    route_findings,
    routes_to_pages,
    tables_hold,
    why_missing,
)
from engine.given import Given, values_to_fields
from engine.hidden_text import hidden_findings
from engine.identify import asked_types, choose_type
from engine.ink_guard import ink_findings
from engine.label.claims import readings_to_claims
from engine.label.lines import readings_to_lines
from engine.label.rank import Model
from engine.merge import claims_to_fields, fields_to_data
from engine.ocr import Ocr
from engine.ocr.both import Both
from engine.ocr.tesseract import Tesseract
from engine.overlooked import overlooked
from engine.page import Reading
from engine.readers import readers_to_claims
from engine.reading import Progress, read_pages
from engine.receive import Document, receive
from engine.reread import doubted_pages, read_together
from engine.result import Field, Finding, Result, Usage
from engine.route import Decision, PageRoute, readings_to_routes, without_vlm
from engine.split import split_findings
from engine.unreadable import failed_fields, nothing_read
from engine.values.numbers import decimal_sign_of
from engine.vlm.ask import PageAnswer, Vlm
from engine.vlm.connect import connect
from engine.witness.choice import Chooser
from engine.witness.crop import CropLook
from engine.witness.judge import Asks, bear_witness
from engine.witness.second_look import SecondReader, second_reader

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
        known = doctypes[0] if len(doctypes) == 1 else None
        return nothing_read(path, known, failed_fields(known), str(error), ocr)
    doctype, doubt = choose_type(readings, doctypes)
    doubt = (*doubt, *split_findings(readings, doctypes))
    routes = readings_to_routes(readings, document, doctype, config)
    answers = ask_pages(document, readings, routes, doctype, vlm, config, progress)
    return conclude(document, readings, doctype, config, answers, doubt=doubt, vlm=vlm)


def conclude(
    document: Document,
    readings: Sequence[Reading],
    doctype: DocumentType | None,
    config: Config,
    answers: Mapping[int, PageAnswer] = NO_ANSWERS,
    *,
    doubt: Sequence[Finding] = (),
    vlm: Vlm | None = None,
) -> Result:
    """A document that was read and asked about to its result; what is in doubt is looked at again on its pages.

    ``doubt`` is what :func:`engine.identify.choose_type` was left with, ``vlm`` the model that gave the answers.
    """
    second, crops = second_reader(document, config), CropLook(document, readings, config)
    chooser = Chooser(vlm, crops, [page for page, answer in answers.items() if answer.asked]) if vlm else None
    asks = Asks(second, crops, chooser)
    doubt = (*doubt, *hidden_findings(document, readings, config))
    result = readings_to_result(document, readings, doctype, config, answers=answers, doubt=doubt, asks=asks)
    doubted = doubted_pages(result, doctype, readings, answers) if doctype and config.ocr is None else []
    if second and doubted:
        readings = read_together(readings, doubted, second)
        result = readings_to_result(document, readings, doctype, config, answers=answers, doubt=doubt, asks=asks)
    result = result if chooser is None else booked(result, chooser.usage)
    return replace(result, ocr=names(reader(config), second), model=vlm.name if vlm else None)


def readings_to_result(
    document: Document,
    readings: Sequence[Reading],
    doctype: DocumentType | None,
    config: Config,
    model: Model | None = None,
    answers: Mapping[int, PageAnswer] = NO_ANSWERS,
    doubt: Sequence[Finding] = (),
    asks: Asks | None = None,
) -> Result:
    """Everything after reading and asking: claims, fields, verdicts, findings, status.

    Touches no file but by ``asks``, who look at the pages again where a claimed value is in doubt.
    """
    routes = readings_to_routes(readings, document, doctype, config)
    fields: dict[str, Field] = {}
    doubts = [*doubt, *answer_findings(answers)]
    doubts += ink_findings(readings, [claim for answer in answers.values() for claim in answer.claims])
    if doctype is not None:
        by_ocr = readings_to_claims([r for r in readings if not r.failure], doctype, model)
        claims, model_doubts = readers_to_claims(by_ocr, answers, doctype)
        fields, merge_findings = claims_to_fields(
            claims, doctype, why_missing(document, doctype, readings, routes, answers, config)
        )
        doubts += [*model_doubts, *merge_findings]
    return fields_to_result(fields, document, readings, routes, doctype, config, doubts, model, answers, asks)


def verify(
    path: Path | str,
    values: Any,
    *,
    type: str = "auto",
    config: Config | None = None,
    progress: Progress | None = None,
) -> Result:
    """An extraction made elsewhere, checked: its values as data or by pointer (:mod:`engine.given`), never changed.

    The document is read by OCR and text layer; no model is asked. A file that cannot be read gives a ``failed``
    result; UsageError is raised, also for values that the type has no place for.
    """
    (result,) = verify_each(path, (Given("values", values),), type=type, config=config, progress=progress)
    return result


def verify_each(
    path: Path | str,
    given: Sequence[Given],
    *,
    type: str = "auto",
    config: Config | None = None,
    progress: Progress | None = None,
    vlm: Vlm | None = None,
) -> tuple[Result, ...]:
    """Several extractions of one document, which is read once; a result for each, as :func:`verify` gives.

    ``vlm`` is shown the places of contradicted values; without it no model is asked, whatever is configured.
    """
    config, path = config or Config(), Path(path)
    config = replace(config, route="ocr" if config.route == "ocr" else "auto")
    doctypes = asked_types(type, config)
    known = doctypes[0] if len(doctypes) == 1 else None
    unread = [values_to_fields(each.values, known, each.where) if known else {} for each in given]
    ocr = reader(config)
    try:
        document = receive(path, config)
        readings = read_pages(document, ocr, config, progress)
    except BadInput as error:
        return tuple(nothing_read(path, known, fields, str(error), ocr) for fields in unread)
    doctype, doubt = choose_type(readings, doctypes)
    doubt = (*doubt, *hidden_findings(document, readings, config))
    routes = without_vlm(readings, readings_to_routes(readings, document, doctype, config))
    sign, second = decimal_sign_of(line.text for line in readings_to_lines(readings)), second_reader(document, config)
    crops = CropLook(document, readings, config)
    results: list[Result] = []
    for each in given:
        fields = values_to_fields(each.values, doctype, each.where, sign) if doctype else {}
        chooser = Chooser(vlm, crops, [reading.page for reading in readings]) if vlm else None
        asks = Asks(second, crops, chooser)
        result = fields_to_result(fields, document, readings, routes, doctype, config, doubt, asks=asks)
        result = result if chooser is None else booked(result, chooser.usage)
        left_out = overlooked(result.fields, readings, doctype) if doctype else ()
        result = replace(result, ocr=names(ocr, second), model=vlm.name if vlm else None)
        results.append(replace(result, findings=(*result.findings, *left_out)))
    return tuple(results)


def fields_to_result(
    fields: dict[str, Field],
    document: Document,
    readings: Sequence[Reading],
    routes: Sequence[Decision],
    doctype: DocumentType | None,
    config: Config,
    doubts: Sequence[Finding] = (),
    model: Model | None = None,
    answers: Mapping[int, PageAnswer] = NO_ANSWERS,
    asks: Asks | None = None,
) -> Result:
    """Everything after the claims: verdicts, data, findings, status. ``doubts`` are what the claims came with."""
    pages = routes_to_pages(document, readings, routes, answers, config)
    findings = [*doubts, *page_findings(readings)]
    data: dict[str, Any] = {}
    if doctype is not None:
        whole = all_read(document, readings, config)
        fields, witness_findings = bear_witness(fields, doctype, readings, asks, model, whole=whole)
        data = fields_to_data(fields, doctype)
        findings += [*witness_findings, *checked(data, fields, doctype)]
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
    """Tesseract reads every page; with ``--ocr both`` the second engine does too."""
    tesseract = Tesseract(config.lang, config.ocr_timeout)
    return Both(tesseract) if config.ocr == "both" else tesseract


def names(ocr: Ocr, second: SecondReader | None) -> str:
    """The OCR engines that have read any page."""
    also = second.name if second else None
    return f"{ocr.name} + {also}" if also and also not in ocr.name else ocr.name


def checked(data: Any, fields: Mapping[str, Field], doctype: DocumentType) -> tuple[Finding, ...]:
    """What the schema, its rules and the witness's silences have against a document."""
    return (
        *schema_findings(data, doctype),
        *rule_findings(data, doctype, fields),
        *alibi_findings(data, fields, doctype),
        *doubt_findings(doctype, fields),
        *hearsay_findings(doctype, fields),
    )
