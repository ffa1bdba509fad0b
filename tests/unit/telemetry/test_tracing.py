"""One span for each request, its flow and each of its steps, under the caller's trace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from genkol.engine import Engine
from genkol.http.app import create_app
from genkol.pictures import write_image
from genkol.settings import Settings
from genkol.telemetry import Telemetry, Tracing, Watched, tracing_of_environment
from genkol.testing import fake_engine, fake_portrait
from tests.collector import attributes, collector

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SLOW = {"service": "object-interaction", "algorithm": "slow", "params": {"seconds": 0.2}}


@pytest.fixture
def exported() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def telemetry(exported: InMemorySpanExporter) -> Telemetry:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    return Telemetry(tracing=Tracing(provider))


@pytest.fixture
def engine(telemetry: Telemetry) -> Iterator[Engine]:
    engine = fake_engine()
    inside = engine.dispatcher
    engine.dispatcher = Watched(inside, telemetry)
    yield engine
    inside.close()  # type: ignore[attr-defined]


@pytest.fixture
async def client(engine: Engine, telemetry: Telemetry, tmp_path: Path) -> Any:
    app = create_app(lambda: engine, settings=Settings(assets_dir=tmp_path), telemetry=telemetry)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://genkol.test") as client:
        yield client


async def post(client: httpx.AsyncClient, *steps: dict[str, Any], **headers: str) -> httpx.Response:
    files = {"portrait": write_image(fake_portrait())}
    flow = json.dumps({"inputs": {"portrait": "portrait"}, "steps": steps})
    return await client.post("/v1/pictures", files=files, data={"flow": flow}, headers=headers)


def by_name(exported: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exported.get_finished_spans()}


def seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


async def test_a_request_continues_the_callers_trace_and_its_steps_lie_in_it(
    client: httpx.AsyncClient, exported: InMemorySpanExporter
) -> None:
    answer = await post(
        client, SLOW, {"service": "hair-editing"}, traceparent=f"00-{TRACE}-{PARENT}-01", **{"x-request-id": "r-1"}
    )
    assert answer.status_code == 200
    spans = by_name(exported)
    assert set(spans) == {
        "POST /v1/pictures",
        "flow",
        "object-interaction/slow",
        "hair-editing/no-op",
        "finish",
    }
    request, flow, slow = spans["POST /v1/pictures"], spans["flow"], spans["object-interaction/slow"]
    assert {f"{span.get_span_context().trace_id:032x}" for span in spans.values()} == {TRACE}
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == PARENT
    assert request.kind is SpanKind.SERVER
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/v1/pictures",
        "http.response.status_code": 200,
        "genkol.outcome": "done",
        "genkol.request_id": "r-1",
    }
    assert flow.parent == request.get_span_context()
    assert all(
        span.parent == flow.get_span_context() for name, span in spans.items() if "/" in name and span is not request
    )
    said = dict(slow.attributes or {})
    assert said.pop("genkol.seconds") == pytest.approx(seconds(slow), abs=0.15)
    assert 0 <= said.pop("genkol.queue_seconds") < seconds(slow)  # type: ignore[operator]
    assert said == {
        "genkol.step": "object-interaction",
        "genkol.algorithm": "object-interaction/slow",
        "genkol.version": "1",
        "genkol.site": "local",
        "genkol.outcome": "done",
        "genkol.cached": False,
    }
    assert [event.name for event in slow.events] == ["taken"]
    assert seconds(slow) >= 0.2
    starts, ends = (
        (request.start_time, flow.start_time, slow.start_time),
        (slow.end_time, flow.end_time, request.end_time),
    )
    assert list(starts) == sorted(starts)  # type: ignore[type-var]
    assert list(ends) == sorted(ends)  # type: ignore[type-var]


async def test_a_step_that_fails_is_the_one_that_is_red(
    client: httpx.AsyncClient, exported: InMemorySpanExporter
) -> None:
    await post(client, {"service": "object-interaction", "algorithm": "failing"})
    spans = by_name(exported)
    red = {name: span.status.description for name, span in spans.items() if span.status.status_code is StatusCode.ERROR}
    assert red == dict.fromkeys(("POST /v1/pictures", "flow", "object-interaction/failing"), "step-failed")


async def test_a_mistake_of_the_caller_is_not_red_and_probes_make_no_span(
    client: httpx.AsyncClient, exported: InMemorySpanExporter
) -> None:
    await client.get("/healthz")
    await post(client, {"service": "nothing"}, traceparent="no such thing")
    (span,) = exported.get_finished_spans()
    assert (span.name, span.parent, span.status.status_code) == ("POST /v1/pictures", None, StatusCode.UNSET)
    assert (span.attributes or {})["genkol.outcome"] == "unknown-service"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_tracing_is_off_until_a_collector_is_named(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    for name, said in environment.items():
        monkeypatch.setenv(name, said)
    assert tracing_of_environment() is None


def test_what_is_off_is_not_imported() -> None:
    code = (
        "import sys, genkol.http.app, genkol.telemetry; from genkol.telemetry import tracing_of_environment as t; "
        "print(t(), [m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'prometheus_client'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "None []", done.stdout + done.stderr


def test_spans_go_to_the_collector_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(
        "opentelemetry.exporter.otlp.proto.http.trace_exporter", reason="genkol[tracing] is not installed"
    )
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        tracing = tracing_of_environment()
        assert tracing is not None
        engine = fake_engine()
        inside = engine.dispatcher
        engine.dispatcher = Watched(inside, Telemetry(tracing=tracing))
        from genkol.flow.flow import Flow

        engine.run(
            Flow.parse({"inputs": {"portrait": "portrait"}, "steps": [{"service": "hair-editing"}]}),
            {"portrait": fake_portrait()},
        )
        inside.close()  # type: ignore[attr-defined]
        tracing.close()
        assert {span.name for span in found.spans} == {"flow", "hair-editing/no-op", "finish"}
        said = {span.name: attributes(span) for span in found.spans}
        assert said["hair-editing/no-op"]["genkol.site"] == "local"
        (resource,) = [each for request in found.requests for each in request.resource_spans]
        assert attributes(resource.resource)["service.name"] == "genkol"
