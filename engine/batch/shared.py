"""What all processes of a batch share beside recorded steps: the money and, where machines are several, the answers.

Tables of our own in the batch's database. On one machine answers are kept in files as ever (:mod:`engine.vlm.store`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, create_engine, event, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from engine.errors import UsageError
from engine.vlm.budget import Budget, Reservation
from engine.vlm.store import Kept, Store, kept_to_json, read_text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from engine.config import Config

_TABLES = MetaData()
_SPEND = Table(
    "engine_spend",
    _TABLES,
    Column("batch", String, primary_key=True),
    Column("pages", Integer, nullable=False),
    Column("spent", String, nullable=False),
    Column("uncertain", String, nullable=False),
)
_RESERVED = Table(
    "engine_reserved",
    _TABLES,
    Column("id", String, primary_key=True),
    Column("batch", String, nullable=False, index=True),
    Column("usd", String, nullable=False),
)
_ANSWERS = Table(
    "engine_answers",
    _TABLES,
    Column("key", String, primary_key=True),
    Column("kept", Text, nullable=False),
)
_WORKERS = Table(
    "engine_workers",
    _TABLES,
    Column("executor", String, primary_key=True),
    Column("seen", DateTime(timezone=True), nullable=False),
)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Shared:
    """``url`` is the database, ``batch`` whose money is counted, ``cache`` the folder of answers on one machine."""

    url: str
    batch: str
    cache: Path | None = None

    def prepare(self) -> None:
        """Make the tables that are not there. Raises UsageError for a database that cannot be used."""
        try:
            with self.alone("tables") as connection:
                _TABLES.create_all(connection)
        except (SQLAlchemyError, ValueError) as error:  # ValueError: a port that is no number
            remedy = "check its address, user and password, and that it runs" if is_postgres(self.url) else "make room"
            raise UsageError(f"the batch's database cannot be used ({cause(error)}): {remedy}") from error

    def budget(self, config: Config) -> SharedBudget:
        max_usd = None if config.max_usd is None else Decimal(str(config.max_usd))
        return SharedBudget(self, max_usd, config.max_vlm_pages)

    def store(self, files: Store | None) -> Store | None:
        """Where answers are kept: *files* on one machine, the database for several; nowhere where *files* is None."""
        return DatabaseStore(self, files.root) if files and is_postgres(self.url) else files

    @contextmanager
    def alone(self, name: str) -> Iterator[Connection]:
        """A transaction that no other of the same name runs beside."""
        with _engine(self.url).begin() as connection:
            if is_postgres(self.url):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _number(name)})
            yield connection


class SharedBudget(Budget):
    """The limits of a batch over all its processes, machines and restarts.

    What a process that died had set aside stays set aside: it may have been billed.
    """

    def __init__(self, shared: Shared, max_usd: Decimal | None, max_pages: int | None) -> None:
        super().__init__(max_usd, max_pages)
        self._shared = shared

    def take_page(self) -> bool:
        with self._shared.alone("spend") as connection:
            pages, *_ = _row(connection, self._shared.batch)
            if self._max_pages is not None and pages >= self._max_pages:
                return False
            _set(connection, self._shared.batch, pages=pages + 1)
            return True

    def reserve(self, estimate: Decimal | None) -> Reservation | None:
        known = _NOTHING if estimate is None else estimate
        with self._shared.alone("spend") as connection:
            _, spent, _ = _row(connection, self._shared.batch)
            if self._max_usd is not None:
                taken = spent + _reserved(connection, self._shared.batch)
                if estimate is None or taken + estimate > self._max_usd:
                    return None
            reservation = _Reservation(self, known)
            told = {"id": reservation.id, "batch": self._shared.batch, "usd": str(known)}
            connection.execute(_RESERVED.insert().values(told))
        return reservation

    def _settle(self, reservation: Reservation, actual: Decimal | None) -> None:
        estimate = reservation._take()
        if estimate is None or not isinstance(reservation, _Reservation):
            return
        with self._shared.alone("spend") as connection:
            connection.execute(_RESERVED.delete().where(_RESERVED.c.id == reservation.id))
            _, spent, uncertain = _row(connection, self._shared.batch)
            spent += estimate if actual is None else actual
            uncertain += estimate if actual is None else _NOTHING
            _set(connection, self._shared.batch, spent=str(spent), uncertain=str(uncertain))

    @property
    def pages(self) -> int:
        with self._shared.alone("spend") as connection:
            return _row(connection, self._shared.batch)[0]

    @property
    def spent(self) -> Decimal:
        with self._shared.alone("spend") as connection:
            return _row(connection, self._shared.batch)[1]

    @property
    def uncertain(self) -> Decimal:
        """What may have been billed: of tries that nobody knows the end of, and of processes that died."""
        with self._shared.alone("spend") as connection:
            return _row(connection, self._shared.batch)[2] + _reserved(connection, self._shared.batch)

    @property
    def left(self) -> Decimal | None:
        if self._max_usd is None:
            return None
        with self._shared.alone("spend") as connection:
            _, spent, _ = _row(connection, self._shared.batch)
            return max(_NOTHING, self._max_usd - spent - _reserved(connection, self._shared.batch))


class _Reservation(Reservation):
    def __init__(self, budget: Budget, estimate: Decimal) -> None:
        super().__init__(budget, estimate)
        self.id = uuid.uuid4().hex


class DatabaseStore(Store):
    """Answers in the batch's database, for machines that share no folder."""

    def __init__(self, shared: Shared, root: Path) -> None:
        super().__init__(root)
        self._shared = shared

    def get(self, key: str) -> Kept | None:
        with _engine(self._shared.url).connect() as connection:
            found = connection.execute(select(_ANSWERS.c.kept).where(_ANSWERS.c.key == key)).scalar()
        return None if found is None else read_text(found)

    def put(self, kept: Kept) -> bool:
        try:
            with _engine(self._shared.url).begin() as connection:
                connection.execute(_ANSWERS.insert().values(key=kept.key, kept=kept_to_json(kept)))
        except IntegrityError:  # another process asked the same, without the lock
            return True
        return True

    @contextmanager
    def lock(self, key: str, patience: float = 0.0) -> Iterator[bool]:
        """The database lets go when the process that holds the lock dies."""
        with _engine(self._shared.url).connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _number(key)})
            try:
                yield True
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _number(key)})


def cause(error: Exception) -> str:
    """What a database says, in one line."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def is_postgres(url: str) -> bool:
    return url.startswith("postgresql")


@lru_cache(maxsize=4)
def _engine(url: str) -> Engine:
    """One a process. SQLite waits for its turn up to a minute, and takes it at the start of a transaction."""
    if is_postgres(url):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _(connection: object, record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _row(connection: Connection, batch: str) -> tuple[int, Decimal, Decimal]:
    found = connection.execute(select(_SPEND).where(_SPEND.c.batch == batch)).one_or_none()
    if found is None:
        connection.execute(_SPEND.insert().values(batch=batch, pages=0, spent="0", uncertain="0"))
        return 0, _NOTHING, _NOTHING
    return found.pages, Decimal(found.spent), Decimal(found.uncertain)


def _set(connection: Connection, batch: str, **values: object) -> None:
    connection.execute(_SPEND.update().where(_SPEND.c.batch == batch).values(**values))


def _reserved(connection: Connection, batch: str) -> Decimal:
    found = connection.execute(select(_RESERVED.c.usd).where(_RESERVED.c.batch == batch)).scalars()
    return sum((Decimal(usd) for usd in found), _NOTHING)


def _number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
