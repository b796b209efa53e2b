"""The process around the service: the batch engine at work, a thread that looks after jobs, and the web server."""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from engine.batch.database import LOCAL, database_url, executor_name, launched
from engine.batch.pool import Pool
from engine.batch.shared import Shared, cause, is_postgres
from engine.batch.worker import DEAD, alive, signed_on
from engine.config import Config
from engine.errors import UsageError
from engine.output import write_whole
from engine.serve.app import make_app
from engine.serve.clients import Clients, Rate
from engine.serve.means import Means
from engine.serve.metrics import Metrics
from engine.serve.ready import Readiness
from engine.serve.service import Service
from engine.serve.uploads import Uploads

log = logging.getLogger(__name__)

GLANCE = 0.2  # seconds between two looks at what is done
SWEEP = 30.0  # seconds between two looks at what is old
FAREWELL = 5  # seconds for requests that are being answered when the server is told to stop
FULL = 15
"""Looks in a row that find the disk full until that is the server's end, a first setting: three seconds, in which what
filled it for a moment may go again, and what is left still holds what is recorded."""

CONNECTIONS = 512
"""At a time, a first setting: each is a file handle and some kilobytes."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``rate`` requests a minute of each client, ``queue`` jobs that wait or are worked on, days that a job is kept."""

    rate: int
    queue: int
    keep_days: float
    open_metrics: bool


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections; port 0 is any that is free. Raises UsageError."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server((str(address[0]), port), family=family, backlog=CONNECTIONS)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for its end
        return listener
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{host}:{port} cannot be listened on ({why}): give another --host or --port") from error


def serve(config: Config, out: Path, tokens: Sequence[str], bounds: Bounds, listener: socket.socket) -> None:
    """Answer on *listener* until interrupted (KeyboardInterrupt); what was begun stays recorded.

    Raises UsageError: the folder or the database cannot be used, or the disk is full.
    """
    shared = Shared(database_url(config.database, out), _service_name(out), config.cache)
    shared.prepare()
    service = Service(config, shared, Uploads(out / "uploads"), most_open=bounds.queue, keep_days=bounds.keep_days)
    service.prepare()
    (out / ".engine").chmod(0o700)  # jobs, readings and results are as private as the uploads
    metrics = Metrics(service)
    service.told = metrics.ended
    service.take_up()
    with _at_work(config, shared):
        keeper = Keeper(service)
        keeper.start()
        server = _server(service, tokens, metrics, bounds, keeper)
        keeper.stop_server = lambda: setattr(server, "should_exit", True)
        server.run(sockets=[listener])
        raise keeper.fault or KeyboardInterrupt  # an error, so that work under way is left as it is


class Keeper(threading.Thread):
    """Looks after jobs until the process ends. ``fault`` is why it cannot go on."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True, name="keeper")
        self._service = service
        self.fault: UsageError | None = None
        self.stop_server: Callable[[], None] = lambda: None

    def run(self) -> None:
        swept, full = 0.0, 0
        while self.fault is None:
            time.sleep(GLANCE)
            try:
                self._service.look()
                full = 0
                if time.monotonic() - swept > SWEEP:
                    swept = time.monotonic()
                    self._service.sweep()
            except UsageError as error:  # the disk is full: what is done cannot be recorded
                full += 1
                if full == FULL:
                    self.fault = error
                    self.stop_server()
            except (SQLAlchemyError, dbos_error.DBOSException) as error:  # it may come back: the next look tells
                log.warning("the database does not answer: %s", cause(error))
                time.sleep(SWEEP / 10)


def _server(
    service: Service, tokens: Sequence[str], metrics: Metrics, bounds: Bounds, keeper: Keeper
) -> uvicorn.Server:
    ready = Readiness(service, keeper.is_alive)
    means = Means(service, Clients(tokens), Rate(bounds.rate), metrics, lambda: server.should_exit, ready.amiss)
    app = make_app(means, open_metrics=bounds.open_metrics)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=FAREWELL,
        )
    )
    return server


@contextmanager
def _at_work(config: Config, shared: Shared) -> Iterator[None]:
    """The batch engine at work on the database, with its processes, for as long as this lasts."""
    executor = executor_name() if is_postgres(shared.url) else LOCAL
    rate, asks, password = config.requests_per_minute, config.vlm_jobs, config.password
    asking = config.provider is not None  # a job may ask though the settings have no_vlm
    try:
        with (
            Pool(config.jobs) as pool,
            signed_on(shared, executor),
            launched(shared.url, executor, pool, shared, rate=rate, asks=asks, asking=asking, password=password),
            alive(shared, executor, DEAD),
            pool,
        ):
            yield
    except (SQLAlchemyError, dbos_error.DBOSException) as error:
        raise UsageError(f"the database cannot be used ({cause(error)}): see to it and begin again") from error


def _service_name(out: Path) -> str:
    """Whose jobs and money it is in a database that several use: told once, and kept beside the results."""
    file = out / ".engine" / "service"
    if not file.is_file():
        write_whole(file, uuid.uuid4().hex)
    return file.read_text(encoding="utf-8").strip()
