"""An Engine that is watched makes the same pictures, and Prometheus reads what it did."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from genkol.engine import Engine
from genkol.errors import StepFailed
from genkol.flow.flow import Flow
from genkol.http.app import create_app
from genkol.pictures import write_image
from genkol.settings import Settings
from genkol.telemetry import ALL, Meter, Metric, Telemetry, Watched
from genkol.telemetry.prometheus import PrometheusMeter
from genkol.testing import fake_engine, fake_portrait
from tests.unit.telemetry.conftest import Value

SLOW = {"service": "object-interaction", "algorithm": "slow", "params": {"seconds": 0.05}}
FAILING = {"service": "object-interaction", "algorithm": "failing"}
PLACE = {"algorithm": "object-interaction/slow", "site": "local"}


def flow(*steps: dict[str, Any]) -> Flow:
    return Flow.parse({"inputs": {"portrait": "portrait"}, "steps": list(steps), "seed": 3})


@pytest.fixture
def engine(meter: PrometheusMeter) -> Iterator[Engine]:
    engine = fake_engine()
    inside = engine.dispatcher
    engine.dispatcher = Watched(inside, Telemetry(meter))
    yield engine
    inside.close()  # type: ignore[attr-defined]


def test_a_watched_engine_makes_the_same_picture_and_tells_of_each_step(engine: Engine, value: Value) -> None:
    bare = fake_engine()
    for _ in range(2):
        result = engine.run(flow(SLOW, {"service": "hair-editing"}), {"portrait": fake_portrait()})
    assert result.picture == bare.run(flow(SLOW, {"service": "hair-editing"}), {"portrait": fake_portrait()}).picture
    bare.dispatcher.close()  # type: ignore[attr-defined]
    assert value("genkol_steps_total", **PLACE, outcome="done") == 2
    assert value("genkol_steps_total", algorithm="hair-editing/no-op", site="local", outcome="done") == 2
    seconds = value("genkol_step_work_seconds_total", **PLACE)
    assert seconds is not None
    assert 0.1 <= seconds < 5
    assert value("genkol_step_seconds_count", **PLACE) == value("genkol_step_queue_seconds_count", **PLACE) == 2
    assert value("genkol_step_seconds_sum", **PLACE) == pytest.approx(seconds)
    assert value("genkol_finish_seconds_count") == value("genkol_flow_estimate_ratio_count") == 2


def test_events_still_reach_who_asked_for_them(engine: Engine) -> None:
    heard: list[str] = []
    engine.run(flow(SLOW), {"portrait": fake_portrait()}, on_event=lambda event: heard.append(event.state))
    assert (heard[0], heard[-1]) == ("started", "done")


def test_an_error_is_counted_and_raised(engine: Engine, value: Value) -> None:
    with pytest.raises(StepFailed):
        engine.run(flow(FAILING), {"portrait": fake_portrait()})
    place = {"algorithm": "object-interaction/failing", "site": "local"}
    assert value("genkol_steps_total", **place, outcome="step-failed") == 1
    assert value("genkol_step_seconds_count", **place) is None


def test_what_runs_now_is_a_gauge_that_goes_back_to_zero(engine: Engine, meter: PrometheusMeter, value: Value) -> None:
    watched = engine.dispatcher
    assert isinstance(watched, Watched)
    engine.run(flow(SLOW), {"portrait": fake_portrait()}, on_event=lambda event: watched.sample(meter))
    # Sampled last while its done-event was told: nothing ran any longer, but the flow did.
    assert value("genkol_calls", **PLACE, state="running") == 0
    assert value("genkol_flows_running") == 1
    watched.sample(meter)
    assert value("genkol_flows_running") == 0


class Broken:
    def record(self, metric: Metric, value: float, **labels: str) -> None:
        raise OSError("the agent is gone")


def test_a_meter_that_fails_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    engine = fake_engine()
    inside = engine.dispatcher
    engine.dispatcher = Watched(inside, Telemetry(Broken()))
    assert engine.run(flow(SLOW), {"portrait": fake_portrait()}).picture
    assert "a request could not be told of" in caplog.text
    inside.close()  # type: ignore[attr-defined]


def test_one_line_a_step_with_its_facts_as_fields(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "genkol.steps")
    engine.run(flow(SLOW), {"portrait": fake_portrait()})
    (record,) = [vars(record) for record in caplog.records if record.name == "genkol.steps"]
    facts = {name: record[name] for name in ("step", "algorithm", "version", "site", "outcome", "retries")}
    assert facts == {
        "step": "object-interaction",
        "algorithm": "object-interaction/slow",
        "version": "1",
        "site": "local",
        "outcome": "done",
        "retries": 0,
    }
    assert record["seconds"] >= 0.05
    assert record["queue_seconds"] >= 0


@pytest.fixture
async def client(engine: Engine, meter: Meter, tmp_path: Path) -> Any:
    app = create_app(lambda: engine, settings=Settings(assets_dir=tmp_path), telemetry=Telemetry(meter))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://genkol.test") as client:
        yield client


async def test_requests_are_counted_by_route_and_outcome_and_never_by_what_was_sent(
    client: httpx.AsyncClient, registry: CollectorRegistry, value: Value
) -> None:
    portrait = write_image(fake_portrait())
    for steps in ([], [{"service": "secret"}]):
        flow = json.dumps({"inputs": {"portrait": "portrait"}, "steps": steps})
        await client.post("/v1/pictures?secret=1", files={"portrait": portrait}, data={"flow": flow})
    await client.post("/v1/pictures", files={"portrait": b"secret"})
    await client.get("/v1/secret")
    await client.delete("/v1/pictures")
    await client.get("/v1/assets/secret")
    counted = {
        (sample.labels["route"], sample.labels["outcome"]): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if sample.name == "genkol_requests_total"
    }
    assert counted == {
        ("/v1/pictures", "done"): 1,
        ("/v1/pictures", "unknown-service"): 1,
        ("/v1/pictures", "unsupported-image"): 1,
        ("/v1/pictures", "http-405"): 1,
        ("none", "http-404"): 1,
        ("/v1/assets/{digest}", "unknown-asset"): 1,
    }
    assert value("genkol_request_seconds_count", route="/v1/pictures") == 4
    assert b"secret" not in generate_latest(registry)


def test_names_bear_their_units_and_labels_are_few() -> None:
    for metric in ALL:
        assert metric.name.startswith("genkol_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert bool(metric.buckets) == (metric.kind == "histogram")
        assert set(metric.labels) <= {"algorithm", "site", "route", "outcome", "state", "why"}
    assert len({metric.name for metric in ALL}) == len(ALL) > 20
