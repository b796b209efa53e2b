"""A batch from its inputs to its files: work is handed to the database, results come back as they are done.

What is already there is left alone: a result file is not touched again, and work that is recorded is not done again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import simplejson
from dbos import DBOS, SetWorkflowID, SetWorkflowTimeout

from engine.as_json import to_json
from engine.batch import tasks, workflows
from engine.batch.items import Item
from engine.batch.room import make_room
from engine.batch.shared import Shared
from engine.batch.state import Batch
from engine.batch.work import Work, types_digest
from engine.config import Config, load_config
from engine.errors import UsageError
from engine.identify import asked_types
from engine.output import write_whole
from engine.receive import sha256_of

WINDOW = 64
"""Documents handed to the database ahead of the results: enough for any number of workers to find some, and little to
hold. More are handed over as results come back."""

ROOM = 200
"""Documents between two looks at how much the database holds."""

GLANCE = 0.2  # seconds between two looks at what is done

Status = str
ENDED = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})


@dataclass(frozen=True, slots=True)
class Done:
    """An item with its result: ``status`` is clean, review or failed, or ``cancelled``, without a result then.

    ``fresh`` is False where the result's file was there already. ``summary`` is what the summary counts.
    """

    item: Item
    status: Status
    fresh: bool
    pages: int = 0
    vlm_pages: int = 0
    usd: Any = 0
    reason: str = ""


def run(batch: Batch, shared: Shared, told: Callable[[Done], None]) -> None:
    """All items of the batch to their result files; ``told`` hears of each as it is done. DBOS is launched.

    Raises UsageError where a result cannot be written: what is recorded stays, and the same command goes on there.
    """
    types = _Types(batch.config)
    waiting: dict[str, list[Item]] = {}
    works: dict[str, Work] = {}
    for number, item in enumerate(batch.items, 1):
        if number % ROOM == 0:
            make_room(shared, batch.config.store_bytes)
        there = _there(item, batch.out)
        if there is not None:
            told(there)
            continue
        work = _work(item, batch, types)
        if isinstance(work, str):
            told(_write(item, work, batch.out))
            continue
        if work.id not in works:
            works[work.id] = work
            _hand_over(work)
        waiting.setdefault(work.id, []).append(item)
        while len(waiting) >= WINDOW:
            _collect(waiting, works, batch.out, told)
    while waiting:
        _collect(waiting, works, batch.out, told)


def already_there(items: Iterable[Item], out: Path) -> Iterator[Done]:
    """The items that have their results."""
    yield from (done for item in items if (done := _there(item, out)) is not None)


def forget_failed(batch: Batch) -> None:
    """Take the results of failed documents away, and what is recorded of their work. DBOS is launched."""
    types = _Types(batch.config)
    for done in already_there(batch.items, batch.out):
        if done.status != "failed":
            continue
        work = _work(done.item, batch, types)
        if isinstance(work, Work):
            DBOS.delete_workflows([work.id], delete_children=True)
        (batch.out / done.item.name).unlink(missing_ok=True)


def _there(item: Item, out: Path) -> Done | None:
    """The item as its file of an earlier run tells it. A file that is no result is written anew."""
    path = out / item.name
    try:
        return _done(item, simplejson.loads(path.read_bytes(), use_decimal=True), fresh=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _work(item: Item, batch: Batch, types: _Types) -> Work | str:
    """The item as work; for a file that cannot even be read, its result."""
    own = _own(item, batch.config)
    asked = item.type or batch.type
    try:
        digest = sha256_of(item.path)
    except OSError as error:
        sentence = f"{item.path} cannot be read ({error.strerror}): check that it is there and may be read"
        return tasks.failed_result(str(item.path), asked, sentence, own)
    whole = os.path.abspath(item.path)  # noqa: PTH100 - resolve() would follow links
    return Work(whole, digest, asked, types.digest(asked), replace(own, password=None, database=None), batch.name)


def _own(item: Item, config: Config) -> Config:
    """The settings of an item: the batch's, with those of its row in the manifest."""
    if not item.options:
        return config
    try:
        given = load_config(None, {f"ENGINE_{name.upper()}": value for name, value in item.options.items()}, {})
    except UsageError as error:
        raise UsageError(f"the manifest's row of {item.path}: {error}") from error
    return replace(config, **{name: getattr(given, name) for name in item.options})


def _hand_over(work: Work) -> None:
    """To the queue, unless it is there already, under way or done; what was cancelled goes on."""
    known = DBOS.get_workflow_status(work.id)
    if known is None:
        with SetWorkflowID(work.id), SetWorkflowTimeout(work.config.document_seconds):
            DBOS.enqueue_workflow(workflows.DOCUMENTS, workflows.document, work)
    elif known.status == "CANCELLED" and not _timed_out(known):
        DBOS.resume_workflows([work.id])


def _collect(waiting: dict[str, list[Item]], works: dict[str, Work], out: Path, told: Callable[[Done], None]) -> None:
    """Wait a glance; write the results of what has ended meanwhile."""
    time.sleep(GLANCE)
    for status in DBOS.list_workflows(workflow_ids=list(waiting), status=sorted(ENDED)):
        work = works.pop(status.workflow_id)
        for item in waiting.pop(status.workflow_id):
            if status.status == "SUCCESS":
                told(_write(item, str(status.output), out))
            elif status.status == "CANCELLED" and not _timed_out(status):
                told(
                    Done(
                        item, "cancelled", fresh=True, reason="it was cancelled: engine batch resume takes it up again"
                    )
                )
            else:
                told(_write(item, _failed(item, work, status), out))


def _timed_out(status: Any) -> bool:
    deadline = status.workflow_deadline_epoch_ms
    return deadline is not None and time.time() * 1000 >= deadline


def _failed(item: Item, work: Work, status: Any) -> str:
    why = f"took longer than {work.config.document_seconds:.0f} seconds" if status.status == "CANCELLED" else ""
    why = why or f"ended in an error of the engine ({status.error!r})"
    return tasks.failed_result(str(item.path), work.type, f"{item.path} {why}", work.config)


def _write(item: Item, result: str, out: Path) -> Done:
    """The result under the item's own path: identical files are computed once."""
    data = simplejson.loads(result, use_decimal=True)
    data["document"]["path"] = str(item.path)
    write_whole(out / item.name, to_json(data) + "\n")
    return _done(item, data, fresh=True)


def _done(item: Item, data: Mapping[str, Any], *, fresh: bool) -> Done:
    pages = data["pages"]
    errors = [finding["message"] for finding in data["findings"] if finding["severity"] == "error"]
    return Done(
        item,
        data["status"],
        fresh,
        len(pages),
        sum(page["route"] == "vlm" for page in pages),
        data["usage"]["usd"],
        errors[0] if errors and data["status"] == "failed" else "",
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
