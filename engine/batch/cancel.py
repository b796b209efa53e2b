"""Giving work up: a document, or from another process a whole batch, whose documents can be resumed.

Pages are let come to their end: whoever else has the same content waits for the same ones, and a page that was given up
would be the error of each of them. A document has two of them under way at most.
"""

from __future__ import annotations

from collections.abc import Sequence

from dbos import DBOS, DBOSClient

from engine.batch.results import already_there
from engine.batch.shared import Shared
from engine.batch.state import Batch, cancelled_file
from engine.batch.worker import OPEN
from engine.output import write_whole


def cancel(batch: Batch, shared: Shared) -> int:
    """Cancel what waits and what is under way of the batch; how many documents are without a result.

    Raises UsageError where that cannot be written down.
    """
    write_whole(cancelled_file(batch.out), "")
    client = DBOSClient(system_database_url=shared.url)
    try:
        open_ = client.list_workflows(status=OPEN, name=["document", "cut"], load_output=False)
        mine = [each.workflow_id for each in open_ if each.input and each.input["args"][0].batch == batch.name]
        if mine:
            give_up(mine, client)
        return len(batch.items) - sum(1 for _ in already_there(batch))
    finally:
        client.destroy()


def give_up(works: Sequence[str], database: DBOSClient | type[DBOS] = DBOS) -> None:
    """Cancel documents, and the questions that they wait for: those are nobody else's."""
    database.cancel_workflows(list(works))
    if asks := asks_of(works, OPEN, database):
        database.cancel_workflows(asks)


def asks_of(
    works: Sequence[str], status: list[str] | None = None, database: DBOSClient | type[DBOS] = DBOS
) -> list[str]:
    """The ids of the questions about the pages of documents."""
    found = database.list_workflows(
        parent_workflow_id=list(works), name="ask", status=status, load_input=False, load_output=False
    )
    return [each.workflow_id for each in found]
