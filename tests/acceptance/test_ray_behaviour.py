"""What Ray itself does, where the design relies on it: a new release of Ray that does otherwise fails here, by name."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Iterator

import pytest
from ray import serve
from ray.exceptions import RayTaskError, TaskCancelledError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from deployments.sites import statuses
from deployments.watch import ended
from genkol.errors import NoFace
from tests.acceptance.conftest import Cluster

pytestmark = pytest.mark.ray

NAME = "ray-stages"


@pytest.fixture(scope="module")
def stages(cluster: Cluster) -> Iterator[dict[str, DeploymentHandle]]:
    import ray_stages

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a setting that Ray will take away: it shortens the test
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


async def test_a_call_is_queued_once_its_values_are_there(stages: dict[str, DeploymentHandle]) -> None:
    """A late stage's `max_queued_requests` is not used up by requests on their way to it (ray#60624), and what was
    sent is not refused when its turn comes.
    """
    upstream = stages["First"].after.remote(1.0)
    waiting = [stages["Second"].after.remote(0.0, upstream) for _ in range(6)]
    assert await asyncio.gather(*waiting) == [2] * 6
    flood = [stages["Second"].after.remote(0.5) for _ in range(6)]
    results = await asyncio.gather(*flood, return_exceptions=True)
    assert {type(each) for each in results} == {int, BackPressureError}


async def test_a_stage_is_not_scaled_up_for_calls_whose_values_are_still_being_made(
    stages: dict[str, DeploymentHandle],
) -> None:
    """ray#59882: calls are sent all at once, and those that wait for others are no load."""
    upstream = stages["First"].after.remote(2.5)
    waiting = [stages["Scaled"].after.remote(0.0, upstream) for _ in range(6)]
    assert await most_replicas("Scaled", 2.4) == 1
    assert await asyncio.gather(*waiting) == [2] * 6
    load = [stages["Scaled"].after.remote(1.5) for _ in range(6)]
    assert await most_replicas("Scaled", 8.0) == 2
    await asyncio.gather(*load)


async def most_replicas(deployment: str, seconds: float) -> int:
    """How many there were at once, within a time or until there were two."""
    most, end = 0, time.monotonic() + seconds
    while most < 2 and time.monotonic() < end:
        states = statuses()[NAME].deployments[deployment].replica_states
        most = max(most, sum(states.values()))
        await asyncio.sleep(0.2)
    return most


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
    coroutine = stages["First"].patient.remote(20.0)
    assert await until_told(cluster, "async-began", before)
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
