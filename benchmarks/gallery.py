"""Contact sheets of the shipped photographs: every portrait in every makeup and before every place.

    python -m benchmarks.gallery [FOLDER]

FOLDER is docs/gallery when left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from examples.sheet import contact_sheet, opened
from genkol.algorithm import Algorithm, Step
from genkol.algorithms.makeup_transfer.looks import LOOKS
from genkol.algorithms.scene.procedural import OWN_COLOURS
from genkol.artifacts import Face, Image, Layer, Person
from genkol.compose import compose
from genkol.pictures import read_image
from genkol.registry import Registry
from genkol.weights import WeightsSetup, default_folder

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT / "examples" / "photos"
GALLERY = ROOT / "docs" / "gallery"
SIDE = 1024
"""Longest side of the portraits, pixels."""
MOST_BYTES = 600_000


@dataclass
class Cast:
    """The default algorithm of each service, set up once."""

    registry: Registry

    def __post_init__(self) -> None:
        self._ready: dict[str, Algorithm] = {}
        self._setup = WeightsSetup(default_folder())

    def run(self, service: str, *values: Any, params: dict[str, Any] | None = None) -> Any:
        """Run the service's default algorithm."""
        if service not in self._ready:
            self._ready[service] = self.registry.algorithm(service)()
            self._ready[service].setup(self._setup)
        algorithm = self._ready[service]
        return algorithm.run(*values, params=algorithm.Params(**(params or {})), step=Step())


class Model:
    """One portrait with its analyses."""

    def __init__(self, path: Path, cast: Cast) -> None:
        self.name = path.stem
        self.image = read_image(path.read_bytes(), max_side=SIDE)
        self._cast = cast

    @cached_property
    def face(self) -> Face:
        found: Face = self._cast.run("face-alignment", self.image)
        return found

    @cached_property
    def person(self) -> Person:
        found: Person = self._cast.run("person-parsing", self.image)
        return found

    def with_makeup(self, reference: Model | None, params: dict[str, Any]) -> Pillow.Image:
        """The face in the makeup of a reference, or of the look that the params name."""
        makeup = (reference.image, reference.face) if reference else (None, None)
        return self._laid(self._cast.run("makeup-transfer", self.image, self.face, self.person, *makeup, params=params))

    def before(self, scene: Image) -> Pillow.Image:
        """The person before a place."""
        return self._laid(self._cast.run("background", self.image, self.person, scene))

    def _laid(self, layer: Layer) -> Pillow.Image:
        return Pillow.fromarray(compose(self.image, [layer]).pixels)

    def near_the_face(self, picture: Pillow.Image) -> Pillow.Image:
        """The square around the face."""
        left, top, right, bottom = self.face.box.tolist()
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
        half = 0.72 * max(right - left, bottom - top)
        return picture.crop(
            tuple(round(v) for v in (middle_x - half, middle_y - half, middle_x + half, middle_y + half))
        )


def models(cast: Cast) -> list[Model]:
    """The persons on the shipped photographs, each once."""
    return [Model(path, cast) for path in (*sorted(PHOTOS.glob("person-*")), PHOTOS / "makeup-f-natural-01.jpg")]


def makeup_sheet(cast: Cast, people: Sequence[Model]) -> Pillow.Image:
    """Every person in every makeup."""
    references = [Model(path, cast) for path in sorted(PHOTOS.glob("makeup-*"))]
    columns = [("before", None)]
    columns += [(r.name.removeprefix("makeup-"), r.near_the_face(opened(PHOTOS / f"{r.name}.jpg"))) for r in references]
    columns += [(f"look: {look}", None) for look in LOOKS]

    def row(model: Model) -> Iterator[Pillow.Image]:
        yield Pillow.fromarray(model.image.pixels)
        yield from (model.with_makeup(reference, {}) for reference in references)
        yield from (model.with_makeup(None, {"look": look}) for look in LOOKS)

    rows = [(m.name, [m.near_the_face(picture) for picture in row(m)]) for m in people]
    return contact_sheet("Makeup: from a reference, or by a named look", columns, rows, (176, 176))


def background_sheet(cast: Cast, people: Sequence[Model]) -> Pillow.Image:
    """Every person before every place."""
    places = {p.stem.removeprefix("background-"): opened(p) for p in sorted(PHOTOS.glob("background-*"))}
    scenes = {name: read_image((PHOTOS / f"background-{name}.jpg").read_bytes()) for name in places}
    scenes |= {f"style: {style}": cast.run("scene", params={"style": style}) for style in OWN_COLOURS}
    columns = [("before", None), *((name, places.get(name)) for name in scenes)]
    rows = [
        (m.name, [Pillow.fromarray(m.image.pixels), *(m.before(scene) for scene in scenes.values())]) for m in people
    ]
    return contact_sheet("Background: a photograph of a place, or a painted one", columns, rows, (200, 270))


def save(sheet: Pillow.Image, path: Path) -> None:
    """Write a JPEG of at most `MOST_BYTES`."""
    for quality in range(90, 40, -5):
        sheet.save(path, quality=quality, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path}: {sheet.width} x {sheet.height} pixels, {path.stat().st_size // 1000} kB")


def main(folder: Path = GALLERY) -> None:
    """Draw both sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    cast = Cast(Registry.from_entry_points())
    people = models(cast)
    save(makeup_sheet(cast, people), folder / "makeup.jpg")
    save(background_sheet(cast, people), folder / "background.jpg")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
