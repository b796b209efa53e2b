"""A document's pages to a model's answers: those that want one, several at a time; as :mod:`engine.reading` for OCR.

What is held is the images of the pages being asked about. What a model says of a page and what OCR read there are
both kept; :func:`readers_to_claims` says whose word counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from engine.claim import Claim, joined
from engine.config import Config
from engine.doctype import DocumentType
from engine.errors import BadPage
from engine.page import Reading
from engine.pointer import matches
from engine.prepare import prepare
from engine.reading import Progress
from engine.receive import Document
from engine.result import Finding, Outcome
from engine.route import Decision
from engine.upright import turned
from engine.vlm.ask import Page, PageAnswer, Plan, Vlm
from engine.vlm.question import Question
from engine.vlm.rows import renumbered

RowReader = Literal["ocr", "vlm", "any"]


def ask_pages(
    document: Document,
    readings: Sequence[Reading],
    routes: Sequence[Decision],
    doctype: DocumentType | None,
    vlm: Vlm | None,
    config: Config,
    progress: Progress | None = None,
) -> dict[int, PageAnswer]:
    """The model's answer to every page that wants one, by page; none without a model or a type to ask for."""
    wanted = [r for r, decision in zip(readings, routes, strict=True) if decision.wants_vlm]
    if vlm is None or doctype is None or not wanted:
        return {}
    allowed = [reading for reading in wanted if vlm.budget.take_page()]
    reason = f"the limit of {config.max_vlm_pages} pages for a VLM is reached"
    answers = {r.page: PageAnswer(r.page, "skipped", reason, asked=False) for r in wanted if r not in allowed}
    with ThreadPoolExecutor(min(config.vlm_jobs, len(allowed) or 1)) as workers:
        for answer in workers.map(lambda r: _ask_page(document, r, doctype, vlm, config), allowed):
            answers[answer.page] = answer
            if progress:
                progress(len(readings) + len(answers), len(readings) + len(wanted))
    return answers


def _ask_page(document: Document, reading: Reading, doctype: DocumentType, vlm: Vlm, config: Config) -> PageAnswer:
    """The answer about a page; one that can be read but not drawn again costs only itself."""
    try:
        page = draw_page(document, reading, doctype, config)
    except BadPage as error:
        nothing: dict[str, Outcome] = {leaf.pointer: "failed" for leaf in doctype.leaves}
        return PageAnswer(reading.page, "failed", f"nothing was asked, for {error}", unanswered=nothing)
    return vlm.ask(page)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A page that wants a model, why, what it would be asked, and what that would cost.

    ``allowed`` is False where the limits of the run leave it to OCR.
    """

    reason: str
    questions: tuple[Question, ...]
    plan: Plan
    allowed: bool


def rehearse_pages(
    document: Document,
    readings: Sequence[Reading],
    routes: Sequence[Decision],
    doctype: DocumentType,
    vlm: Vlm,
    config: Config,
) -> Iterator[Rehearsed]:
    """What :func:`ask_pages` would send, page by page; nothing is sent."""
    for reading, decision in zip(readings, routes, strict=True):
        if decision.wants_vlm:
            page = draw_page(document, reading, doctype, config)
            plan = vlm.plan(page)
            allowed = vlm.budget.take_page() and vlm.budget.reserve(plan.usd) is not None
            yield Rehearsed(decision.reason, vlm.questions(page), plan, allowed)


def draw_page(document: Document, reading: Reading, doctype: DocumentType, config: Config) -> Page:
    """The page as it is shown to a model: upright, as OCR saw it. Raises BadPage where it cannot be drawn again."""
    image = turned(prepare(document, reading.page, config), reading.rotation)
    return Page(image, reading, doctype, document.page_count)


def readers_to_claims(
    by_ocr: Sequence[Claim], answers: Mapping[int, PageAnswer], doctype: DocumentType
) -> tuple[tuple[Claim, ...], tuple[Finding, ...]]:
    """A model's claims for what it answered of a page and OCR's for the rest; and what the model itself doubts."""
    asked = [answer for _, answer in sorted(answers.items()) if answer.asked]
    of_page = {answer.page: _whose_rows(answer, by_ocr, doctype) for answer in asked}
    unanswered = {answer.page: answer.unanswered for answer in asked}
    ocr = [c for c in by_ocr if c.page not in of_page or _ocr_counts(c, of_page[c.page], unanswered[c.page])]
    readers = [ocr, *([c for c in a.claims if _row_reader(c, of_page[a.page]) != "ocr"] for a in asked)]
    claims = joined(readers, doctype.leaves)
    findings: list[Finding] = []
    start = len(ocr)
    for answer, told in zip(asked, readers[1:], strict=True):
        findings += renumbered(answer.findings, told, claims[start : start + len(told)], doctype.leaves)
        start += len(told)
    return claims, tuple(findings)


def _whose_rows(answer: PageAnswer, by_ocr: Sequence[Claim], doctype: DocumentType) -> dict[str, RowReader]:
    """Who tells the rows of each array of a page: one reader, for nobody knows which rows of two are the same.

    The model does where it told any, unless it lost a stretch of them and OCR has some; else whoever has any.
    """
    found: dict[str, RowReader] = {}
    for array in {leaf.array for leaf in doctype.leaves if leaf.in_array and leaf.array}:
        by_model = any(_is_in(claim, array) for claim in answer.claims)
        read = any(claim.page == answer.page and _is_in(claim, array) for claim in by_ocr)
        found[array] = "any" if not by_model else "ocr" if array in answer.lost and read else "vlm"
    return found


def _ocr_counts(claim: Claim, rows: Mapping[str, RowReader], unanswered: Collection[str]) -> bool:
    reader = _row_reader(claim, rows)
    return reader == "ocr" if reader != "any" else any(matches(pattern, claim.pointer) for pattern in unanswered)


def _row_reader(claim: Claim, rows: Mapping[str, RowReader]) -> RowReader:
    return next((reader for array, reader in rows.items() if _is_in(claim, array)), "any")


def _is_in(claim: Claim, array: str) -> bool:
    return claim.pointer.startswith(f"{array}/")
