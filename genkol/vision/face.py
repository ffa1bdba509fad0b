"""Faces in a picture: each with its mesh of 468 points, checked by the mesh model itself."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32, F64, U8
from genkol.vision.face_detection import Detection, FaceDetector, overlap_of
from genkol.vision.models import LiteModel

MESH_SIDE = 192
MESH_MARGIN = 1.5  # side of the crop that the mesh model sees, over the longer side of the face
CERTAIN = 0.95  # presence from which no closer look is taken
CLEAR = 0.5  # detector score under which the mesh model must be certain
FAR = 0.12  # a face under this share of the longer side may have company that only tiles show


@dataclass(frozen=True, eq=False)
class FoundFace:
    """One face.

    Args:
        mesh: (468, 3) float32 in picture pixels; z is depth in pixels, smaller is nearer.
        box: (4,) float32 left, top, right, bottom of the mesh.
        score: the detector's, 0 to 1.
        presence: the mesh model's own belief that this is a face, 0 to 1.
    """

    mesh: F32
    box: F32
    score: float
    presence: float

    @property
    def area(self) -> float:
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


class FaceFinder:
    """Finds faces from about 30 pixels up. Build it in `setup`, from the two models' files."""

    def __init__(self, detector: LiteModel, mesh: LiteModel) -> None:
        self._detector = FaceDetector(detector)
        self._mesh = mesh

    def faces(self, pixels: U8, min_score: float = 0.35) -> list[FoundFace]:
        """Return the faces of (H, W, 3) uint8 sRGB, largest first; possibly none.

        Args:
            pixels: any size.
            min_score: least score of the detector; the mesh model must agree as well.
        """
        found = self._checked(pixels, self._detector.whole(pixels, min_score))
        longer = max(pixels.shape[:2])
        if not any(f.score >= CLEAR for f in found):
            found = _distinct(found + self._checked(pixels, self._detector.from_afar(pixels, min_score)))
        for share in (2, 4):
            if any(f.presence >= CERTAIN and _side(f) > FAR * longer * 2 / share for f in found):
                break
            tile = max(MESH_SIDE, -(-longer // share))
            found = _distinct(found + self._checked(pixels, self._detector.tiled(pixels, tile, min_score)))
        return sorted(found, key=lambda f: -f.area)

    def _checked(self, pixels: U8, detections: list[Detection]) -> list[FoundFace]:
        meshes = ((d, *self.mesh(pixels, d)) for d in detections)
        return [
            FoundFace(m, _box_of(m), d.score, p) for d, m, p in meshes if p > (0.5 if d.score >= CLEAR else CERTAIN)
        ]

    def mesh(self, pixels: U8, detection: Detection) -> tuple[F32, float]:
        """Return the (468, 3) mesh and the presence score of the face in a detection's box.

        The model runs twice; the second crop is cut by the landmarks of the first.
        """
        centre = detection.box.reshape(2, 2).mean(0)
        across = detection.points[1] - detection.points[0]
        side = MESH_MARGIN * detection.side
        for _ in range(2):
            to_picture = _crop_to_picture(centre, across, side)
            points, logit = self._mesh(_crop(pixels, to_picture))
            mesh = _placed(points.reshape(468, 3), to_picture)
            centre, across, side = _next_crop(mesh)
        return mesh, float(1 / (1 + np.exp(-np.clip(logit.reshape(-1)[0], -80, 80))))


def _crop_to_picture(centre: F32, across: F32, side: float) -> F64:
    """Return the (2, 3) similarity from pixels of the 192 px crop to the picture's; `across` becomes level."""
    angle = np.arctan2(across[1], across[0])
    scale = side / MESH_SIDE
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, centre - turn @ np.full(2, (MESH_SIDE - 1) / 2)])


def _crop(pixels: U8, to_picture: F64) -> F32:
    """Return (1, 192, 192, 3) in [0, 1]; a large face is first sampled finer, then averaged down."""
    finer = int(np.clip(np.ceil(np.hypot(*to_picture[:, 0])), 1, 8))
    fine = to_picture.copy()
    fine[:, :2] /= finer
    fine[:, 2] -= fine[:, :2] @ np.full(2, (finer - 1) / 2)
    size = (MESH_SIDE * finer, MESH_SIDE * finer)
    crop = cv2.warpAffine(
        pixels, fine, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    if finer > 1:
        crop = cv2.resize(crop, (MESH_SIDE, MESH_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.float32)[None] / 255.0


def _placed(points: F32, to_picture: F64) -> F32:
    flat = points[:, :2].astype(np.float64) @ to_picture[:, :2].T + to_picture[:, 2]
    depth = points[:, 2:].astype(np.float64) * np.hypot(*to_picture[:, 0])
    return np.concatenate([flat, depth], 1).astype(np.float32)


def _next_crop(mesh: F32) -> tuple[F32, F32, float]:
    """Return the centre, level direction and side of the crop about a mesh, in the face's own upright frame."""
    across = mesh[263, :2] - mesh[33, :2]
    unit = across / max(float(np.linalg.norm(across)), 1e-6)
    frame = np.stack([unit, np.array([-unit[1], unit[0]])])  # rows: the face's right and down
    upright = mesh[:, :2] @ frame.T
    low, high = upright.min(0), upright.max(0)
    return ((low + high) / 2) @ frame, across, MESH_MARGIN * float((high - low).max())


def _box_of(mesh: F32) -> F32:
    return np.concatenate([mesh[:, :2].min(0), mesh[:, :2].max(0)]).astype(np.float32)


def _side(face: FoundFace) -> float:
    return float((face.box[2:] - face.box[:2]).max())


def _distinct(found: list[FoundFace]) -> list[FoundFace]:
    """Keep the surer one where two are the same face."""
    kept: list[FoundFace] = []
    for face in sorted(found, key=lambda f: -f.score * f.presence):
        if all(overlap_of(face.box, other.box) < 0.3 for other in kept):
            kept.append(face)
    return kept
