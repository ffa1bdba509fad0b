"""The arms that sleeves follow: bones from the pose, widths from what is bare."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from genkol.artifacts import F32, F64, Person

SHOULDERS, ELBOWS, WRISTS = (12, 11), (14, 13), (16, 15)
"""Pose landmarks, the picture's left one first when the person faces the camera."""
MOST_TURN = 45.0
"""Degrees by which an unsure forearm is turned to bare skin."""
PAST = 0.3
"""Skin along an unsure forearm, against that along the best one, under which it is turned."""
LEAST_SEEN = 0.5
"""Visibility from which a landmark is believed."""


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
    def bend(self) -> float:
        """Degrees between the upper arm and the forearm: 180 when stretched, near 0 when folded."""
        up, down = self.bone[0] - self.bone[1], self.bone[2] - self.bone[1]
        cosine = float(up @ down) / max(float(np.linalg.norm(up) * np.linalg.norm(down)), 1e-6)
        return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))

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


def arm_of(pose: F64, person: Person, index: int, side: int, span: float) -> Arm:
    """Return one arm: by the pose, its elbow moved to the middle of the bare arm, its wrist to the hand's.

    Args:
        pose: (33, 4) of the person.
        person: its parts.
        index: 0 for the picture's left one.
        side: -1 for the picture's left one, else 1.
        span: distance of the shoulder joints, pixels.
    """
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
    unsure = not near and seen[2] < LEAST_SEEN
    if unsure:
        bone[2] = _along_skin(person, bone[1], bone[2])
    upper = _radius(person, bone, span)
    bone[1] += _off_middle(person, bone, upper, 0.06 * span)
    radii = np.array([1.08 * upper, 0.84 * upper, 0.5 * upper])
    elbow = _bare_radius(person, bone[1:], (0.05, 0.12, 0.2), 0.84 * upper)
    radii[1] = float(np.clip(elbow or radii[1], 0.7 * radii[1], 1.35 * radii[1]))
    fore = _bare_radius(person, bone[1:], (0.55, 0.65, 0.75), 0.7 * upper) if unsure else None
    if fore is not None:
        radii[2] = float(np.clip((fore - 0.35 * radii[1]) / 0.65, 0.45 * upper, 0.95 * upper))
    return Arm(bone, radii, _bulge(person, bone, radii[0], side))


def _along_skin(person: Person, elbow: F64, wrist: F64) -> F64:
    """Return the wrist turned about the elbow to the bare forearm, where the pose leads plainly past it.

    Args:
        person: its parts.
        elbow: (2,) pixels.
        wrist: (2,) pixels, a guess: hidden, or off the frame.
    """
    length = float(np.linalg.norm(wrist - elbow))
    depth = cv2.distanceTransform((person.body_skin > 127).astype(np.uint8), cv2.DIST_L2, 3)
    depth = np.minimum(depth, 0.2 * length)

    def shown(degrees: float) -> float:
        line = elbow + np.linspace(0.5, 1.1, 30)[:, None] * (_turned(degrees) @ (wrist - elbow))
        x, y = np.rint(line).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < depth.shape[1]) & (y < depth.shape[0])
        return float(depth[y[inside], x[inside]].sum())

    best = max(np.arange(-MOST_TURN, MOST_TURN + 1, 3.0), key=shown)
    if shown(0.0) >= PAST * shown(best):
        return wrist
    return np.asarray(elbow + _turned(float(best)) @ (wrist - elbow), np.float64)


def _turned(degrees: float) -> F64:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])


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
        run = run_at(row, 50)
        if run is not None and run[0] > 0 and run[1] < 100:
            found.append((float(reach[run[0]]), float(reach[run[1]])))
    return found


def run_at(row: NDArray[np.bool_], x: float) -> tuple[int, int] | None:
    """Return the first and last true pixel of the run that holds x, None when x is not in one."""
    column = int(np.clip(round(x), 0, len(row) - 1))
    if not row[column]:
        return None
    left = column - int(row[: column + 1][::-1].argmin() if not row[: column + 1].all() else column + 1) + 1
    right = column + int(row[column:].argmin() if not row[column:].all() else len(row) - column) - 1
    return left, right
