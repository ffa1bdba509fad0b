"""One person, one garment: what lies over what."""

from __future__ import annotations

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.bare import arm_skin, neck_mask, neck_skin, removed
from genkol.algorithms.virtual_try_on.body import Body
from genkol.algorithms.virtual_try_on.drape import Drape, draped
from genkol.algorithms.virtual_try_on.front import firm, hands_of, head_of, held_of, share, skin_of
from genkol.algorithms.virtual_try_on.lower import continued_up
from genkol.algorithms.virtual_try_on.refusals import check_arms
from genkol.algorithms.virtual_try_on.shade import body_light, contact
from genkol.algorithms.virtual_try_on.skinning import Fit, cuff
from genkol.artifacts import F32, U8, Face, Layer, Person
from genkol.compose import affine
from genkol.vision.garment_cutout import Cutout

NOTCH = 0.22
"""Width of the gap between the drawn neck and real skin that is skin too, against the shoulders' distance."""
FEW = 60
"""Pixels of an arm laid bare below which none is drawn: the edge of the old sleeve, not the arm."""


class Dressing:
    """One person, one garment: what lies over what."""

    def __init__(
        self, pixels: U8, person: Person, face: Face, body: Body, sized: Fit, cloth: Cutout, lower: F32
    ) -> None:
        self.pixels, self.person, self.body = pixels, person, body
        self.sized, self.cloth, self.lower = sized, cloth, lower
        self.shape = (pixels.shape[0], pixels.shape[1])
        self.gone = np.maximum(
            removed(person, lower, float(face.landmarks[33, 1]), float(body.shoulders)), self._bare_shoulders()
        )
        self.head = head_of(face, self.shape)
        self.hands = hands_of(person, body)
        self.held = held_of(person, body, self.hands)

    def _bare_shoulders(self) -> F32:
        """Return (H, W) in [0, 1]: skin beyond the shoulders' ends and above the cuffs; no sleeve leaves it bare."""
        out = np.zeros(self.shape, np.float32)
        if self.sized.marks.sleeves is None:
            return out
        y, x = np.ogrid[: self.shape[0], : self.shape[1]]
        for i, (arm, tip) in enumerate(zip(self.body.arms, self.body.tips, strict=True)):
            reach = arm.mask(self.shape, 1.7, -0.1, 0.6 * cuff(self.sized, i) / arm.length)
            outside = (x - tip[0]) * (-1, 1)[i] > -0.03 * self.body.span
            (sx, sy), (ux, uy) = arm.bone[0], arm.at(np.zeros(1))[1][0]
            above = (x - sx) * ux + (y - sy) * uy < 0.85 * cuff(self.sized, i)
            out = np.maximum(out, reach * outside * above)
        skin = cv2.dilate(share(self.person.body_skin), np.ones((11, 11), np.uint8))
        return np.asarray(np.clip(1.5 * skin, 0, 1) * out, np.float32)

    def skin_prior(self, drape: Drape) -> F32:
        """Return (H, W) in [0, 1]: where skin is expected once the old clothes are gone."""
        out = neck_mask(self.body, self.shape, 0.45 * self.body.span)
        if not drape.long:
            for arm in self.body.arms:
                out = np.maximum(out, arm.mask(self.shape) * share(self.person.matte))
        return np.asarray(out, np.float32)

    def drape(self, shading: float) -> Drape:
        """Return the garment as it lies on the body."""
        return draped(self.sized, self.cloth, body_light(self.pixels, self.gone, self.body.span, shading))

    def fronts(self, drape: Drape) -> tuple[F32, F32]:
        """Return what lies before the torso and what lies before the sleeves, (H, W) in [0, 1]."""
        person, body, hands = self.person, self.body, self.hands
        hair, face, skin = firm(person.hair), firm(person.face_skin), firm(person.body_skin)
        always = np.maximum(np.maximum(hair, face), np.maximum(self.held, self.head * skin_of(person)))
        if drape.long:
            return (np.maximum(always, skin * hands),) * 2
        starts = [self._below_cuff(i) for i in (0, 1)]
        arms = np.maximum(*(a.mask(self.shape, 1.3, s, 1.12) for a, s in zip(body.arms, starts, strict=True)))
        fore = np.maximum(*(arm.mask(self.shape, 1.5, 0.6, 1.12) for arm in body.arms))
        return np.maximum(always, skin * np.maximum(hands, arms)), np.maximum(always, skin * np.maximum(hands, fore))

    def _below_cuff(self, index: int) -> float:
        """Return from which share of an arm's length on it lies before the torso, a disc's radius below the cuff."""
        arm = self.body.arms[index]
        return max(0.2, (cuff(self.sized, index) + 0.6 * float(arm.radii[0])) / arm.length)

    def layer(self, drape: Drape, ground: U8, title: str) -> Layer:
        """Stack: old picture, ground and skin where the old clothes were, torso, arms, sleeves, hands.

        Raises:
            Unsuitable: too much of the arms would have to be drawn across the chest.
        """
        over_torso, over_sleeves = self.fronts(drape)
        under, arms, gone = self._bared(drape, ground)
        check_arms(drape, arms * np.maximum(*(arm.mask(self.shape, 1.2, 0.45) for arm in self.body.arms)))
        kept = 1 - gone  # how much of the old picture shows through: another layer may have changed it
        if drape.hood is not None:
            behind = drape.hood[1] * (1 - self._before_hood(over_torso))
            under, kept = _mix(under, drape.hood[0], behind), kept * (1 - behind)
        under, dimmed = self._shadowed(under, drape, np.maximum(over_torso, over_sleeves))
        torso = drape.torso * (1 - np.maximum(over_torso, arms))
        sleeves = drape.sleeves * (1 - over_sleeves)
        kept = kept * (1 - dimmed) * (1 - torso) * (1 - sleeves)
        out = _mix(_mix(under, drape.colour, torso), drape.sleeve_colour, sleeves)
        return self._as_layer(np.rint(np.clip(out, 0, 255)).astype(np.float32), kept, title)

    def _as_layer(self, shown: F32, kept: F32, title: str) -> Layer:
        """Return the layer that makes the portrait into what is shown, and lets through what is kept of it."""
        old = self.pixels.astype(np.float32)
        unlike = (kept < 0.996) & (shown != old).any(axis=-1)
        opacity = np.where(unlike, np.rint((1 - kept) * 255) / 255, 0).astype(np.float32)
        paint = np.where(unlike[..., None], shown - old * (1 - opacity)[..., None], 0)
        return affine(paint.astype(np.float32), opacity, title=title)

    def _before_hood(self, over_torso: F32) -> F32:
        """Return what hides a hood that lies behind the neck: head, hair and neck."""
        neck = neck_mask(self.body, self.shape, 0.45 * self.body.span, column=True)
        x, y, half = self.body.neck
        rows, columns = np.ogrid[: self.shape[0], : self.shape[1]]
        above = np.clip((y + 0.15 * half - rows) / 4, 0, 1) * (np.abs(columns - x) < 1.15 * half)
        drawn = self.gone * neck_mask(self.body, self.shape, 0.45 * self.body.span)
        neck = neck * np.clip(drawn + share(self.person.matte) * (1 - self.gone), 0, 1)
        skin = skin_of(self.person) * above
        return np.asarray(np.maximum(np.maximum(over_torso, neck), skin), np.float32)

    def _shadowed(self, under: F32, drape: Drape, before: F32) -> tuple[F32, F32]:
        """Return the picture with the garment's soft shadow on the body beside it, and where that falls."""
        body = np.clip(share(self.person.matte) - self.gone, 0, 1)
        body = np.maximum(body, self.skin_prior(drape) * self.gone)
        span = self.body.span
        fall = contact(drape.alpha, 0.016 * span, 0.02 * span) * body * (1 - drape.alpha) * (1 - before)
        fall = np.where(fall > 0.03, 0.42 * fall, 0).astype(np.float32)
        return np.asarray(under * (1 - fall[..., None]), np.float32), fall

    def _bared(self, drape: Drape, ground: U8) -> tuple[F32, F32, F32]:
        """Return the picture without the old clothes, where arms were drawn that they hid, and all that changed."""
        neck = neck_mask(self.body, self.shape, 0.45 * self.body.span)
        ground = continued_up(ground, self.pixels, self.lower, self.body)
        behind = _mix(ground.astype(np.float32), neck_skin(self.pixels, self.person, self.body), self._beside(neck))
        gone, arms = self.gone, np.zeros(self.shape, np.float32)
        seam = cv2.GaussianBlur(cv2.dilate((gone > 0.3).astype(np.float32), np.ones((13, 13), np.uint8)), (0, 0), 2)
        worn = share(self.person.clothes) * (1 - self.lower)
        seam *= np.clip(
            1.25 * (share(self.person.body_skin) + worn), 0, 1
        )  # drawn skin goes over into real skin; no old edge
        gone = np.maximum(gone, seam * neck)
        for i, arm in enumerate(self.body.arms):
            mask = arm.mask(self.shape, start=0.25 if self.sized.marks.sleeves else 0.0) * (
                np.maximum(self.gone, seam) > 0.02
            )
            if drape.long or float((mask * self.gone * (1 - drape.alpha) > 0.3).sum()) < FEW:
                continue
            mask = cv2.GaussianBlur(mask, (0, 0), 0.7)
            behind = _mix(behind, arm_skin(self.pixels, self.person, self.body, i), mask)
            arms = np.maximum(arms, mask * self.gone * arm.mask(self.shape, 1.1, self._below_cuff(i), 1.12))
            gone = np.maximum(gone, seam * mask)
        return _mix(self.pixels.astype(np.float32), behind, gone), arms, gone

    def _beside(self, neck: F32) -> F32:
        """Return the neck's mask joined to the real skin by it: no ground shows in the notch between the two."""
        skin = share(self.person.body_skin) * (cv2.dilate(neck, np.ones((5, 5), np.uint8)) > 0.02)
        both = np.maximum(neck, skin)
        small = cv2.resize(both, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        reach = round(NOTCH * self.body.span / 4) | 1
        closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        between = cv2.resize(closed, self.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.maximum(both, np.clip(2 * between - 1, 0, 1)), np.float32)  # no halo beyond the cloth


def _mix(below: F32, above: F32, share: F32) -> F32:
    return np.asarray(below + (above - below) * share[..., None], np.float32)
