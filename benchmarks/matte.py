"""How near the matte comes to an exact one, and how long the parsing of a person takes.

    python -m benchmarks.matte [FOLDER]

FOLDER holds cut-outs whose alpha is exact (`matte-hoodie.png`), flattened here on several grounds; without
it, ../shared/data/public/groundtruth. Only a cut-out of clothing is a fair question to a model of persons,
and its drawn shadow, which the alpha holds too, is left out of the count. The times are warm, of the
photographs in examples/photos at 1024 pixels.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from genkol.algorithm import Step
from genkol.algorithms.person_parsing.light import LightParsing
from genkol.artifacts import F32, U8
from genkol.pictures.read import read_image
from genkol.vision.matte import Matter, fused, refined
from genkol.vision.models import LiteModel, OnnxModel
from genkol.vision.segments import BACKGROUND, Segmenter
from genkol.weights import WeightsSetup

ROOT = Path(__file__).parents[1]
GROUND_TRUTH = ROOT / "../shared/data/public/groundtruth"
GROUNDS = {"white": (255, 255, 255), "grey": (128, 128, 128), "green": (60, 170, 90), "dark": (30, 30, 34)}
RUNS = 5


def gradient(alpha: F32) -> F32:
    """Length of the gradient at a scale of 1.4 pixels (Rhemann et al., 2009)."""
    smooth = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    across, down = cv2.Sobel(smooth, -1, 1, 0, scale=1 / 8), cv2.Sobel(smooth, -1, 0, 1, scale=1 / 8)
    return np.asarray(np.hypot(across, down), np.float32)


def errors(alpha: F32, truth: F32) -> dict[str, float]:
    """SAD (thousands of pixels), MSE (thousandths), gradient error (thousands) and IoU, without the shadow."""
    solid = (truth > 0.9).astype(np.uint8)
    near = cv2.dilate(solid, np.ones((13, 13), np.uint8)) > 0
    counted = near | (truth < 0.02)
    off = np.abs(alpha - truth)[counted]
    slope = ((gradient(alpha) - gradient(truth)) ** 2)[counted]
    here, there = alpha[counted] > 0.5, truth[counted] > 0.5
    return {
        "sad": float(off.sum()) / 1e3,
        "mse": float((off**2).mean()) * 1e3,
        "gradient": float(slope.sum()) / 1e3,
        "iou": float((here & there).sum() / max(1, (here | there).sum())),
    }


def accuracy(folder: Path, setup: WeightsSetup) -> dict[str, dict[str, float]]:
    """Errors by ground; empty where the cut-out is absent."""
    file = folder / "matte-hoodie.png"
    if not file.exists():
        print(f"matte: accuracy skipped, no matte-hoodie.png in {folder}")
        return {}
    cut = cv2.cvtColor(cv2.imread(str(file), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    truth = np.asarray(cut[..., 3] / 255, np.float32)
    matter = Matter(OnnxModel(setup.weights("modnet")))
    segmenter = Segmenter(LiteModel(setup.weights("selfie-multiclass")))
    return {name: errors(_matte(matter, segmenter, _flattened(cut, colour)), truth) for name, colour in GROUNDS.items()}


def _flattened(cut: U8, colour: tuple[int, int, int]) -> U8:
    alpha = cut[..., 3:] / 255
    return np.asarray(np.rint(cut[..., :3] * alpha + np.array(colour) * (1 - alpha)), np.uint8)


def _matte(matter: Matter, segmenter: Segmenter, pixels: U8) -> F32:
    alpha = matter(pixels)
    foreground = cv2.resize(1 - segmenter(pixels)[..., BACKGROUND], alpha.shape[::-1])
    nothing = np.zeros_like(alpha)
    return np.asarray(refined(pixels, fused(alpha, foreground, nothing), nothing) / 255, np.float32)


def seconds(setup: WeightsSetup) -> dict[str, float]:
    """Median warm seconds of the whole parsing for each shipped photograph of a person."""
    algorithm = LightParsing()
    algorithm.setup(setup)
    params = algorithm.Params()
    out = {}
    for file in sorted((ROOT / "examples/photos").glob("person-*.jpg")):
        picture = read_image(file.read_bytes(), max_side=1024)
        times = []
        for _ in range(RUNS + 1):
            start = time.perf_counter()
            algorithm.run(picture, params=params, step=Step())
            times.append(time.perf_counter() - start)
        out[file.stem] = statistics.median(times[1:])
    return out


def run(folder: Path = GROUND_TRUTH) -> dict[str, Any]:
    """Measure, print both tables and return them."""
    setup = WeightsSetup()
    by_ground, by_photo = accuracy(folder, setup), seconds(setup)
    if by_ground:
        print("Matte of a hoodie against its exact one")
        print(f"{'ground':>10} {'SAD k':>8} {'MSE 1e-3':>9} {'grad k':>8} {'IoU':>7}")
    for name, e in by_ground.items():
        print(f"{name:>10} {e['sad']:8.2f} {e['mse']:9.2f} {e['gradient']:8.3f} {e['iou']:7.4f}")
    print("Parsing of a person, warm")
    for name, time_s in by_photo.items():
        print(f"{name:>24} {time_s:6.2f} s")
    return {"matte": {"by_ground": by_ground, "seconds": by_photo}}


if __name__ == "__main__":
    run(*(Path(argument) for argument in sys.argv[1:2]))
