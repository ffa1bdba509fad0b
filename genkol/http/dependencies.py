"""What handlers ask for, found through the application that serves the request.

Nothing is held by the handlers themselves, so that an application can be pickled and sent to where it runs.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from genkol.engine import Engine
from genkol.settings import Settings
from genkol.stores.assets import AssetStore, FolderStore


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.get_engine()
    return engine


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _assets(request: Request) -> AssetStore:
    s = _settings(request)
    return FolderStore(s.assets_dir, s.assets_max_bytes)


EngineHere = Annotated[Engine, Depends(_engine)]
SettingsHere = Annotated[Settings, Depends(_settings)]
AssetsHere = Annotated[AssetStore, Depends(_assets)]
