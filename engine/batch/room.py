"""How much the database of a batch holds, and making room: what grows are the readings, which can be had again."""

from __future__ import annotations

from pathlib import Path
from shutil import disk_usage

from dbos import DBOS
from sqlalchemy import make_url, text

from engine.batch.shared import Shared, is_postgres
from engine.errors import UsageError

MANY = 500  # workflows taken away at a time


LEAST = 1_000_000
"""Bytes that the disk of a file of SQLite must have left: a first setting; a step records some ten thousand, and a few
steps at a time."""


def check_disk(shared: Shared) -> None:
    """Raise UsageError where the disk is full: work would come to an end that cannot be recorded, and be waited for."""
    if is_postgres(shared.url):
        return
    folder = Path(make_url(shared.url).database or ".").parent
    if disk_usage(folder).free < LEAST:
        raise UsageError(
            f"the disk of {folder} is full: make room on it and run the same command again; what is recorded stays"
        )


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
