"""How well things are cut out, by pictures whose alpha is exact: what GenKOL does, and rembg's model beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage

from genkol.algorithm import Setup, Step
from genkol.algorithms.object_interaction import cutout
from genkol.algorithms.person_parsing.light import LightParsing
from genkol.artifacts import F32, U8, Image
from genkol.errors import BadFlow, GenkolError
from genkol.evaluation.metrics.matte import MatteError, matte_error
from genkol.evaluation.metrics.regions import Mask
from genkol.pictures import read_image
from genkol.vision import garment_cutout
from genkol.vision.framing import covering
from genkol.vision.matte import Matter as PortraitMatter
from genkol.vision.matte import refined
from genkol.vision.models import OnnxModel
from genkol.vision.salient import SalientFinder

PERSON, PRODUCT, GARMENT = "person-parsing/light", "object-interaction/place", "virtual-try-on/warp"
MODNET, U2NET = "modnet", "u2net"
"""Who cuts out: three algorithms; the matting model of the first alone, which is refused nothing; rembg's model."""

WORN = ("garment", "hoodie", "shirt", "dress", "jacket", "sweater", "polo")
"""Words in the names of pictures of garments; what cuts out garments is asked of those alone."""

COMPARED = (U2NET,)
"""What may be compared with."""

SIDE = 1024
"""Longest side of the pictures, pixels."""

GROUNDS: Mapping[str, tuple[int, int, int]] = {"white": (255, 255, 255), "grey": (128, 128, 128)}
"""Even grounds on which the pictures are laid; a scene may be a third."""

LEAST_FIRM = 0.9
"""A separate piece of an alpha that is nowhere above is the soft shadow of a product photo, and does not count."""

Matter = Callable[[Image], F32]
"""A picture to its (H, W) alpha in [0, 1]."""


@dataclass(frozen=True, eq=False)
class MatteRow:
    """One picture on one ground, cut out by one.

    Args:
        photo: file name.
        ground: ``white``, ``grey`` or ``scene``.
        by: who cut it out.
        error: against the exact alpha; None when it was refused.
        refusal: why it was; empty otherwise.
        picture: what was cut out of.
        alpha: (H, W) in [0, 1], None when it was refused.
    """

    photo: str
    ground: str
    by: str
    error: MatteError | None
    refusal: str
    picture: Image
    alpha: F32 | None


def matters(setup: Setup, compare: Sequence[str] = ()) -> dict[str, Matter]:
    """Return all who cut out. Their models are loaded now; of what is compared, weights may be fetched.

    Args:
        setup: gives the weights.
        compare: of `COMPARED`.

    Raises:
        BadFlow: a name is not known.
        WeightsError: a weight is not to be had.
    """
    unknown = [name for name in compare if name not in COMPARED]
    if unknown:
        raise BadFlow(f"There is no {unknown[0]!r} to compare mattes with. Choose of: {', '.join(COMPARED)}.")
    found: dict[str, Matter] = {PERSON: _person(setup), MODNET: _modnet(setup)}
    found |= {PRODUCT: _product(setup), GARMENT: _garment}
    return found | ({U2NET: U2Net(setup.weights("u2net"))} if U2NET in compare else {})


def matte_rows(folder: Path, by: Mapping[str, Matter], scene: Image | None = None) -> Iterator[MatteRow]:
    """Yield a row for each picture with an alpha, each ground and each who cuts out.

    Raises:
        BadFlow: no PNG of the folder has transparent parts.
    """
    pictures = {
        file.name: read_image(file.read_bytes(), max_side=SIDE, keep_alpha=True)
        for file in sorted(folder.glob("*.png"))
    }
    exact = {name: p for name, p in pictures.items() if p.alpha is not None and int(p.alpha.min()) < 250}
    if not exact:
        raise BadFlow(f"No PNG in {folder} has transparent parts, so that no alpha is exact. Give another folder.")
    for name, picture in exact.items():
        for ground, flat in _on_grounds(picture, scene):
            for who, cut in by.items():
                if who == GARMENT and not any(word in name for word in WORN):
                    continue
                yield _row(name, ground, who, cut, flat, picture)


def _row(name: str, ground: str, who: str, cut: Matter, flat: Image, exact: Image) -> MatteRow:
    assert exact.alpha is not None
    truth = exact.alpha.astype(np.float32) / np.float32(255)
    try:
        alpha = cut(flat)
    except GenkolError as error:
        return MatteRow(name, ground, who, None, str(error), flat, None)
    return MatteRow(name, ground, who, matte_error(alpha, truth, ~soft_shadow(truth)), "", flat, alpha)


def _on_grounds(picture: Image, scene: Image | None) -> Iterator[tuple[str, Image]]:
    """Lay a picture over each ground, in sRGB levels as programs do that flatten."""
    assert picture.alpha is not None
    alpha = picture.alpha[..., None].astype(np.float32) / 255
    grounds: dict[str, Any] = {name: np.array(colour, np.float32) for name, colour in GROUNDS.items()}
    if scene is not None:
        grounds["scene"] = covering(scene.pixels, *picture.size).astype(np.float32)
    for name, ground in grounds.items():
        flat = picture.pixels * alpha + ground * (1 - alpha)
        yield name, Image(np.rint(flat).astype(np.uint8))


def soft_shadow(alpha: F32) -> Mask:
    """Return (H, W) where the soft shadows of a product photo lie: pieces apart from the thing, a little grown."""
    count, names = cv2.connectedComponents((alpha > 0.004).astype(np.uint8))
    firm = np.unique(names[alpha > LEAST_FIRM])
    soft = np.isin(names, [n for n in range(1, count) if n not in firm])
    near_thing = cv2.dilate((np.isin(names, firm) & (names > 0)).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    grown = cv2.dilate(soft.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    return np.asarray(grown & ~near_thing)


def _person(setup: Setup) -> Matter:
    algorithm = LightParsing()
    algorithm.setup(setup)
    params = algorithm.Params(hands=False)
    return lambda image: algorithm.run(image, params=params, step=Step()).matte.astype(np.float32) / np.float32(255)


def _modnet(setup: Setup) -> Matter:
    matter, side = PortraitMatter(OnnxModel(setup.weights("modnet"))), LightParsing.Params().matte_side

    def cut(image: Image) -> F32:
        alpha = matter(image.pixels, side)
        return refined(image.pixels, alpha, np.zeros_like(alpha)).astype(np.float32) / np.float32(255)

    return cut


def _product(setup: Setup) -> Matter:
    salient = SalientFinder(setup.weights("salient-object"))

    def cut(image: Image) -> F32:
        found = cutout.cut_out(image, salient)
        left, top, right, bottom = found.field
        x0, x1 = round(left * image.width), round(right * image.width)
        y0, y1 = round(top * image.height), round(bottom * image.height)
        whole = np.zeros((image.height, image.width), np.float32)
        whole[y0:y1, x0:x1] = cv2.resize(found.alpha, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
        return whole

    return cut


def _garment(image: Image) -> F32:
    found = garment_cutout.cut_out(image).alpha
    return np.asarray(cv2.resize(found, image.size, interpolation=cv2.INTER_LINEAR), np.float32)


class U2Net:
    """U2-Net (Qin et al., Pattern Recognition 106, 2020) as rembg runs it by default, without what it does afterwards.

    320 x 320 by Lanczos, over its maximum, less ImageNet's mean and over its deviation; the first output, stretched
    from its least to its most, by Lanczos to the picture's size (https://github.com/danielgatis/rembg).

    Args:
        path: of the weight ``u2net``.
    """

    _MEAN = np.array([0.485, 0.456, 0.406], np.float32)
    _DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

    def __init__(self, path: Path) -> None:
        self._model = OnnxModel(path)

    def __call__(self, image: Image) -> F32:
        """Return (H, W) in [0, 1]."""
        small = np.asarray(self._resized(image.pixels, (320, 320)), np.float32)
        small = (small / max(float(small.max()), 1e-6) - self._MEAN) / self._DEVIATION
        found = self._model(small.transpose(2, 0, 1)[None])[0][0, 0]
        found = (found - found.min()) / max(float(found.max() - found.min()), 1e-6)
        levels = np.asarray(np.clip(found * 255, 0, 255), np.uint8)
        return self._resized(levels, image.size).astype(np.float32) / np.float32(255)

    @staticmethod
    def _resized(pixels: U8, size: tuple[int, int]) -> U8:
        return np.asarray(PillowImage.fromarray(pixels).resize(size, PillowImage.Resampling.LANCZOS), np.uint8)
