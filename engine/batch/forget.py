"""What is recorded and may come out better another time: taken out of the records, so that it alone is done again.

Readings and answers that are good stay: they are found by their ids when the document is done anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import simplejson
from dbos import DBOS

from engine.batch.again import Again, raised, result_to_again
from engine.batch.finished import Finished
from engine.batch.pieces import pieces_to_items, to_be_cut
from engine.batch.results import Done, already_there
from engine.batch.state import Batch, finished_file
from engine.batch.wanted import Types, item_to_work
from engine.batch.work import Work
from engine.batch.workflows import ENDED
from engine.split import Split

BROKEN = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


def forget(work: Work, again: Again) -> None:
    """Take the record of a document away, and those of the pages that are to be asked about or read again."""
    asks = (work.ask_id(page) for page in again.unpaid | again.unanswered)
    _delete(work.id, *asks, *(work.page_id(page) for page in again.unread))


def forget_kept_back(known: Any, work: Work) -> bool:
    """Forget the pages of recorded work that the budget kept back, where it has more room now: a limit was raised, or
    the money was that of another batch. False where there are none, or no more room."""
    if known.status != "SUCCESS":
        return False
    before = known.input["args"][0]
    if before.batch == work.batch and not raised(before.config, work.config):
        return False
    unpaid = result_to_again(simplejson.loads(known.output, use_decimal=True)).unpaid
    if unpaid:
        forget(work, Again(unpaid=unpaid))
    return bool(unpaid)


def forget_failed(batch: Batch) -> None:
    """Forget what failed: documents, and pages of others. Their results stay until they are made anew.

    DBOS is launched. What a person has reviewed is left alone.
    """
    types, finished = Types(batch.config), Finished(finished_file(batch.out))
    for done in list(already_there(batch)):
        if done.reviewed or (done.status != "failed" and not done.again.pages):
            continue
        work = item_to_work(done.item, batch, types)
        if isinstance(work, Work):
            for each in _works(done, work, batch, types):
                known = DBOS.get_workflow_status(each.id)
                if known is None or known.status in ENDED:  # else it is done anew already: a retry was interrupted
                    forget(each, done.again)
        finished.drop(done.item)


def _works(done: Done, work: Work, batch: Batch, types: Types) -> Iterator[Work]:
    """The work behind a result. Where a file was one piece, it may be several now that more of it can be read."""
    if not to_be_cut(work.config):
        yield work
        return
    cut = DBOS.get_workflow_status(work.cut_id)
    for piece in pieces_to_items(done.item, cut.output, set()) if cut and isinstance(cut.output, Split) else ():
        known = item_to_work(piece, batch, types)
        yield from [known] if isinstance(known, Work) else []
    if cut and cut.status in ENDED and (done.status == "failed" or done.again.unread):
        _delete(work.cut_id)


def _delete(workflow: str, *others: str) -> None:
    """Of a workflow that ended in an error of the engine, those below it that did are taken away too."""
    broken = DBOS.list_workflows(parent_workflow_id=workflow, status=BROKEN, load_input=False, load_output=False)
    DBOS.delete_workflows([workflow, *others, *(each.workflow_id for each in broken)])
