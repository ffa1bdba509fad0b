"""How far the 68 landmarks lie from the ones that dlib's example photographs come with.

    python -m benchmarks.landmarks [FOLDER]

FOLDER holds `landmarks68-dlib.json` and its photographs; without it, ../shared/data/public/groundtruth.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from genkol.algorithms.face_alignment.mesh import MeshAlignment
from genkol.artifacts import Image
from genkol.vision.landmarks import landmarks_of
from genkol.weights import WeightsSetup

GROUND_TRUTH = Path(__file__).parents[1] / "../shared/data/public/groundtruth"
INNER, JAW = slice(17, 68), slice(0, 17)
SIZES = ((0, 60), (60, 100), (100, 10_000))  # face width in pixels: the jaw from ear to ear


def errors(algorithm: MeshAlignment, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield for each annotated face its width in pixels and the mean errors over the inter-ocular distance.

    A face that was not found has None for its errors.
    """
    for entry in json.loads((folder / "landmarks68-dlib.json").read_text()):
        picture = Image(np.array(PIL.Image.open(folder / entry["file"]).convert("RGB")))
        found = [landmarks_of(face.mesh) for face in algorithm.faces(picture)]
        for face in entry["faces"]:
            truth = np.array(face["points68_xy"], np.float64)
            eyes = float(np.linalg.norm(truth[36] - truth[45]))
            off = [np.linalg.norm(points - truth, axis=1) / eyes for points in found]
            best = min(off, key=lambda e: e.mean(), default=None)
            hit = best is not None and best.mean() < 0.5
            yield {
                "file": entry["file"],
                "width": float(np.ptp(truth[JAW, 0])),
                "eyes": eyes,
                "inner": float(best[INNER].mean()) if hit else None,
                "jaw": float(best[JAW].mean()) if hit else None,
            }


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per size of face: how many, how many found, and the mean errors of those."""
    lines = []
    for low, high in SIZES:
        of_size = [r for r in rows if low <= r["width"] < high]
        hits = [r for r in of_size if r["inner"] is not None]
        lines.append(
            {
                "size": f"{low}-{high} px" if high < 10_000 else f"over {low} px",
                "faces": len(of_size),
                "found": len(hits),
                "inner": round(float(np.mean([r["inner"] for r in hits])), 4) if hits else None,
                "inner_worst": round(max(r["inner"] for r in hits), 4) if hits else None,
                "jaw": round(float(np.mean([r["jaw"] for r in hits])), 4) if hits else None,
            }
        )
    return lines


def run(folder: Path = GROUND_TRUTH) -> dict[str, Any]:
    """Measure, print a table and return it; empty where the annotated photographs are absent."""
    if not (folder / "landmarks68-dlib.json").exists():
        print(f"landmarks: skipped, no landmarks68-dlib.json in {folder}")
        return {}
    algorithm = MeshAlignment()
    algorithm.setup(WeightsSetup())
    rows = list(errors(algorithm, folder))
    lines = summary(rows)
    print("Normalised mean error of the 68 points (share of the distance between the outer eye corners)")
    print(f"{'face width':>14} {'faces':>6} {'found':>6} {'inner':>8} {'worst':>8} {'jaw':>8}")
    for line in lines:
        cells = (f"{line[k]:.3f}" if line[k] is not None else "-" for k in ("inner", "inner_worst", "jaw"))
        print(f"{line['size']:>14} {line['faces']:>6} {line['found']:>6} " + " ".join(f"{c:>8}" for c in cells))
    return {"landmarks": {"faces": rows, "by_size": lines}}


if __name__ == "__main__":
    run(*(Path(argument) for argument in sys.argv[1:2]))
