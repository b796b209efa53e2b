"""A document's recorded steps. What has run once is never run again, whoever takes the document over.

    cut        of a file that may hold several documents: receive; read each page; find where each begins
    document   receive; read each page; plan; ask about the pages that want a model; conclude
    page       one page's reading: a workflow of its own, so that another type or file finds it there
    ask        one page's answer: of its own, for its queue bounds how many run and begin within a minute

The last step of all but questions has no record of its own: it is recorded at once as what came of the workflow.

Nothing here computes: it waits for the pool (:mod:`engine.batch.pool`). At most :data:`AHEAD` pages of a document are
under way, so that a long document takes a share of the machine and not all of it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowHandle, WorkflowStatus

from engine.batch import content, tasks
from engine.batch.logs import logged
from engine.batch.named import NAME
from engine.batch.pool import Lost, Pool
from engine.batch.shared import Shared
from engine.batch.tasks import Packed, Plan, Received
from engine.batch.traces import span
from engine.batch.work import Work
from engine.config import Config
from engine.receive import Document, page_range
from engine.split import NOTHING, Split

DOCUMENTS, ASKS = "documents", "asks"
ENDED = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
"""States of a workflow that goes on no more."""

AHEAD = 2


@dataclass(frozen=True, slots=True)
class Means:
    """What a process works with: its pool, what it shares with others, and the password that no record holds."""

    pool: Pool
    shared: Shared
    password: str | None = None
    began: dict[str, float] = field(default_factory=dict, hash=False, compare=False)

    def config(self, work: Work) -> Config:
        return replace(work.config, password=self.password)

    def left(self, work: Work) -> float:
        """Seconds that the document may still take of this process, which counts from when it first saw it: a batch
        that was stopped overnight has taken no time."""
        began = self.began.setdefault(work.id, time.monotonic())
        return work.config.document_seconds - (time.monotonic() - began)

    def shared_by(self, work: Work) -> Shared:
        return replace(self.shared, batch=work.batch, cache=work.config.cache)


_means: Means | None = None


def work_with(means: Means | None) -> None:
    """Set the means of this process. DBOS finds workflows by their names after a restart: they take data alone."""
    global _means  # noqa: PLW0603
    _means = means


def _here() -> Means:
    assert _means is not None  # noqa: S101 - set before DBOS is launched
    return _means


@DBOS.workflow(name="document")
def document(work: Work) -> str:
    """The result's JSON, without the document's name; a file that cannot be read has one too."""
    received = receive(work)
    if received.document is None:
        return _fail(work, received.failure or "it cannot be read")
    found = received.document
    numbers = page_range(work.config.pages, found.page_count)
    readings = _read(work, found, numbers)
    answers = _ask(work, found, dict(zip(numbers, readings, strict=True))) if work.config.may_ask else {}
    return _conclude(work, found, readings, answers)


@DBOS.workflow(name="cut")
def cut(work: Work) -> Split:
    """The documents in a file; none where it cannot be received."""
    found = receive(work).document
    if found is None:
        return NOTHING
    return _find_pieces(work, found, _read(work, found, range(1, found.page_count + 1)))


def _read(work: Work, found: Document, numbers: Sequence[int]) -> list[Packed]:
    readings: list[Packed] = []
    ahead: deque[WorkflowHandle[Packed]] = deque()
    for number in numbers:
        if len(ahead) == AHEAD:
            readings.append(ahead.popleft().get_result())
        with SetWorkflowID(work.page_id(number)):
            ahead.append(DBOS.start_workflow(page, work, found, number))
    return readings + [handle.get_result() for handle in ahead]


def _ask(work: Work, found: Document, readings: Mapping[int, Packed]) -> dict[int, Packed]:
    planned = plan(work, found, list(readings.values()))
    handles = {}
    for number in planned.wanted:
        with SetWorkflowID(work.ask_id(number)), SetEnqueueOptions(queue_partition_key=_model(work)):
            handles[number] = DBOS.enqueue_workflow(
                ASKS, ask, work, found, number, readings[number], planned.type or ""
            )
    return {number: handle.get_result() for number, handle in handles.items()}


@DBOS.workflow(name="ask")
def ask(work: Work, found: Document, number: int, reading: Packed, type_name: str) -> Packed:
    """A step, for what begins one looks whether it was given up or answered elsewhere meanwhile: it costs money."""
    return ask_page(work, found, number, reading, type_name)


def take_up(works: Iterable[WorkflowStatus]) -> None:
    """Give work that was given up back to the queues it came from: DBOS's own, where it would go, knows no bounds.

    Pages go there: whoever waits for one has a place in a queue already.
    """
    came_from = {"document": DOCUMENTS, "cut": DOCUMENTS, "ask": ASKS}
    by_queue: dict[str | None, list[str]] = {}
    for status in works:
        by_queue.setdefault(came_from.get(status.name), []).append(status.workflow_id)
    for queue, ids in by_queue.items():
        DBOS.resume_workflows(ids, queue_name=queue)


def _model(work: Work) -> str:
    return f"{work.config.provider}/{work.config.model or 'default'}"


@DBOS.step(name="receive")
def receive(work: Work) -> Received:
    here = _here()
    try:
        with _logged("receive", work), content.at_hand(work) as file:
            return here.pool.run(work.config.page_seconds, tasks.receive_file, str(file), here.config(work))
    except Lost as lost:
        return Received(None, f"{NAME} cannot be looked into ({lost}): check that it is what it seems to be")


@DBOS.workflow(name="page")
def page(work: Work, found: Document, number: int) -> Packed:
    here, config = _here(), _here().config(work)
    seconds = min(config.page_seconds, here.left(work))
    if seconds <= 0:
        return tasks.failed_page(
            number, f"page {number} was not read: the document took longer than {config.document_seconds:.0f} seconds"
        )
    try:
        with span("read page"), _logged("read page", work, number), content.at_hand(work) as file:
            found = replace(found, path=file, password=here.password)
            return here.pool.run(seconds, tasks.read_one, found, number, config)
    except Lost as lost:
        return tasks.failed_page(number, f"page {number} could not be read: {lost}")


@DBOS.step(name="plan")
def plan(work: Work, found: Document, readings: Sequence[Packed]) -> Plan:
    here, config = _here(), _here().config(work)
    with _logged("plan", work):
        return here.pool.run(config.document_seconds, tasks.plan, found, readings, work.type, config)


def _find_pieces(work: Work, found: Document, readings: Sequence[Packed]) -> Split:
    here, config = _here(), _here().config(work)
    try:
        with span("cut"), _logged("cut", work), content.at_hand(work) as file:
            found = replace(found, path=file, password=here.password)
            return here.pool.run(config.document_seconds, tasks.cut, found, readings, work.type, config)
    except Lost:
        return NOTHING  # the document itself will tell
    finally:
        content.drop(work)


@DBOS.step(name="ask about a page")
def ask_page(work: Work, found: Document, number: int, reading: Packed, type_name: str) -> Packed:
    here, config = _here(), _here().config(work)
    try:
        with _logged("ask about a page", work, number), content.at_hand(work, once=True) as file:
            found = replace(found, path=file, password=here.password)
            seconds, shared = config.document_seconds, here.shared_by(work)
            return here.pool.run(seconds, tasks.ask, found, reading, type_name, config, shared)
    except Lost as lost:
        return tasks.failed_answer(number, f"but {lost}")


def _conclude(work: Work, found: Document, readings: Sequence[Packed], answers: Mapping[int, Packed]) -> str:
    here, config = _here(), _here().config(work)
    seconds, shared = config.document_seconds, here.shared_by(work) if work.config.may_ask else None
    try:
        with span("conclude"), _logged("conclude", work), content.at_hand(work) as file:
            found = replace(found, path=file, password=here.password)
            return here.pool.run(seconds, tasks.conclude, found, readings, answers, work.type, config, shared)
    except Lost as lost:
        return tasks.failed_result(work.path, work.type, f"{NAME} was read, but then {lost}", config)
    finally:
        here.began.pop(work.id, None)
        content.drop(work)


def _fail(work: Work, sentence: str) -> str:
    content.drop(work)
    return tasks.failed_result(work.path, work.type, sentence, work.config)


def _logged(step: str, work: Work, page: int | None = None) -> AbstractContextManager[None]:
    return logged(step, document=work.sha256[:16], page=page)
