"""`genkol serve`: the applications of a config on a local Ray, until it is interrupted."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deployments.cluster import (
    algorithms_of,
    deploy,
    local_ray,
    quick_to_stop,
    read_config,
    refuse_taken,
    wait_until_healthy,
    wait_until_running,
    with_only,
)
from genkol.errors import GenkolError
from genkol.registry import installed
from genkol.weights import default_folder

if TYPE_CHECKING:
    from ray.serve.schema import ServeDeploySchema

CONFIG = "serve_config.yaml"


class _Interrupted(BaseException):
    """SIGINT or SIGTERM came."""


def serve(
    config: Path,
    host: str | None = None,
    port: int | None = None,
    *,
    timeout_s: float = 300.0,
    object_store_mib: int = 512,
    only: Sequence[str] = (),
) -> None:
    """Start everything, say where, and run until SIGINT or SIGTERM; then stop everything.

    Args:
        config: a Ray Serve config.
        host: where to listen instead of where the config says.
        port: the same.
        timeout_s: longest time for the start.
        object_store_mib: memory in which values pass between replicas.
        only: the algorithms of the config that are started, ``service/name``; all when empty.

    Raises:
        GenkolError: the address is taken, a weight is missing, an application failed to deploy, ...
    """
    started = time.monotonic()
    with _interruptible():
        read = quick_to_stop(with_only(read_config(config, host, port), only))
        address = (read.http_options.host, read.http_options.port)
        refuse_taken(*address)
        _fetch_weights(read)
        with local_ray(object_store_mib):
            deploy(read)
            wait_until_running({app.name for app in read.applications}, timeout_s)
            url = f"http://{_reachable(address[0])}:{address[1]}"
            wait_until_healthy(url, len(algorithms_of(read)), timeout_s)
            typer.echo(
                f"GenKOL is at {url} (docs at {url}/docs), up after {time.monotonic() - started:.0f} s; Ctrl-C ends it."
            )
            threading.Event().wait()


def command(
    config: Annotated[
        Path | None, typer.Option(help=f"Ray Serve config; ./{CONFIG}, else the one that comes with GenKOL.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Listen here instead of where the config says.")] = None,
    port: Annotated[int | None, typer.Option(help="Listen here instead of where the config says.")] = None,
    timeout_s: Annotated[float, typer.Option(help="Longest time for the start, seconds.")] = 300.0,
    object_store_mib: Annotated[int, typer.Option(help="Memory in which values pass between replicas, MiB.")] = 512,
    only: Annotated[
        list[str] | None, typer.Option(help="SERVICE/ALGORITHM to start, again for each; all of the config without it.")
    ] = None,
) -> None:
    """Serve pictures over HTTP from a local Ray Serve cluster."""
    try:
        serve(
            config or default_config(),
            host,
            port,
            timeout_s=timeout_s,
            object_store_mib=object_store_mib,
            only=only or (),
        )
    except GenkolError as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(2) from error
    except _Interrupted:
        typer.echo("Stopped.", err=True)


def default_config() -> Path:
    """./serve_config.yaml where there is one, else the copy in the wheel or the checkout."""
    here = Path(__file__).resolve().parent
    places = (Path.cwd() / CONFIG, here / CONFIG, here.parent / CONFIG)
    return next((place for place in places if place.is_file()), places[0])


@contextmanager
def _interruptible() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into `_Interrupted`, so that everything started is stopped in its turn."""

    def interrupt(signum: int, frame: Any) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise _Interrupted

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _fetch_weights(config: ServeDeploySchema) -> None:
    """Fetch what the algorithms need here, where progress is seen, rather than in each replica. One that has an
    environment of its own fetches there.
    """
    names = dict.fromkeys(name for key in algorithms_of(config, here=True) for name in installed(key).weights)
    if names:
        default_folder().ensure_all(names)


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    app.command()(command)
    sys.exit(app())
