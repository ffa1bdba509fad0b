"""A crowd asks while replicas, an Engine and a whole site are killed; the long form is `python -m benchmarks chaos`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from benchmarks import chaos
from deployments.cluster import Raylet, deploy, raylet, wait_until_healthy, wait_until_running
from genkol.algorithm import Algorithm
from tests.acceptance.conftest import Cluster, flow_of, host_of

pytestmark = pytest.mark.ray

REQUESTS = 40


@pytest.fixture
def cloud(cluster: Cluster) -> Iterator[Raylet]:
    """A second node, two algorithms at both sites, and two replicas of the Engine."""
    like = next(app for app in cluster.config.applications if "algorithm" in app.args)
    there = [host_of(like, f"{service}/fake", chaos.CLOUD) for service in chaos.EVERYWHERE]
    here = [two_replicas(app) if app.name == "engine" else app for app in cluster.config.applications]
    with raylet(chaos.CLOUD, num_cpus=0) as node:
        deploy(cluster.config.model_copy(update={"applications": [*here, *there]}))
        wait_until_running({app.name for app in [*here, *there]}, 120)
        yield node
    deploy(cluster.config)
    wait_until_running({app.name for app in cluster.config.applications}, 120)
    wait_until_healthy(cluster.url, 1, 60)


def two_replicas(app: Any) -> Any:
    [deployment] = app.deployments
    scaled = {**deployment.model_dump(exclude_unset=True), "num_replicas": 2}
    scaled.pop("autoscaling_config", None)
    return app.model_copy(update={"deployments": [type(deployment).model_validate(scaled)]})


@pytest.mark.skipif("GENKOL_TEST_CHAOS" not in os.environ, reason="takes two minutes; set GENKOL_TEST_CHAOS to run it")
def test_each_request_ends_in_the_right_picture_or_a_typed_error(
    cluster: Cluster, cloud: Raylet, fakes: tuple[type[Algorithm], ...]
) -> None:
    picture = chaos.portrait()
    asks = partial(chaos.flow, algorithm="fake")
    crowd = chaos.Crowd(cluster.url, picture, asks, chaos.pictures_of(fakes, picture, asks))
    killer = chaos.Killer(chaos.victims("fake"), cloud, every=4, node_after=REQUESTS // 2 + 1)
    found = chaos.chaos(crowd, killer, REQUESTS)

    assert len(killer.killed) >= 8
    assert f"the node of {chaos.CLOUD}" in killer.killed
    assert not [told for told in found["problems"] if told.code in ("wrong", "untyped", "hung")], found["problems"]
    assert found["answers"]["right"] >= 0.8 * REQUESTS, found["problems"]
    # The machine may be busy; that each request waits for the dead site would cost a second or more.
    assert found["after"] < 1.3 * found["calm"] + 0.5


def test_a_lost_engine_is_told_as_a_problem_with_the_time_to_come_back(cluster: Cluster, portrait: bytes) -> None:
    """Serve's proxy itself would say ``500 Internal Server Error``."""
    slow = flow_of({"service": "makeup-transfer", "params": {"seconds": 4.0}})
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(cluster.post, slow, portrait)
        time.sleep(1.5)
        for engine in chaos.replicas_of("engine"):
            engine.kill()
        answer = asked.result()
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["code"] == "engine-lost"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]

    wait_until_healthy(cluster.url, 1, 60)
    assert cluster.post(flow_of({"service": "makeup-transfer"}), portrait).status_code == 200
