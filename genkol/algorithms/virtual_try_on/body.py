"""The body that a garment is put on: neck, shoulders, arms and torso, from the pose and the person's own maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genkol.algorithms.virtual_try_on.arm import LEAST_SEEN, SHOULDERS, Arm, arm_of, run_at
from genkol.artifacts import F64, Face, Person
from genkol.errors import Unsuitable
from genkol.vision.smooth import smoothed

HIPS, KNEES = (24, 23), (26, 25)
"""Pose landmarks, the picture's left one first when the person faces the camera."""
LEAST_WIDE, MOST_LONG = 0.8, 2.2
"""Shoulders against the head's height, and torso against shoulders: a narrower or longer body is a turned one."""
MOST_YAW = 45.0
"""Degrees; a face turned further is a profile."""
ROWS = 64
COLLAR = 1.5
"""Half width of a collar against that of the neck."""
CLOTH = 0.014
"""How thick cloth lies on a shoulder, as a share of the shoulders' distance."""
RISE = 0.33
"""How steeply a shoulder rises towards the neck."""


@dataclass(frozen=True, eq=False)
class Body:
    """The measures of a body that faces the camera, pixels of the picture.

    Args:
        span: distance of the shoulder joints, pixels.
        tips: (2, 2) where a sleeve's seam starts, on the shoulders, the picture's left first.
        neck: (3,) middle x, y under the chin, and half width of the neck.
        bases: (2, 2) where the shoulders meet the neck.
        slopes: two (5, 2) lines along the shoulders, from tip to base.
        arms: left, right in the picture.
        rows: (ROWS,) heights from the shoulders to below the hips.
        middle: (ROWS,) x of the torso's middle there.
        half: (ROWS,) half width of the torso there.
        shoulders: y of the shoulder joints.
        hips: y of the hip joints.
        knees: y of the knees.
    """

    span: float
    tips: F64
    neck: F64
    bases: F64
    slopes: tuple[F64, F64]
    arms: tuple[Arm, Arm]
    rows: F64
    middle: F64
    half: F64
    shoulders: float
    hips: float
    knees: float


def body_of(person: Person, face: Face) -> Body:
    """Read the body that faces the camera.

    Raises:
        Unsuitable: no pose, shoulders out of the picture, a back or a profile.
    """
    pose = person.pose.astype(np.float64)
    _check(pose, face, person.matte.shape)
    joints = pose[list(SHOULDERS), :2]
    span = float(np.linalg.norm(joints[0] - joints[1]))
    firm = np.maximum(np.maximum(person.clothes, person.body_skin), person.accessories) > 127
    tips = np.array([_tip(firm, joints[i], side, span) for i, side in ((0, -1), (1, 1))])
    neck = _neck(person, face, joints)
    slopes = tuple(_slope(firm, neck, tips[i], side, span) for i, side in ((0, -1), (1, 1)))
    tips, bases = (np.array([slope[k] for slope in slopes]) for k in (0, -1))
    hips, knees = pose[list(HIPS), :2], pose[list(KNEES), :2]
    if pose[list(HIPS), 3].min() < LEAST_SEEN or hips[:, 1].mean() - joints[:, 1].mean() < 0.9 * span:
        hips = joints * 0.62 + joints.mean(0) * 0.38 + [0, 1.45 * span]
    arms = tuple(arm_of(pose, person, i, side, span) for i, side in ((0, -1), (1, 1)))
    rows = np.linspace(joints[:, 1].mean(), hips[:, 1].mean() + 0.5 * span, ROWS)
    middle, half = _torso(person, joints, hips, rows, arms, span)
    return Body(
        span, tips, neck, bases, (slopes[0], slopes[1]), (arms[0], arms[1]), rows, middle, half,
        float(joints[:, 1].mean()), float(hips[:, 1].mean()), float(knees[:, 1].mean()),
    )  # fmt: skip


def _check(pose: F64, face: Face, shape: tuple[int, ...]) -> None:
    if not len(pose):
        raise Unsuitable("No body was found beside the face. Use a picture that shows the shoulders and the chest.")
    shoulders = pose[list(SHOULDERS)]
    h, w = shape[:2]
    inside = (shoulders[:, 0] > -0.05 * w) & (shoulders[:, 0] < 1.05 * w) & (shoulders[:, 1] < 0.93 * h)
    if shoulders[:, 3].min() < LEAST_SEEN or not inside.all():
        raise Unsuitable(
            "The shoulders are not in the picture; a garment hangs on them. Use a picture that shows both shoulders "
            "and the chest.",
            value=[round(float(v), 2) for v in shoulders[:, 3]],
            expected=LEAST_SEEN,
        )
    if shoulders[0, 0] >= shoulders[1, 0]:
        raise Unsuitable("The person is seen from the back; a garment is put on from the front only.")
    if abs(face.yaw) > MOST_YAW:
        raise Unsuitable(
            f"The face is in profile (turned by {abs(face.yaw):.0f} degrees, at most {MOST_YAW:.0f}). Use a picture "
            "from the front.",
            value=round(face.yaw, 1),
            expected=MOST_YAW,
        )
    _check_turn(pose, face)


def _check_turn(pose: F64, face: Face) -> None:
    shoulders, hips = pose[list(SHOULDERS), :2], pose[list(HIPS)]
    span = float(np.linalg.norm(shoulders[0] - shoulders[1]))
    head = float(np.linalg.norm(face.landmarks[27] - face.landmarks[8])) * 2
    wide = span / max(head, 1e-6)
    long = float(np.linalg.norm(hips[:, :2].mean(0) - shoulders.mean(0))) / span
    if wide < LEAST_WIDE or (hips[:, 3].min() > LEAST_SEEN and long > MOST_LONG):
        raise Unsuitable(
            f"The body is turned to the side: its shoulders are {wide:.2f} head heights apart (at least {LEAST_WIDE}) "
            f"and its torso {long:.1f} times as long as they are apart (at most {MOST_LONG}). Use a picture from the "
            "front.",
            value=[round(wide, 2), round(long, 2)],
            expected=[LEAST_WIDE, MOST_LONG],
        )


def _top(firm: NDArray[np.bool_], x: float, low: float, high: float) -> float | None:
    """Return the uppermost firm pixel above x between two heights, None when there is none or all are."""
    column = int(np.clip(round(x), 0, firm.shape[1] - 1))
    a, b = int(np.clip(low, 0, firm.shape[0] - 1)), int(np.clip(high, 1, firm.shape[0]))
    part = firm[a:b, column]
    if not part.any() or part[0]:
        return None
    return float(a + part.argmax())


def _tip(firm: NDArray[np.bool_], joint: F64, side: int, span: float) -> F64:
    """Return the end of the shoulder: a little out of the joint and above it, laid on the silhouette."""
    x = joint[0] + side * 0.045 * span
    guess = joint[1] - 0.165 * span
    seen = _top(firm, x, guess - 0.12 * span, guess + 0.16 * span)
    y = guess if seen is None else float(np.clip(seen, guess - 0.05 * span, guess + 0.13 * span))
    return np.array([x, y])


def _neck(person: Person, face: Face, joints: F64) -> F64:
    """Return x, y and half width of the neck where it is narrowest under the chin."""
    chin = face.landmarks[8].astype(np.float64)
    jaw = float(np.linalg.norm(face.landmarks[13] - face.landmarks[3]))
    usual = 0.46 * jaw
    middle = joints.mean(0)
    skin = np.maximum(person.face_skin, person.body_skin) > 110
    reach = max(4.0, 0.45 * (middle[1] - chin[1]))
    best: tuple[float, float, float] | None = None
    for y in np.linspace(chin[1] + 0.12 * reach, chin[1] + reach, 12):
        share = np.clip((y - chin[1]) / max(middle[1] - chin[1], 1), 0, 1)
        x = chin[0] * (1 - share) + middle[0] * share
        if not 0 <= y < skin.shape[0]:
            continue
        run = run_at(skin[int(y)], x)
        if run is None:
            continue
        half = (run[1] - run[0]) / 2
        if 0.75 * usual < half < 1.3 * usual and (best is None or half < best[2]):
            best = ((run[0] + run[1]) / 2, float(y), half)
    if best is None:
        y = chin[1] + 0.3 * (middle[1] - chin[1])
        return np.array([chin[0] * 0.7 + middle[0] * 0.3, y, usual])
    return np.array(best)


def _slope(firm: NDArray[np.bool_], neck: F64, tip: F64, side: int, span: float) -> F64:
    """Return (5, 2) the shoulder from its tip up to the neck, on the silhouette where that is like a shoulder.

    A hood or a jacket's collar stands higher than any shoulder and is not followed.
    """
    end = neck[0] + side * COLLAR * neck[2]
    if (end - tip[0]) * side > -0.1 * span:
        end = tip[0] - side * 0.1 * span
    share = np.linspace(0, 1, 5)
    xs = tip[0] * (1 - share) + end * share
    rise = RISE * abs(end - tip[0])
    guess = tip[1] - rise * share**1.15
    ys = guess.copy()
    for k in range(1, 5):
        seen = _top(firm, xs[k], guess[k] - 0.15 * span, guess[k] + 0.15 * span)
        if seen is not None:
            ys[k] = np.clip(seen, guess[k] - 0.035 * span, guess[k] + 0.06 * span)
    ys = np.minimum.accumulate(ys)
    return np.column_stack([xs, ys - CLOTH * span])


def _torso(person: Person, joints: F64, hips: F64, rows: F64, arms: tuple[Arm, ...], span: float) -> tuple[F64, F64]:
    """Return the middle and the half width of the torso at the rows."""
    shape = person.matte.shape
    arm = np.maximum(arms[0].mask(shape, 1.05, 0.35), arms[1].mask(shape, 1.05, 0.35))
    body = (np.maximum(person.clothes, person.accessories) > 127) & (arm < 0.5)
    top, bottom = joints.mean(0), hips.mean(0)
    share = np.clip((rows - top[1]) / (bottom[1] - top[1]), 0, 1)
    spine = top[0] * (1 - share) + bottom[0] * share
    build = np.interp(share, [0, 0.35, 0.7, 1], [0.52, 0.50, 0.44, 0.50]) * span
    middle, half = spine.copy(), build.copy()
    for k, y in enumerate(rows):
        if not 0 <= y < shape[0]:
            continue
        run = run_at(body[int(y)], spine[k])
        if run is None:
            continue
        left, right = (float(np.clip(abs(e - spine[k]), 0.8 * build[k], 1.2 * build[k])) for e in run)
        middle[k], half[k] = spine[k] + (right - left) / 2, (left + right) / 2
    half = np.minimum(half, 1.12 * float(np.median(half[(share > 0.35) & (share < 0.85)])))
    both = smoothed(np.column_stack([middle, half]).astype(np.float32)[:, None], 2.0)[:, 0]
    return both[:, 0].astype(np.float64), both[:, 1].astype(np.float64)
