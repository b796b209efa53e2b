"""The database that steps are recorded in: SQLite beside the results, or Postgres by its URL."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine import __version__
from engine.batch.shared import Shared
from engine.batch.traces import send_rest, trace_settings
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.batch.pool import Pool

LOCAL = "local"
"""The executor of a batch on one machine: after a crash the same one takes its work up again."""


def database_url(given: str | None, out: Path) -> str:
    """*given* as SQLAlchemy has it, else a file below *out*. Raises UsageError for another kind of database."""
    if given is None:
        folder = out / ".engine"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be made ({error.strerror}): give another --out") from error
        return f"sqlite:///{(folder / 'batch.sqlite').absolute()}"
    if given.startswith("postgres://"):
        given = given.replace("postgres://", "postgresql://", 1)
    if given.startswith("postgresql://"):
        return given.replace("postgresql://", "postgresql+psycopg://", 1)
    if given.startswith(("postgresql+psycopg://", "sqlite:///")):
        return given
    raise UsageError(
        f"--database {given.partition(':')[0]}:… is neither postgresql://… nor sqlite:///…: give one of these"
    )


@contextmanager
def launched(url: str, executor: str, pool: Pool, shared: Shared, *, rate: int, asks: int) -> Iterator[None]:
    """DBOS at work on *url* as *executor*: what this executor had begun before goes on, and its queues are served.

    ``rate`` pages begin to be asked about in a minute, ``asks`` at once, each over all machines; 0 is no limit.
    """
    from dbos import DBOS, DBOSConfig

    from engine.batch import workflows

    workflows.work_with(workflows.Means(pool, shared, os.environ.get("ENGINE_PASSWORD")))
    settings: DBOSConfig = {
        "name": "engine",
        "system_database_url": url,
        "application_version": __version__,
        "executor_id": executor,
        "log_level": "ERROR",
        **trace_settings(),
        "max_executor_threads": max(64, 16 * pool.jobs),
    }
    logging.getLogger("dbos").setLevel(logging.ERROR)
    DBOS(config=settings)
    try:
        shared.prepare()
        DBOS.launch()
        DBOS.register_queue(workflows.DOCUMENTS, worker_concurrency=2 * pool.jobs, polling_interval_sec=0.2)
        DBOS.register_queue(
            workflows.ASKS,
            partition_concurrency=asks or None,
            partition_limiter={"limit": rate, "period": 60.0} if rate else None,
            polling_interval_sec=0.2,
        )
        yield
    finally:
        DBOS.destroy()
        send_rest()
        workflows.work_with(None)


def executor_name() -> str:
    """Of a worker: its machine and process."""
    return f"{socket.gethostname()}-{os.getpid()}"
