"""Two Engines behind one proxy: what one has kept another finds, and what one does another stops."""

from __future__ import annotations

import base64
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployments.cluster import deploy, wait_until_healthy, wait_until_running
from tests.acceptance.conftest import Cluster, flow_of

pytestmark = pytest.mark.ray

Alone = Callable[[dict[str, Any], bytes], bytes]
JSON = "application/json"
KEEP = {"engine", "finisher", "makeup-transfer.fake", "hair-editing.fake", "background.fake"}
"""Applications that have the step cache."""


@pytest.fixture(scope="module")
def kept(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The cluster with two Engines and a step cache; gives the folder of its results."""
    folder = tmp_path_factory.mktemp("cache")
    url = f"sqlite:///{folder / 'index.sqlite'}"
    apps = [with_cache(app, url) if app.name in KEEP else app for app in cluster.config.applications]
    assert {app.name for app in apps} >= KEEP
    set_up(cluster, apps)
    yield folder / "results"
    set_up(cluster, cluster.config.applications)


def with_cache(app: Any, url: str) -> Any:
    changed: dict[str, Any] = {"runtime_env": {**app.runtime_env, "env_vars": {"GENKOL_CACHE_URL": url}}}
    if app.name == "engine":
        two = {"autoscaling_config": {"min_replicas": 2, "max_replicas": 2}}
        changed["deployments"] = [app.deployments[0].model_copy(update=two)]
    return app.model_copy(update=changed)


def set_up(cluster: Cluster, apps: list[Any]) -> None:
    deploy(cluster.config.model_copy(update={"applications": apps}))
    wait_until_running({app.name for app in apps}, 120)
    wait_until_healthy(cluster.url, sum("algorithm" in app.args for app in apps), 30)


def flow(level: int, **last: Any) -> dict[str, Any]:
    plain = {"traced": False, "level": 5}
    steps = [("makeup-transfer", plain), ("hair-editing", plain), ("background", {**plain, "level": level, **last})]
    return flow_of(*({"service": service, "params": params} for service, params in steps))


def cached(cluster: Cluster, asked: dict[str, Any], portrait: bytes) -> set[str]:
    answer = cluster.post(asked, portrait, accept=JSON)
    assert answer.status_code == 200, answer.text
    return {step["id"] for step in answer.json()["report"]["steps"] if step["cached"]}


def eventually(measure: Callable[[], Any], wanted: Any) -> Any:
    end = time.monotonic() + 10
    while (value := measure()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return value


def test_what_is_kept_is_not_done_again_and_what_went_is(
    cluster: Cluster, kept: Path, portrait: bytes, in_process: Alone
) -> None:
    assert cluster.post(flow(3), portrait).content == in_process(flow(3), portrait)
    layers_and_picture = 4
    assert eventually(lambda: sum(file.is_file() for file in kept.rglob("*")), layers_and_picture) == layers_and_picture
    before = len(cluster.lines())

    # The same again, by whichever Engine: nobody is called.
    for _ in range(4):
        assert cached(cluster, flow(3), portrait) == {"makeup-transfer", "hair-editing", "background"}
    assert cluster.post(flow(3), portrait).content == in_process(flow(3), portrait)

    # Another last step: it alone is done, on what is kept.
    assert cluster.post(flow(-7), portrait).content == in_process(flow(-7), portrait)
    painted = [line for line in cluster.lines()[before:] if line.startswith("painted") and "driver" not in line]
    assert painted == ["painted background.fake"]
    assert cached(cluster, flow(-8), portrait) == {"makeup-transfer", "hair-editing"}

    # The bytes go while the index still has them: what is needed is done anew, and the picture is right.
    shutil.rmtree(kept)
    assert cluster.post(flow(11), portrait).content == in_process(flow(11), portrait)


def test_a_request_is_stopped_by_its_id_whichever_engine_is_asked(
    cluster: Cluster, kept: Path, portrait: bytes
) -> None:
    body = {"flow": flow(1, seconds=30), "inputs": {"portrait": {"data": base64.b64encode(portrait).decode()}}}
    for number in range(4):  # the proxy sends each request to either Engine
        id, answers = f"campaign-{number}", list[httpx.Response]()

        def post(id: str = id, answers: list[httpx.Response] = answers) -> None:
            url, said = f"{cluster.url}/v1/pictures", {"X-Request-Id": id}
            answers.append(httpx.post(url, json=body, headers=said, timeout=60, trust_env=False))

        request = threading.Thread(target=post)
        request.start()
        assert eventually(lambda id=id: stopped(cluster, id), 204) == 204
        request.join(20)
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(499, "cancelled")]
        assert stopped(cluster, id) == 404
        assert cluster.post(flow(number), portrait, timeout=20).status_code == 200  # the replica does not go on with it


def test_a_client_is_told_how_far_each_step_is(cluster: Cluster, kept: Path, portrait: bytes) -> None:
    answer = cluster.post(flow(64, seconds=2.0), portrait, accept="text/event-stream")
    blocks = [block.split("\n") for block in answer.text.split("\n\n") if block.startswith("event: ")]
    assert [name for name, _ in blocks][-1] == "event: picture", answer.text[-2000:]
    steps = [json.loads(data.removeprefix("data: ")) for name, data in blocks if name == "event: step"]
    assert [(s["state"], s["fraction"]) for s in steps if s["step"] == "background"] == [
        ("started", 0.0),
        ("progress", 0.5),
        ("done", 1.0),
    ]


def stopped(cluster: Cluster, id: str) -> int:
    return httpx.delete(f"{cluster.url}/v1/pictures/{id}", timeout=20, trust_env=False).status_code


def test_a_request_ends_at_the_deadline_that_it_names(cluster: Cluster, portrait: bytes) -> None:
    body = {"flow": flow(1, seconds=30), "inputs": {"portrait": {"data": base64.b64encode(portrait).decode()}}}
    url = f"{cluster.url}/v1/pictures?timeout_s=1"
    answer = httpx.post(url, json=body, timeout=20, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (504, "step-timeout")
