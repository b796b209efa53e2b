"""Documents are taken on as jobs, and jobs brought to their end: work for the batch engine, which records its steps.

A job that was accepted stands in the database before its client is told so. Whatever is killed afterwards, the next
look finds it: work that nobody has is handed over, work that has ended ends its jobs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import simplejson
from dbos import DBOS, DBOSClient, SetWorkflowID

from engine.as_json import to_json
from engine.batch import workflows
from engine.batch.again import NOTHING_AGAIN, result_to_again
from engine.batch.cancel import asks_of, give_up
from engine.batch.forget import forget, forget_kept_back
from engine.batch.named import named
from engine.batch.room import check_disk, make_room
from engine.batch.shared import Shared
from engine.batch.work import Work, types_digest
from engine.batch.workflows import ENDED, take_up
from engine.config import Config
from engine.errors import UsageError
from engine.identify import asked_types
from engine.serve.asked import Asked, check, own_settings
from engine.serve.jobs import Job, Jobs, moment, now
from engine.serve.problem import Problem
from engine.serve.uploads import Uploads

log = logging.getLogger(__name__)

COOL = 60.0
"""Seconds beside those of a page until what was under way when it was given up counts as done with."""


MARGIN = 100_000_000
"""Bytes of the disk that no upload takes, a first setting: 1,000 jobs that wait record some 65 kB each."""

LATER = {"Retry-After": "600"}  # seconds in which somebody may make room


class Service:
    """One at a time on a folder. ``told`` hears of each job that ended, with its result's data where it has one.

    At most ``most_open`` jobs wait or are worked on; one is forgotten ``keep_days`` after its end.
    """

    def __init__(self, config: Config, shared: Shared, uploads: Uploads, *, most_open: int, keep_days: float) -> None:
        self.config, self.shared, self.uploads = config, shared, uploads
        self.jobs = Jobs(shared, shared.batch)
        self.told: Callable[[Job, Mapping[str, Any] | None], None] = lambda job, result: None
        self._most_open, self._keep = most_open, timedelta(days=keep_days)
        self._turn = threading.Lock()
        self._coming, self._coming_in = 0, threading.Lock()

    def prepare(self) -> None:
        """Make what is not there. Raises UsageError."""
        self.jobs.prepare()
        self.uploads.prepare(self.jobs.contents())

    def take_up(self) -> None:
        """What waits is to be done by this server's version, types and settings. DBOS is not launched yet."""
        stale = [(job, work) for job, work in self._waiting() if work != job.work]
        if stale:
            client = DBOSClient(system_database_url=self.shared.url)
            try:
                works = sorted({job.work for job, _ in stale})
                client.delete_workflows([*asks_of(works, database=client), *works])  # else they are asked for nobody
            finally:
                client.destroy()
        for job, work in stale:
            self.jobs.change(job, work=work)

    def _waiting(self) -> Iterator[tuple[Job, str]]:
        """Each with the id of the work that it would be today."""
        for job in self.jobs.open():
            with suppress(UsageError):  # its type is gone: the next look ends it
                yield job, self._work(job).id

    # ------------------------------------------------------------------------------------------ what clients do

    def accept(self, asked: Asked, source: BinaryIO) -> Job:
        """A job for the content of *source*, the one of before where its key is known. Raises Problem and OSError."""
        check(asked, self.config)
        digest, copy = self.uploads.bring(source)
        try:
            with self._turn:
                job = Job(asked.owner, asked.document, digest, asked.type, asked.options, work="", key=asked.key)
                known = self.jobs.with_key(job.owner, job.key) if job.key else None
                if known and not known.same_request(job):
                    raise Problem(409, "this Idempotency-Key was sent with another document: give each its own")
                if known and (known.is_open or known.status == "done"):
                    return known
                self._check_queue()
                work = self._work(job)
                _begin_again(work)
                self.uploads.keep(copy, digest)
                job = self.jobs.reopen(known, work.id) if known else self.jobs.add(replace(job, work=work.id))
        finally:
            copy.unlink(missing_ok=True)
        log.info("job accepted", extra={"job": job.id, "document": digest[:16]})
        return job

    def forget(self, job: Job) -> None:
        """Nobody has the job any more. What waits for it is given up; upload and records go when nothing uses them."""
        with self._turn:
            others = [other for other in self.jobs.of_content(job.sha256) if other.id != job.id]
            wanted = any(other.is_open and other.work == job.work for other in others)
            if job.is_open and not wanted and self._is_ours(job.work):
                give_up([job.work])
            gone: dict[str, Any] = {"forgotten": True, "key": None, "result": None}
            if job.is_open:
                gone |= {"status": "cancelled", "ended": now()}
            self.jobs.change(job, **gone)
            if not job.is_open or not _has_begun(job.work):
                self._purge(job)
        log.info("job forgotten", extra={"job": job.id, "document": job.sha256[:16]})

    @contextmanager
    def room_for(self, upload: int) -> Iterator[None]:
        """So many bytes are on their way, and may each be on the disk twice. Raises Problem where there is no room."""
        with self._coming_in:
            if self.uploads.free() - 2 * (self._coming + upload) < MARGIN:
                raise Problem(507, "the server's disk is full: send it again when there is room", LATER)
            self._coming += upload
        try:
            yield
        finally:
            with self._coming_in:
                self._coming -= upload

    def _check_queue(self) -> None:
        if len(self.jobs.open()) >= self._most_open:
            raise Problem(503, "as many jobs wait as may: send it again later", {"Retry-After": "30"})

    # ------------------------------------------------------------------------------------------ what goes on by itself

    def look(self) -> None:
        """Hand over what nobody has, and end what is done. Raises UsageError where the disk is full."""
        with self._turn:
            waiting = self.jobs.open()
            if not waiting:
                return
            check_disk(self.shared)
            ids = sorted({job.work for job in waiting})
            found = DBOS.list_workflows(workflow_ids=ids, load_input=False, load_output=False)
            known = {status.workflow_id: status.status for status in found}
            for job in reversed(waiting):  # the oldest first
                status = known.get(job.work)
                if status is None:
                    self._hand_over(job)
                elif status in ENDED:
                    self._end(job)
                elif status == "PENDING" and job.status == "queued":
                    self.jobs.change(job, status="running")

    def sweep(self) -> None:
        """Forget what is old, and make room in the database."""
        at = datetime.now(UTC)
        cool = moment(at - timedelta(seconds=self.config.page_seconds + COOL))
        with self._turn:
            for job in self.jobs.to_go(moment(at - self._keep)):
                if not job.forgotten or job.status != "cancelled" or (job.ended or "") < cool:
                    self._purge(job)
        make_room(self.shared, self.config.store_bytes)

    def _hand_over(self, job: Job) -> None:
        try:
            work = self._work(job)
        except UsageError as error:
            self._give_up(job, str(error))
            return
        if work.id != job.work:  # a schema was changed since
            self.jobs.change(job, work=work.id)
        with SetWorkflowID(work.id):
            DBOS.enqueue_workflow(workflows.DOCUMENTS, workflows.document, work)

    def _end(self, job: Job) -> None:
        status = DBOS.get_workflow_status(job.work)
        if status is None:  # taken away between two looks: the next one hands it over
            return
        if status.status == "SUCCESS":
            data = named(str(status.output), job.document)
            ended = replace(job, status="done", ended=now(), outcome=data["status"], pages=data["document"]["pages"])
            told = {name: getattr(ended, name) for name in ("status", "ended", "outcome", "pages")}
            self.jobs.change(job, **told, result=to_json(data))
            log.info("job done", extra=_about(job) | {"status": ended.outcome, "pages": ended.pages})
            self.told(ended, data)
        elif status.status == "CANCELLED":
            self.jobs.change(job, status="cancelled", ended=now())
            self.told(replace(job, status="cancelled", ended=now()), None)
        else:
            self._give_up(job, repr(status.error))

    def _give_up(self, job: Job, reason: str) -> None:
        sentence = "the engine failed at it: send it again, and tell whoever runs the server if it fails again"
        self.jobs.change(job, status="failed-by-engine", ended=now(), error=sentence)
        log.error("job failed", extra=_about(job) | {"reason": reason})
        self.told(replace(job, status="failed-by-engine", ended=now()), None)

    def _purge(self, job: Job) -> None:
        """Take away the job, what is recorded for it alone and its upload, where no other job has the document."""
        others = [other for other in self.jobs.of_content(job.sha256) if other.id != job.id]
        if any(other.is_open for other in others):
            return  # it may be waiting for the same pages: a later sweep does it
        gone = self._records(job).difference(*(self._records(other) for other in others))
        if gone:
            DBOS.delete_workflows(sorted(gone))
        self.jobs.remove(job)
        if not self.jobs.has_content(job.sha256):
            self.uploads.drop(job.sha256)

    def _records(self, job: Job) -> set[str]:
        """Of all that was done for a job: its document, what that began, and the pages that it found read already."""
        begun = DBOS.list_workflows(parent_workflow_id=job.work, load_input=False, load_output=False)
        pages: set[str] = set()
        with suppress(UsageError):  # its type is gone since
            work = self._work(job)
            pages = {work.page_id(number) for number in range(1, job.pages + 1)}
        return {job.work} | {status.workflow_id for status in begun} | pages

    def _is_ours(self, work: str) -> bool:
        """Whether it was handed over here, and not by a batch on the same database, which waits for it."""
        known = DBOS.get_workflow_status(work)
        return known is not None and known.input is not None and known.input["args"][0].batch == self.shared.batch

    def _work(self, job: Job) -> Work:
        """Raises UsageError where the type cannot be used."""
        own = own_settings(self.config, job.options)
        types = types_digest(asked_types(job.type, own))
        kept = replace(own, password=None, database=None)
        return Work(str(self.uploads.path(job.sha256)), job.sha256, job.type, types, kept, self.shared.batch)


def _begin_again(work: Work) -> None:
    """What was given up goes on for a new job, and what may come out better is tried again: a document that failed,
    pages that hung or were not answered, and those kept back for the budget where that was raised."""
    known = DBOS.get_workflow_status(work.id)
    if known is None or known.status not in ENDED:
        return
    if known.status == "CANCELLED":
        below = DBOS.list_workflows(parent_workflow_id=work.id, status="CANCELLED", load_input=False)
        take_up([*below, known])
    elif known.status != "SUCCESS":
        forget(work, NOTHING_AGAIN)
    elif not forget_kept_back(known, work):
        data = simplejson.loads(str(known.output), use_decimal=True)
        again = replace(result_to_again(data), unpaid=frozenset())
        if data["status"] == "failed" or again.pages:
            forget(work, again)


def _has_begun(work: str) -> bool:
    status = DBOS.get_workflow_status(work)
    return status is not None and status.dequeued_at is not None


def _about(job: Job) -> dict[str, Any]:
    began = datetime.fromisoformat(job.created)
    return {"job": job.id, "document": job.sha256[:16], "seconds": (datetime.now(UTC) - began).total_seconds()}
