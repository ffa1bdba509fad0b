"""A Ray of one's own on this machine, with the applications of a config on it."""

from __future__ import annotations

import io
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil  # type: ignore[import-untyped]
import yaml
from pydantic import ValidationError

from deployments.names import SITE_LABEL
from genkol.errors import BadFlow, Conflict, PluginError, StepTimeout, UnknownAlgorithm, did_you_mean

if TYPE_CHECKING:
    from ray.serve.schema import ServeDeploySchema

POLL_S = 0.25
"""Between two looks at what has come up."""

STOP_LOOP_S = 0.2
"""How long a replica of a local Ray waits for late calls."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # a cancelled sibling's error has no reader, and needs none
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "1",
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "deployments.proxy:middlewares",
}
"""Environment of a local Ray, set before ray is imported."""


OWN_PACKAGES = frozenset({"py_executable", "pip", "uv", "conda", "container", "image_uri"})
"""Fields of a `runtime_env` that give a replica packages of its own."""


def read_config(
    config: Path, host: str | None = None, port: int | None = None, *, head_only: bool = False
) -> ServeDeploySchema:
    """Return the config of a file, with another address for HTTP where one is given.

    Args:
        config: the file.
        host: where to listen instead of where the file says.
        port: the same.
        head_only: listen on the first node alone. A second node on the same machine listens at the same port, and
            takes connections with it when it dies.

    Raises:
        BadFlow: the file is not a Serve config.
    """
    from ray.serve.schema import ServeDeploySchema

    try:
        document: dict[str, Any] = yaml.safe_load(config.read_text("utf-8"))
        options = document.setdefault("http_options", {})
        options.update({key: value for key, value in (("host", host), ("port", port)) if value is not None})
        if head_only:
            document["proxy_location"] = "HeadOnly"
        return ServeDeploySchema.model_validate(document)
    except (OSError, yaml.YAMLError, ValidationError, AttributeError) as error:
        raise BadFlow(f"{config} cannot be used as a Ray Serve config: {error}") from error


def with_only(config: ServeDeploySchema, keys: Sequence[str]) -> ServeDeploySchema:
    """Return the config with these algorithms (``service/name``) alone, beside what is no algorithm; all when empty.

    Raises:
        UnknownAlgorithm: the config hosts none of that name.
    """
    hosted = algorithms_of(config)
    for key in keys:
        if key not in hosted:
            hint = did_you_mean(key, hosted)
            raise UnknownAlgorithm(f"The config does not host {key!r}. {hint}", value=key, known=sorted(hosted))
    kept = [app for app in config.applications if not keys or app.args.get("algorithm", keys[0]) in keys]
    return config.model_copy(update={"applications": kept})


def quick_to_stop(config: ServeDeploySchema) -> ServeDeploySchema:
    """Return the config with replicas that wait but shortly for calls still on their way to them before they stop.

    On one machine nothing is on its way for longer; Serve's own 2 s are what ending takes most of.
    """
    config = config.model_copy(deep=True)
    for application in config.applications:
        for deployment in application.deployments:
            deployment.graceful_shutdown_wait_loop_s = STOP_LOOP_S
    return config


def refuse_taken(host: str, port: int) -> None:
    """Raise `Conflict` when another process listens at the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"{host}:{port} cannot be listened at: {error.strerror}. "
                "Stop what uses the port, or choose another with --port.",
                value=f"{host}:{port}",
            ) from error


@contextmanager
def local_ray(object_store_mib: int = 512, **options: Any) -> Iterator[None]:
    """Start Ray for this process alone, quiet and without a dashboard; stop it and all its processes at the end.

    Args:
        object_store_mib: memory in which values pass between replicas.
        options: more arguments of `ray.init`.
    """
    os.environ.update(QUIET)
    import ray
    from ray import serve

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    on_term = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address="local",
            namespace="serve",
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=object_store_mib << 20,
            **options,
        )
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_term)  # ray.init puts its own in place
        yield
    finally:
        with redirect_stdout(io.StringIO()):  # the raylet laments the controller that Serve itself ended
            serve.shutdown()
            ray.shutdown()


@dataclass(frozen=True)
class Raylet:
    """A node of its own on this machine, as a remote one would be. Args: site: its label."""

    site: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it and all that runs on it at once, without a goodbye."""
        try:
            family = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for process in (self.process, *family):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                process.kill()
        self.process.wait()


@contextmanager
def raylet(site: str, num_cpus: int = 1, object_store_mib: int = 128, timeout_s: float = 60.0) -> Iterator[Raylet]:
    """Add a node to the running Ray that carries the label of a site; end it at the end.

    Raises:
        StepTimeout: it did not come up in time.
    """
    import ray

    command = [str(Path(sys.executable).with_name("ray")), "start", "--block", "--disable-usage-stats"]
    command += ["--address", ray.get_runtime_context().gcs_address, "--labels", f"{SITE_LABEL}={site}"]
    command += ["--num-cpus", str(num_cpus), "--object-store-memory", str(object_store_mib << 20)]
    node = Raylet(site, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    try:
        end = time.monotonic() + timeout_s
        while not any(n["Alive"] and n["Labels"].get(SITE_LABEL) == site for n in ray.nodes()):
            if node.process.poll() is not None or time.monotonic() > end:
                raise StepTimeout(f"The node of the site {site!r} did not come up. Logs are in /tmp/ray.")
            time.sleep(POLL_S)
        yield node
    finally:
        node.kill()


def deploy(config: ServeDeploySchema) -> None:
    """Hand the config to Serve, as `serve run` does; a second one replaces the first, application by application."""
    from ray.serve._private.api import serve_start

    client = serve_start(
        http_options=config.http_options.model_dump(),
        proxy_location=config.proxy_location,
        global_logging_config=config.logging_config,
    )
    client.deploy_apps(config)


def wait_until_running(names: set[str], timeout_s: float) -> None:
    """Wait until these applications run.

    Raises:
        PluginError: one failed to deploy; its own words are in the message.
        StepTimeout: they took longer than that.
    """
    from ray import serve
    from ray.serve.schema import ApplicationStatus

    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        apps = serve.status().applications
        for name, app in apps.items():
            if name in names and app.status is ApplicationStatus.DEPLOY_FAILED:
                raise PluginError(f"The application {name!r} failed to deploy: {_own_words(app)}", value=name)
        waiting = {name for name in names if name not in apps or apps[name].status is not ApplicationStatus.RUNNING}
        if not waiting:
            return
        time.sleep(POLL_S)
    raise StepTimeout(f"Not running after {timeout_s:g} s: {', '.join(sorted(waiting))}. Logs are in /tmp/ray.")


def wait_until_healthy(url: str, algorithms: int, timeout_s: float) -> None:
    """Wait until the Engine answers /healthz and has found so many algorithms.

    Raises:
        StepTimeout: it does not.
    """
    end, last = time.monotonic() + timeout_s, ""
    while time.monotonic() < end:
        try:
            answer = httpx.get(f"{url}/healthz", timeout=5, trust_env=False)
            if answer.status_code == 200 and answer.json()["algorithms"] >= algorithms:
                return
            last = f"{answer.status_code} {answer.text[:200]}"
        except httpx.HTTPError as error:
            last = str(error)
        time.sleep(POLL_S)
    raise StepTimeout(f"{url}/healthz does not answer after {timeout_s:g} s: {last}")


def algorithms_of(config: ServeDeploySchema, *, here: bool = False) -> tuple[str, ...]:
    """``service/name`` of each algorithm that the config hosts.

    Args:
        config: of Serve.
        here: leave those out that run in an environment of their own.
    """
    hosts = [app for app in config.applications if "algorithm" in app.args]
    return tuple(app.args["algorithm"] for app in hosts if not (here and _is_elsewhere(app)))


def _is_elsewhere(app: Any) -> bool:
    options = [deployment.ray_actor_options for deployment in app.deployments]
    own = [getattr(each, "runtime_env", None) for each in options]  # of a deployment that says nothing: no options
    return any(has_own_environment(env) for env in [app.runtime_env, *own])


def has_own_environment(runtime_env: Mapping[str, Any] | None) -> bool:
    """Whether replicas with this `runtime_env` have other packages than those of the node."""
    return bool(OWN_PACKAGES & set(runtime_env or {}))


def _own_words(app: Any) -> str:
    """The line of the error in an application's message, which else is a long traceback."""
    text = "\n".join([app.message, *(deployment.message for deployment in app.deployments.values())])
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("genkol.errors.")]
    if named:
        return named[-1].removeprefix("genkol.errors.")
    raised = [line for line in lines if "Error: " in line or "Exception: " in line]
    return raised[-1] if raised else "\n".join(lines)[-800:]
