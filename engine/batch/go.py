"""A batch at work: the database, the processes and this machine's sign of life, for as long as it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from engine.batch.database import LOCAL, database_url, executor_name, launched
from engine.batch.forget import forget_failed
from engine.batch.pool import Pool
from engine.batch.results import Done, Superseded
from engine.batch.run import run
from engine.batch.shared import Shared, cause, is_postgres
from engine.batch.state import Batch
from engine.batch.wanted import own_config
from engine.batch.worker import DEAD, alive, serve, signed_on
from engine.config import Config
from engine.errors import UsageError


def go(
    batch: Batch,
    shared: Shared,
    pool: Pool,
    told: Callable[[Done], None],
    *,
    again: bool = False,
    dead: float = DEAD,
) -> Superseded:
    """All of the batch's documents to their results; *again* tries what failed once more.

    Machines without a sign of life for *dead* seconds count as gone. The pool is closed at the end. What became of
    the results that these supersede.

    Raises UsageError where the database or a result cannot be written: what is recorded stays.
    """
    config = batch.config
    executor = executor_name() if is_postgres(shared.url) else LOCAL
    with (
        _told_in_one_sentence(shared),
        signed_on(shared, executor),
        launched(
            shared.url,
            executor,
            pool,
            shared,
            rate=config.requests_per_minute,
            asks=config.vlm_jobs,
            asking=any(own_config(item, config).may_ask for item in batch.items),
            password=config.password,
        ),
        alive(shared, executor, dead),
        pool,
    ):
        if again:
            forget_failed(batch)
        return run(batch, shared, told)


def work_for_others(
    config: Config, name: str | None, *, rate: int, asks: int, until_idle: bool, dead: float = DEAD
) -> None:
    """A worker on the database of the settings, until it is interrupted, or with *until_idle* until nothing is left.

    Raises UsageError for a database of one machine.
    """
    url, executor = database_url(config.database, Path()), name or executor_name()
    if not is_postgres(url):
        raise UsageError("workers need a database that machines can share: give --database postgresql://…")
    shared = Shared(url, "worker")
    shared.prepare()
    with (
        _told_in_one_sentence(shared),
        Pool(config.jobs) as pool,
        signed_on(shared, executor),
        launched(url, executor, pool, shared, rate=rate, asks=asks, password=config.password),
        alive(shared, executor, dead),
        pool,
    ):
        serve(until_idle=until_idle)


@contextmanager
def _told_in_one_sentence(shared: Shared) -> Iterator[None]:
    """What the database says against going on: a full disk, a lost connection."""
    try:
        yield
    except (SQLAlchemyError, dbos_error.DBOSException) as error:
        remedy = "make it reachable" if is_postgres(shared.url) else "make room on its disk"
        raise UsageError(
            f"the batch's database does not take what was done ({cause(error)}): {remedy} and run the same command"
            " again; what is recorded stays"
        ) from error
