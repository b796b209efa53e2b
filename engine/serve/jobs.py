"""The jobs that clients have, a table beside those of the batch engine.

A job is what a client asked for; the work behind it is recorded by the batch engine and may be that of several jobs. A
job that is done holds its own result, under the client's name for the document.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
)  # fmt: skip

from engine.batch.shared import Shared

State = Literal["queued", "running", "done", "failed-by-engine", "cancelled"]
OPEN: tuple[State, ...] = ("queued", "running")

_TABLES = MetaData()
_JOBS = Table(
    "engine_jobs",
    _TABLES,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("service", String, nullable=False, index=True),
    Column("owner", String, nullable=False),
    Column("key", String),
    Column("document", Text, nullable=False),
    Column("sha256", String, nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("options", Text, nullable=False),
    Column("work", String, nullable=False, index=True),
    Column("status", String, nullable=False, index=True),
    Column("forgotten", Boolean, nullable=False, default=False),
    Column("created", String, nullable=False),
    Column("ended", String),
    Column("outcome", String),
    Column("pages", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("result", Text),
    UniqueConstraint("service", "owner", "key"),
)


def now() -> str:
    return moment(datetime.now(UTC))


def moment(when: datetime) -> str:
    """As times are written down: they sort as they follow each other."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Job:
    """``document`` is the client's name for it, which is only ever shown; ``work`` the id of what is done for it.

    ``outcome`` is the result's status, ``pages`` how many the document has; times are UTC in ISO 8601. One that is
    ``forgotten`` is nobody's any more, and goes when nothing works on it.
    """

    owner: str
    document: str
    sha256: str
    type: str
    options: Mapping[str, str]
    work: str
    key: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: State = "queued"
    created: str = field(default_factory=now)
    ended: str | None = None
    outcome: str | None = None
    pages: int = 0
    error: str | None = None
    forgotten: bool = False
    number: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def same_request(self, other: Job) -> bool:
        """Whether both ask for the same: content, type and options."""
        return (self.sha256, self.type, self.options) == (other.sha256, other.type, other.options)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one service in a database that others may use too."""

    shared: Shared
    service: str

    def prepare(self) -> None:
        with self.shared.alone("tables") as connection:
            _TABLES.create_all(connection)

    def add(self, job: Job) -> Job:
        told = {name: getattr(job, name) for name in Job.__dataclass_fields__ if name != "number"}
        with self.shared.alone("jobs") as connection:
            connection.execute(
                _JOBS.insert().values(told | {"service": self.service, "options": json.dumps(dict(job.options))})
            )
        return job

    def reopen(self, job: Job, work: str) -> Job:
        """A job that came to no result, to be done anew."""
        told: dict[str, Any] = {"work": work, "status": "queued", "ended": None, "error": None}
        self.change(job, **told)
        return replace(job, **told)

    def change(self, job: Job, **values: Any) -> None:
        with self.shared.alone("jobs") as connection:
            connection.execute(_JOBS.update().where(_JOBS.c.id == job.id).values(values))

    def remove(self, job: Job) -> None:
        with self.shared.alone("jobs") as connection:
            connection.execute(_JOBS.delete().where(_JOBS.c.id == job.id))

    def get(self, owner: str, id_: str) -> Job | None:
        return next(iter(self._found(self._own(owner), _JOBS.c.id == id_)), None)

    def with_key(self, owner: str, key: str) -> Job | None:
        return next(iter(self._found(self._own(owner), _JOBS.c.key == key)), None)

    def result(self, job: Job) -> str | None:
        """The result's JSON of a job that is done; None where it was forgotten since."""
        with self.shared.alone("jobs") as connection:
            found = connection.execute(select(_JOBS.c.result).where(_JOBS.c.id == job.id)).scalar()
        return None if found is None else str(found)

    def page(self, owner: str, status: State | None, limit: int, before: int | None) -> Sequence[Job]:
        """The newest jobs of *owner*, those only whose number is below *before*."""
        asked = [self._own(owner)]
        asked += [_JOBS.c.status == status] if status else []
        asked += [_JOBS.c.number < before] if before is not None else []
        return self._found(*asked, limit=limit)

    def open(self) -> Sequence[Job]:
        """Those that wait or are worked on, of all owners."""
        return self._found(_JOBS.c.service == self.service, _JOBS.c.status.in_(OPEN), ~_JOBS.c.forgotten)

    def to_go(self, before: str) -> Sequence[Job]:
        """Those that ended before a time, and the forgotten ones."""
        old = _JOBS.c.ended < before
        return self._found(_JOBS.c.service == self.service, ~_JOBS.c.status.in_(OPEN), old | _JOBS.c.forgotten)

    def of_content(self, digest: str) -> Sequence[Job]:
        """All that are there for a document, those of other services on the database too."""
        return self._found(_JOBS.c.sha256 == digest)

    def has_content(self, digest: str) -> bool:
        """Whether a job of this service, a forgotten one too, is for that document."""
        return bool(self._found(_JOBS.c.service == self.service, _JOBS.c.sha256 == digest, limit=1))

    def contents(self) -> set[str]:
        """The SHA-256 of all documents of this service."""
        with self.shared.alone("jobs") as connection:
            return set(connection.execute(select(_JOBS.c.sha256).where(_JOBS.c.service == self.service)).scalars())

    def counts(self) -> dict[str, int]:
        """How many there are of each status."""
        asked = select(_JOBS.c.status, func.count()).where(_JOBS.c.service == self.service, ~_JOBS.c.forgotten)
        with self.shared.alone("jobs") as connection:
            return {row[0]: row[1] for row in connection.execute(asked.group_by(_JOBS.c.status))}

    def _own(self, owner: str) -> Any:
        return (_JOBS.c.service == self.service) & (_JOBS.c.owner == owner) & ~_JOBS.c.forgotten

    def _found(self, *asked: Any, limit: int | None = None) -> Sequence[Job]:
        with self.shared.alone("jobs") as connection:
            return _rows(connection, asked, limit)


def _rows(connection: Connection, asked: Sequence[Any], limit: int | None) -> Sequence[Job]:
    columns = [column for column in _JOBS.c if column.name in Job.__dataclass_fields__]
    query = select(*columns).where(*asked).order_by(_JOBS.c.number.desc()).limit(limit)
    return [_job(row) for row in connection.execute(query)]


def _job(row: Row[Any]) -> Job:
    told = dict(row._mapping)
    return Job(**told | {"options": json.loads(told["options"])})
