"""Hands: 21 landmarks each, by the MediaPipe palm and hand models."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from genkol.artifacts import F32, U8, Hand
from genkol.vision.anchors import anchor_centres, box_overlap, decode, merge_doubles
from genkol.vision.models import LiteModel
from genkol.vision.pose import LEFT_WRIST, RIGHT_WRIST
from genkol.vision.region import Region, upright_angle, whole

PALM_SIDE, PALM_STRIDES = 192, (8, 16, 16, 16)
HAND_SIDE = 224
WRIST, MIDDLE_KNUCKLE = 0, 2
"""Key points of the palm detector between which the hand points up."""


class HandFinder:
    """Finds hands on the whole picture and around the pose's wrists.

    Args:
        detector: palm_detection, 192 x 192 in [0, 1].
        landmarker: hand_landmark, 224 x 224 in [0, 1].
    """

    def __init__(self, detector: LiteModel, landmarker: LiteModel) -> None:
        self._detector, self._landmarker = detector, landmarker
        self._centres = anchor_centres(PALM_SIDE, PALM_STRIDES)

    def __call__(self, pixels: U8, pose: F32, least_score: float = 0.5) -> tuple[Hand, ...]:
        """Return the hands in (H, W, 3) uint8 sRGB, best first.

        Args:
            pixels: the picture.
            pose: (33, 4) of the person, or (0, 4).
            least_score: of the hand model, 0 to 1.
        """
        hands = []
        for place in (whole(pixels), *_around_wrists(pose)):
            for palm in self._palms(pixels, place):
                hand = self._hand(pixels, palm)
                if hand.score >= least_score:
                    hands.append(hand)
        return tuple(_with_sides(_without_doubles(hands), pose))

    def _palms(self, pixels: U8, place: Region) -> Iterable[Region]:
        crop = np.asarray(place.crop(pixels, PALM_SIDE) / 255, np.float32)
        raw, logits = self._detector(crop[None])
        points, _ = merge_doubles(*decode(raw[0], logits[0, :, 0], self._centres, PALM_SIDE, 0.5))
        for found in points:
            yield _hand_region(place.to_picture(found * PALM_SIDE, PALM_SIDE), place.angle)

    def _hand(self, pixels: U8, region: Region) -> Hand:
        """Return the hand in a region; the model is asked again in the region of its own landmarks."""
        for _ in range(2):
            crop = np.asarray(region.crop(pixels, HAND_SIDE) / 255, np.float32)
            outputs = self._landmarker(crop[None])
            landmarks = region.to_picture(outputs[0].reshape(21, 3), HAND_SIDE)
            region = _tight_region(landmarks[:, :2])
        right = float(outputs[2].squeeze())
        return Hand(landmarks, "right" if right > 0.5 else "left", float(outputs[1].squeeze()))


def _hand_region(points: F32, angle: float) -> Region:
    """Return the region of the hand from the palm's box and key points (MediaPipe: shift 0.5 up, scale 2.6)."""
    side = float(np.abs(points[1] - points[0]).max()) / max(1e-6, abs(np.cos(angle)) + abs(np.sin(angle)))
    turn = upright_angle(points[2 + WRIST], points[2 + MIDDLE_KNUCKLE])
    centre = (points[0] + points[1]) / 2 + 0.5 * side * np.array([np.sin(turn), -np.cos(turn)])
    return Region(float(centre[0]), float(centre[1]), 2.6 * side, turn)


def _tight_region(points: F32) -> Region:
    """Return the upright region around 21 landmarks (MediaPipe: twice the box of the palm's own landmarks)."""
    knuckles = 0.25 * (points[5] + points[13]) + 0.5 * points[9]
    turn = upright_angle(points[0], knuckles)
    palm = points[[0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]]
    back = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    turned = palm @ back.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    side = float((high - low).max())
    centre = back.T @ ((low + high) / 2 + np.array([0, -0.1 * side]))
    return Region(float(centre[0]), float(centre[1]), 2.0 * side, turn)


def _around_wrists(pose: F32) -> list[Region]:
    """Return upright squares around the visible wrists, a forearm and a half wide."""
    if not len(pose):
        return []
    shoulders = float(np.linalg.norm(pose[11, :2] - pose[12, :2]))
    places = []
    for wrist, elbow, index in ((LEFT_WRIST, 13, 19), (RIGHT_WRIST, 14, 20)):
        if pose[wrist, 3] > 0.3:
            forearm = float(np.linalg.norm(pose[wrist, :2] - pose[elbow, :2]))
            x, y = ((pose[wrist, :2] + pose[index, :2]) / 2).tolist()
            places.append(Region(x, y, 1.5 * max(forearm, 0.7 * shoulders)))
    return places


def _without_doubles(hands: list[Hand]) -> list[Hand]:
    """Return the hands, best first, without those whose landmarks lie in the same place as a better one's."""
    kept: list[Hand] = []
    for hand in sorted(hands, key=lambda h: -h.score):
        box = _box(hand)
        size = float((box[2:] - box[:2]).max())
        near = (float(np.linalg.norm(hand.landmarks[:, :2] - k.landmarks[:, :2], axis=1).mean()) for k in kept)
        boxes = np.array([_box(k) for k in kept], np.float32).reshape(-1, 4)
        if all(d > 0.35 * size for d in near) and (box_overlap(box, boxes) < 0.6).all():
            kept.append(hand)
    return kept


def _with_sides(hands: list[Hand], pose: F32) -> list[Hand]:
    """Return the hands with the side of the pose's wrist that each lies at, where it lies at one."""
    if not len(pose):
        return hands
    out = []
    for hand in hands:
        size = float(np.ptp(hand.landmarks[:, :2], axis=0).max())
        away = np.linalg.norm(pose[[LEFT_WRIST, RIGHT_WRIST], :2] - hand.landmarks[0, :2], axis=1)
        near, far = sorted(away.tolist())
        sure = near < size and far > 1.5 * near
        side = ("left", "right")[int(away.argmin())] if sure else hand.side
        out.append(Hand(hand.landmarks, side, hand.score))
    return out


def _box(hand: Hand) -> F32:
    points = hand.landmarks[:, :2]
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
