"""What became of each page, why, and what that leaves to doubt; why a leaf has no value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.config import Config
from engine.doctype import DocumentType
from engine.page import Reading
from engine.receive import Document
from engine.result import Check, Finding, Missing, Outcome, PageResult, Result, Usage
from engine.route import Decision
from engine.rules import apply
from engine.vlm.ask import PageAnswer

WHY: dict[Outcome, Missing] = {"refused": "refused", "truncated": "truncated"}
"""Why a leaf is null that a model gave no answer for, by the outcome that this is due to; else it failed."""
NOT_ASKED: dict[Outcome, Check] = {"skipped": "budget", "failed": "page"}
"""The check of a page that wanted a model and was not asked: the limits forbade it, or it cannot be drawn again."""


def routes_to_pages(
    document: Document,
    readings: Sequence[Reading],
    routes: Sequence[Decision],
    answers: Mapping[int, PageAnswer],
    config: Config,
) -> tuple[PageResult, ...]:
    """One entry a page of the file; those that ``--pages`` left out are skipped."""
    done = {r.page: page_result(r, d, answers.get(r.page), config) for r, d in zip(readings, routes, strict=True)}
    why = "not a page of this document: the file was cut" if is_piece(config) else "left out by --pages, not looked at"
    return tuple(done.get(page) or skipped(page, why) for page in range(1, document.page_count + 1))


def is_piece(config: Config) -> bool:
    """Are the pages asked for one document of a file that was cut, and so all that it has?"""
    return config.split and config.pages is not None


def all_read(document: Document, readings: Sequence[Reading], config: Config) -> bool:
    whole = is_piece(config) or len(readings) == document.page_count
    return whole and not any(reading.failure for reading in readings)


def page_result(reading: Reading, decision: Decision, answer: PageAnswer | None, config: Config) -> PageResult:
    if reading.failure:
        return PageResult(reading.page, "ocr", reading.failure, reading.signals, "failed", seconds=reading.seconds)
    way, reason = decision.route, decision.reason
    signals = reading.signals | ({"rotation": float(reading.rotation)} if reading.rotation else {})
    if answer and answer.asked:
        reason += "" if answer.outcome == "complete" else f"; {answer.outcome}: {answer.reason}; read by OCR instead"
        seconds = reading.seconds + answer.seconds
        return PageResult(reading.page, way, reason, signals, answer.outcome, answer.attempts, answer.usage, seconds)
    if decision.wants_vlm:  # the page stays with whoever read it
        way = "text_layer" if reading.source == "text_layer" else "ocr"
        reason = f"{reason}: {why_not_asked(answer, config)}"
    return PageResult(reading.page, way, reason, signals, "complete", seconds=reading.seconds)


def why_not_asked(answer: PageAnswer | None, config: Config) -> str:
    if answer:
        return f"wanted a VLM, {answer.reason}"
    if config.no_vlm:
        return "wanted a VLM, --no-vlm forbids it"
    return "wanted a VLM, none is configured" if config.provider is None else "wanted a VLM, but no type to ask for"


def skipped(page: int, why: str) -> PageResult:
    nothing = {"handwriting": 0.0, "table": 0.0}
    return PageResult(page, "ocr", why, nothing, "skipped", attempts=0)


def page_findings(readings: Sequence[Reading]) -> tuple[Finding, ...]:
    if not readings:
        return (Finding("", "page", "error", "--pages names no page that the document has: nothing was read"),)
    return tuple(Finding("", "page", "error", r.failure, r.page) for r in readings if r.failure)


def answer_findings(answers: Mapping[int, PageAnswer]) -> tuple[Finding, ...]:
    """The pages that a model gave no whole answer for."""
    return tuple(
        Finding("", "page", "error", f"the model's answer is {answer.outcome}: {answer.reason}", page)
        for page, answer in sorted(answers.items())
        if answer.asked and answer.outcome != "complete"
    )


def route_findings(
    readings: Sequence[Reading],
    routes: Sequence[Decision],
    answers: Mapping[int, PageAnswer],
    tables_hold: bool,
    config: Config,
) -> tuple[Finding, ...]:
    """A page that wanted a VLM and did not get one is a doubt about the document.

    Except for a table: where its rows aligned so well that their arithmetic holds, OCR was enough.
    """
    return tuple(
        Finding(
            "",
            NOT_ASKED[answers[reading.page].outcome] if reading.page in answers else "route",
            "warning" if decision.cause == "table" and tables_hold else "error",
            f"{decision.reason}: {why_not_asked(answers.get(reading.page), config)}",
            reading.page,
        )
        for reading, decision in zip(readings, routes, strict=True)
        if decision.wants_vlm and not (reading.page in answers and answers[reading.page].asked)
    )


def tables_hold(data: dict[str, Any], doctype: DocumentType | None) -> bool:
    """Whether rules over rows exist, apply to this document and all hold."""
    if doctype is None:
        return False
    over_rows = [rule for rule in doctype.checks if any("*" in pattern for pattern, _ in rule.names.values())]
    held = [outcome.holds for rule in over_rows for outcome in apply(rule, data) if outcome.holds is not None]
    return bool(held) and all(held)


def why_missing(
    document: Document,
    doctype: DocumentType,
    readings: Sequence[Reading],
    routes: Sequence[Decision],
    answers: Mapping[int, PageAnswer],
    config: Config,
) -> dict[str, Missing]:
    """Why each leaf without a value has none, as far as the pages tell; one that is not named is absent.

    It may stand on a page that nobody read: then it failed.
    """
    asked = {page: answer for page, answer in answers.items() if answer.asked}
    unread = not all_read(document, readings, config)
    causes = {r.page: d.cause for r, d in zip(readings, routes, strict=True) if r.page not in asked}
    poor = any(cause in ("handwriting", "poor_ocr") for cause in causes.values())
    found: dict[str, Missing] = {}
    for leaf in doctype.leaves:
        told = {WHY.get(a.unanswered[leaf.pointer], "failed") for a in asked.values() if leaf.pointer in a.unanswered}
        if unread or told:
            found[leaf.pointer] = "failed" if unread or len(told) > 1 else told.pop()
        elif poor:
            found[leaf.pointer] = "unreadable"
    return found


def booked(result: Result, usage: Mapping[int, Usage]) -> Result:
    """The result with what choosing between two texts took added to its pages and its sum."""
    pages = tuple(
        replace(p, usage=(p.usage or Usage()) + usage[p.page]) if p.page in usage else p for p in result.pages
    )
    return replace(result, pages=pages, usage=sum(usage.values(), result.usage))
