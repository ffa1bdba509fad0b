"""The whole path over real HTTP on a real Ray cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.cluster import deploy, wait_until_running
from deployments.names import HOST
from genkol.artifacts import Kind
from genkol.dispatch import InProcess
from genkol.engine import Engine
from genkol.errors import PluginError
from genkol.flow.flow import implied_flow
from genkol.inputs import read_input
from genkol.perform import Call
from genkol.registry import Registry, installed
from genkol.weights import WeightsSetup, default_folder
from tests.acceptance.conftest import Cluster, flow_of, host_of

pytestmark = pytest.mark.ray

Alone = Callable[[dict[str, Any], bytes], bytes]


def until(happened: Callable[[], bool], timeout_s: float = 15.0) -> bool:
    """Whether it happened in time."""
    end = time.monotonic() + timeout_s
    while not (done := happened()) and time.monotonic() < end:
        time.sleep(0.05)
    return done


def step(service: str, **params: Any) -> dict[str, Any]:
    return {"service": service, "params": params}


def test_the_picture_is_that_of_the_engine_in_one_process(cluster: Cluster, portrait: bytes, in_process: Alone) -> None:
    """Byte for byte, through a diamond: two painters side by side, a third that stands on both, a finisher."""
    flow = flow_of(
        step("makeup-transfer", level=20), step("hair-editing"), step("background", level=-9), step("upscaling")
    )
    answer = cluster.post(flow, portrait)
    assert answer.status_code == 200, answer.text
    assert answer.content == in_process(flow, portrait)


def test_steps_without_an_edge_run_at_the_same_time(cluster: Cluster, portrait: bytes) -> None:
    slow = [step(s, seconds=1.0) for s in ("makeup-transfer", "hair-editing", "object-interaction")]
    answer = cluster.post(flow_of(*slow), portrait, accept="application/json").json()
    seconds = [s["seconds"] for s in answer["report"]["steps"]]
    assert all(each > 0.9 for each in seconds), seconds
    assert answer["report"]["seconds"] < 0.7 * sum(seconds)


def test_a_step_s_seconds_do_not_count_the_wait_for_others(cluster: Cluster, portrait: bytes) -> None:
    flow = flow_of(step("hair-editing", seconds=1.0), step("background"))
    steps = cluster.post(flow, portrait, accept="application/json").json()["report"]["steps"]
    seconds = {s["service"]: s["seconds"] for s in steps}
    assert seconds["hair-editing"] > 0.9
    assert seconds["background"] < 0.7


def test_layers_are_opened_where_they_are_used_and_never_in_the_ingress(cluster: Cluster, portrait: bytes) -> None:
    before = len(cluster.lines())
    cluster.post(flow_of(step("hair-editing"), step("background")), portrait).raise_for_status()
    where = {line.split()[1] for line in cluster.lines()[before:] if line.startswith("opened")}
    assert where == {"background.fake", "finisher"}


def test_a_failure_is_named_at_once_and_its_siblings_are_cancelled(cluster: Cluster, portrait: bytes) -> None:
    before, started = len(cluster.lines()), time.monotonic()
    answer = cluster.post(
        flow_of(
            step("hair-editing", seconds=30), step("makeup-transfer", seconds=0.3, fail="error"), step("background")
        ),
        portrait,
    )
    assert time.monotonic() - started < 10
    [problem] = answer.json()["errors"]
    assert (answer.status_code, problem["code"]) == (502, "step-failed")
    assert (problem["step"], problem["algorithm"], problem["site"]) == (
        "makeup-transfer",
        "makeup-transfer/fake",
        "local",
    )
    assert until(lambda: "cancelled hair-editing.fake" in cluster.lines()[before:])


def test_an_algorithm_s_own_error_keeps_its_type_across_processes(cluster: Cluster, portrait: bytes) -> None:
    answer = cluster.post(flow_of(step("makeup-transfer", fail="face"), step("background")), portrait)
    [problem] = answer.json()["errors"]
    assert (answer.status_code, problem["code"], problem["step"]) == (422, "no-face", "makeup-transfer")
    assert problem["detail"] == "There is no face here."


def test_an_algorithm_that_does_not_run_is_unknown(cluster: Cluster, portrait: bytes) -> None:
    answer = cluster.post(flow_of({"service": "hair-editing", "algorithm": "fakr"}), portrait)
    assert answer.status_code == 404
    assert "'fake'" in answer.text


def test_eight_requests_at_once_get_each_its_own_picture(cluster: Cluster, portrait: bytes, in_process: Alone) -> None:
    flows = [
        flow_of(step("hair-editing", level=n), step("makeup-transfer", level=2 * n), step("background", level=-n))
        for n in range(8)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda flow: cluster.post(flow, portrait), flows))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert [answer.content for answer in answers] == [in_process(flow, portrait) for flow in flows]


def test_a_lost_replica_is_a_typed_error_and_the_next_request_is_served(cluster: Cluster, portrait: bytes) -> None:
    lost = cluster.post(flow_of(step("object-interaction", fail="exit"), step("background")), portrait)
    [problem] = lost.json()["errors"]
    assert (lost.status_code, problem["code"], problem["step"]) == (502, "step-failed", "object-interaction")
    assert problem["algorithm"] == "object-interaction/fake"
    assert cluster.post(flow_of(step("object-interaction")), portrait).status_code == 200


def test_a_client_that_leaves_stops_the_steps(cluster: Cluster, portrait: bytes) -> None:
    before = len(cluster.lines())
    with pytest.raises(httpx.ReadTimeout):
        cluster.post(flow_of(step("makeup-transfer", seconds=40), step("background")), portrait, timeout=1.5)
    assert until(lambda: "cancelled makeup-transfer.fake" in cluster.lines()[before:])


def test_a_call_whose_input_is_not_there_yet_keeps_no_place_in_a_replica(cluster: Cluster, portrait: bytes) -> None:
    """Calls that wait for a slow step (ray#54201, ray#60624) do not hold up one that could run."""
    from ray import serve

    image = read_input("portrait", Kind.PORTRAIT, portrait)
    slow, quick = (serve.get_deployment_handle(HOST, f"{s}.fake") for s in ("hair-editing", "makeup-transfer"))

    def call(service: str, strengths: tuple[float, ...] = (), **params: Any) -> Call:
        return Call(service, f"{service}/fake", params, 0, ("portrait",), "portrait", strengths)

    upstream = slow.run.remote(call("hair-editing", seconds=3.0), image)
    waiting = [quick.run.remote(call("makeup-transfer", (1.0,)), image, upstream) for _ in range(6)]
    started = time.monotonic()
    quick.run.remote(call("makeup-transfer"), image).result(timeout_s=10)
    assert time.monotonic() - started < 2.0
    for response in waiting:
        response.result(timeout_s=20)


def test_a_full_queue_is_answered_with_when_to_come_back(cluster: Cluster, portrait: bytes) -> None:
    flow = flow_of(step("upscaling", seconds=0.5))
    narrow = [
        app.model_copy(update={"deployments": [app.deployments[0].model_copy(update={"max_queued_requests": 1})]})
        if app.name == "upscaling.fake"
        else app
        for app in cluster.config.applications
    ]
    redeploy(cluster.config.model_copy(update={"applications": narrow}))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: cluster.post(flow, portrait), range(8)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {503}, [answer.text for answer in refused]
    assert all(answer.json()["code"] == "overloaded" for answer in refused)
    assert all(float(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert len(refused) < 8
    redeploy(cluster.config)


def test_a_removed_application_is_forgotten_and_found_again(cluster: Cluster, portrait: bytes) -> None:
    def known() -> bool:
        return "object-interaction/fake" in {f"{a['service']}/{a['name']}" for a in algorithms(cluster)}

    flow = flow_of(step("object-interaction"))
    rest = [app for app in cluster.config.applications if app.name != "object-interaction.fake"]
    deploy(cluster.config.model_copy(update={"applications": rest}))
    assert until(lambda: not known())
    assert cluster.post(flow, portrait).status_code == 404
    assert cluster.post(flow_of(step("hair-editing")), portrait).status_code == 200
    redeploy(cluster.config)
    # Sooner than the Engine's next look: an unknown name makes it look again, half a second after the last time.
    assert until(lambda: cluster.post(flow, portrait).status_code == 200, 1.5)


def algorithms(cluster: Cluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{cluster.url}/v1/algorithms", trust_env=False).json()["algorithms"]
    return found


def redeploy(config: Any) -> None:
    deploy(config)
    wait_until_running({app.name for app in config.applications}, 60)


@pytest.mark.weights
def test_the_real_algorithms_paint_the_same_picture_on_serve_as_in_one_process(
    cluster: Cluster, shipped_photos: Path
) -> None:
    if not cluster.has_weights:
        pytest.skip("the light weights are not here (genkol weights fetch)")
    kinds = {"portrait": Kind.PORTRAIT, "makeup": Kind.MAKEUP, "scene": Kind.SCENE}
    photos = ("person-halfbody-f-01.jpg", "makeup-f-natural-01.jpg", "background-coast-03.jpg")
    files = {name: (shipped_photos / photo).read_bytes() for name, photo in zip(kinds, photos, strict=True)}
    names = {"makeup-transfer": "mesh", "background": "composite"}
    answer = httpx.post(
        f"{cluster.url}/v1/pictures",
        files=files,
        data={"algorithms": json.dumps(names)},
        headers={"Accept": "image/png"},
        timeout=120,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    registry = Registry(installed(app.args["algorithm"]) for app in cluster.config.applications if is_real(app))
    engine = Engine(registry, InProcess(registry, WeightsSetup(default_folder())))
    values = {name: read_input(name, kind, files[name]) for name, kind in kinds.items()}
    assert answer.content == engine.run(implied_flow(kinds, algorithms=names), values).picture


def is_real(app: Any) -> bool:
    return "algorithm" in app.args and not app.name.endswith(".fake")


def test_an_application_that_cannot_start_says_why_in_a_line(cluster: Cluster) -> None:
    broken = host_of(cluster.config.applications[-1], "hair-editing/unheard-of", user_config=None)
    deploy(cluster.config.model_copy(update={"applications": [*cluster.config.applications, broken]}))
    with pytest.raises(PluginError) as caught:
        wait_until_running({broken.name}, 60)
    assert str(caught.value).splitlines() == [
        "The application 'hair-editing.unheard-of' failed to deploy: PluginError: The algorithm "
        "'hair-editing/unheard-of' is not installed here: no entry point of group 'genkol.algorithms' has that name. "
        "Did you mean 'hair-editing/fake'?"
    ]
    redeploy(cluster.config)
