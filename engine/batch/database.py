"""The database that steps are recorded in: SQLite beside the results, or Postgres by its URL."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.batch.shared import Shared, is_postgres
from engine.batch.traces import send_rest, trace_settings
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.batch.pool import Pool

APPLICATION = "engine"
"""The application that queues and workflows are of."""

POLL = 0.3
"""Seconds between two looks into a queue. So many documents are under way at a time (four a process, and four) that the
processes have work between two looks, unless a document takes less than 40 ms of one process."""

FIRST_LOOK = 0.05
"""The same before the first look: a few documents are handed over by then."""

POLL_UNASKED = 2.0
"""The same for questions where none are expected: looks cost time too. Those that a batch before had begun are still
served. First setting."""

POLL_SHARED = 1.0
"""The same where machines share the database: looks are most of what it does then (``python -m tests.bench.scale``)."""

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
def launched(
    url: str,
    executor: str,
    pool: Pool,
    shared: Shared,
    *,
    rate: int,
    asks: int,
    asking: bool = True,
    password: str | None = None,
) -> Iterator[None]:
    """DBOS at work on *url* as *executor*: what this executor had begun before goes on, and its queues are served.

    ``rate`` pages begin to be asked about in a minute, ``asks`` at once, each over all machines; 0 is no limit. Without
    ``asking`` no questions are expected on this machine. ``password`` opens encrypted files, and is in no record.

    Where work may be under way at the end, that of others or what was interrupted, DBOS is not shut down: a workflow
    would record as its own error that DBOS is gone. The pool is to be closed, and then the process to end.
    """
    from dbos import DBOS, DBOSConfig

    from engine.batch import workflows

    workflows.work_with(workflows.Means(pool, shared, password))
    settings: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": url,
        "application_version": __version__,
        "executor_id": executor,
        "log_level": "CRITICAL",
        "notification_listener_polling_interval_sec": 0.1,  # nobody waits for one; shutting down waits for a look
        **trace_settings(),
        "max_executor_threads": max(64, 16 * pool.jobs),
    }
    logging.getLogger("dbos").setLevel(logging.ERROR if logging.root.level <= logging.INFO else logging.CRITICAL)
    poll, poll_asks = (POLL_SHARED, POLL_SHARED) if is_postgres(url) else (POLL, POLL if asking else POLL_UNASKED)
    queues: dict[str, Any] = {
        workflows.DOCUMENTS: {"worker_concurrency": 4 * pool.jobs + 4, "polling_interval_sec": poll},
        workflows.ASKS: {
            "partition_concurrency": asks or None,
            "partition_limiter": {"limit": rate, "period": 60.0} if rate else None,
            "polling_interval_sec": poll_asks,
        },
    }
    DBOS(config=settings)
    try:
        _make_queues(queues, url)
        DBOS.launch()
        for name, each in queues.items():
            DBOS.register_queue(
                name, on_conflict="update_if_latest_version" if is_postgres(url) else "always_update", **each
            )
        yield
        if not is_postgres(url):
            DBOS.destroy()
            workflows.work_with(None)
    finally:
        send_rest()


def _make_queues(queues: dict[str, Any], url: str) -> None:
    """The queues, before they are served: DBOS looks into those at once that it finds, and into others a second later.

    Machines that share them leave those that are there as they are. On one machine they may be of an earlier run: DBOS
    comes down from a longer wait by a tenth with each look.
    """
    from dbos import DBOS, DBOSClient

    DBOS.migrate(url)
    client = DBOSClient(system_database_url=url, application_name=APPLICATION)
    try:
        for name, each in queues.items():
            if is_postgres(url):
                client.register_queue(name, on_conflict="never_update", **each)
            else:
                first = {**each, "polling_interval_sec": FIRST_LOOK}
                client.register_queue(name, on_conflict="always_update", **first)
    finally:
        client.destroy()


def executor_name() -> str:
    """Of a worker: its machine and process."""
    return f"{socket.gethostname()}-{os.getpid()}"
