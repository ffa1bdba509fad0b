"""One flow over two sites, each a node of its own: what is preferred, what may not leave, and what a loss costs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from deployments.cluster import Raylet, deploy, raylet, wait_until_running
from tests.acceptance.conftest import Cluster, flow_of, host_of

pytestmark = pytest.mark.ray

Alone = Callable[[dict[str, Any], bytes], bytes]
CLOUD = "cloud"
JSON = "application/json"
BOTH, ONLY_THERE = "makeup-transfer/fake", "virtual-try-on/second"


def step(service: str, **params: Any) -> dict[str, Any]:
    return {"service": service, "params": params}


@pytest.fixture
def cloud(cluster: Cluster) -> Iterator[Raylet]:
    """A second node. One algorithm runs at both sites, one in the cloud alone."""
    like = next(app for app in cluster.config.applications if "algorithm" in app.args)
    here = [app for app in cluster.config.applications if app.args.get("algorithm") != ONLY_THERE]
    there = [host_of(like, BOTH, CLOUD), host_of(like, ONLY_THERE, CLOUD)]
    with raylet(CLOUD, num_cpus=0) as node:
        deploy(cluster.config.model_copy(update={"applications": [*here, *there]}))
        wait_until_running({app.name for app in there}, 120)
        until(lambda: all(offered(cluster, key) for key in (BOTH, ONLY_THERE)))
        yield node
        deploy(cluster.config)
        wait_until_running({app.name for app in cluster.config.applications}, 120)
    until(lambda: offered(cluster, ONLY_THERE))


def offered(cluster: Cluster, key: str) -> bool:
    listed = httpx.get(f"{cluster.url}/v1/algorithms", trust_env=False).json()
    return any(f"{a['service']}/{a['name']}" == key for a in listed["algorithms"])


def planned_site(cluster: Cluster, flow: dict[str, Any]) -> str:
    """Where the first step would run."""
    plan = httpx.post(f"{cluster.url}/v1/flows/validate", json=flow, trust_env=False).json()
    return str(next(s["site"] for s in plan["steps"] if s["service"] == "makeup-transfer"))


def until(happened: Callable[[], bool], timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


def sites_of(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {s["id"]: s["site"] for s in answer.json()["report"]["steps"]}


def test_a_flow_spans_two_sites_keeps_private_inputs_at_home_and_outlives_the_loss_of_one(
    cluster: Cluster, cloud: Raylet, portrait: bytes, in_process: Alone
) -> None:
    flow = flow_of(step("makeup-transfer", level=20), step("hair-editing"), step("background", level=-9))
    there = {**flow, "placement": {"prefer": [CLOUD]}}
    expected = in_process(flow, portrait)

    # What is preferred runs there, the rest here; the picture is the same.
    until(lambda: all(planned_site(cluster, there) == CLOUD for _ in range(4)))  # every Engine has seen the replicas
    assert sites_of(cluster.post(flow, portrait, accept=JSON))["makeup-transfer"] == "local"
    assert sites_of(cluster.post(there, portrait, accept=JSON)) == {
        "makeup-transfer": CLOUD,
        "hair-editing": "local",
        "background": "local",
    }
    assert cluster.post(there, portrait).content == expected

    # What is private stays, and what runs in the cloud alone is refused before any byte goes there.
    private = {**there, "placement": {"prefer": [CLOUD], "private": ["portrait"]}}
    assert sites_of(cluster.post(private, portrait, accept=JSON))["makeup-transfer"] == "local"
    before = len(cluster.lines())
    dressed = {
        "inputs": {"portrait": "portrait", "garment": "garment"},
        "steps": [{"service": "virtual-try-on", "algorithm": "second"}],
        "placement": {"private": ["garment"]},
    }
    answer = httpx.post(
        f"{cluster.url}/v1/pictures",
        data={"flow": json.dumps(dressed)},
        files={"portrait": portrait, "garment": portrait},
        timeout=60,
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "private-input"), answer.text
    assert not [line for line in cluster.lines()[before:] if "dressed" in line or CLOUD in line]

    # The node dies in the middle of a step: the picture comes all the same, done here.
    slow = flow_of(step("makeup-transfer", level=20, seconds=2.0), step("hair-editing"), step("background", level=-9))
    answers: list[httpx.Response] = []
    request = threading.Thread(
        target=lambda: answers.append(cluster.post({**slow, "placement": {"prefer": [CLOUD]}}, portrait, timeout=120))
    )
    request.start()
    time.sleep(1.0)
    cloud.kill()
    request.join(120)
    assert answers
    assert answers[0].status_code == 200, answers[0].text
    assert answers[0].content == in_process(slow, portrait)

    # Later requests that prefer the dead site do not wait for it each time.
    for _ in range(3):
        assert cluster.post(there, portrait, timeout=120).content == expected
    started = time.monotonic()
    assert cluster.post(there, portrait).content == expected
    calm = time.monotonic()
    assert cluster.post(flow, portrait).content == expected
    assert (calm - started) < 3 * (time.monotonic() - calm) + 1.0
