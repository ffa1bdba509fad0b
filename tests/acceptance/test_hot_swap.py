"""Algorithms come, change and go under load: no request fails, nobody else restarts. Plugins that cannot stand beside
each other run beside each other.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from deployments.cluster import deploy, read_config, wait_until_running
from deployments.names import Place
from tests.acceptance.conftest import Cluster, flow_of, host_of
from tests.acceptance.palettes import environment

pytestmark = pytest.mark.ray

JSON = "application/json"
HAIR, PRODUCT = "hair-editing/palette", "object-interaction/palette"


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("environments")
    return {release: environment(folder / release, release) for release in ("1", "2")}


@pytest.fixture
def rollout(cluster: Cluster, tmp_path: Path, environments: dict[str, Path]) -> Iterator[Callable[..., None]]:
    """Applies the cluster's YAML with these algorithms more, as `serve deploy` does, and waits until it runs."""

    def apply(releases: dict[str, str], **settings: Any) -> None:
        like = next(app for app in cluster.config.applications if "algorithm" in app.args)
        more = [
            host_of(
                like,
                key,
                user_config={"threads": 2, **settings},
                max_surge_percent=100,  # the old one serves until the new one is ready
                ray_actor_options={"num_cpus": 0, "runtime_env": {"py_executable": str(environments[release])}},
            )
            for key, release in releases.items()
        ]
        config = cluster.config.model_copy(update={"applications": [*cluster.config.applications, *more]})
        deploy(written_and_read(config, tmp_path / "serve_config.yaml"))
        wait_until_running({app.name for app in config.applications}, 60)

    yield apply
    apply({})


def written_and_read(config: ServeDeploySchema, file: Path) -> ServeDeploySchema:
    file.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_unset=True)))
    return read_config(file)


def until(happened: Callable[[], bool], timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


def version_of(cluster: Cluster, key: str) -> str | None:
    """Of the algorithm as the Engine knows it; None when it does not."""
    answer = httpx.get(f"{cluster.url}/v1/algorithms/{key}", trust_env=False)
    return answer.json()["version"] if answer.status_code == 200 else None


def pids() -> dict[str, set[int]]:
    """The processes of each application's replicas."""
    from ray.serve.context import _get_global_client

    details = _get_global_client().get_serve_details()["applications"]
    return {
        name: {replica["pid"] for deployment in app["deployments"].values() for replica in deployment["replicas"]}
        for name, app in details.items()
    }


class Load:
    """Clients that ask for pictures one after another, and what they were answered.

    Args:
        cluster: asked.
        portrait: sent each time.
    """

    def __init__(self, cluster: Cluster, portrait: bytes) -> None:
        self.answers: list[httpx.Response] = []
        self.broken: list[Exception] = []
        self._cluster, self._portrait = cluster, portrait
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, flow: dict[str, Any], clients: int = 2) -> None:
        threads = [threading.Thread(target=self._ask, args=(flow,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        self._threads += threads

    def _ask(self, flow: dict[str, Any]) -> None:
        while not self._stop.wait(0.05):
            try:
                self.answers.append(self._cluster.post(flow, self._portrait, accept=JSON))
            except httpx.HTTPError as error:
                self.broken.append(error)

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def failed(self) -> list[str]:
        return [a.text for a in self.answers if a.status_code != 200] + [repr(error) for error in self.broken]


def done_by(answer: httpx.Response) -> tuple[str, str]:
    """Version in the report and title of the layer, which the palette itself has written, of the palette's step."""
    report = answer.json()["report"]
    version = next(s["version"] for s in report["steps"] if s["algorithm"] == "palette")
    return version, next(each["title"] for each in report["layers"] if each["title"].startswith("palette"))


def slowly(step: dict[str, Any]) -> dict[str, Any]:
    """A flow in which the step has its turn after five seconds."""
    return flow_of({"service": "makeup-transfer", "params": {"seconds": 5.0}}, {**step, "after": ["makeup-transfer"]})


def test_an_algorithm_comes_changes_and_goes_under_load(
    cluster: Cluster, rollout: Callable[..., None], portrait: bytes
) -> None:
    before = pids()
    calm, swapped = Load(cluster, portrait), Load(cluster, portrait)
    painted = {"service": "hair-editing", "algorithm": "palette", "params": {"shade": 40}}
    try:
        calm.add(flow_of({"service": "makeup-transfer"}, {"service": "background"}))

        # It comes; its code is nowhere but in its own environment.
        assert version_of(cluster, HAIR) is None
        rollout({HAIR: "1"})
        until(lambda: version_of(cluster, HAIR) == "1")
        swapped.add(flow_of(painted, {"service": "makeup-transfer"}))
        until(lambda: len(swapped.answers) > 5)
        first = pids()

        # Its settings change in the process that is there.
        rollout({HAIR: "1"}, threads=1)
        until(lambda: done_by(swapped.answers[-1]) == ("1", "palette 1, 1 threads"))
        assert pids()[Place(HAIR).application] == first[Place(HAIR).application]

        # It is upgraded, by another environment: it loses a parameter and gains one.
        rollout({HAIR: "2"})
        until(lambda: version_of(cluster, HAIR) == "2" and len(swapped.answers) > 20)
        until(lambda: done_by(swapped.answers[-1])[0] == "2")
        swapped.end()
        told = Counter(done_by(answer) for answer in swapped.answers if answer.status_code == 200)
        assert {(version, title.split(",")[0]) for version, title in told} == {("1", "palette 1"), ("2", "palette 2")}

        # It retires: what was accepted is done, though its turn comes later; what comes now is refused.
        late: list[httpx.Response] = []
        slow = slowly(painted)
        accepted = threading.Thread(target=lambda: late.append(cluster.post(slow, portrait, accept=JSON)))
        accepted.start()
        time.sleep(1.0)
        rollout({HAIR: "2"}, retiring=True)
        until(lambda: version_of(cluster, HAIR) is None, 4)
        refused = cluster.post(flow_of(painted), portrait)
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown-algorithm"), refused.text
        accepted.join(60)
        assert late[0].status_code == 200, late[0].text
        assert done_by(late[0])[0] == "2"

        # It goes.
        rollout({})
        refused = cluster.post(flow_of(painted), portrait)
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown-algorithm"), refused.text
    finally:
        calm.end()
        swapped.end()
    assert calm.failed() == []
    assert swapped.failed() == []
    assert len(calm.answers) > 50
    after = pids()
    assert all(before[name] <= after[name] for name in before), (before, after)


def test_plugins_that_need_conflicting_packages_work_side_by_side(
    cluster: Cluster, rollout: Callable[..., None], portrait: bytes
) -> None:
    rollout({HAIR: "1", PRODUCT: "2"})
    until(lambda: (version_of(cluster, HAIR), version_of(cluster, PRODUCT)) == ("1", "2"))
    both = [{"service": key.split("/")[0], "algorithm": "palette"} for key in (HAIR, PRODUCT)]
    answer = cluster.post(flow_of(*both), portrait, accept=JSON)
    assert answer.status_code == 200, answer.text
    titles = {each["step"]: each["title"].split(",")[0] for each in answer.json()["report"]["layers"]}
    assert titles == {"hair-editing": "palette 1", "object-interaction": "palette 2"}

    # Each has its own parameters, checked before anything runs by an Engine that has the code of neither.
    wrong = flow_of(*({**step, "params": {"fade": True, "softness": 100}} for step in both))
    refused = cluster.post(wrong, portrait)
    assert refused.status_code == 422
    told = sorted(error["detail"] for error in refused.json()["errors"])
    assert [text.split(". ")[0] for text in told] == [
        "hair-editing/palette has no parameter 'softness'",
        "object-interaction/palette has no parameter 'fade'",
        "object-interaction/palette: softness = 100: 100 is greater than the maximum of 99.",
    ]

    # Taken away without a warning: whose call has not been taken yet is told so, and does not hang.
    slow = slowly(both[0])
    answers: list[httpx.Response] = []
    waiting = threading.Thread(target=lambda: answers.append(cluster.post(slow, portrait)))
    waiting.start()
    time.sleep(1.0)
    rollout({})
    waiting.join(30)
    assert answers
    assert (answers[0].status_code, answers[0].json()["code"]) == (404, "unknown-algorithm"), answers[0].text
