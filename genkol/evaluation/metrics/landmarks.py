"""Whether the face keeps its shape and stays visible."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.evaluation.metrics.regions import Mask


def landmark_drift(before: F32, after: F32) -> float:
    """Return how far the landmarks moved: their mean distance as a share of the distance of the outer eye corners.

    The normalised mean error of face alignment (Sagonas et al., 300-W, 2013), of a picture against itself.

    Args:
        before: (68, 2) iBUG points.
        after: those of the same face afterwards.
    """
    eyes = float(np.linalg.norm(before[36] - before[45]))
    return float(np.linalg.norm(after - before, axis=1).mean() / max(eyes, 1e-6))


def face_region(landmarks: F32, shape: tuple[int, ...], grown: float = 0.0) -> Mask:
    """Return the convex hull of a face's landmarks as (H, W) bool.

    Args:
        landmarks: (68, 2) iBUG points.
        shape: (H, W, ...) of the picture.
        grown: how far beyond the hull, as a share of the distance of the outer eye corners; 0.5 takes in the forehead.
    """
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(landmarks).astype(np.int32)), 1)
    radius = round(grown * float(np.linalg.norm(landmarks[36] - landmarks[45])))
    if radius > 0:
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    return np.asarray(mask > 0)


def hidden_share(landmarks: F32, opacity: U8 | F32) -> float:
    """Return the share of the face (the hull of its landmarks) that something of opacity over 0.5 lies over.

    Args:
        landmarks: (68, 2) iBUG points.
        opacity: (H, W) of a layer on the picture, 0 to 255.
    """
    face = face_region(landmarks, opacity.shape)
    return float((opacity[face] > 127.5).mean()) if face.any() else 0.0
