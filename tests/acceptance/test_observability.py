"""What an operator sees of requests on a real cluster: a real Prometheus's answers, log lines, and a trace."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import ray
from prometheus_client.parser import text_string_to_metric_families

from deployments.cluster import deploy, wait_until_healthy, wait_until_running
from tests.acceptance.conftest import Cluster, flow_of
from tests.collector import Collector, attributes, collector
from tests.prometheus import Prometheus, scraping
from tests.unit.test_documents import DOCS, blocks

pytestmark = pytest.mark.ray

ID = "campaign-9.z"
MAKEUP, HAIR, PRODUCT = "makeup-transfer/fake", "hair-editing/fake", "object-interaction/fake"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRET = "sk-very-secret"


def exporters_folder() -> list[str]:
    """Where OpenTelemetry's OTLP exporter is installed, for the path of a replica; nothing where it is not."""
    try:
        from opentelemetry.exporter.otlp.proto.http import trace_exporter
    except ImportError:
        return []
    return [str(Path(trace_exporter.__file__).parents[6])]


@dataclass
class Observed:
    """An Engine of its own, whose metrics no other test touches."""

    url: str
    spans: Collector
    portrait: bytes
    answers: list[httpx.Response] = field(default_factory=list)

    def post(self, *steps: dict[str, Any], id: str = ID, trace: str = TRACE) -> httpx.Response:
        body = {"flow": flow_of(*steps), "inputs": {"portrait": {"data": base64.b64encode(self.portrait).decode()}}}
        headers = {"X-Request-Id": id, "traceparent": f"00-{trace}-{PARENT}-01", "Authorization": SECRET}
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
    """What it finds at last; Ray's agents learn of metrics every 10 s."""
    end = time.monotonic() + timeout_s
    while not (value := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.5)
    return value


def test_the_requests_are_answered_as_they_should(observed: Observed) -> None:
    assert [answer.status_code for answer in observed.answers] == [200, 200, 502, 404]


# ------------------------------------------------------------------------------------------------------------ metrics

OWN = ("algorithm", "site", "route", "outcome", "state", "why", "le")
EXPECTED = {
    ("genkol_requests_total", "/v1/pictures", "done"): 2,
    ("genkol_requests_total", "/v1/pictures", "step-failed"): 1,
    ("genkol_requests_total", "/v1/pictures", "unknown-service"): 1,
    ("genkol_request_seconds_count", "/v1/pictures"): 4,
    ("genkol_steps_total", MAKEUP, "local", "done"): 2,
    ("genkol_steps_total", HAIR, "local", "done"): 2,
    ("genkol_steps_total", PRODUCT, "local", "step-failed"): 1,
    ("genkol_step_seconds_count", MAKEUP, "local"): 2,
    ("genkol_step_seconds_count", HAIR, "local"): 2,
    ("genkol_step_seconds_bucket", HAIR, "local", "0.005"): 0,
    ("genkol_step_seconds_bucket", HAIR, "local", "+Inf"): 2,
    ("genkol_step_queue_seconds_count", PRODUCT, "local"): 1,
    ("genkol_retries_total", PRODUCT, "local", "lost"): 2,
    ("genkol_losses_total", PRODUCT, "local"): 1,
    ("genkol_breaker_state", PRODUCT, "local"): 0,
    ("genkol_breaker_state", HAIR, "local"): 0,
    ("genkol_finish_seconds_count",): 2,
    ("genkol_flows_running",): 0,
}
"""What the requests of `Observed` come to: name and own labels to value."""


def of_nodes() -> dict[tuple[str, ...], float]:
    """The samples of the Engine `observed` as the nodes serve them, read by the reference parser."""
    found = {}
    for node in nodes():
        text = httpx.get(f"http://{node}/metrics", timeout=20, trust_env=False).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.labels.get("application") == "observed":
                    own = [sample.labels[name] for name in OWN if name in sample.labels]
                    found[(sample.name.removeprefix("ray_"), *own)] = sample.value
    return found


def settled(read: Callable[[], dict[tuple[str, ...], float]]) -> dict[tuple[str, ...], float]:
    """What is read once all that is expected is there, or what there is after a while."""
    end = time.monotonic() + 40
    while not EXPECTED.items() <= (found := read()).items() and time.monotonic() < end:
        time.sleep(0.5)
    return found


def check(found: dict[tuple[str, ...], float]) -> None:
    assert {key: found.get(key) for key in EXPECTED} == EXPECTED
    seconds = found["genkol_step_work_seconds_total", HAIR, "local"]
    assert 0.3 < seconds < 5  # 0.6, less what a busy machine takes to hear that a replica took the step


def test_each_node_serves_the_metrics_of_its_replicas(observed: Observed) -> None:
    check(settled(of_nodes))


@pytest.fixture(scope="module")
def prometheus(observed: Observed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real Prometheus that scrapes as docs/observability.md says."""
    with scraping(blocks(DOCS / "observability.md", "yaml")[0], nodes(), tmp_path_factory.mktemp("prom")) as found:
        yield found


def of_prometheus(prometheus: Prometheus) -> dict[tuple[str, ...], float]:
    samples = prometheus.asked('{__name__=~"genkol_.*", application="observed"}')
    return {
        (each["metric"]["__name__"], *(each["metric"][name] for name in OWN if name in each["metric"])): float(
            each["value"][1]
        )
        for each in samples
    }


def test_a_real_prometheus_scrapes_what_happened(prometheus: Prometheus) -> None:
    check(settled(lambda: of_prometheus(prometheus)))


def test_every_query_of_the_document_is_answered(prometheus: Prometheus, observed: Observed) -> None:
    """With values, but for what did not happen here: nothing was paid, nothing kept, no place is left alone."""
    queries = blocks(DOCS / "observability.md", "promql")
    assert len(queries) == 10
    until(lambda: prometheus.asked('count_over_time(genkol_flows_running{application="observed"}[1m]) > 3'))
    # Rates are of what grew since Prometheus first looked.
    observed.post({"service": "hair-editing"}, id="another", trace="1" * 32)
    silent = [query for query in queries if re.search("genkol_(cost|cache|breaker)", query)]
    waiting = set(queries).difference(silent)
    until(
        lambda: not waiting.difference_update([query for query in waiting if prometheus.asked(query)]) and not waiting
    )
    assert len([prometheus.asked(query) for query in silent]) == 3


# --------------------------------------------------------------------------------------------------------------- logs


def logs() -> Path:
    return Path(ray._private.worker._global_node.get_logs_dir_path())  # type: ignore[attr-defined]


def lines(component: str) -> list[dict[str, Any]]:
    """The lines of a component's log files that bear the id of the requests."""
    text = "".join(path.read_text() for path in sorted((logs() / "serve").glob(f"{component}*.log")))
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if line.get("request_id") == ID]


def test_the_request_id_is_in_the_lines_of_all_who_had_to_do_with_it(observed: Observed) -> None:
    assert {answer.headers["x-request-id"] for answer in observed.answers} == {ID}
    assert observed.answers[-1].json()["request_id"] == ID
    until(lambda: [line for line in lines("replica_observed_Engine") if line.get("status") == 404])
    engine = lines("replica_observed_Engine")
    http = [(line["method"], line["status"], line.get("codes")) for line in engine if "bytes_out" in line]
    assert http[:4] == [
        ("POST", 200, None),
        ("POST", 200, None),
        ("POST", 502, ["step-failed"]),
        ("POST", 404, ["unknown-service"]),
    ]
    steps = [
        (line["algorithm"], line["site"], line["outcome"], line["retries"]) for line in engine if "retries" in line
    ]
    assert sorted(steps[:5]) == [
        (HAIR, "local", "done", 0),
        (HAIR, "local", "done", 0),
        (MAKEUP, "local", "done", 0),
        (MAKEUP, "local", "done", 0),
        (PRODUCT, "local", "step-failed", 2),
    ]
    assert sum("is done anew" in line["message"] for line in engine) == 2
    hosts = [line for line in lines("replica_hair-editing.fake") if "algorithm" in line]
    assert [(line["step"], line["algorithm"], line["outcome"]) for line in hosts[:2]] == [
        ("hair-editing", HAIR, "done")
    ] * 2
    assert all(0.3 <= line["seconds"] < 5 for line in hosts[:2])
    assert len([line for line in lines("replica_finisher") if line["message"].startswith("finished in")]) >= 2
    assert lines("proxy")


def test_no_log_of_the_cluster_holds_a_picture_or_a_credential(observed: Observed) -> None:
    sent = base64.b64encode(observed.portrait)
    secrets = [
        SECRET.encode(),
        sent[200:240],
        observed.portrait[200:240],
        repr(observed.portrait[200:220]).encode()[2:-1],
    ]
    read = 0
    for path in logs().rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            read += len(text)
            assert not any(secret in text for secret in secrets), path.name
    assert read > 10_000


# ------------------------------------------------------------------------------------------------------------- traces


def test_a_collector_gets_the_callers_trace_with_a_span_for_each_step(observed: Observed) -> None:
    if not exporters_folder():
        pytest.skip("OpenTelemetry's OTLP exporter is not installed (pip install 'genkol[tracing]')")
    until(lambda: sum(span.name == "POST /v1/pictures" for span in observed.spans.spans) >= 4)
    spans = [span for span in observed.spans.spans if span.trace_id.hex() == TRACE]
    names = [span.name for span in spans]
    assert {name: names.count(name) for name in (MAKEUP, HAIR, PRODUCT)} == {MAKEUP: 2, HAIR: 2, PRODUCT: 1}
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        parent = by_id.get(span.parent_span_id)
        if span.name.startswith("POST"):
            assert span.parent_span_id.hex() == PARENT
            assert attributes(span)["genkol.request_id"] == ID
        else:
            assert parent is not None
            assert parent.name == ("POST /v1/pictures" if span.name == "flow" else "flow")
    lost = next(span for span in spans if span.name == PRODUCT)
    assert attributes(lost)["genkol.outcome"] == "step-failed"
    assert [event.name for event in lost.events] == ["taken", "again", "again"]
    hair = next(span for span in spans if span.name == HAIR)
    assert 0.3e9 <= hair.end_time_unix_nano - hair.start_time_unix_nano < 5e9
    said = attributes(hair)
    assert (said["genkol.site"], said["genkol.cached"], said["genkol.version"]) == ("local", False, "1")
