"""Several machines on one database: each tells that it lives, and takes over what the dead have left.

DBOS itself takes up only what the same executor had begun. A worker that is gone for good leaves its work pending: who
notices gives it back to the queues, from which anybody takes it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dbos import DBOS
from dbos import error as dbos_error
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from engine import __version__
from engine.batch.shared import Shared, cause, is_postgres
from engine.batch.workflows import take_up

log = logging.getLogger(__name__)

BEAT = 5.0
"""Seconds between two signs of life."""

DEAD = 30.0
"""Seconds without one after which a worker counts as gone: six beats, for a machine under load may miss some. One that
comes back afterwards does no harm: what it finishes is recorded already, and answers are paid for under a lock."""


OPEN = ["PENDING", "ENQUEUED", "DELAYED"]


@contextmanager
def alive(shared: Shared, executor: str, dead: float = DEAD) -> Iterator[None]:
    """Go on telling that *executor* lives, and look after the others, as long as this lasts. DBOS is launched.

    One machine needs neither.
    """
    if not is_postgres(shared.url):
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(shared, executor, dead, stop), daemon=True, name="alive")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def signed_on(shared: Shared, executor: str) -> Iterator[None]:
    """Tell that *executor* lives before it takes any work, and at the end that it is gone: others take over at once."""
    if not is_postgres(shared.url):
        yield
        return
    _beat(shared, executor)
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):  # else it counts as gone some seconds later
            _gone(shared, executor)


def serve(*, until_idle: bool = False) -> None:
    """Work until interrupted; with *until_idle* until nothing is left that this version of the engine does."""
    while True:
        time.sleep(1.0)
        if until_idle and not DBOS.list_workflows(status=OPEN, app_version=__version__, limit=1, load_input=False):
            return


def take_over(shared: Shared, dead: float) -> list[str]:
    """Give the pending work of executors without a sign of life back to the queues; the ids of what was."""
    with shared.alone("take over") as connection:
        living = set(
            connection.execute(
                text("SELECT executor FROM engine_workers WHERE seen > now() - make_interval(secs => :dead)"),
                {"dead": dead},
            ).scalars()
        )
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        left = [status for status in pending if status.executor_id not in living]
        take_up(left)
    return [status.workflow_id for status in left]


def machines(shared: Shared) -> int:
    """How many have given a sign of life of late; one without Postgres."""
    if not is_postgres(shared.url):
        return 1
    with shared.alone("machines") as connection:
        living = "SELECT count(*) FROM engine_workers WHERE seen > now() - make_interval(secs => :dead)"
        return int(connection.execute(text(living), {"dead": DEAD}).scalar_one())


def _watch(shared: Shared, executor: str, dead: float, stop: threading.Event) -> None:
    while not stop.wait(min(BEAT, dead / 3)):
        try:
            _beat(shared, executor)
            take_over(shared, dead)
        except (SQLAlchemyError, dbos_error.DBOSException) as error:  # it may come back: the next beat tells
            log.warning("the database does not answer: %s", cause(error))


def _beat(shared: Shared, executor: str) -> None:
    with shared.alone(executor) as connection:
        connection.execute(
            text(
                "INSERT INTO engine_workers (executor, seen) VALUES (:executor, now())"
                " ON CONFLICT (executor) DO UPDATE SET seen = now()"
            ),
            {"executor": executor},
        )


def _gone(shared: Shared, executor: str) -> None:
    with shared.alone(executor) as connection:
        connection.execute(text("DELETE FROM engine_workers WHERE executor = :executor"), {"executor": executor})
