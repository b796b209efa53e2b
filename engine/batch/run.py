"""A batch from its inputs to its files: work is handed to the database, results come back as they are done.

What is already there is left alone: a result file of the same content, type and settings is not touched again
(:mod:`engine.batch.finished`), and work that is recorded is not done again.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import simplejson
from dbos import DBOS, SetWorkflowID

from engine.as_json import to_json
from engine.batch import content, tasks, workflows
from engine.batch.finished import Finished
from engine.batch.items import Item
from engine.batch.pieces import note, pieces_to_items, to_be_cut
from engine.batch.room import check_disk, make_room
from engine.batch.shared import Shared
from engine.batch.state import Batch, cancelled_file, finished_file, pieces_file
from engine.batch.work import Work, types_digest
from engine.batch.worker import machines
from engine.config import Config, load_config
from engine.errors import BadInput, UsageError
from engine.identify import asked_types
from engine.ocr.tesseract import require
from engine.output import write_whole
from engine.receive import page_range
from engine.split import Split

WINDOW = 64
"""Documents handed to the database ahead of the results: enough for a machine, and little to hold. More are handed over
as results come back."""

EACH = 32
"""The same for each machine, where there are several and each takes some ahead: with 64 in all, most of 64 machines
would have none (``python -m tests.bench.scale``)."""

ROOM = 200
"""Documents between two looks at how much the database holds."""

GLANCE = 0.2  # seconds between two looks at what is done

CANCELLED = "it was cancelled: engine batch resume takes it up again"
Status = str
ENDED = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})


@dataclass(frozen=True, slots=True)
class Done:
    """An item with its result: ``status`` is clean, review or failed, or ``cancelled``, without a result then.

    ``fresh`` is False where the result's file was there already. ``beside`` is how many more documents its file turned
    out to hold, told with the first of them.
    """

    item: Item
    status: Status
    fresh: bool
    pages: int = 0
    vlm_pages: int = 0
    usd: Any = 0
    reason: str = ""
    sha256: str | None = None
    beside: int = 0


def run(batch: Batch, shared: Shared, told: Callable[[Done], None]) -> None:
    """All items of the batch to their result files; ``told`` hears of each as it is done. DBOS is launched.

    Raises UsageError where a result cannot be written: what is recorded stays, and the same command goes on there.
    """
    types, names = _Types(batch.config), {item.name for item in batch.items}
    finished = Finished(finished_file(batch.out))
    waiting: dict[str, list[Item]] = {}
    works: dict[str, Work] = {}
    beside: dict[str, int] = {}
    left, number, window, given_up = deque(batch.items), 0, WINDOW, cancelled_file(batch.out)
    given_up.unlink(missing_ok=True)
    while left or waiting:
        if not left or len(waiting) >= window:
            window = max(WINDOW, EACH * machines(shared))
            check_disk(shared)
            for item, work, status in _ended(waiting, works):
                if status.workflow_id == work.cut_id and status.status == "SUCCESS":
                    pieces = _pieces(item, status.output, names, batch.out)
                    left.extendleft(reversed(pieces))
                    beside[pieces[0].name] = len(pieces) - 1
                else:
                    ended = _finish(item, work, status, batch.out)
                    if ended.status != "cancelled":
                        finished.add(item, work)
                    told(replace(ended, beside=beside.pop(item.name, 0)))
            continue
        item, number = left.popleft(), number + 1
        if given_up.exists():
            told(Done(item, "cancelled", fresh=True, reason=CANCELLED))
            continue
        if number % ROOM == 0:
            make_room(shared, batch.config.store_bytes)
        done = _begin(item, batch, types, finished, waiting, works)
        if done is not None:
            told(replace(done, beside=beside.pop(item.name, 0)))


def _begin(
    item: Item,
    batch: Batch,
    types: _Types,
    finished: Finished,
    waiting: dict[str, list[Item]],
    works: dict[str, Work],
) -> Done | None:
    """Hand the item's work over, unless an item of the same content waits for it already; its result if that is there
    or can be told at once."""
    there = _there(item, batch.out)
    work = _work(item, batch, types)
    if isinstance(work, str):  # what cannot be had any more takes nothing away
        if there is not None and there.status != "failed":
            return there
        finished.drop(item)
        return _write(item, work, batch.out)
    if there is not None and finished.holds(item, work):
        content.drop(work)
        return there
    identity = work.cut_id if to_be_cut(work.config) else work.id
    if identity not in works:
        works[identity] = work
        _hand_over(work, identity)
    waiting.setdefault(identity, []).append(item)
    return None


def _pieces(item: Item, split: Split, names: set[str], out: Path) -> tuple[Item, ...]:
    """The documents that a file was found to hold, noted where they are several."""
    items = pieces_to_items(item, split, names)
    if len(items) > 1:
        note(pieces_file(out), item, split, items)
    return items


def check(batch: Batch) -> None:
    """Whether all items can be worked on and have places for their results, before any work: a slip in the last row
    must not cost the others' time. Raises UsageError and MissingDependency."""
    inputs = {item.path.resolve() for item in batch.items if item.address is None}
    for lang in {_own(item, batch.config).lang for item in batch.items}:
        require(lang)
    for item in batch.items:
        own = _own(item, batch.config)
        page_range(own.pages, own.max_pages)
        if (batch.out / item.name).resolve() in inputs:
            raise UsageError(f"the result {batch.out / item.name} would overwrite its document: give another --out")
        _there(item, batch.out)


def already_there(items: Iterable[Item], out: Path) -> Iterator[Done]:
    """The items that have their results."""
    for item in items:
        with suppress(UsageError):  # the result of another document
            done = _there(item, out)
            if done is not None:
                yield done


def forget_failed(batch: Batch) -> None:
    """Take the results of failed documents away, and what is recorded of their work. DBOS is launched."""
    types = _Types(batch.config)
    for done in already_there(batch.items, batch.out):
        if done.status != "failed":
            continue
        work = _work(done.item, batch, types)
        if isinstance(work, Work):
            DBOS.delete_workflows(list(_identities(done, work, batch, types)), delete_children=True)
        (batch.out / done.item.name).unlink(missing_ok=True)


def _identities(done: Done, work: Work, batch: Batch, types: _Types) -> Iterator[str]:
    """Of all that was recorded for a document. The readings of a piece belong to the cut, which stays; where a file was
    one piece, it may be several now that it can be read."""
    yield work.id
    if not work.config.split:
        return
    if not to_be_cut(work.config):
        yield from (work.page_id(number) for number in page_range(work.config.pages, work.config.max_pages))
        return
    yield work.cut_id
    cut = DBOS.get_workflow_status(work.cut_id)
    for piece in pieces_to_items(done.item, cut.output, set()) if cut and isinstance(cut.output, Split) else ():
        known = _work(piece, batch, types)
        yield from [known.id] if isinstance(known, Work) else []


def _there(item: Item, out: Path) -> Done | None:
    """The item as its result's file tells it, whatever it was made of. A file that is no result is none.

    Raises UsageError where the file is the result of another document: names are told apart within a run only.
    """
    path = out / item.name
    try:
        data = simplejson.loads(path.read_bytes(), use_decimal=True)
        of, done = data["document"]["path"], _done(item, data, fresh=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if of != item.place and os.path.abspath(of) != os.path.abspath(item.place):  # noqa: PTH100 - links stay
        raise UsageError(f"{path} is the result of {of}, not of {item.place}: give another --out")
    return done


def _work(item: Item, batch: Batch, types: _Types) -> Work | str:
    """The item as work; for a file that cannot even be read, its result."""
    own = _own(item, batch.config)
    asked = item.type or batch.type
    try:
        digest, file = content.taken(item, own)
    except (BadInput, UsageError) as error:  # a file that is gone since it was listed is no fault of the batch
        return tasks.failed_result(item.place, asked, str(error), own)
    whole = item.address or os.path.abspath(item.path)  # noqa: PTH100 - resolve() would follow links
    work = Work(whole, digest, asked, types.digest(asked), replace(own, password=None, database=None), batch.name)
    content.keep(file, work)
    return work


def _own(item: Item, config: Config) -> Config:
    """The settings of an item: the batch's, with those of its row in the manifest."""
    if not item.options:
        return config
    try:
        given = load_config(None, {f"ENGINE_{name.upper()}": value for name, value in item.options.items()}, {})
    except UsageError as error:
        raise UsageError(f"the manifest's row of {item.place}: {error}") from error
    return replace(config, **{name: getattr(given, name) for name in item.options})


def _hand_over(work: Work, identity: str) -> None:
    """To the queue, unless it is there already, under way or done; what was cancelled goes on."""
    known = DBOS.get_workflow_status(identity)
    if known is None:
        with SetWorkflowID(identity):
            wanted = workflows.cut if identity == work.cut_id else workflows.document
            DBOS.enqueue_workflow(workflows.DOCUMENTS, wanted, work)
    elif known.status == "CANCELLED":
        below = DBOS.list_workflows(parent_workflow_id=identity, status="CANCELLED", load_input=False)
        DBOS.resume_workflows([*(status.workflow_id for status in below), identity])


def _ended(waiting: dict[str, list[Item]], works: dict[str, Work]) -> Iterator[tuple[Item, Work, Any]]:
    """Wait a glance; what has ended meanwhile waits no more."""
    time.sleep(GLANCE)
    for status in DBOS.list_workflows(workflow_ids=list(waiting), status=sorted(ENDED)):
        work = works.pop(status.workflow_id)
        content.drop(work)
        for item in waiting.pop(status.workflow_id):
            yield item, work, status


def _finish(item: Item, work: Work, status: Any, out: Path) -> Done:
    if status.status == "SUCCESS":
        return _write(item, str(status.output), out)
    if status.status == "CANCELLED":
        return Done(item, "cancelled", fresh=True, reason=CANCELLED)
    return _write(item, _failed(item, work, status), out)


def _failed(item: Item, work: Work, status: Any) -> str:
    why = f"ended in an error of the engine ({status.error!r})"
    return tasks.failed_result(item.place, work.type, f"{item.place} {why}", work.config)


def _write(item: Item, result: str, out: Path) -> Done:
    """The result under the item's own path, in its sentences too: identical files are computed once."""
    data = simplejson.loads(result, use_decimal=True)
    computed = data["document"]["path"]
    data["document"]["path"] = item.place
    for finding in data["findings"]:
        finding["message"] = finding["message"].replace(computed, item.place)
    text, path = to_json(data) + "\n", out / item.name
    fresh = not path.is_file() or path.read_bytes() != text.encode()  # else killed after writing, before noting so
    if fresh:
        write_whole(path, text)
    return _done(item, data, fresh=fresh)


def _done(item: Item, data: Mapping[str, Any], *, fresh: bool) -> Done:
    pages = data["pages"]
    errors = [finding["message"] for finding in data["findings"] if finding["severity"] == "error"]
    return Done(
        item,
        data["status"],
        fresh,
        sum(page["outcome"] != "skipped" for page in pages),
        sum(page["route"] == "vlm" for page in pages),
        data["usage"]["usd"],
        errors[0] if errors and data["status"] == "failed" else "",
        data["document"]["sha256"],
    )


class _Types:
    """The digest of each type that is asked for, looked up once."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: dict[str, str] = {}

    def digest(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = types_digest(asked_types(name, self._config))
        return self._known[name]
