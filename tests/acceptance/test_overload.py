"""More requests than there is room for, and places that have to start first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deployments.cluster import deploy, wait_until_running
from deployments.names import HOST
from genkol.artifacts import Kind
from genkol.inputs import read_input
from genkol.perform import Call
from tests.acceptance.conftest import Cluster, flow_of

pytestmark = pytest.mark.ray

Alone = Callable[[dict[str, Any], bytes], bytes]
Changed = Callable[..., None]
LATER = "background.fake"
FROM_ZERO = {
    "min_replicas": 0,
    "initial_replicas": 0,
    "max_replicas": 4,
    "target_ongoing_requests": 1.5,
    "upscale_delay_s": 0.5,
    "downscale_delay_s": 2.0,
    "look_back_period_s": 2.0,
}


def step(service: str, after: tuple[str, ...] = (), **params: Any) -> dict[str, Any]:
    return {"service": service, "params": params, "after": list(after)}


@pytest.fixture
def changed(cluster: Cluster) -> Iterator[Changed]:
    """Deploy one application with other settings, until the end of the test."""

    def change(name: str, **settings: Any) -> None:
        apps = []
        for app in cluster.config.applications:
            if app.name == name:
                (deployment,) = app.deployments
                said = {**deployment.model_dump(exclude_unset=True), **settings}
                app = app.model_copy(update={"deployments": [type(deployment).model_validate(said)]})
            apps.append(app)
        redeploy(cluster.config.model_copy(update={"applications": apps}))

    yield change
    redeploy(cluster.config)


def redeploy(config: Any) -> None:
    deploy(config)
    wait_until_running({app.name for app in config.applications}, 60)


def test_what_is_accepted_is_done_right_and_what_is_not_is_told_when_to_come_back(
    cluster: Cluster, changed: Changed, portrait: bytes, in_process: Alone
) -> None:
    """Twelve at once for a stage behind another one, which takes two at a time and lets three more wait."""
    changed("makeup-transfer.fake", max_queued_requests=3)
    flows = [
        flow_of(step("hair-editing"), step("makeup-transfer", ("hair-editing",), seconds=0.4, level=n))
        for n in range(12)
    ]
    with ThreadPoolExecutor(12) as pool:
        early = [pool.submit(cluster.post, flow, portrait) for flow in flows[:6]]
        time.sleep(0.6)  # those are at the second stage
        answers = [a.result() for a in (*early, *[pool.submit(cluster.post, f, portrait) for f in flows[6:]])]
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 503}
    for flow, answer in zip(flows, answers, strict=True):
        if answer.status_code == 200:
            assert answer.content == in_process(flow, portrait)
        else:
            assert answer.json()["code"] == "overloaded"
            assert int(answer.headers["Retry-After"]) >= 1
    assert cluster.post(flows[0], portrait).status_code == 200


def replicas() -> int:
    from ray import serve

    return sum(serve.status().applications[LATER].deployments[HOST].replica_states.values())


def none_left(timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while replicas():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_later_stage_without_replicas_starts_while_the_earlier_one_runs(
    cluster: Cluster, changed: Changed, portrait: bytes
) -> None:
    """Because the Engine says so: for Serve a call whose inputs are not there is no work yet (ray#60624)."""
    from ray import serve

    changed(LATER, autoscaling_config=FROM_ZERO)
    none_left()
    image = read_input("portrait", Kind.PORTRAIT, portrait)
    first, later = (serve.get_deployment_handle(HOST, name) for name in ("hair-editing.fake", LATER))
    upstream = first.run.remote(Call("a", "hair-editing/fake", {"seconds": 3.0}, 0, ("portrait",), None, ()), image)
    call = later.run.remote(Call("b", "background/fake", {}, 0, ("portrait",), "portrait", (1.0,)), image, upstream)
    upstream.result(timeout_s=20)
    assert replicas() == 0
    call.result(timeout_s=60)
    none_left()
    time.sleep(2.5)  # the Engine looks every two seconds
    with ThreadPoolExecutor(6) as pool:
        flow = flow_of(step("hair-editing", seconds=4.0), step("background"))
        several = [pool.submit(cluster.post, flow, portrait) for _ in range(3)]
        time.sleep(3.0)
        assert replicas() == 1  # by then no step of the stage could run, and three requests asked for one replica only
        assert [answer.result().status_code for answer in several] == [200] * 3
