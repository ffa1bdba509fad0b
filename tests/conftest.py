"""What several tests share: the photographs and the weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from genkol.weights import WeightsSetup, default_folder

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shipped_photos() -> Path:
    """The photographs that the project ships."""
    return ROOT / "examples" / "photos"


@pytest.fixture(scope="session")
def public_photos() -> Path:
    """Photographs that are not shipped; tests that read them carry the marker `shared`."""
    folder = ROOT.parent / "shared" / "data" / "public"
    if not folder.is_dir():
        pytest.skip("the shared photographs are not here (../shared/data/public)")
    return folder


@pytest.fixture(scope="session")
def weights_setup() -> WeightsSetup:
    """The light weights, fetched on first use; tests that use them carry the marker `weights`."""
    return WeightsSetup(default_folder())
