"""A cluster with painters that do nothing, to measure what is around them."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployments.cluster import deploy, local_ray, wait_until_healthy, wait_until_running
from deployments.names import SITE_LABEL, Place
from genkol.algorithm import Algorithm

HERE = Path(__file__).parent
PLUGIN = HERE / "plugin"
START_S = 240


@contextmanager
def idle_algorithms() -> Iterator[tuple[type[Algorithm], ...]]:
    """Install the painters by an entry point, for this process and all that it starts."""
    sys.path.insert(0, str(PLUGIN))
    import genkol_idle  # type: ignore[import-not-found]

    known = os.environ.get("PYTHONPATH")
    with tempfile.TemporaryDirectory() as folder:
        info = Path(folder) / "genkol_idle-1.0.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: genkol-idle\nVersion: 1.0\n")
        entries = [f"{each.key()} = genkol_idle:{each.__name__}" for each in genkol_idle.IDLE]
        info.joinpath("entry_points.txt").write_text("\n".join(["[genkol.algorithms]", *entries]))
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, str(PLUGIN), str(HERE.parent)])
        try:
            yield genkol_idle.IDLE
        finally:
            os.environ.pop("PYTHONPATH") if known is None else os.environ.update(PYTHONPATH=known)
            sys.path.remove(folder)
            sys.path.remove(str(PLUGIN))


@contextmanager
def serving(*applications: Mapping[str, Any], **options: Any) -> Iterator[str]:
    """Serve these on a Ray of one's own; yield the address. Args: options: of `local_ray`."""
    port = free_port()
    with local_ray(512, **options):
        start(port, applications)
        yield f"http://127.0.0.1:{port}"


def start(port: int, applications: Sequence[Mapping[str, Any]]) -> None:
    """Deploy these and no others, and wait until they answer."""
    from ray.serve.schema import ServeDeploySchema

    document = {
        "http_options": {"host": "127.0.0.1", "port": port, "request_timeout_s": 300},
        "proxy_location": "HeadOnly",
        "logging_config": {"encoding": "JSON", "log_level": "WARNING"},
        "applications": list(applications),
    }
    deploy(ServeDeploySchema.model_validate(document))
    wait_until_running({str(app["name"]) for app in applications}, START_S)
    hosted = {app["args"]["algorithm"] for app in applications if "algorithm" in app["args"]}
    if any(app["name"] == "engine" for app in applications):
        wait_until_healthy(f"http://127.0.0.1:{port}", len(hosted), START_S)


def engine(
    replicas: int = 1, name: str = "engine", route: str = "/", env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The Engine's application, with the numbers of serve_config.yaml. Args: env: its own settings."""
    own = {"ray_actor_options": {"num_cpus": 0.1, "runtime_env": {"env_vars": dict(env)}}} if env else {}
    return _app(name, "deployments.engine:app", route, {}, "Engine", replicas, max_ongoing_requests=64, **own)


def finisher(replicas: int = 1) -> dict[str, Any]:
    """The finisher's application."""
    return _app("finisher", "deployments.finisher:app", None, {}, "Finisher", replicas, max_ongoing_requests=32)


def host(key: str, site: str = "local", replicas: int = 1) -> dict[str, Any]:
    """An algorithm's application at a site."""
    args = {"algorithm": key, "site": site}
    # No CPU elsewhere: that node has none to give, so that what belongs to no site stays on the first one.
    away = {"ray_actor_options": {"num_cpus": 0, "label_selector": {SITE_LABEL: site}}} if site != "local" else {}
    name = Place(key, site).application
    return _app(
        name, "deployments.host:app", None, args, "AlgorithmHost", replicas, **{"max_ongoing_requests": 2, **away}
    )


def _app(
    name: str,
    import_path: str,
    route: str | None,
    args: Mapping[str, Any],
    deployment: str,
    replicas: int,
    **options: Any,
) -> dict[str, Any]:
    of_deployment = {"name": deployment, "num_replicas": replicas, "ray_actor_options": {"num_cpus": 0.1}, **options}
    return {
        "name": name,
        "route_prefix": route,
        "import_path": import_path,
        "args": dict(args),
        "deployments": [of_deployment],
    }


def free_port() -> int:
    """One at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
