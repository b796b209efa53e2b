"""Giving a batch up from another process: its documents end as cancelled, and can be resumed."""

from __future__ import annotations

from dbos import DBOSClient

from engine.batch.shared import Shared
from engine.batch.state import Batch
from engine.batch.worker import OPEN


def cancel(batch: Batch, shared: Shared) -> int:
    """Cancel what waits and what is under way of the batch; how many documents that were."""
    client = DBOSClient(system_database_url=shared.url)
    try:
        open_ = client.list_workflows(status=OPEN, name=["document", "cut"], load_output=False)
        mine = [each.workflow_id for each in open_ if each.input and each.input["args"][0].batch == batch.name]
        if mine:
            client.cancel_workflows(mine, cancel_children=True)
        return len(mine)
    finally:
        client.destroy()
