"""One person, one garment: what lies over what."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from genkol.algorithms.virtual_try_on.bare import arm_skin, continued_up, neck_mask, neck_skin, removed
from genkol.algorithms.virtual_try_on.body import Body
from genkol.algorithms.virtual_try_on.grid import Piece
from genkol.algorithms.virtual_try_on.shade import body_light, contact, roundness
from genkol.algorithms.virtual_try_on.skinning import Fit, cuff, hood_grid, is_long, sleeve_grid, torso_grid
from genkol.artifacts import F32, U8, Face, Layer, Person
from genkol.compose import cover
from genkol.vision.garment_cutout import Cutout
from genkol.vision.garment_landmarks import GarmentLandmarks

FEW = 60
"""Pixels of an arm laid bare below which none is drawn: the edge of the old sleeve, not the arm."""


@dataclass(frozen=True, eq=False)
class Drape:
    """The garment as it lies in the picture.

    Args:
        colour: (H, W, 3) float32 sRGB levels, shaded.
        alpha: (H, W) float32, torso and sleeves together.
        torso, sleeves: (H, W) float32, each alone.
        sleeve_colour: (H, W, 3).
        long: whether the sleeves reach the wrists.
        hood: colour and alpha of what lies behind the neck.
    """

    colour: F32
    torso: F32
    sleeve_colour: F32
    sleeves: F32
    long: bool
    hood: tuple[F32, F32] | None = None

    @property
    def alpha(self) -> F32:
        """(H, W): all of the garment that lies before the body."""
        return np.maximum(self.torso, self.sleeves)


class Dressing:
    """One person, one garment: what lies over what."""

    def __init__(
        self, pixels: U8, person: Person, face: Face, body: Body, sized: Fit, cloth: Cutout, lower: F32
    ) -> None:
        self.pixels, self.person, self.body = pixels, person, body
        self.sized, self.cloth, self.lower = sized, cloth, lower
        self.shape = (pixels.shape[0], pixels.shape[1])
        self.gone = np.maximum(removed(person, lower, float(face.landmarks[33, 1])), self._bare_shoulders())
        self.head = _head(face, self.shape)

    def _bare_shoulders(self) -> F32:
        """Return (H, W) in [0, 1]: skin beyond the shoulders' ends and above the cuffs; no sleeve leaves it bare."""
        out = np.zeros(self.shape, np.float32)
        if self.sized.marks.sleeves is None:
            return out
        x = np.arange(self.shape[1])
        for i, (arm, tip) in enumerate(zip(self.body.arms, self.body.tips, strict=True)):
            reach = arm.mask(self.shape, 1.7, -0.1, 0.6 * cuff(self.sized, i) / arm.length)
            outside = (x - tip[0]) * (-1, 1)[i] > -0.03 * self.body.span
            out = np.maximum(out, reach * outside)
        return np.asarray(cv2.dilate(_share(self.person.body_skin), np.ones((5, 5), np.uint8)) * out, np.float32)

    def drape(self, shading: float) -> Drape:
        marks, span = self.sized.marks, self.body.span
        source = np.dstack([self.cloth.pixels, self.cloth.alpha * _without_opening(marks, self.cloth.alpha.shape)])
        torso_grid_ = torso_grid(self.sized)
        torso = torso_grid_.drawn(self.shape)
        light = body_light(self.pixels, self.gone, span, shading)
        colour, alpha = _pulled(torso, source)
        below = np.clip((torso.y - float(marks.armpits[:, 1].mean())) / 4, 0, 1)
        alpha = np.maximum(alpha * (1 - below * (1 - _edge(torso))), _within(torso) * below)
        chest = np.clip((torso.along - 0.12) / 0.2, 0, 1)
        factor = light * (1 - chest * (1 - roundness(torso.across, 0.22)))
        sleeves, sleeve_colour = np.zeros(self.shape, np.float32), np.zeros_like(colour)
        long = is_long(self.sized)
        if marks.sleeves is not None:
            for i in (0, 1):
                piece = sleeve_grid(self.sized, i).drawn(self.shape)
                own, a = _pulled(piece, source)
                a = np.maximum(a * _edge(piece), _within(piece))
                free = np.clip(piece.along / 0.5, 0, 1)
                own *= (light * (1 - free * (1 - roundness(piece.across, 0.25))))[..., None]
                sleeve_colour = np.where(a[..., None] > sleeves[..., None], own, sleeve_colour)
                sleeves = np.maximum(sleeves, a)
        shadow = contact(sleeves, 0.035 * span, 0.02 * span) * (1 - sleeves)
        factor *= 1 - 0.3 * shadow
        seen = (alpha > 0.5) & (sleeves < 0.5)
        if seen.any():
            factor /= np.median(factor[seen])  # most of the cloth keeps its own colour
        hood = self._hood(light) if marks.hood else None
        return Drape(colour * factor[..., None], alpha, sleeve_colour, sleeves, long, hood)

    def _hood(self, light: F32) -> tuple[F32, F32]:
        """Return the hood behind the neck, dark inside, (H, W, 3), and its alpha."""
        piece = hood_grid(self.sized).drawn(self.shape)
        inner = np.clip((0.62 - np.abs(piece.across)) / 0.3, 0, 1) * np.clip((piece.along - 0.15) / 0.3, 0, 1)
        rim = 1 - 0.25 * np.clip((0.12 - piece.along) / 0.12, 0, 1)
        shade = (1 - 0.55 * inner) * rim * light
        return piece.pull(self.cloth.pixels) * shade[..., None], piece.inside

    def skin_prior(self, drape: Drape) -> F32:
        """Return (H, W) in [0, 1]: where skin is expected once the old clothes are gone."""
        out = neck_mask(self.body, self.shape, 0.45 * self.body.span)
        if not drape.long:
            for arm in self.body.arms:
                out = np.maximum(out, arm.mask(self.shape) * _share(self.person.matte))
        return np.asarray(out, np.float32)

    def fronts(self, drape: Drape) -> tuple[F32, F32]:
        """Return what lies before the torso and what lies before the sleeves, (H, W) in [0, 1]."""
        person, body = self.person, self.body
        hair, face, skin, held = (
            _firm(part) for part in (person.hair, person.face_skin, person.body_skin, person.accessories)
        )
        head = self.head * self._skin()
        always = np.maximum(np.maximum(hair, face), np.maximum(held, head))
        hands = np.zeros(self.shape, np.float32)
        for hand in person.hands:
            hull = cv2.convexHull(hand.landmarks[:, :2].astype(np.float32))[:, 0]
            cv2.fillConvexPoly(hands, np.rint(hull).astype(np.int32), 1.0)
        reach = max(3, round(0.07 * body.span)) | 1
        hands = cv2.dilate(hands, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        for arm in body.arms:
            hands = np.maximum(hands, arm.mask(self.shape, 1.8, 1.0, 1.12))
        if drape.long:
            return (np.maximum(always, skin * hands),) * 2
        starts = [self._below_cuff(i) for i in (0, 1)]
        arms = np.maximum(*(a.mask(self.shape, 1.3, s, 1.12) for a, s in zip(body.arms, starts, strict=True)))
        fore = np.maximum(*(arm.mask(self.shape, 1.5, 0.6, 1.12) for arm in body.arms))
        return np.maximum(always, skin * np.maximum(hands, arms)), np.maximum(always, skin * np.maximum(hands, fore))

    def _skin(self) -> F32:
        """Return (H, W) in [0, 1]: skin of head and body together, without the doubt between them."""
        both = np.clip(_share(self.person.face_skin) + _share(self.person.body_skin), 0, 1)
        return np.asarray(np.clip((both - 0.3) / 0.4, 0, 1), np.float32)

    def _below_cuff(self, index: int) -> float:
        """Return from which share of an arm's length on it lies before the torso, a disc's radius below the cuff."""
        arm = self.body.arms[index]
        return max(0.2, (cuff(self.sized, index) + 0.6 * float(arm.radii[0])) / arm.length)

    def layer(self, drape: Drape, ground: U8, title: str) -> Layer:
        """Stack: old picture, ground and skin where the old clothes were, torso, arms, sleeves, hands."""
        over_torso, over_sleeves = self.fronts(drape)
        under, arms, gone = self._bared(drape, ground)
        changed = np.maximum(gone, drape.alpha)
        if drape.hood is not None:
            behind = drape.hood[1] * (1 - self._before_hood(over_torso))
            under, changed = _mix(under, drape.hood[0], behind), np.maximum(changed, behind)
        under, dimmed = self._shadowed(under, drape)
        changed = np.maximum(changed, dimmed)
        out = _mix(under, drape.colour, drape.torso * (1 - np.maximum(over_torso, arms)))
        out = _mix(out, drape.sleeve_colour, drape.sleeves * (1 - over_sleeves))
        shown = np.asarray(np.rint(np.clip(out, 0, 255)), np.uint8)
        unlike = (changed > 0.004) & (shown != self.pixels).any(axis=-1)
        return cover(shown, unlike.astype(np.uint8) * np.uint8(255), title=title)

    def _before_hood(self, over_torso: F32) -> F32:
        """Return what hides a hood that lies behind the neck: head, hair and neck."""
        neck = neck_mask(self.body, self.shape, 0.45 * self.body.span, column=True)
        x, y, half = self.body.neck
        rows, columns = np.ogrid[: self.shape[0], : self.shape[1]]
        above = np.clip((y + 0.15 * half - rows) / 4, 0, 1) * (np.abs(columns - x) < 1.15 * half)
        drawn = self.gone * neck_mask(self.body, self.shape, 0.45 * self.body.span)
        neck = neck * np.maximum(drawn, _share(self.person.matte) * (1 - self.gone))
        skin = self._skin() * above
        return np.asarray(np.maximum(np.maximum(over_torso, neck), skin), np.float32)

    def _shadowed(self, under: F32, drape: Drape) -> tuple[F32, F32]:
        """Return the picture with the garment's soft shadow on the body beside it, and where that falls."""
        body = np.clip(_share(self.person.matte) - self.gone, 0, 1)
        body = np.maximum(body, self.skin_prior(drape) * self.gone)
        span = self.body.span
        before = np.maximum(*self.fronts(drape))
        fall = contact(drape.alpha, 0.016 * span, 0.02 * span) * body * (1 - drape.alpha) * (1 - before)
        fall = np.where(fall > 0.03, 0.42 * fall, 0).astype(np.float32)
        return np.asarray(under * (1 - fall[..., None]), np.float32), fall

    def _bared(self, drape: Drape, ground: U8) -> tuple[F32, F32, F32]:
        """Return the picture without the old clothes, where arms were drawn that they hid, and all that changed."""
        neck = neck_mask(self.body, self.shape, 0.45 * self.body.span)
        ground = continued_up(ground, self.pixels, self.lower, self.body)
        behind = _mix(ground.astype(np.float32), neck_skin(self.pixels, self.person, self.body), neck)
        gone, arms = self.gone, np.zeros(self.shape, np.float32)
        seam = cv2.GaussianBlur(cv2.dilate((gone > 0.3).astype(np.float32), np.ones((13, 13), np.uint8)), (0, 0), 2)
        seam *= _share(self.person.body_skin)  # drawn skin goes over into real skin, and the old edge's shadow with it
        gone = np.maximum(gone, seam * neck)
        for i, arm in enumerate(self.body.arms):
            mask = arm.mask(self.shape, start=0.25 if self.sized.marks.sleeves else 0.0) * (np.maximum(self.gone, seam) > 0.02)
            if drape.long or float((mask * self.gone * (1 - drape.alpha) > 0.3).sum()) < FEW:
                continue
            mask = cv2.GaussianBlur(mask, (0, 0), 0.7)
            behind = _mix(behind, arm_skin(self.pixels, self.person, self.body, i), mask)
            arms = np.maximum(arms, mask * self.gone * arm.mask(self.shape, 1.1, self._below_cuff(i), 1.12))
            gone = np.maximum(gone, seam * mask)
        return _mix(self.pixels.astype(np.float32), behind, gone), arms, gone


def _pulled(piece: Piece, source: F32) -> tuple[F32, F32]:
    found = piece.pull(source)
    return found[..., :3], found[..., 3] * piece.inside


def _edge(piece: Piece) -> F32:
    """Return (H, W): 1 up to the edges of a piece, 0 beyond, where the next piece may lie in the garment's photo."""
    return np.asarray(np.clip((1.02 - np.abs(piece.across)) / 0.03, 0, 1), np.float32)


def _within(piece: Piece) -> F32:
    """Return (H, W): 1 well inside a sleeve's grid, where a gap of the outline is none of the cloth."""
    rim = np.clip((0.97 - np.abs(piece.across)) / 0.04, 0, 1) * np.clip((0.97 - piece.along) / 0.02, 0, 1)
    return np.asarray(rim * piece.inside, np.float32)


def _without_opening(marks: GarmentLandmarks, shape: tuple[int, ...]) -> F32:
    """Return (h, w) in [0, 1]: 0 within the neck opening and above it, where the back and its label show."""
    left, right = marks.opening[0], marks.opening[-1]
    ring = np.concatenate([marks.opening, [[right[0], -10], [left[0], -10]]])
    out = np.ones(shape[:2], np.float32)
    cv2.fillPoly(out, [np.rint(ring * 16).astype(np.int32)], 0.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.8), np.float32)


def _head(face: Face, shape: tuple[int, int]) -> F32:
    """Return (H, W) in [0, 1]: the face down to the jaw, which lies before every collar."""
    out = np.zeros(shape, np.float32)
    hull = cv2.convexHull(face.landmarks[:27].astype(np.float32))[:, 0]
    cv2.fillConvexPoly(out, np.rint(hull * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 1.0), np.float32)


def _mix(below: F32, above: F32, share: F32) -> F32:
    return np.asarray(below + (above - below) * share[..., None], np.float32)


def _firm(part: U8) -> F32:
    """Return (H, W) in [0, 1]: the part without its doubts, so that no ghost of it shows through cloth."""
    return np.asarray(np.clip((_share(part) - 0.3) / 0.4, 0, 1), np.float32)


def _share(part: U8) -> F32:
    return np.asarray(part, np.float32) / np.float32(255)
