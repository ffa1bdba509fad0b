"""Makeup by the face mesh: from a reference face or a named look, as a change of colour alone."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field, field_validator

from genkol import algorithm
from genkol.algorithm import Algorithm, Effects, Resources, Step
from genkol.algorithms.makeup_transfer.canvas import Canvas, face_width
from genkol.algorithms.makeup_transfer.looks import LOOKS
from genkol.algorithms.makeup_transfer.recipe import Recipe, from_look, from_reference, lip_colour
from genkol.artifacts import F32, U8, Face, Image, Layer, Person
from genkol.compose import affine, at
from genkol.errors import Unsuitable, did_you_mean
from genkol.services import MAKEUP_TRANSFER, Aspect
from genkol.vision.colour import lab_of, rgb_of
from genkol.vision.smooth import ramp

MOST_YAW = 45.0  # degrees; beyond it half of the face is hidden
REFERENCE_WIDTH = 256.0  # of the reference's face: only low frequencies are read from it
DIM_L = 35.0  # lightness of the skin under which colours fade in the dark
LIPS_HASTE = 1.6  # half a lipstick looks like none, so that lips are ahead of the intensity
LIPS_FORM = 0.025  # in face widths: what is broader is the form or the hue of the lips, what is finer their gloss
LIPS_COVER = 0.7  # of that broad light; the rest the lipstick hides
VIVID, LIT_L = 0.3, 52.0  # chroma over L of skin in full colour; L of a dark skin in good light
LEAST_EYES = 24.0  # pixels between the outer eye corners; below it lids are a pixel high


class MeshMakeup(Algorithm):
    """Lips, lids, lash lines, cheeks, brows and an even skin; texture and all else stay."""

    service = MAKEUP_TRANSFER
    name = "mesh"
    seeded = False
    effects = Effects(reads={Aspect.FACE}, writes={Aspect.FACE})
    resources = Resources(cpus=1, memory_mib=256, seconds=0.12)

    class Params(algorithm.Params):
        """How much, and which look."""

        look: str | None = Field(None, description=f"A named look instead of a reference: {', '.join(LOOKS)}.")
        intensity: float = Field(0.7, ge=0, le=1, description="0 keeps the portrait, 1 is the full makeup.")
        lips: float = Field(1.0, ge=0, le=1, description="Share of the intensity on the lips.")
        eyes: float = Field(1.0, ge=0, le=1, description="Share of the intensity on lids and lashes.")
        cheeks: float = Field(1.0, ge=0, le=1, description="Share of the intensity on the cheeks.")
        brows: float = Field(1.0, ge=0, le=1, description="Share of the intensity on the brows.")
        skin: float = Field(1.0, ge=0, le=1, description="Share of the intensity in evening the skin.")

        @field_validator("look")
        @classmethod
        def _known(cls, look: str | None) -> str | None:
            if look is not None and look not in LOOKS:
                raise ValueError(f"no look named {look!r}. {did_you_mean(look, LOOKS)}")
            return look

    @classmethod
    def check(cls, params: Params, given: frozenset[str]) -> str | None:
        if params.look is None and "makeup" not in given:
            return f"give a photo as 'makeup', or set 'look' to one of: {', '.join(LOOKS)}"
        if params.look is not None and "makeup" in given:
            return f"look={params.look!r} and a 'makeup' photo were both given: leave one out"
        return None

    def run(
        self,
        portrait: Image,
        face: Face,
        person: Person,
        makeup: Image | None = None,
        makeup_face: Face | None = None,
        *,
        params: Params,
        step: Step,
    ) -> Layer:
        """Return the change as a layer of opacity 0.

        Raises:
            Unsuitable: a face is turned too far, too small or has no mesh.
        """
        _check_face(face, "portrait")
        canvas = Canvas.of(portrait.pixels, face, paintable(person))
        if params.look is not None:
            recipe = from_look(canvas, LOOKS[params.look])
        else:
            if makeup is None or makeup_face is None:
                raise Unsuitable("Makeup needs a photo as 'makeup' or a 'look'.", expected=sorted(LOOKS))
            _check_face(makeup_face, "makeup")
            worn = Canvas.of(makeup.pixels, makeup_face, most=REFERENCE_WIDTH)
            recipe = from_reference(canvas, worn, makeup_face.yaw)
        step.progress(0.5)
        shift = change_of(canvas, recipe, params)
        left, top, right, bottom = canvas.box
        paint = painted(portrait.pixels[top:bottom, left:right], shift)
        return affine(paint, 0.0, at(left, top), title="Makeup" if params.look is None else f"Makeup: {params.look}")


def paintable(person: Person) -> F32:
    """Return (H, W) in [0, 1]: the skin of the face, less hair and what is worn or held before it."""
    parts = (person.face_skin, person.hair, person.accessories)
    skin, hair, other = (np.asarray(part, np.float32) / np.float32(255) for part in parts)
    return ramp(skin, 0.35, 0.85) * (1 - ramp(hair, 0.15, 0.6)) * (1 - ramp(other, 0.2, 0.6))


def change_of(canvas: Canvas, recipe: Recipe, params: MeshMakeup.Params) -> F32:
    """Return the (h, w, 3) change of CIELAB on the canvas, exactly 0 outside the face."""
    shift = params.skin * recipe.skin * _evening(canvas) + params.cheeks * recipe.cheeks
    shift *= (1 - np.maximum(canvas.eye_openings, canvas.mouth_opening))[..., None]
    shift += params.eyes * recipe.eyes
    shift += params.brows * canvas.brows[..., None] * recipe.brows
    shift *= params.intensity
    if recipe.lips is not None:
        lips = canvas.lips[..., None]
        share = params.lips * recipe.lips_opacity * (1 - (1 - params.intensity) ** LIPS_HASTE)
        shift = shift * (1 - lips * params.lips) + share * lips * _lip_change(canvas, recipe)
    shift *= (canvas.skin > 0.02)[..., None] * np.array([1, *(2 * [_colour_of(canvas)])], np.float32)
    return np.asarray(shift, np.float32)


def _colour_of(canvas: Canvas) -> float:
    """Return how much hue a picture bears, 0 to 1: none where it is black and white, less where it is dark."""
    sure = canvas.oval > 0.5
    if not sure.any():
        return 0.0
    chroma = float(np.hypot(canvas.lab[..., 1], canvas.lab[..., 2])[sure].mean())
    return float(ramp(chroma, 0.5, 2.5)) * min(1.0, float(canvas.base[0]) / DIM_L)


def _lip_change(canvas: Canvas, recipe: Recipe) -> F32:
    """Return the change that gives the lips the recipe's colour; their highlights keep their light."""
    own = lip_colour(canvas)
    if own is None or recipe.lips is None:
        return np.zeros_like(canvas.lab)
    median = own[0]
    target = recipe.lips.copy()
    # Pigment darkens: lips that are lightened, or lighter than the skin about them, look painted on.
    target[0] = min(target[0], median[0] + 5, 0.92 * canvas.base[0])
    target[1:] *= target[0] / recipe.lips[0] * grading(canvas.base)
    weight = canvas.lips + 1e-3
    broad = canvas.blur(canvas.lab * weight[..., None], LIPS_FORM) / canvas.blur(weight, LIPS_FORM)[..., None]
    form, fine = broad - median, canvas.lab - broad
    shine = ramp(fine[..., 0], 8, 22)
    moved = np.empty_like(canvas.lab)
    moved[..., 0] = (
        target[0] + LIPS_COVER * form[..., 0] + fine[..., 0] * (recipe.lips_spread + (1 - recipe.lips_spread) * shine)
    )
    kept = 0.5 * shine[..., None]
    moved[..., 1:] = (target[1:] + 0.6 * (canvas.lab - median)[..., 1:]) * (1 - kept) + kept * canvas.lab[..., 1:]
    return np.asarray(moved - canvas.lab, np.float32)


def grading(skin: F32) -> float:
    """Return how far a strong colour may be as vivid as in daylight, by the (3,) CIELAB of the skin.

    In a picture whose skin is pale of hue or in the shade a full red would glow.
    """
    saturation = float(np.hypot(skin[1], skin[2])) / max(float(skin[0]), 1.0)
    return float(min(1.0, (saturation / VIVID) ** 0.5) * min(1.0, (skin[0] / LIT_L) ** 0.7))


def _evening(canvas: Canvas) -> F32:
    """Return the change that takes blotches out of the skin: between pores and the form of the face."""
    open_ = canvas.blur(np.maximum(canvas.eye_openings, canvas.mouth_opening), 0.012)
    dark = ramp(canvas.base[0] - canvas.lab[..., 0], 22, 38)
    weight = canvas.oval * (1 - open_) * (1 - canvas.brows) * (1 - canvas.lips) * (1 - dark)
    broad = canvas.blur(canvas.lab * weight[..., None], 0.03) / (canvas.blur(weight, 0.03) + 1e-3)[..., None]
    fine = canvas.blur(canvas.lab, 0.005)
    band = (broad - fine) * (0.45, 0.8, 0.8)
    return np.asarray(np.clip(band, -8, 8) * weight[..., None], np.float32)


def painted(pixels: U8, shift: F32) -> F32:
    """Return (h, w, 3) in 8-bit levels, signed: what a change of CIELAB adds to the pixels' sRGB."""
    if shift.shape[:2] != pixels.shape[:2]:
        shift = cv2.resize(shift, (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_LINEAR)
    lab = lab_of(pixels)
    moved = lab + shift
    moved[..., 0] = np.clip(moved[..., 0], 0, 100)
    touched = np.abs(shift).max(axis=-1) > 1e-3
    return np.asarray((rgb_of(moved) - rgb_of(lab)) * 255 * touched[..., None], np.float32)


def _check_face(face: Face, port: str) -> None:
    if len(face.mesh) != 468:
        raise Unsuitable(
            f"The face in {port!r} has no mesh of 468 points, which this algorithm works on: align it with "
            "face-alignment/mesh.",
            port=port,
        )
    if abs(face.yaw) > MOST_YAW:
        raise Unsuitable(
            f"The face in {port!r} is turned by {abs(face.yaw):.0f} degrees; makeup needs at most {MOST_YAW:.0f}. "
            "Give a photo that looks more towards the camera.",
            port=port,
            value=round(face.yaw, 1),
            expected=MOST_YAW,
        )
    if face.eye_distance < LEAST_EYES and face_width(face) < 2 * LEAST_EYES:
        raise Unsuitable(
            f"The face in {port!r} is too small: {face.eye_distance:.0f} pixels between the eyes, at least "
            f"{LEAST_EYES:.0f} are needed. Give a larger photo, or crop closer.",
            port=port,
            value=round(face.eye_distance, 1),
            expected=LEAST_EYES,
        )
