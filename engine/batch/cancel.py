"""Giving a batch up from another process: its documents end as cancelled, and can be resumed."""

from __future__ import annotations

from dbos import DBOSClient

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
            client.cancel_workflows(mine, cancel_children=True)
        return len(batch.items) - sum(1 for _ in already_there(batch))
    finally:
        client.destroy()
