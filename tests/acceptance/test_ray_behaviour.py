"""What Ray itself does, where the design relies on it: a new release of Ray that does otherwise fails here, by name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from ray import serve
from ray.exceptions import RayTaskError, TaskCancelledError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from deployments.watch import ended
from genkol.errors import NoFace
from tests.acceptance.conftest import Cluster

pytestmark = pytest.mark.ray

NAME = "ray-stages"


@pytest.fixture(scope="module")
def stages(cluster: Cluster) -> Iterator[dict[str, DeploymentHandle]]:
    import ray_stages

    serve.run(ray_stages.app(), name=NAME, route_prefix=None)
    yield {name: serve.get_deployment_handle(name, NAME) for name in ("First", "Second", "Scaled")}
    serve.delete(NAME)


async def until_told(cluster: Cluster, word: str, since: int, timeout_s: float = 10.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if f"{word} stages" in cluster.lines()[since:]:
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize("first", ["upstream", "downstream"])
async def test_a_chain_may_be_awaited_in_any_order(stages: dict[str, DeploymentHandle], first: str) -> None:
    """The watcher waits for each step of a chain in its own task, in whatever order (ray#54201 was a hang in this)."""
    upstream = stages["First"].after.remote(0.2)
    downstream = stages["Second"].after.remote(0.0, upstream, 5)
    order = [upstream, downstream] if first == "upstream" else [downstream, upstream]
    async with asyncio.timeout(15):
        for response in order:
            await ended(await response._to_object_ref())
    assert (await upstream, await downstream) == (1, 7)


async def test_a_response_is_only_resolved_at_the_top_level_of_a_call(stages: dict[str, DeploymentHandle]) -> None:
    """Why a step's values are passed flat, one by one."""
    upstream = stages["First"].after.remote(0.0)
    with pytest.raises(RayServeException, match="not serializable"):
        await stages["Second"].told.remote([upstream])


async def test_two_branches_of_one_step_run_at_the_same_time(stages: dict[str, DeploymentHandle]) -> None:
    upstream = stages["First"].after.remote(0.0)
    started = time.monotonic()
    branches = [stages["First"].after.remote(1.0, upstream) for _ in range(2)]
    assert await stages["Second"].after.remote(0.0, *branches) == 5
    assert time.monotonic() - started < 1.8


async def test_calls_that_wait_for_their_values_count_as_queued(stages: dict[str, DeploymentHandle]) -> None:
    """So `max_queued_requests` of a late stage must reach for all requests that are on their way to it."""
    upstream = stages["First"].after.remote(1.5)
    calls = [stages["Second"].after.remote(0.0, upstream) for _ in range(6)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(each, BackPressureError) for each in results) == 0, results


async def test_a_stage_is_scaled_up_for_calls_whose_values_are_still_being_made(
    stages: dict[str, DeploymentHandle],
) -> None:
    """ray#59882: it counts as load what cannot run yet. `max_replicas` is what bounds that."""
    upstream = stages["First"].after.remote(8.0)
    calls = [stages["Scaled"].after.remote(0.0, upstream) for _ in range(6)]
    most, end = 1, time.monotonic() + 7
    while time.monotonic() < end:
        states = serve.status().applications[NAME].deployments["Scaled"].replica_states
        most = max(most, sum(states.values()))
        await asyncio.sleep(0.2)
    for call in (*calls, upstream):
        call.cancel()
    assert most == 2


async def test_an_error_of_ours_keeps_its_class_and_its_facts_and_stops_the_chain(
    cluster: Cluster, stages: dict[str, DeploymentHandle]
) -> None:
    before = len(cluster.lines())
    upstream = stages["First"].no_face.remote()
    downstream = stages["Second"].told.remote(upstream)
    for response in (upstream, downstream):
        with pytest.raises(NoFace) as caught:
            await response
        assert isinstance(caught.value, RayTaskError)
        assert type(caught.value.cause) is NoFace
        assert caught.value.cause.context == {"found": 0}
    assert "told stages" not in cluster.lines()[before:]


async def test_a_cancelled_coroutine_stops_and_a_cancelled_function_runs_on(
    cluster: Cluster, stages: dict[str, DeploymentHandle]
) -> None:
    """Why a host's `run` is a coroutine, and asks whether it is cancelled where the algorithm reports progress."""
    before = len(cluster.lines())
    coroutine = stages["First"].after.remote(20.0)
    await coroutine._to_object_ref()
    coroutine.cancel()
    function = stages["First"].blocking.remote(1.5)
    assert await until_told(cluster, "sync-began", before)
    function.cancel()
    for response in (coroutine, function):
        with pytest.raises((asyncio.CancelledError, TaskCancelledError)):
            await response
    assert await until_told(cluster, "async-cancelled", before)
    assert await until_told(cluster, "sync-ended", before)


async def test_cancelling_the_last_call_leaves_those_before_it_running(
    cluster: Cluster, stages: dict[str, DeploymentHandle]
) -> None:
    """Why every call of a request is taken back, one by one."""
    before = len(cluster.lines())
    upstream = stages["First"].blocking.remote(1.0)
    downstream = stages["Second"].told.remote(upstream)
    assert await until_told(cluster, "sync-began", before)
    downstream.cancel()
    assert await upstream is None
    assert "told stages" not in cluster.lines()[before:]
