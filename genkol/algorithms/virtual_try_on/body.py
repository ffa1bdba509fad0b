"""The body that a garment is put on: neck, shoulders, arms and torso, from the pose and the person's own maps."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64, Face, Person
from genkol.errors import Unsuitable
from genkol.vision.smooth import smoothed

SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES = (12, 11), (14, 13), (16, 15), (24, 23), (26, 25)
"""Pose landmarks, the picture's left one first when the person faces the camera."""
LEAST_SEEN = 0.5
"""Visibility from which a landmark is believed."""
LEAST_TURN = 0.55
"""Distance of the shoulders against that of the eyes' outer corners times four; less is a turned body."""
ROWS = 64
COLLAR = 1.5
"""Half width of a collar against that of the neck."""
CLOTH = 0.014
"""How thick cloth lies on a shoulder, as a share of the shoulders' distance."""
RISE = 0.33
"""How steeply a shoulder rises towards the neck."""


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm.

    Args:
        bone: (3, 2) shoulder, elbow, wrist.
        radii: (3,) half widths there.
        bulge: how far the shoulder stands out from the bone, against the radius.
    """

    bone: F64
    radii: F64
    bulge: float = 1.0

    def at(self, way: F64) -> tuple[F64, F64, F64]:
        """Return points (n, 2), unit directions (n, 2) and radii (n,) at distances from the shoulder along the bone.

        The bend at the elbow is rounded; beyond either end the bone goes on straight.
        """
        lengths = np.linalg.norm(np.diff(self.bone, axis=0), axis=1)
        ways = np.array([0, lengths[0], lengths.sum()])
        upper, lower = ((self.bone[k + 1] - self.bone[k]) / max(lengths[k], 1e-6) for k in (0, 1))
        soft = 0.22 * lengths[0]
        share = 1 / (1 + np.exp(-(way - lengths[0]) / (0.35 * soft)))[:, None]
        direction = upper * (1 - share) + lower * share
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
        before, after = self.bone[0] + upper * way[:, None], self.bone[1] + lower * (way - lengths[0])[:, None]
        points = before * (1 - share) + after * share
        return points, direction, np.interp(way, ways, self.radii)

    @property
    def length(self) -> float:
        return float(np.linalg.norm(np.diff(self.bone, axis=0), axis=1).sum())

    def mask(self, shape: tuple[int, int], grow: float = 1.0, start: float = 0.0, end: float = 1.0) -> F32:
        """Return (H, W) in [0, 1]: the arm as a chain of discs, from and to shares of its length."""
        out = np.zeros(shape, np.float32)
        points, _, radii = self.at(np.linspace(start, end, 60) * self.length)
        for (x, y), radius in zip(points, radii * grow, strict=True):
            cv2.circle(out, (round(x * 16), round(y * 16)), round(radius * 16), 1.0, -1, cv2.LINE_AA, 4)
        return out


@dataclass(frozen=True, eq=False)
class Body:
    """Args:
    span: distance of the shoulder joints, pixels.
    tips: (2, 2) where a sleeve's seam starts, on the shoulders, the picture's left first.
    neck: (3,) middle x, y under the chin, and half width of the neck.
    bases: (2, 2) where the shoulders meet the neck.
    slopes: two (5, 2) lines along the shoulders, from tip to base.
    arms: left, right in the picture.
    rows: (ROWS,) heights from the shoulders to below the hips.
    middle: (ROWS,) x of the torso's middle there.
    half: (ROWS,) half width of the torso there.
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
    shape = person.matte.shape
    firm = np.maximum(np.maximum(person.clothes, person.body_skin), person.accessories) > 127
    tips = np.array([_tip(firm, joints[i], side, span) for i, side in ((0, -1), (1, 1))])
    neck = _neck(person, face, joints)
    slopes = tuple(_slope(firm, neck, tips[i], side, span) for i, side in ((0, -1), (1, 1)))
    tips, bases = (np.array([slope[k] for slope in slopes]) for k in (0, -1))
    hips, knees = pose[list(HIPS), :2], pose[list(KNEES), :2]
    if pose[list(HIPS), 3].min() < LEAST_SEEN or hips[:, 1].mean() - joints[:, 1].mean() < 0.9 * span:
        hips = joints * 0.62 + joints.mean(0) * 0.38 + [0, 1.45 * span]
    arms = tuple(_arm(pose, person, i, side, span) for i, side in ((0, -1), (1, 1)))
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
    if abs(face.yaw) > 60:
        raise Unsuitable(
            f"The face is in profile (turned by {abs(face.yaw):.0f} degrees, at most 60). Use a picture from the "
            "front.",
            value=round(face.yaw, 1),
            expected=60,
        )
    span = float(np.linalg.norm(shoulders[0, :2] - shoulders[1, :2]))
    head = float(np.linalg.norm(face.landmarks[27] - face.landmarks[8])) * 2
    if span < LEAST_TURN * head:
        raise Unsuitable(
            f"The body is turned to the side: the shoulders are {span / head:.2f} head heights apart, at least "
            f"{LEAST_TURN} is needed. Use a picture from the front.",
            value=round(span / head, 2),
            expected=LEAST_TURN,
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
        run = _run_at(skin[int(y)], x)
        if run is None:
            continue
        half = (run[1] - run[0]) / 2
        if 0.75 * usual < half < 1.3 * usual and (best is None or half < best[2]):
            best = ((run[0] + run[1]) / 2, float(y), half)
    if best is None:
        y = chin[1] + 0.3 * (middle[1] - chin[1])
        return np.array([chin[0] * 0.7 + middle[0] * 0.3, y, usual])
    return np.array(best)


def _run_at(row: NDArray[np.bool_], x: float) -> tuple[int, int] | None:
    column = int(np.clip(round(x), 0, len(row) - 1))
    if not row[column]:
        return None
    left = column - int(row[: column + 1][::-1].argmin() if not row[: column + 1].all() else column + 1) + 1
    right = column + int(row[column:].argmin() if not row[column:].all() else len(row) - column) - 1
    return left, right


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


def _arm(pose: F64, person: Person, index: int, side: int, span: float) -> Arm:
    picks = [SHOULDERS[index], ELBOWS[index], WRISTS[index]]
    bone = pose[picks, :2].copy()
    seen = pose[picks, 3]
    wrists = [hand.landmarks[0, :2].astype(np.float64) for hand in person.hands]
    near = [w for w in wrists if np.linalg.norm(w - bone[2]) < 0.25 * span]
    if near:
        bone[2] = min(near, key=lambda w: float(np.linalg.norm(w - bone[2])))
    if seen[1] < 0.3:
        bone[1] = bone[0] + [side * 0.1 * span, 0.85 * span]
    if seen[2] < 0.3:
        ahead = (bone[1] - bone[0]) / max(float(np.linalg.norm(bone[1] - bone[0])), 1e-6)
        bone[2] = bone[1] + ahead * 0.7 * span
    upper = _radius(person, bone, span)
    bone[1] += _off_middle(person, bone, upper, 0.06 * span)
    radii = np.array([1.08 * upper, 0.84 * upper, 0.5 * upper])
    elbow = _bare_radius(person, bone[1:], (0.05, 0.12, 0.2), 0.84 * upper)
    radii[1] = float(np.clip(elbow or radii[1], 0.7 * radii[1], 1.35 * radii[1]))
    return Arm(bone, radii, _bulge(person, bone, radii[0], side))


def _bulge(person: Person, bone: F64, radius: float, side: int) -> float:
    """Return how far the outline lies outside the upper arm's bone, against the radius; a jacket's is not believed."""
    along = (bone[1] - bone[0]) / max(float(np.linalg.norm(bone[1] - bone[0])), 1e-6)
    outward = np.array([-along[1], along[0]])
    outward *= np.sign(outward @ [side, -0.6]) or 1
    found = []
    for share in (0.0, 0.1, 0.2, 0.3, 0.4):
        line = bone[0] * (1 - share) + bone[1] * share + np.linspace(0, 2, 60)[:, None] * radius * outward
        x, y = np.rint(line).astype(int).T
        ok = (x >= 0) & (y >= 0) & (x < person.matte.shape[1]) & (y < person.matte.shape[0])
        seen = np.zeros(60, bool)
        seen[ok] = person.matte[y[ok], x[ok]] > 127
        bare = ok.any() and person.body_skin[y[ok], x[ok]][seen[ok]].mean() > 127 if seen.any() else False
        found.append(min(2 / 60 * (60 if seen.all() else int(seen.argmin())), 1.5 if bare else 1.2))
    return float(np.clip(np.mean(found) + 0.1, 1.0, 1.5))


def _radius(person: Person, bone: F64, span: float) -> float:
    """Return the half width of the upper arm: of its bare skin where it shows, else as builds usually are."""
    usual = 0.142 * span
    seen = _bare_radius(person, bone, (0.55, 0.65, 0.75, 0.85), usual)
    return float(np.clip(seen or usual, 0.7 * usual, 1.35 * usual))


def _bare_radius(person: Person, bone: F64, shares: tuple[float, ...], usual: float) -> float | None:
    """Return the half width of the skin across a bone at shares of its length, None where it is not bare."""
    runs = _runs_across(person, bone, shares, usual)
    return float(np.median([(right - left) / 2 for left, right in runs])) if len(runs) > 1 else None


def _off_middle(person: Person, bone: F64, usual: float, most: float) -> F64:
    """Return how far the elbow lies beside the middle of the bare arm there, (2,) pixels."""
    normal = _normal(bone[:2])
    runs = _runs_across(person, bone[:2], (0.75, 0.85, 0.95), usual)
    if len(runs) < 2:
        return np.zeros(2)
    return normal * float(np.clip(np.median([(left + right) / 2 for left, right in runs]), -most, most))


def _normal(bone: F64) -> F64:
    along = (bone[1] - bone[0]) / max(float(np.linalg.norm(bone[1] - bone[0])), 1e-6)
    return np.array([-along[1], along[0]])


def _runs_across(person: Person, bone: F64, shares: tuple[float, ...], usual: float) -> list[tuple[float, float]]:
    """Return where skin begins and ends along the normals of a bone, pixels from it, at shares of its length."""
    skin, normal, found = person.body_skin > 127, _normal(bone), []
    reach = np.linspace(-2.5, 2.5, 101) * usual
    for share in shares:
        line = bone[0] * (1 - share) + bone[1] * share + reach[:, None] * normal
        x, y = np.rint(line).astype(int).T
        ok = (x >= 0) & (y >= 0) & (x < skin.shape[1]) & (y < skin.shape[0])
        row = np.zeros(len(line), bool)
        row[ok] = skin[y[ok], x[ok]]
        run = _run_at(row, 50)
        if run is not None and run[0] > 0 and run[1] < 100:
            found.append((float(reach[run[0]]), float(reach[run[1]])))
    return found


def _torso(
    person: Person, joints: F64, hips: F64, rows: F64, arms: tuple[Arm, ...], span: float
) -> tuple[F64, F64]:
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
        run = _run_at(body[int(y)], spine[k])
        if run is None:
            continue
        left, right = (float(np.clip(abs(e - spine[k]), 0.8 * build[k], 1.2 * build[k])) for e in run)
        middle[k], half[k] = spine[k] + (right - left) / 2, (left + right) / 2
    half = np.minimum(half, 1.12 * float(np.median(half[(share > 0.35) & (share < 0.85)])))
    both = smoothed(np.column_stack([middle, half]).astype(np.float32)[:, None], 2.0)[:, 0]
    return both[:, 0].astype(np.float64), both[:, 1].astype(np.float64)
