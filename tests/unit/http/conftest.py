"""An application over an Engine of fakes, and a client that talks to it in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from genkol.engine import Engine
from genkol.http.app import create_app
from genkol.pictures import write_image
from genkol.settings import Settings
from genkol.testing import fake_engine, fake_portrait


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = fake_engine()
    yield engine
    engine.dispatcher.close()


@pytest.fixture
def edge(tmp_path: Path) -> Settings:
    """Settings of the HTTP edge with a folder of their own."""
    return Settings(assets_dir=tmp_path / "assets", assets_max_bytes=1 << 20, max_request_bytes=4 << 20)


@pytest.fixture
def app(engine: Engine, edge: Settings) -> FastAPI:
    return create_app(lambda: engine, settings=edge)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://genkol.test") as client:
        yield client


@pytest.fixture(scope="session")
def portrait() -> bytes:
    return write_image(fake_portrait())


@pytest.fixture(scope="session")
def makeup() -> bytes:
    return write_image(fake_portrait(96, 96, seed=2))
