"""Person parsing on the CPU: MODNet, a six-class segmentation, MediaPipe pose and hands."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from genkol.algorithm import Algorithm, Effects, Params, Resources, Setup, Step
from genkol.artifacts import F32, U8, Hand, Image, Person
from genkol.errors import NoPerson
from genkol.services import PERSON_PARSING, Aspect
from genkol.vision.box import Box, box_of
from genkol.vision.guided import Guide
from genkol.vision.hands import HandFinder
from genkol.vision.legs import parted
from genkol.vision.light import brightened
from genkol.vision.matte import Matter, continued, fused, laid, refined, touches_rim
from genkol.vision.models import LiteModel, OnnxModel
from genkol.vision.pockets import emptied
from genkol.vision.pose import NO_POSE, Pose, PoseFinder
from genkol.vision.segments import (
    BACKGROUND,
    CLOTHES,
    HAIR,
    OTHERS,
    Segmenter,
    head_box,
    inside,
    parts_of,
    person_crops,
    plausible_skin,
)

MAP_SIDE = 512
"""Longest side at which the parts are put together before they are refined, pixels."""
CROP_UNDER = 0.65
"""Share of the picture up to which the matting model works on a crop: finer, but it knows less of the background."""
LEAST_FLESH = 0.02
"""Share of hair and skin in a person; a garment alone has less."""


class LightParams(Params):
    matte_side: int = Field(512, ge=256, le=1024, description="Side of the square that the matting model works on.")
    refine: bool = Field(True, description="Lay the edges of all maps along those of the picture.")
    pose: bool = Field(True, description="Find the 33 landmarks of the body.")
    hands: bool = Field(True, description="Find the hands.")
    least_person: float = Field(0.002, ge=0, le=1, description="Share of the picture that a person must cover.")
    least_score: float = Field(0.5, ge=0, le=1, description="Least confidence of a pose or a hand.")


class LightParsing(Algorithm):
    """The subject and its parts, in about half a second on two cores."""

    service = PERSON_PARSING
    name = "light"
    seeded = False
    effects = Effects(reads={Aspect.SILHOUETTE})
    resources = Resources(cpus=2.0, memory_mib=900, seconds=0.6)
    weights: ClassVar[tuple[str, ...]] = (
        "modnet",
        "selfie-multiclass",
        "pose-detection",
        "pose-landmarks",
        "palm-detection",
        "hand-landmarks",
    )
    Params = LightParams

    def setup(self, setup: Setup) -> None:
        def lite(name: str) -> LiteModel:
            return LiteModel(setup.weights(name))

        self._matter = Matter(OnnxModel(setup.weights("modnet")))
        self._segmenter = Segmenter(lite("selfie-multiclass"))
        self._pose = PoseFinder(lite("pose-detection"), lite("pose-landmarks"))
        self._hands = HandFinder(lite("palm-detection"), lite("hand-landmarks"))

    def run(self, picture: Image, *, params: LightParams, step: Step) -> Person:
        """Return the parts of the person, or of all persons together.

        Raises:
            NoPerson: neither the segmentation nor the pose sees one.
        """
        pixels = brightened(picture.pixels)
        first = self._segmenter.look(pixels)
        pose = self._pose(pixels, params.least_score) if params.pose else Pose(NO_POSE, 0.0, 0.0)
        box = _person_box(first, pose, pixels.shape, params)
        step.progress(0.2)
        hands = self._hands(pixels, pose.landmarks, params.least_score) if params.hands else ()
        crops = person_crops(box, pixels.shape)
        head = head_box(first, pixels.shape)
        probabilities = self._segmenter.detailed(pixels, first, [*crops, *([head] if head else [])], MAP_SIDE)
        step.progress(0.45)
        shown = (1 - probabilities[..., BACKGROUND], probabilities[..., HAIR])
        posed = (look(pixels.shape, probabilities.shape) for look in (pose.silhouette, pose.cut_thighs))
        matte = self._matte(pixels, box, np.dstack([*shown, *posed]), params)
        if params.refine:
            matte = emptied(pixels, matte, np.ascontiguousarray(probabilities[..., BACKGROUND]))
            matte = parted(pixels, matte, pose.landmarks)
        _require_subject(matte, params)
        step.progress(0.85)
        return _person(pixels, plausible_skin(probabilities, pixels), matte, pose.landmarks, hands)

    def _matte(self, pixels: U8, box: Box, seen: F32, params: LightParams) -> U8:
        """Return the (H, W) matte; ``seen`` is (h, w, 4): foreground, hair, body and cut thighs by the pose."""
        alpha, hair = self._alpha(pixels, box, seen, params)
        if touches_rim(alpha, box, pixels.shape):
            box = Box(0, 0, pixels.shape[1], pixels.shape[0])
            alpha, hair = self._alpha(pixels, box, seen, params)
        part = box.of(pixels)
        if params.refine:
            return laid(refined(part, alpha, hair), box, pixels.shape)
        large = cv2.resize(alpha, (box.width, box.height), interpolation=cv2.INTER_LINEAR)
        return laid(np.rint(large.clip(0, 1) * 255).astype(np.uint8), box, pixels.shape)

    def _alpha(self, pixels: U8, box: Box, seen: F32, params: LightParams) -> tuple[F32, F32]:
        """Return the alpha and the hair inside a box, both (h, w) in [0, 1]."""
        alpha = self._matter(box.of(pixels), params.matte_side)
        foreground, hair, body, thighs = cv2.split(inside(seen, box, pixels.shape, alpha.shape))
        return continued(fused(alpha, foreground, body), thighs, body), hair


def _person_box(first: F32, pose: Pose, shape: tuple[int, ...], params: LightParams) -> Box:
    """Return a roomy box around all that looks like a person.

    Raises:
        NoPerson: too little does.
    """
    body = float((first[..., 1:OTHERS].sum(axis=-1) > 0.5).mean())
    flesh = float((first[..., 1:CLOTHES].sum(axis=-1) > 0.5).mean())
    if body < params.least_person or flesh < LEAST_FLESH * body:
        raise NoPerson(
            f"No person found: {body:.2%} of the picture looks like hair, skin or clothes (at least "
            f"{params.least_person:.2%} is needed), {flesh:.2%} like hair or skin (at least {LEAST_FLESH:.0%} of the "
            f"former); the pose detector's best score is {pose.detected:.2f}. "
            "Use a picture that shows a person more clearly, or larger.",
            share=body,
            flesh=flesh,
            expected=params.least_person,
            pose_score=pose.detected,
        )
    some = first[..., 1:].sum(axis=-1) > 0.35
    h, w = shape[:2]
    box = box_of(some, w / first.shape[1], h / first.shape[0])
    assert box is not None
    seen = pose.landmarks[pose.landmarks[:, 3] > 0.5, :2] if len(pose.landmarks) else np.zeros((0, 2))
    if len(seen):
        low, high = seen.min(axis=0), seen.max(axis=0)
        left, top = min(box.left, int(low[0])), min(box.top, int(low[1]))
        box = Box(left, top, max(box.right, int(high[0])), max(box.bottom, int(high[1])))
    box = box.cut(shape).grown(0.12, shape)
    return box if box.area < CROP_UNDER * h * w else Box(0, 0, w, h)


def _require_subject(matte: U8, params: LightParams) -> None:
    share, least = float(matte.mean()) / 255, params.least_person / 2
    if share < least:
        raise NoPerson(
            f"No person stands out: the matte covers {share:.2%} of the picture, at least {least:.2%} is needed. "
            "Use a picture in which the person is better lit, or larger.",
            share=share,
            expected=least,
        )


def _person(pixels: U8, probabilities: F32, matte: U8, pose: F32, hands: tuple[Hand, ...]) -> Person:
    guide = Guide(pixels, side=max(MAP_SIDE, max(pixels.shape[:2]) // 2), radius=3, eps=1e-3)
    hair, face_skin, body_skin, clothes, accessories = parts_of(probabilities, matte, guide)
    return Person(matte, hair, face_skin, body_skin, clothes, accessories, pose, hands)
