"""One real Ray cluster a run: serve_config.yaml where its weights are, and fakes that come in as a plugin does."""

from __future__ import annotations

import base64
import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import tests.quiet_ray  # noqa: F401
from deployments.cluster import deploy, local_ray, read_config, wait_until_healthy, wait_until_running
from deployments.names import SITE_LABEL, Place
from genkol.algorithm import Algorithm
from genkol.artifacts import Image
from genkol.dispatch import InProcess
from genkol.engine import Engine
from genkol.flow.flow import Flow
from genkol.pictures import write_image
from genkol.registry import Registry, installed
from genkol.weights import default_folder

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLUGIN = HERE / "plugin"


@dataclass
class Cluster:
    """The running cluster."""

    url: str
    config: Any
    trace: Path
    has_weights: bool

    def lines(self) -> list[str]:
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    def post(
        self, flow: dict[str, Any], portrait: bytes, *, accept: str = "image/png", timeout: float = 60
    ) -> httpx.Response:
        body = {"flow": flow, "inputs": {"portrait": {"data": base64.b64encode(portrait).decode()}}}
        return httpx.post(
            f"{self.url}/v1/pictures", json=body, headers={"Accept": accept}, timeout=timeout, trust_env=False
        )


@pytest.fixture(scope="session")
def fakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[type[Algorithm], ...]]:
    """Install the fakes by an entry point, for this process and all that it starts."""
    sys.path.insert(0, str(PLUGIN))
    import genkol_fakes

    place = tmp_path_factory.mktemp("site")
    info = place / "genkol_fakes-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: genkol-fakes\nVersion: 1.0\n")
    entries = [f"{fake.key()} = genkol_fakes:{fake.__name__}" for fake in genkol_fakes.FAKES]
    info.joinpath("entry_points.txt").write_text("\n".join(["[genkol.algorithms]", *entries]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(place), str(PLUGIN), str(ROOT)]))
        patch.setenv(genkol_fakes.TRACE, str(place / "trace.txt"))
        yield genkol_fakes.FAKES
    sys.path.remove(str(PLUGIN))


@pytest.fixture(scope="session")
def cluster(fakes: tuple[type[Algorithm], ...]) -> Iterator[Cluster]:
    config = read_config(ROOT / "serve_config.yaml", port=free_port(), head_only=True)
    hosts = [app for app in config.applications if "algorithm" in app.args]
    has_weights = all(default_folder().has(w) for app in hosts for w in installed(app.args["algorithm"]).weights)
    kept = [app for app in config.applications if app not in hosts or has_weights]
    apps = kept + [host_of(hosts[0], fake.key()) for fake in fakes]
    config = config.model_copy(update={"applications": apps})
    url = f"http://127.0.0.1:{config.http_options.port}"
    with local_ray(256, num_cpus=8):  # what Ray may book: room for whatever a test adds, and what autoscaling added
        deploy(config)
        wait_until_running({app.name for app in config.applications}, 180)
        wait_until_healthy(url, sum("algorithm" in app.args for app in config.applications), 30)
        yield Cluster(url, config, Path(os.environ["GENKOL_FAKES_TRACE"]), has_weights)


def host_of(like: Any, key: str, site: str = "local", **changed: Any) -> Any:
    """The application of an algorithm at a site, with the settings of another one."""
    if site != "local":
        # No CPU: the other site's node has none to give, so that what belongs to no site stays on the first node.
        changed = {"ray_actor_options": {"num_cpus": 0, "label_selector": {SITE_LABEL: site}}, **changed}
    deployment = type(like.deployments[0]).model_validate(
        {**like.deployments[0].model_dump(exclude_unset=True), **changed}
    )
    update = {
        "name": Place(key, site).application,
        "args": {"algorithm": key, "site": site},
        "deployments": [deployment],
    }
    return like.model_copy(update=update)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def portrait() -> bytes:
    pixels = np.random.default_rng(3).integers(0, 200, (320, 256, 3), np.uint8)
    return write_image(Image(pixels))


@pytest.fixture(scope="session")
def in_process(fakes: tuple[type[Algorithm], ...]) -> Iterator[Callable[[dict[str, Any], bytes], bytes]]:
    """Run a flow of fakes without Ray."""
    from genkol.inputs import read_input

    registry = Registry(fakes)
    dispatcher = InProcess(registry, setup=None)  # type: ignore[arg-type]
    engine = Engine(registry, dispatcher)

    def run(flow: dict[str, Any], data: bytes) -> bytes:
        parsed = Flow.parse(flow)
        return engine.run(parsed, {name: read_input(name, kind, data) for name, kind in parsed.inputs.items()}).picture

    yield run
    dispatcher.close()


def flow_of(*steps: dict[str, Any], seed: int = 0) -> dict[str, Any]:
    """A flow of fakes on one portrait."""
    named = [{"algorithm": "fake", **step} for step in steps]
    return {"genkol": 1, "inputs": {"portrait": "portrait"}, "steps": named, "seed": seed}
