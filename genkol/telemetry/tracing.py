"""OpenTelemetry spans: one for each request, one for its flow, and one for each step, made from times that are known.

Replicas make no spans: the Engine knows when each step's values existed, when a replica took it and when it ended.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from genkol.telemetry.story import CACHED, CANCELLED, DONE, StepStory, Story

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

log = logging.getLogger("genkol.telemetry")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""One of them set turns tracing on; OpenTelemetry's other variables (sampler, headers, service name) hold too."""


class Tracing:
    """Makes spans.

    Args:
        provider: exports them.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("genkol")

    def close(self) -> None:
        """Send what was not sent yet."""
        self._provider.shutdown()

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """A span around a request: a child of the span that runs already, else of the one that `traceparent` names."""
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        runs = trace.get_current_span().get_span_context().is_valid
        parent = None if runs else TraceContextTextMapPropagator().extract(headers)
        kind = trace.SpanKind.SERVER
        with self._tracer.start_as_current_span(method, parent, kind, {"http.request.method": method}) as span:
            yield span

    def tell(self, story: Story) -> None:
        """Make the spans of a dispatch under the span that runs."""
        from opentelemetry import trace

        flow = self._tracer.start_span("flow", start_time=story.began_ns)
        flow.set_attributes({"genkol.outcome": story.outcome, "genkol.estimated_seconds": story.estimated_s})
        inside = trace.set_span_in_context(flow)
        for step in story.steps:
            self._tell_step(story, step, inside)
        if story.outcome == DONE and any(step.outcome == DONE for step in story.steps):
            finish = self._tracer.start_span("finish", inside, start_time=_at(story, story.steps_end_s))
            finish.end(_at(story, story.seconds))
        _end(flow, story.outcome, _at(story, story.seconds))

    def _tell_step(self, story: Story, step: StepStory, inside: Context) -> None:
        span = self._tracer.start_span(step.algorithm, inside, start_time=_at(story, step.ready_s))
        span.set_attributes(
            {
                "genkol.step": step.step,
                "genkol.algorithm": step.algorithm,
                "genkol.version": step.version,
                "genkol.site": step.site,
                "genkol.outcome": step.outcome,
                "genkol.cached": step.outcome == CACHED,
                "genkol.seconds": step.seconds,
                "genkol.queue_seconds": step.queue_s,
            }
        )
        if step.taken_s is not None:
            span.add_event("taken", timestamp=_at(story, step.taken_s))
        for again in step.again:
            where = {"genkol.algorithm": again.algorithm, "genkol.site": again.site, "genkol.why": again.why}
            span.add_event("again", where, _at(story, again.at_s))
        _end(span, step.outcome, _at(story, step.ended_s))


def tracing_of_environment() -> Tracing | None:
    """The tracing that the environment asks for (see `ENDPOINTS`), or None; OpenTelemetry is not imported then."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    if off or not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # type: ignore[import-not-found,unused-ignore]
            OTLPSpanExporter,
        )
    except ImportError:
        log.warning("%s is set, but the exporter is not installed: pip install 'genkol[tracing]'", ENDPOINTS[0])
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = "service.name" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "") or "OTEL_SERVICE_NAME" in os.environ
    provider = TracerProvider(resource=Resource.create({} if named else {"service.name": "genkol"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


def name_request(span: Span, method: str, route: str, status: int, outcome: str, request_id: str) -> None:
    """Say in a request's span what became of it."""
    from opentelemetry.trace import Status, StatusCode

    span.update_name(f"{method} {route}")
    span.set_attributes(
        {
            "http.route": route,
            "http.response.status_code": status,
            "genkol.outcome": outcome,
            "genkol.request_id": request_id,
        }
    )
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR, outcome))


def trace_id(span: Span) -> str:
    """The id of a span's trace, as it stands in `traceparent`."""
    return f"{span.get_span_context().trace_id:032x}"


def _at(story: Story, seconds: float) -> int:
    """Time of day, nanoseconds, of so many seconds after a story began."""
    return story.began_ns + int(seconds * 1e9)


def _end(span: Span, outcome: str, at_ns: int) -> None:
    from opentelemetry.trace import Status, StatusCode

    if outcome not in (DONE, CACHED, CANCELLED):
        span.set_status(Status(StatusCode.ERROR, outcome))
    span.end(at_ns)
