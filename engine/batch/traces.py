"""OpenTelemetry: a span a document, page, question and step, sent where ``OTEL_EXPORTER_OTLP_ENDPOINT`` tells.

DBOS makes those of what it records. Those of steps get their document's id and page, and nothing of its contents.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.errors import MissingDependency

if TYPE_CHECKING:
    from dbos import DBOSConfig

PATIENCE = 5_000  # milliseconds for the last spans to be taken


def endpoint(environ: Mapping[str, str] = os.environ) -> str | None:
    """Where spans go, as OpenTelemetry's own variables tell; None for nowhere."""
    own, common = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return own or (f"{common.rstrip('/')}/v1/traces" if common else None)


def trace_settings() -> DBOSConfig:
    """What DBOS must be told. Raises MissingDependency where spans are wanted and cannot be sent."""
    target = endpoint()
    if target is None:
        return {}
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError as error:
        line = "pip install 'document-engine[otel]'"
        raise MissingDependency(f"OTEL_EXPORTER_OTLP_ENDPOINT is set, and its extra is missing: {line}") from error
    return {"enable_otlp": True, "otlp_traces_endpoints": [target]}


@contextmanager
def span(name: str) -> Iterator[None]:
    """One for a step that DBOS does not record, below the span that is under way. An error is told by its kind alone:
    its sentence, and the calls that led to it, may name what the document is."""
    if endpoint() is None:
        yield
        return
    from opentelemetry import trace

    tracer = trace.get_tracer("engine")
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as own:
        try:
            yield
        except BaseException as error:
            own.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise


def annotate(told: Mapping[str, Any]) -> None:
    """Attributes ``engine.…`` of the span that is under way, if any is."""
    if endpoint() is not None:
        from opentelemetry import trace

        current = trace.get_current_span()
        for name, value in told.items():
            if value is not None:
                current.set_attribute(f"engine.{name}", value)


def send_rest() -> None:
    """Send what has not been sent yet."""
    if endpoint() is not None:
        from opentelemetry import trace

        provider: Any = trace.get_tracer_provider()
        provider.force_flush(PATIENCE)
