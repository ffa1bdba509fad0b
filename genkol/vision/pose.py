"""The body's pose: 33 landmarks by the MediaPipe pose models."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.artifacts import F32, U8
from genkol.vision.anchors import anchor_centres, decode, merge_doubles, sigmoid
from genkol.vision.models import LiteModel
from genkol.vision.region import Region, upright_angle, whole

DETECTOR_SIDE, DETECTOR_STRIDES = 224, (8, 16, 32, 32, 32)
LANDMARK_SIDE = 256
ENLARGED = 1.25
"""The region over the circle around the body, as in MediaPipe's pose graph."""
LEFT_WRIST, RIGHT_WRIST = 15, 16
WAIST = 0.4
"""Height of the waist above the hips, in half the width of the hips."""
SHOULDERS, HIPS, KNEES = slice(11, 13), slice(23, 25), slice(25, 27)
NO_POSE: F32 = np.zeros((0, 4), np.float32)


@dataclass(frozen=True)
class Pose:
    """One body.

    Args:
        landmarks: (33, 4) float32: x, y, z in picture pixels, visibility 0 to 1; (0, 4) without a pose.
        score: of the landmark model, 0 to 1; 0 without a pose.
        detected: best score of the detector, 0 to 1, also when it was not enough.
        body: (256, 256) in [0, 1], the outline of the body within ``region``, both None without a pose.
    """

    landmarks: F32
    score: float
    detected: float
    body: F32 | None = None
    region: Region | None = None

    def silhouette(self, shape: tuple[int, ...], size: tuple[int, ...]) -> F32:
        """Return the body in [0, 1] over an (H, W) picture as a map of ``size`` (h, w); 0 without a pose."""
        h, w = size[:2]
        if self.body is None or self.region is None:
            return np.zeros((h, w), np.float32)
        shrink = np.array([[w / shape[1]], [h / shape[0]]])
        matrix = self.region.matrix(LANDMARK_SIDE) * shrink
        matrix[:, 2:] += shrink / 2 - 0.5
        return np.asarray(cv2.warpAffine(self.body, matrix, (w, h)), np.float32)

    def cut_thighs(self, shape: tuple[int, ...], size: tuple[int, ...]) -> F32:
        """Return the body from the waist to the knees where the lower edge of an (H, W) picture cuts the thighs.

        A (h, w) map of ``size`` in [0, 1], with soft sides; 0 unless both hips are seen inside the picture and both
        knees lie below it. It is as wide as a body about its hips: their landmarks lie halfway to the outline.
        """
        out = np.zeros(size[:2], np.float32)
        points = self.landmarks[:, :2]
        if not len(points) or self.landmarks[HIPS, 3].min() < 0.9 or points[KNEES, 1].min() < shape[0]:
            return out
        if (points[HIPS] < 0).any() or (points[HIPS] >= shape[1::-1]).any():
            return out
        shoulders, hips, knees = (points[pair].mean(axis=0) for pair in (SHOULDERS, HIPS, KNEES))
        width = float(np.linalg.norm(points[HIPS][0] - points[HIPS][1]))
        half = max(width, 0.3 * float(np.linalg.norm(hips - shoulders)))  # the latter when seen from the side
        middles = np.array([hips - [0, WAIST * half], hips, knees])
        aside = half * np.array([[0.75, 0], [1, 0], [0.9, 0]])
        corners = np.concatenate([middles - aside, (middles + aside)[::-1]])
        scale = np.array([size[1] / shape[1], size[0] / shape[0]])
        cv2.fillConvexPoly(out, np.rint(corners * scale).astype(np.int32), 1.0)
        return np.asarray(cv2.blur(out, (5, 1)), np.float32)


class PoseFinder:
    """Finds the most prominent body.

    Args:
        detector: pose_detection, 224 x 224 in [-1, 1].
        landmarker: pose_landmark, 256 x 256 in [0, 1].
    """

    def __init__(self, detector: LiteModel, landmarker: LiteModel) -> None:
        self._detector, self._landmarker = detector, landmarker
        self._centres = anchor_centres(DETECTOR_SIDE, DETECTOR_STRIDES)

    def __call__(self, pixels: U8, least_score: float = 0.5) -> Pose:
        """Return the pose in (H, W, 3) uint8 sRGB; below ``least_score`` its landmarks are (0, 4)."""
        region, detected = self._detect(pixels, least_score)
        if region is None:
            return Pose(NO_POSE, 0.0, detected)
        _, _, _, region = self._landmarks(pixels, region)
        landmarks, score, body, _ = self._landmarks(pixels, region)  # once more, from its own better region
        if score < least_score:
            return Pose(NO_POSE, score, detected)
        return Pose(landmarks, score, detected, body, region)

    def _detect(self, pixels: U8, least_score: float) -> tuple[Region | None, float]:
        square = whole(pixels)
        crop = np.asarray(square.crop(pixels, DETECTOR_SIDE) / 127.5 - 1, np.float32)
        raw, logits = self._detector(crop[None])
        best = float(sigmoid(logits[0, :, 0]).max())
        points, scores = merge_doubles(*decode(raw[0], logits[0, :, 0], self._centres, DETECTOR_SIDE, least_score))
        if not len(scores):
            return None, best
        key = [square.to_picture(found[2:4] * DETECTOR_SIDE, DETECTOR_SIDE) for found in points]
        sizes = [float(np.linalg.norm(hips - rim)) * score for (hips, rim), score in zip(key, scores, strict=True)]
        hips, rim = key[int(np.argmax(sizes))]
        return _region(hips, rim), best

    def _landmarks(self, pixels: U8, region: Region) -> tuple[F32, float, F32, Region]:
        crop = np.asarray(region.crop(pixels, LANDMARK_SIDE) / 255, np.float32)
        outputs = self._landmarker(crop[None])
        rows = outputs[0].reshape(39, 5)
        points = region.to_picture(rows[:, :3], LANDMARK_SIDE)
        landmarks = np.column_stack([points[:33], sigmoid(rows[:33, 3])]).astype(np.float32)
        body = sigmoid(outputs[2][0, ..., 0])
        return landmarks, float(outputs[1].squeeze()), body, _region(points[33, :2], points[34, :2])


def _region(hips: F32, rim: F32) -> Region:
    """Return the region around the circle whose centre is between the hips and whose rim is above the head."""
    side = 2 * ENLARGED * float(np.linalg.norm(rim - hips))
    return Region(float(hips[0]), float(hips[1]), side, upright_angle(hips, rim))
