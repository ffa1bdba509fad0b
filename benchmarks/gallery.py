"""Contact sheets of the shipped photographs: every portrait through every service.

    python -m benchmarks.gallery [SHEET ...]

SHEET is makeup, hair, try-on, recolour, product or background; all when left out. They go to docs/gallery.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from examples.sheet import contact_sheet, opened, words
from genkol.algorithm import Algorithm, Step
from genkol.algorithms.makeup_transfer.looks import LOOKS
from genkol.algorithms.scene.procedural import OWN_COLOURS
from genkol.artifacts import Face, Image, Kind, Layer, Person
from genkol.compose import compose
from genkol.errors import Unsuitable
from genkol.inputs import read_input
from genkol.pictures import read_image
from genkol.registry import Registry
from genkol.weights import WeightsSetup, default_folder

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT / "examples" / "photos"
GALLERY = ROOT / "docs" / "gallery"
SIDE = 1024
"""Longest side of the portraits, pixels."""
MOST_BYTES = 600_000
PRODUCT_CM = 20


COLOURS = ("blond", "copper", "auburn", "black", "silver", "pink")
CLOTHES: Mapping[str, Mapping[str, Any]] = {
    "teal": {"colour": "teal"},
    "camel": {"colour": "#c9a27a"},
    "black": {"colour": "black"},
    "breton": {"colour": "navy", "pattern": "breton"},
    "dots": {"colour": "crimson", "pattern": "dots"},
}


class Cast:
    """The algorithms, each set up once."""

    def __init__(self) -> None:
        self._registry = Registry.from_entry_points()
        self._ready: dict[str, Algorithm] = {}
        self._setup = WeightsSetup(default_folder())

    def run(self, key: str, *values: Any, **params: Any) -> Any:
        """Run ``service/algorithm``, or the default algorithm of ``service``."""
        if key not in self._ready:
            service, _, name = key.partition("/")
            self._ready[key] = self._registry.algorithm(service, name or None)()
            self._ready[key].setup(self._setup)
        algorithm = self._ready[key]
        return algorithm.run(*values, params=algorithm.Params(**params), step=Step())


class Model:
    """One photograph of a person, with its analyses."""

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

    def near_the_face(self, picture: Pillow.Image, faces: float) -> Pillow.Image:
        """The square around the face, so many faces wide, as far as the picture goes."""
        left, top, right, bottom = self.face.box.tolist()
        side = min(round(faces * max(right - left, bottom - top)), *picture.size)
        x = min(max(0, round((left + right - side) / 2)), picture.width - side)
        y = min(max(0, round((top + bottom - side) / 2)), picture.height - side)
        return picture.crop((x, y, x + side, y + side))


@dataclass(frozen=True)
class Column:
    """One setting: how it is headed, and the layer that it paints."""

    heading: str
    layer: Callable[[Model], Layer]
    picture: Pillow.Image | None = None


@dataclass(frozen=True)
class Sheet:
    """One service. Args: faces: 0 shows the whole picture; else how many faces wide the square about the face is."""

    title: str
    columns: Sequence[Column]
    cell: tuple[int, int]
    faces: float = 0.0

    def draw(self, people: Sequence[Model]) -> Pillow.Image:
        """Every person in every column; where a setting is refused stands why."""
        headings = [("before", None), *((column.heading, column.picture) for column in self.columns)]
        rows = [(m.name, [self._shown(m, m.image), *(self._made(m, c) for c in self.columns)]) for m in people]
        return contact_sheet(self.title, headings, rows, self.cell)

    def _made(self, model: Model, column: Column) -> Pillow.Image:
        try:
            return self._shown(model, compose(model.image, [column.layer(model)]))
        except Unsuitable as error:
            return words(f"Refused: {error.message}", self.cell)

    def _shown(self, model: Model, image: Image) -> Pillow.Image:
        picture = Pillow.fromarray(image.pixels)
        return model.near_the_face(picture, self.faces) if self.faces else picture


def makeup(cast: Cast) -> Sheet:
    """From a reference, or by a named look."""

    def put_on(reference: Model | None, **params: str) -> Callable[[Model], Layer]:
        makeup = (reference.image, reference.face) if reference else (None, None)
        return lambda m: cast.run("makeup-transfer", m.image, m.face, m.person, *makeup, **params)

    references = [Model(path, cast) for path in sorted(PHOTOS.glob("makeup-*"))]
    columns = [
        Column(r.name.removeprefix("makeup-"), put_on(r), r.near_the_face(Pillow.fromarray(r.image.pixels), 1.44))
        for r in references
    ]
    columns += [Column(f"look: {look}", put_on(None, look=look)) for look in LOOKS]
    return Sheet("Makeup: from a reference, or by a named look", columns, (176, 176), faces=1.44)


def hair(cast: Cast) -> Sheet:
    """Named colours."""

    def dyed(colour: str) -> Callable[[Model], Layer]:
        return lambda m: cast.run("hair-editing", m.image, m.person, colour=colour)

    columns = [Column(colour, dyed(colour)) for colour in COLOURS]
    return Sheet("Hair: a colour by name", columns, (220, 220), faces=2.6)


def try_on(cast: Cast) -> Sheet:
    """Garment photographs."""

    def dressed(garment: Image) -> Callable[[Model], Layer]:
        return lambda m: cast.run("virtual-try-on/warp", m.image, m.face, m.person, garment)

    columns = [Column(name, dressed(_read(path)), opened(path)) for name, path in _photos("garment").items()]
    return Sheet("Try-on: a flat photograph of a garment on the body", columns, (220, 300))


def recolour(cast: Cast) -> Sheet:
    """Colours and patterns on what is worn."""

    def dyed(params: Mapping[str, Any]) -> Callable[[Model], Layer]:
        return lambda m: cast.run("virtual-try-on/recolour", m.image, m.person, **params)

    columns = [Column(name, dyed(params)) for name, params in CLOTHES.items()]
    return Sheet("Try-on: a colour or a pattern on what is worn", columns, (220, 300))


def product(cast: Cast) -> Sheet:
    """Products at their real size."""

    def placed(product: Image, where: str) -> Callable[[Model], Layer]:
        return lambda m: cast.run(
            "object-interaction", m.image, m.face, m.person, product, where=where, height_cm=PRODUCT_CM
        )

    columns = [
        Column(f"{name}, {where}", placed(_read(path), where), opened(path))
        for where in ("hand", "beside", "front")
        for name, path in _photos("product").items()
    ]
    return Sheet(f"Product: {PRODUCT_CM} cm tall, in a hand, beside or in front", columns, (220, 300))


def background(cast: Cast) -> Sheet:
    """Photographs of places, and painted ones."""

    def before(scene: Image) -> Callable[[Model], Layer]:
        return lambda m: cast.run("background", m.image, m.person, scene)

    columns = [
        Column(name, before(read_image(path.read_bytes())), opened(path))
        for name, path in _photos("background").items()
    ]
    columns += [Column(f"style: {style}", before(cast.run("scene", style=style))) for style in OWN_COLOURS]
    return Sheet("Background: a photograph of a place, or a painted one", columns, (200, 270))


SHEETS: Mapping[str, Callable[[Cast], Sheet]] = {
    "makeup": makeup,
    "hair": hair,
    "try-on": try_on,
    "recolour": recolour,
    "product": product,
    "background": background,
}


def _photos(kind: str) -> dict[str, Path]:
    """The shipped photographs of a kind, by name."""
    return {path.stem.removeprefix(f"{kind}-"): path for path in sorted(PHOTOS.glob(f"{kind}-*"))}


def _read(path: Path) -> Image:
    """The picture as a request brings it: a cut-out keeps its alpha."""
    kind = Kind({"background": "scene"}.get(word := path.stem.partition("-")[0], word))
    picture = read_input(path.stem, kind, path.read_bytes())
    assert isinstance(picture, Image)
    return picture


def models(cast: Cast) -> list[Model]:
    """The persons on the shipped photographs, each once."""
    return [Model(path, cast) for path in (*_photos("person").values(), PHOTOS / "makeup-f-natural-01.jpg")]


def save(sheet: Pillow.Image, path: Path) -> None:
    """Write a JPEG of at most `MOST_BYTES`."""
    for quality in range(90, 40, -5):
        sheet.save(path, quality=quality, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path}: {sheet.width} x {sheet.height} pixels, {path.stat().st_size // 1000} kB")


def main(names: Sequence[str]) -> int:
    """Draw the sheets; returns the exit code."""
    unknown = [name for name in names if name not in SHEETS]
    if unknown:
        print(f"No sheet named {', '.join(unknown)}. There is: {', '.join(SHEETS)}.", file=sys.stderr)
        return 2
    GALLERY.mkdir(parents=True, exist_ok=True)
    cast = Cast()
    people = models(cast)
    for name in names or SHEETS:
        save(SHEETS[name](cast).draw(people), GALLERY / f"{name}.jpg")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
