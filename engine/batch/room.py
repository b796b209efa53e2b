"""How much the database of a batch holds, and making room: what grows are the readings, which can be had again."""

from __future__ import annotations

from dbos import DBOS
from sqlalchemy import text

from engine.batch.shared import Shared, is_postgres

MANY = 500  # workflows taken away at a time


def held(shared: Shared) -> int:
    """Bytes that the database holds; what was taken away does not count, though a file of SQLite does not shrink."""
    with shared.alone("room") as connection:
        if is_postgres(shared.url):
            tables = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0) FROM pg_stat_user_tables"
            return int(connection.execute(text(tables)).scalar_one())
        pages, free, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def make_room(shared: Shared, most: int) -> int:
    """Take the oldest readings away while more than *most* bytes are held; how many pages that were.

    Nothing is lost: a page whose document is asked for once more is read again. Postgres gives room back to new rows,
    not to the disk, and counts it as held: there one round is taken away at a time.
    """
    gone = 0
    while held(shared) > most:
        oldest = DBOS.list_workflows(name="page", status="SUCCESS", limit=MANY, load_input=False, load_output=False)
        if not oldest:
            break
        DBOS.delete_workflows([status.workflow_id for status in oldest])
        gone += len(oldest)
        if is_postgres(shared.url):
            break
    return gone
