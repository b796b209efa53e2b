"""A batch from its inputs to its files: work is handed to the database, results come back as they are done.

What is already there is left alone: a result file of the same content, type and settings is not touched again
(:mod:`engine.batch.finished`), and work that is recorded is not done again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from dbos import DBOS, SetWorkflowID

from engine.batch import content, tasks, workflows
from engine.batch.finished import OF_NO_WORK, Finished
from engine.batch.forget import forget_kept_back
from engine.batch.items import Item
from engine.batch.pieces import Cuts, pieces_to_items, to_be_cut
from engine.batch.results import NOTHING_SUPERSEDED, Done, Superseded, take_away, there, write
from engine.batch.room import check_disk, make_room
from engine.batch.shared import Shared
from engine.batch.state import Batch, cancelled_file, finished_file, pieces_file
from engine.batch.wanted import Types, item_to_work, own_config
from engine.batch.work import Work
from engine.batch.worker import machines
from engine.cores import cores
from engine.errors import UsageError
from engine.ocr.tesseract import require
from engine.receive import page_range
from engine.split import Split

WINDOW = 64
"""Documents handed to the database ahead of the results: enough for a machine, and little to hold. More are handed over
as results come back."""

EACH = 32
"""The same for each machine, where there are several and each takes some ahead: with 64 in all, most of 64 machines
would have none (``python -m tests.bench.scale``)."""

A_PROCESS = 16
"""The same for each process: what is done is looked for once a second. First setting."""

ROOM = 200
"""Documents between two looks at how much the database holds."""

GLANCE = 0.2
"""Seconds between two looks at whether the batch was cancelled: what is done meanwhile is done in vain."""

CALM, FEW = 5, 8
"""Glances between two looks at what is done, and one where fewer than 8 are waited for, whose end somebody may wait
for: a look at 64 takes 20 ms of CPU, which the work can use. First settings."""

CANCELLED = "it was cancelled: engine batch resume takes it up again"


def run(batch: Batch, shared: Shared, told: Callable[[Done], None]) -> Superseded:
    """All items of the batch to their result files; ``told`` hears of each as it is done. DBOS is launched.

    What became of the results that these supersede. Raises UsageError where a result cannot be written: what is
    recorded stays, and the same command goes on there.
    """
    going = _Going(batch)
    left, number, window, given_up = deque(batch.items), 0, WINDOW, cancelled_file(batch.out)
    given_up.unlink(missing_ok=True)
    whole = True
    while left or going.waiting:
        if not left or len(going.waiting) >= window:
            window = max(WINDOW, A_PROCESS * (batch.config.jobs or cores()), EACH * machines(shared))
            check_disk(shared)
            _wait(1 if len(going.waiting) < FEW else CALM, given_up)
            for item, work, status in _ended(going.waiting, going.works):
                if status.workflow_id == work.cut_id and status.status == "SUCCESS":
                    left.extendleft(reversed(going.cut(item, status.output)))
                else:
                    ended = _finish(item, work, status, going)
                    whole = whole and ended.status != "cancelled"
                    told(going.counted(ended))
            continue
        item, number = left.popleft(), number + 1
        if given_up.exists():
            whole = False
            told(Done(item, "cancelled", fresh=True, reason=CANCELLED))
            continue
        if number % ROOM == 0:
            make_room(shared, batch.config.store_bytes)
        done = _begin(item, going)
        if done is not None:
            told(going.counted(done))
    return take_away(batch.items, going.names, batch.out, going.finished) if whole else NOTHING_SUPERSEDED


class _Going:
    """What a run knows: which work waits for which items, which results are there, how files were cut.

    ``names`` are those of the results that count: of the items that came to their end, and of earlier runs.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.types = Types(batch.config)
        self.finished = Finished(finished_file(batch.out))
        self.cuts = Cuts(pieces_file(batch.out))
        self.waiting: dict[str, list[Item]] = {}
        self.works: dict[str, Work] = {}
        self.names = {item.name for item in self.cuts.pieces(batch.kept)}
        self._taken = {item.name for item in (*batch.items, *batch.kept)} | self.names
        self._beside: dict[str, int] = {}

    def cut(self, item: Item, split: Split) -> tuple[Item, ...]:
        """The documents that a file was found to hold, noted where they are several."""
        items = pieces_to_items(item, split, self._taken)
        self.cuts.note(item, split, items)
        self._beside[items[0].name] = len(items) - 1
        return items

    def counted(self, done: Done) -> Done:
        self.names.add(done.item.name)
        return replace(done, beside=self._beside.pop(done.item.name, 0))


def _begin(item: Item, going: _Going) -> Done | None:
    """Hand the item's work over, unless an item of the same content waits for it already; its result if that is there
    or can be told at once."""
    out, finished = going.batch.out, going.finished
    known = there(item, out, finished)
    work = item_to_work(item, going.batch, going.types)
    if isinstance(work, str):  # what cannot be had any more takes nothing away
        if known is not None and (known.status != "failed" or known.reviewed):
            return known
        return write(item, OF_NO_WORK, work, out, finished)
    cut = to_be_cut(work.config)
    if known is not None and not cut:
        held = finished.holds(item, work)
        if known.reviewed or (held and not known.again.unpaid):
            content.drop(work)
            return replace(known, outdated=not held)
    if not cut:
        going.cuts.whole(item)
    identity = work.cut_id if cut else work.id
    if identity not in going.works:
        going.works[identity] = work
        _hand_over(work, identity)
    going.waiting.setdefault(identity, []).append(item)
    return None


def check(batch: Batch) -> None:
    """Whether all items can be worked on and have places for their results, before any work: a slip in the last row
    must not cost the others' time. Raises UsageError and MissingDependency."""
    finished = Finished(finished_file(batch.out))
    inputs = {item.path.resolve() for item in batch.items if item.address is None}
    for lang in {own_config(item, batch.config).lang for item in batch.items}:
        require(lang)
    for item in batch.items:
        own = own_config(item, batch.config)
        page_range(own.pages, own.max_pages)
        if (batch.out / item.name).resolve() in inputs:
            raise UsageError(f"the result {batch.out / item.name} would overwrite its document: give another --out")
        there(item, batch.out, finished)


def _hand_over(work: Work, identity: str) -> None:
    """To the queue, unless it is there already, under way or done; what was cancelled goes on."""
    known = DBOS.get_workflow_status(identity)
    if known is None or (identity == work.id and forget_kept_back(known, work)):
        with SetWorkflowID(identity):
            wanted = workflows.cut if identity == work.cut_id else workflows.document
            DBOS.enqueue_workflow(workflows.DOCUMENTS, wanted, work)
    elif known.status == "CANCELLED":
        below = DBOS.list_workflows(parent_workflow_id=identity, status="CANCELLED", load_input=False)
        workflows.take_up([*below, known])


def _wait(glances: int, given_up: Path) -> None:
    for _ in range(glances):
        time.sleep(GLANCE)
        if given_up.exists():
            break


def _ended(waiting: dict[str, list[Item]], works: dict[str, Work]) -> Iterator[tuple[Item, Work, Any]]:
    """What has ended since the last look, and waits no more."""
    for status in DBOS.list_workflows(workflow_ids=list(waiting), status=sorted(workflows.ENDED), load_input=False):
        work = works.pop(status.workflow_id)
        content.drop(work)
        for item in waiting.pop(status.workflow_id):
            yield item, work, status


def _finish(item: Item, work: Work, status: Any, going: _Going) -> Done:
    if status.status == "CANCELLED":
        return Done(item, "cancelled", fresh=True, reason=CANCELLED)
    result = str(status.output) if status.status == "SUCCESS" else _failed(item, work, status)
    return write(item, work.id, result, going.batch.out, going.finished)


def _failed(item: Item, work: Work, status: Any) -> str:
    why = f"ended in an error of the engine ({status.error!r})"
    return tasks.failed_result(item.place, work.type, f"{item.place} {why}", work.config)
