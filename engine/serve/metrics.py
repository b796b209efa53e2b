"""What Prometheus is told. Counters begin anew with the process; jobs that wait and money spent are the database's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

from engine.serve.jobs import Job, State
from engine.serve.service import Service

SECONDS = (0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600)


class Metrics:
    """Of one service; a registry of its own, so that nothing else of the process is told."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self._ended = Counter(
            "engine_jobs_ended", "Jobs that came to their end.", ["status", "outcome"], registry=self._registry
        )
        self._pages = Counter("engine_pages", "Pages of ended jobs.", ["route"], registry=self._registry)
        self._seconds = Histogram(
            "engine_job_seconds", "From taking a document on to its result.", buckets=SECONDS, registry=self._registry
        )
        self._registry.register(_Now(service))

    def ended(self, job: Job, result: Mapping[str, Any] | None) -> None:
        """A job has ended, with this result where there is one."""
        self._ended.labels(job.status, job.outcome or "none").inc()
        took = datetime.fromisoformat(job.ended or job.created) - datetime.fromisoformat(job.created)
        self._seconds.observe(took.total_seconds())
        for page in result["pages"] if result else ():
            self._pages.labels(page["route"]).inc()

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Now:
    """What is looked up when it is asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        counts = self._service.jobs.counts()
        jobs = GaugeMetricFamily("engine_jobs", "Jobs that are there, by status.", labels=["status"])
        for status in get_args(State):
            jobs.add_metric([status], counts.get(status, 0))
        yield jobs
        spent = self._service.shared.budget(self._service.config).spent
        yield GaugeMetricFamily("engine_spent_usd", "Spent on models, restarts included.", float(spent))
        yield GaugeMetricFamily("engine_queue_length", "Jobs that wait.", counts.get("queued", 0))
