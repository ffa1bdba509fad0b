"""The body under the clothes, as the pose shows it: where cloth hangs from and what it goes around."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from genkol.artifacts import F32, F64, Person
from genkol.vision.box import Box

SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES, ANKLES = (slice(k, k + 2) for k in (11, 13, 15, 23, 25, 27))


@dataclass(frozen=True, eq=False)
class Frame:
    """The torso's own axes.

    Args:
        neck: (2,) between the shoulders, pixels.
        down: (2,) unit vector to between the hips.
        across: (2,) unit vector to the picture's right, at a right angle to it.
        width: of the shoulders, pixels, as if seen from the front.
        torso: from shoulders to hips, pixels.
        points: (33, 2) the pose; (0, 2) where the frame is guessed.
        facing: distance of the shoulders over the torso's length, about 0.7 from the front; negative from behind.
        seen: (33,) visibility of the points, 0 to 1; (0,) where the frame is guessed.
    """

    neck: F64
    down: F64
    across: F64
    width: float
    torso: float
    points: F64
    facing: float
    seen: F64

    def reduced(self, scale: float) -> Frame:
        """Return the frame in a copy of the picture that is so many times as large."""
        shift = (scale - 1) / 2
        neck, points = self.neck * scale + shift, self.points * scale + shift
        return replace(self, neck=neck, points=points, width=self.width * scale, torso=self.torso * scale)

    def within(self, box: Box) -> Frame:
        """Return the frame in a part of the picture."""
        corner = np.array([box.left, box.top], np.float64)
        return replace(self, neck=self.neck - corner, points=self.points - corner)

    def along(self, shape: tuple[int, ...], step: int = 1) -> tuple[F32, F32]:
        """Return (h, w) planes: right of the middle in shoulder widths; below the shoulders in torsos."""
        h, w = shape[:2]
        x = (np.arange(w, dtype=np.float32) * step - np.float32(self.neck[0]))[None, :]
        y = (np.arange(h, dtype=np.float32) * step - np.float32(self.neck[1]))[:, None]
        right = (x * self.across[0] + y * self.across[1]) / self.width
        below = (x * self.down[0] + y * self.down[1]) / self.torso
        return np.asarray(right, np.float32), np.asarray(below, np.float32)


def frame_of(person: Person) -> Frame | None:
    """Return the frame, or None without a pose that is upright."""
    if not len(person.pose):
        return None
    points = person.pose[:, :2].astype(np.float64)
    shoulders, hips = points[SHOULDERS], points[HIPS]
    neck, waist = shoulders.mean(axis=0), hips.mean(axis=0)
    torso = float(np.linalg.norm(waist - neck))
    if torso < 8:
        return None
    down = (waist - neck) / torso
    if down[1] < 0.5:
        return None
    width = max(float(np.linalg.norm(shoulders[0] - shoulders[1])), 0.55 * torso)
    across = np.array([down[1], -down[0]])
    facing = float((shoulders[0] - shoulders[1]) @ across) / torso
    return Frame(neck, down, across, width, torso, points, facing, person.pose[:, 3].astype(np.float64))


def frame_without_pose(weight: F32) -> Frame:
    """Return a guess by the (h, w) coverage of the clothes alone: an upright torso as wide as they are."""
    rows, columns = np.flatnonzero(weight.max(axis=1) > 0.5), np.flatnonzero(weight.max(axis=0) > 0.5)
    top, left, right = (0, 0, weight.shape[1]) if not len(rows) else (rows[0], columns[0], columns[-1] + 1)
    width = 0.75 * (right - left)
    neck = np.array([(left + right) / 2, float(top)])
    return Frame(
        neck, np.array([0.0, 1.0]), np.array([1.0, 0.0]), width, 1.3 * width, np.zeros((0, 2)), 1.0, np.zeros(0)
    )
