"""What more workers cost, and what gives way first: ``python -m tests.bench.scale [--workers 1,4,16,64] [--page 2]``

Real Postgres, real queues and workflows of :mod:`engine.batch`, a process a worker, one job each. One machine cannot
read pages for 64, so **reading a page is stood in for by a sleep** of ``--page`` seconds; what is recorded is what
a bundled receipt really gave, so that rows have their true size. No model is asked. The first worker is the one that
runs the batch. Postgres, the workers and this bench share the machine: its own limit is told by ``cpu`` (cores in use).

Two unknowns are fitted to all measurements: the seconds of Postgres' CPU that a document costs, and those that a worker
costs in a second by being there. From these follows what one core of Postgres carries.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from engine.as_text import columns
from engine.batch import tasks
from engine.batch.database import database_url, launched
from engine.batch.items import Item
from engine.batch.pool import Pool
from engine.batch.run import run
from engine.batch.shared import Shared
from engine.batch.state import Batch
from engine.batch.worker import alive, signed_on
from engine.config import Config
from tests.batch.postgres import postgres

RECEIPT = Path(__file__).parents[2] / "fixtures" / "receipt_thermal" / "receipt.jpg"
ROUNDS = 12  # documents a worker
IDLE = 10.0  # seconds over which workers without work are measured
SETTLE = 2.0  # seconds after which Postgres' own counts are complete, and workers have begun
START = 60.0  # seconds within which a worker begins
LONGEST = 300.0  # seconds for one measurement
COUNTS = """
    SELECT xact_commit + xact_rollback, tup_inserted + tup_updated, pg_database_size(datname)
    FROM pg_stat_database WHERE datname = current_database()
"""
TICK = os.sysconf("SC_CLK_TCK")


class Sleeping:
    """A pool whose pages take ``seconds`` and are what was recorded: nothing is computed."""

    jobs = 1

    def __init__(self, seconds: float, recorded: Mapping[str, Any]) -> None:
        self._seconds, self._recorded, self._free = seconds, recorded, threading.Semaphore(self.jobs)

    def run(self, _: float, function: Any, *args: object) -> Any:
        with self._free:
            if function is tasks.read_one:
                time.sleep(self._seconds)
        return self._recorded[function.__name__]


@dataclass(frozen=True, slots=True)
class Counts:
    """What has been used up to a moment: seconds of CPU of Postgres and of the workers, Postgres' own counts, the bytes
    that it holds."""

    at: float
    postgres: float
    workers: float
    transactions: int
    rows: int
    held: int

    def since(self, before: Counts) -> Counts:
        told = (getattr(self, name) - getattr(before, name) for name in Counts.__slots__)
        return Counts(*told)


@dataclass(frozen=True, slots=True)
class Measured:
    """``idle`` and ``busy`` are differences over their time; ``rate`` documents a second from the first start to
    the last end; ``waits`` seconds from queue to start of the first documents, one a worker, when all were free."""

    workers: int
    documents: int
    idle: Counts
    busy: Counts
    rate: float
    waits: Sequence[float]
    connections: int


def recorded() -> dict[str, Any]:
    """What each task gives for a bundled receipt."""
    config, pool = Config(), Pool(1)
    try:
        received = pool.run(60, tasks.receive_file, str(RECEIPT), config)
        reading = pool.run(60, tasks.read_one, received.document, 1, config)
        result = pool.run(60, tasks.conclude, received.document, [reading], {}, "receipt", config, None)
    finally:
        pool.close()
    return {"receive_file": received, "read_one": reading, "conclude": result}


def measure(server: str, workers: int, page: float, known: Mapping[str, Any]) -> Measured:
    name, fork = f"w{workers}", multiprocessing.get_context("fork")
    _ask(server, f"CREATE DATABASE {name}")
    url = server.replace("/postgres", f"/{name}")
    begin, done, ready = fork.Event(), fork.Event(), fork.Semaphore(0)
    with tempfile.TemporaryDirectory() as root:
        batch = _batch(Path(root), workers * ROUNDS, url)
        processes = [
            fork.Process(target=_work, args=(url, number, page, known, ready, begin, done, batch), daemon=True)
            for number in range(workers)
        ]
        try:
            for number, process in enumerate(processes):
                process.start()
                if number == 0 and not ready.acquire(timeout=START):  # it makes the tables
                    raise TimeoutError(f"a worker did not begin within {START:.0f} s")
            if not all(ready.acquire(timeout=START) for _ in processes[1:]):
                raise TimeoutError(f"a worker did not begin within {START:.0f} s")
            pids = [process.pid for process in processes if process.pid]
            time.sleep(SETTLE)
            first = _counts(url, pids)
            time.sleep(IDLE)
            second = _counts(url, pids)
            begin.set()
            if not done.wait(LONGEST):
                raise TimeoutError(f"{workers} workers did not end in {LONGEST:.0f} s")
            third = _counts(url, pids)
            ((connections,),) = _ask(url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        finally:
            for process in processes:
                process.kill()
                process.join()
    times = "SELECT created_at, started_at_epoch_ms, completed_at FROM dbos.workflow_status WHERE name = 'document'"
    spans = sorted((made / 1000, began / 1000, ended / 1000) for made, began, ended in _ask(url, times))
    waits = [began - made for made, began, _ in spans[:workers]]
    rate = len(spans) / (max(ended for *_, ended in spans) - min(began for _, began, _ in spans))
    idle, busy = second.since(first), third.since(second)
    return Measured(workers, len(batch.items), idle, busy, rate, waits, connections - 1)


def _batch(root: Path, documents: int, url: str) -> Batch:
    items = []
    for number in range(documents):
        path = root / f"{number}.png"
        path.write_bytes(random.Random(number).randbytes(64))
        items.append(Item(path, f"{number}.json"))
    return Batch("scale", root / "out", "receipt", Config(database=url), tuple(items))


def _work(
    url: str, number: int, page: float, known: Mapping[str, Any], ready: Any, begin: Any, done: Any, batch: Batch
) -> None:
    """A worker; the first one runs the batch."""
    shared, executor = Shared(database_url(url, Path()), "scale"), f"worker-{number}"
    pool: Any = Sleeping(page, known)
    shared.prepare()
    with (
        signed_on(shared, executor),
        launched(shared.url, executor, pool, shared, rate=0, asks=4),
        alive(shared, executor),
    ):
        ready.release()
        begin.wait()
        if number == 0:
            (batch.out / ".engine").mkdir(parents=True)
            run(batch, shared, lambda _: None)
            done.set()
        threading.Event().wait()


def _counts(url: str, pids: Sequence[int]) -> Counts:
    at = time.monotonic()
    used = _postgres_cpu(url), sum(map(_cpu, pids))
    time.sleep(SETTLE / 2)  # a backend tells what it did within a second
    ((transactions, rows, held),) = _ask(url, COUNTS)
    return Counts(at, *used, int(transactions), int(rows), int(held))


def _postgres_cpu(url: str) -> float:
    """Of the server and all its processes, those that have ended too."""
    ((folder,),) = _ask(url, "SHOW data_directory")
    head = int(Path(folder, "postmaster.pid").read_text().split()[0])
    own = Path(f"/proc/{head}/task/{head}/children").read_text().split()
    return _cpu(head, ended=True) + sum(_cpu(int(pid)) for pid in own)


def _cpu(pid: int, *, ended: bool = False) -> float:
    """Seconds of CPU of a process; with *ended* those of its children that are gone too."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:  # it has just gone: its time is its parent's now
        return 0.0
    return sum(map(int, fields[11 : 15 if ended else 13])) / TICK


def _ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(query)  # type: ignore[arg-type]
        return found.fetchall() if found.description else []


def fitted(all_: Sequence[Measured]) -> tuple[float, float]:
    """Seconds of Postgres' CPU a document, and a second of a worker, over all that was measured."""
    spans = [(m.workers, 0, m.idle) for m in all_] + [(m.workers, m.documents, m.busy) for m in all_]
    known = np.array([[documents / span.at, workers] for workers, documents, span in spans])
    used = np.array([span.postgres / span.at for *_, span in spans])
    (document, worker), *_ = np.linalg.lstsq(known, used, rcond=None)
    return float(document), float(worker)


def table(all_: Sequence[Measured], page: float) -> str:
    head = ("workers", "docs/s", "of ideal", "to start p50", "p95", "pg ms/doc", "tx/doc", "rows/doc", "kB/doc")
    head += ("idle: pg ms/s", "tx/s", "connections", "cpu")
    rows = [head]
    for m in all_:
        idle = m.idle
        own = [
            busy - before / idle.at * m.busy.at  # without what workers cost by being there
            for busy, before in (
                (m.busy.postgres * 1000, idle.postgres * 1000),
                (m.busy.transactions, idle.transactions),
                (m.busy.rows, idle.rows),
                (m.busy.held / 1000, 0),
            )
        ]
        waits = np.percentile(m.waits, (50, 95))
        rows.append(
            (
                str(m.workers),
                f"{m.rate:.2f}",
                f"{m.rate * page / m.workers:.0%}",
                *(f"{wait:.2f} s" for wait in waits),
                *(f"{value / m.documents:.1f}" for value in own),
                f"{idle.postgres / idle.at * 1000:.1f}",
                f"{idle.transactions / idle.at:.0f}",
                str(m.connections),
                f"{(m.busy.postgres + m.busy.workers) / m.busy.at:.2f}",
            )
        )
    return columns(rows)


def model(all_: Sequence[Measured]) -> Iterator[str]:
    document, worker = fitted(all_)
    yield f"Postgres: {document * 1000:.1f} ms of CPU a document, {worker * 1000:.2f} ms a second of a worker"
    for seconds in (1, 2, 5, 10):
        most = 1 / (worker + document / seconds)
        yield f"one core of Postgres, {seconds} s a document: {most:.0f} jobs, {most / seconds:.1f} documents a second"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,4,16,64", metavar="N,N…")
    parser.add_argument("--page", type=float, default=2.0, metavar="SECONDS")
    options = parser.parse_args()
    known, all_ = recorded(), []
    with postgres(connections=1000) as server:
        for workers in map(int, options.workers.split(",")):
            all_.append(measure(server, workers, options.page, known))
            print(table(all_[-1:], options.page), flush=True)
    print("", table(all_, options.page), "", *model(all_), sep="\n")


if __name__ == "__main__":
    main()
