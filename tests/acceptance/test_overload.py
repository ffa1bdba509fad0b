"""More requests than there is room for, and places that have to start first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import pytest

from deployments.cluster import deploy, wait_until_running
from deployments.names import HOST
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
    "look_back_period_s": 11.0,
}


def step(service: str, after: tuple[str, ...] = (), **params: Any) -> dict[str, Any]:
    return {"service": service, "params": params, "after": list(after)}


@pytest.fixture
def changed(cluster: Cluster) -> Iterator[Changed]:
    """Deploy one application anew with other settings, until the end of the test."""

    def change(name: str, **settings: Any) -> None:
        (app,) = [app for app in cluster.config.applications if app.name == name]
        rest = [app for app in cluster.config.applications if app.name != name]
        (deployment,) = app.deployments
        said = type(deployment).model_validate({**deployment.model_dump(exclude_unset=True), **settings})
        deploy(cluster.config.model_copy(update={"applications": rest}))
        until(lambda: name not in applications())
        redeploy(
            cluster.config.model_copy(update={"applications": [*rest, app.model_copy(update={"deployments": [said]})]})
        )
        time.sleep(2.5)  # the Engine looks at what runs every two seconds

    yield change
    redeploy(cluster.config)


def applications() -> dict[str, Any]:
    from ray import serve

    return dict(serve.status().applications)


def until(happened: Callable[[], bool], timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


def redeploy(config: Any) -> None:
    deploy(config)
    wait_until_running({app.name for app in config.applications}, 60)


def test_what_is_accepted_is_done_right_and_what_is_not_is_told_when_to_come_back(
    cluster: Cluster, changed: Changed, portrait: bytes, in_process: Alone
) -> None:
    """Fourteen for a stage behind another one, which takes two at a time and lets three more wait."""
    changed("makeup-transfer.fake", max_queued_requests=3)
    second = [step("makeup-transfer", ("hair-editing",), seconds=1.0, level=n) for n in range(14)]
    flows = [flow_of(step("hair-editing"), one) for one in second]
    with ThreadPoolExecutor(14) as pool:
        answers = [pool.submit(cluster.post, flow, portrait) for flow in flows[:8]]
        wait(answers, return_when=FIRST_COMPLETED)
        answers += [pool.submit(cluster.post, flow, portrait) for flow in flows[8:]]
    codes = [answer.result().status_code for answer in answers]
    assert codes[:8] == [200] * 8  # all were let in: whoever waits for the first stage is in nobody's way at the second
    assert 503 in codes[8:]  # the queue is full; but a machine may be so slow that some of them find room meanwhile
    for flow, answer in zip(flows, answers, strict=True):
        if answer.result().status_code == 200:
            assert answer.result().content == in_process(flow, portrait)
        else:
            assert (answer.result().status_code, answer.result().json()["code"]) == (503, "overloaded")
            assert int(answer.result().headers["Retry-After"]) >= 1
    assert cluster.post(flows[13], portrait).content == in_process(flows[13], portrait)


def replicas() -> int:
    return sum(applications()[LATER].deployments[HOST].replica_states.values())


def test_a_later_stage_without_replicas_starts_while_the_earlier_one_runs(
    cluster: Cluster, changed: Changed, portrait: bytes
) -> None:
    """Because the Engine says so: for Serve a call whose inputs are not there is no work yet (`test_ray_behaviour`)."""
    changed(LATER, autoscaling_config=FROM_ZERO)
    flow = flow_of(step("hair-editing", seconds=4.0), step("background"))
    with ThreadPoolExecutor(3) as pool:
        several = [pool.submit(cluster.post, flow, portrait) for _ in range(3)]
        until(lambda: replicas() > 0, 4.0)  # sooner than any of them can need it
        assert replicas() == 1  # three requests asked for one replica
        assert [answer.result().status_code for answer in several] == [200] * 3
