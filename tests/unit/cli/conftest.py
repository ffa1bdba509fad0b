"""The command line over the shipped fakes, and files to give it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from genkol.cli.app import app
from genkol.engine import Engine
from genkol.http.app import create_app
from genkol.kept import Keeper
from genkol.pictures import write_image
from genkol.registry import Registry
from genkol.settings import Settings
from genkol.testing import fake_engine, fake_portrait, fake_registry

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Calls the command line in this process; the algorithms that it finds are the fakes."""
    engines = []

    def in_process(keeper: Keeper | None = None) -> Engine:
        engines.append(fake_engine(keeper=keeper))
        return engines[-1]

    monkeypatch.setattr(Engine, "in_process", in_process)
    monkeypatch.setattr(Registry, "from_entry_points", fake_registry)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A portrait, a makeup reference and a scene as PNG files, in a folder of their own."""
    folder = tmp_path / "in"
    folder.mkdir()
    for seed, name in enumerate(("portrait", "makeup", "scene"), 1):
        (folder / f"{name}.png").write_bytes(write_image(fake_portrait(seed=seed)))
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for what comes out."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real HTTP server over the fakes."""
    engine = fake_engine()
    http = create_app(lambda: engine, settings=Settings(assets_dir=tmp_path_factory.mktemp("assets")))
    uvicorn_server = uvicorn.Server(uvicorn.Config(http, port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=uvicorn_server.run)
    thread.start()
    while not uvicorn_server.started:
        time.sleep(0.01)
    port = uvicorn_server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    uvicorn_server.should_exit = True
    thread.join()
    engine.dispatcher.close()
