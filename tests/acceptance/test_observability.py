"""What an operator sees of requests on a real cluster: a real Prometheus's answers, log lines, and a trace."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
import ray
from prometheus_client.parser import text_string_to_metric_families

from deployments.cluster import deploy, wait_until_healthy, wait_until_running
from tests.acceptance.conftest import Cluster, flow_of
from tests.collector import Collector, collector

pytestmark = pytest.mark.ray

ID = "campaign-9.z"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SECRET = "sk-very-secret"


def exporters_folder() -> list[str]:
    """Where OpenTelemetry's OTLP exporter is installed, for the path of a replica; nothing where it is not."""
    known = find_spec("opentelemetry.exporter")
    places = [Path(place) for place in known.submodule_search_locations or ()] if known else []
    return [str(place.parents[1]) for place in places if (place / "otlp").is_dir()]


@dataclass
class Observed:
    """An Engine of its own, whose metrics no other test touches."""

    url: str
    spans: Collector
    portrait: bytes
    answers: list[httpx.Response] = field(default_factory=list)

    def post(self, *steps: dict[str, Any]) -> httpx.Response:
        body = {"flow": flow_of(*steps), "inputs": {"portrait": {"data": base64.b64encode(self.portrait).decode()}}}
        headers = {"X-Request-Id": ID, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "Authorization": SECRET}
        return httpx.post(f"{self.url}/v1/pictures", json=body, headers=headers, timeout=120, trust_env=False)


@pytest.fixture(scope="module")
def observed(cluster: Cluster, portrait: bytes) -> Iterator[Observed]:
    """Two pictures, one that no replica survives, and a mistake."""
    with collector() as spans:
        engine = next(app for app in cluster.config.applications if app.name == "engine")
        own = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": spans.url,
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], *exporters_folder()]),
        }
        options = {"ray_actor_options": {"num_cpus": 0.1, "runtime_env": {"env_vars": own}}, "autoscaling_config": None}
        said = engine.deployments[0]
        deployment = type(said).model_validate({**said.model_dump(exclude_unset=True), **options})
        update = {"name": "observed", "route_prefix": "/observed", "deployments": [deployment]}
        apps = [*cluster.config.applications, engine.model_copy(update=update)]
        deploy(cluster.config.model_copy(update={"applications": apps}))
        wait_until_running({"observed"}, 120)
        found = Observed(f"{cluster.url}/observed", spans, portrait)
        wait_until_healthy(found.url, 7, 30)
        for _ in range(2):
            found.answers.append(
                found.post({"service": "makeup-transfer"}, {"service": "hair-editing", "params": {"seconds": 0.3}})
            )
        found.answers.append(found.post({"service": "object-interaction", "params": {"fail": "exit"}}))
        found.answers.append(found.post({"service": "no-such-service"}))
        yield found
        deploy(cluster.config)
        wait_until_running({app.name for app in cluster.config.applications}, 120)


def nodes() -> list[str]:
    return [f"{node['NodeManagerAddress']}:{node['MetricsExportPort']}" for node in ray.nodes() if node["Alive"]]


def until(found: Callable[[], Any], timeout_s: float = 40.0) -> Any:
    end = time.monotonic() + timeout_s
    while not (value := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.5)
    return value


def test_the_requests_are_answered_as_they_should(observed: Observed) -> None:
    assert [answer.status_code for answer in observed.answers] == [200, 200, 502, 404], observed.answers[-2].text


def scraped() -> dict[tuple[str, ...], float]:
    """Every sample of the Engine `observed`: name and its own labels' values to value."""
    found = {}
    for node in nodes():
        text = httpx.get(f"http://{node}/metrics", trust_env=False).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.labels.get("application") == "observed" and sample.name.startswith("ray_genkol_"):
                    own = [
                        sample.labels[name]
                        for name in ("algorithm", "site", "route", "outcome", "state", "why", "le")
                        if name in sample.labels
                    ]
                    found[(sample.name, *own)] = sample.value
    return found


def test_each_node_serves_the_metrics_of_its_replicas(observed: Observed) -> None:
    values = until(lambda: (v := scraped()).get(("ray_genkol_requests_total", "/v1/pictures", "unknown-service")) and v)
    until(lambda: ("ray_genkol_breaker_state", "object-interaction/fake", "local") in scraped())
    values = scraped()
    print(*sorted((k, v) for k, v in values.items() if "bucket" not in k[0]), sep="\n")
