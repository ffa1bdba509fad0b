"""What several tests share: the photographs, the weights and, set up once, the two analyses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from genkol.algorithm import Params, Step
from genkol.algorithms.face_alignment.mesh import MeshAlignment
from genkol.algorithms.person_parsing.light import LightParsing
from genkol.artifacts import Face, Image, Person
from genkol.pictures.read import read_image
from genkol.settings import settings
from genkol.weights import WeightsSetup, default_folder
from tests.bedrock_server import BedrockServer, serving

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


@pytest.fixture(scope="session")
def photo(shipped_photos: Path) -> Callable[..., Image]:
    """Reads a photograph by its file name, shipped or else from the shared folder, at most 1024 px."""
    public = ROOT.parent / "shared" / "data" / "public"

    @cache
    def read(name: str, max_side: int = 1024) -> Image:
        place = next((f for f in (shipped_photos / name, public / name) if f.exists()), None)
        if place is None:
            pytest.skip(f"{name} is not shipped, and the shared photographs are not here (../shared/data/public)")
        return read_image(place.read_bytes(), max_side=max_side)

    return read


@pytest.fixture(scope="session")
def aligner(weights_setup: WeightsSetup) -> MeshAlignment:
    """Finds faces."""
    algorithm = MeshAlignment()
    algorithm.setup(weights_setup)
    return algorithm


@pytest.fixture(scope="session")
def parsing(weights_setup: WeightsSetup) -> LightParsing:
    """Finds persons."""
    algorithm = LightParsing()
    algorithm.setup(weights_setup)
    return algorithm


@pytest.fixture(scope="session")
def face_of(aligner: MeshAlignment) -> Callable[..., Face]:
    """Aligns the face of a picture, once for each; keywords are the algorithm's params."""
    return _once(aligner)


@pytest.fixture(scope="session")
def person_of(parsing: LightParsing) -> Callable[..., Person]:
    """Parses the person of a picture, once for each; keywords are the algorithm's params."""
    return _once(parsing)


def _once(analysis: MeshAlignment | LightParsing) -> Callable[..., Any]:
    """Run an analysis; of what was seen before, return the result of then, which nobody writes into."""
    known: dict[tuple[str, Params], Any] = {}

    def run(picture: Image, **given: object) -> Any:
        params = analysis.Params(**given)
        key = (picture.digest, params)
        if key not in known:
            known[key] = analysis.run(picture, params=params, step=Step())
        return known[key]

    return run


SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLETOKEN",
}
"""Credentials of nobody, from Amazon's documentation."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The standard chain finds these credentials and nothing of the machine's own."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name, value in {**SECRETS, "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def bedrock(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockServer]:
    """A server that answers as Bedrock does, to which the settings lead."""
    with serving() as server:
        monkeypatch.setenv("GENKOL_BEDROCK_ENDPOINT_URL", server.url)
        monkeypatch.setenv("GENKOL_BEDROCK_REGION", "us-east-1")
        yield server
