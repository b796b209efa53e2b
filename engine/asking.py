"""A document's pages to a model's answers: those that want one, several at a time; as :mod:`engine.reading` for OCR.

What is held is the images of the pages being asked about. What a model says of a page and what OCR read there are
both kept; :mod:`engine.readers` says whose word counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from engine.config import Config
from engine.doctype import DocumentType
from engine.errors import BadPage
from engine.page import Reading
from engine.prepare import prepare
from engine.reading import Progress
from engine.receive import Document
from engine.route import Decision
from engine.upright import turned
from engine.vlm.ask import Page, PageAnswer, Plan, Vlm
from engine.vlm.question import Question


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
    workers = ThreadPoolExecutor(min(config.vlm_jobs, len(allowed) or 1))
    try:
        for answer in workers.map(lambda r: ask_page(document, r, doctype, vlm, config), allowed):
            answers[answer.page] = answer
            if progress:
                progress(len(readings) + len(answers), len(readings) + len(wanted))
    except BaseException:  # Ctrl-C among them: nothing more is to be paid for
        vlm.stop()
        raise
    finally:
        workers.shutdown(cancel_futures=True)
    return answers


def ask_page(document: Document, reading: Reading, doctype: DocumentType, vlm: Vlm, config: Config) -> PageAnswer:
    """The answer about a page; one that can be read but not drawn again costs only itself."""
    try:
        page = draw_page(document, reading, doctype, config)
    except BadPage as error:
        return PageAnswer(reading.page, "failed", f"but {error}", asked=False)
    return vlm.ask(page)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A page that wants a model, why, what it would be asked, and what that would cost.

    ``allowed`` is False where the limits of the run leave it to OCR.
    """

    reason: str
    plan: Plan
    questions: tuple[Question, ...]
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
            allowed = vlm.budget.take_page() and vlm.affords(plan)
            yield Rehearsed(decision.reason, plan, vlm.questions(page), allowed)


def draw_page(document: Document, reading: Reading, doctype: DocumentType, config: Config) -> Page:
    """The page as it is shown to a model: upright, as OCR saw it. Raises BadPage where it cannot be drawn again."""
    image = turned(prepare(document, reading.page, config), reading.rotation)
    return Page(image, reading, doctype, document.page_count)
