"""What face landmarks mean: the 68 iBUG points of a mesh, the aligned crop, and where a face looks."""

from __future__ import annotations

import numpy as np

from genkol.artifacts import F32, F64

IBUG_OF_MESH = np.array(
    (
        *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw, left to right
        *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
        *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
        *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
        *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
    )
)
"""Which of the 468 mesh points is each of the 68 iBUG points."""

TEMPLATE = np.array([(0.3835, 0.48), (0.6165, 0.48), (0.5, 0.61), (0.405, 0.725), (0.595, 0.725)], np.float64)
"""Where the eyes, the nose tip and the mouth corners lie in the aligned crop, as shares of its side."""

_MIRROR_PAIRS = np.array([(33, 263), (133, 362), (61, 291), (234, 454), (127, 356), (58, 288), (172, 397), (98, 327)])


def landmarks_of(mesh: F32) -> F32:
    """Return the (68, 2) iBUG points of a (468, 3) mesh."""
    return np.ascontiguousarray(mesh[IBUG_OF_MESH, :2])


def similarity(source: F64, target: F64) -> F64:
    """Return the (2, 3) similarity (rotation, scale, offset; no reflection) that takes (n, 2) source to target.

    Least squares: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 1991, eqs. 40-43.
    """
    mean_s, mean_t = source.mean(0), target.mean(0)
    centred_s, centred_t = source - mean_s, target - mean_t
    u, d, vt = np.linalg.svd(centred_t.T @ centred_s / len(source))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = float((d * sign).sum() / centred_s.var(0).sum())
    return np.column_stack([scale * rotation, mean_t - scale * rotation @ mean_s])


def alignment_of(landmarks: F32, crop_size: int) -> F64:
    """Return the (2, 3) similarity from picture pixels to the pixels of an aligned crop.

    Args:
        landmarks: (68, 2) iBUG points, picture pixels.
        crop_size: side of the crop, pixels.
    """
    points = landmarks.astype(np.float64)
    five = np.stack([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]])
    return similarity(five, TEMPLATE * crop_size - 0.5)


def yaw_of(mesh: F32) -> float:
    """Return how far the face turns, degrees; 0 is frontal, positive to the picture's right.

    It is the turn, out of the picture, of the lines between mirrored points; the z of the mesh.
    """
    across = (mesh[_MIRROR_PAIRS[:, 1]] - mesh[_MIRROR_PAIRS[:, 0]]).astype(np.float64).sum(0)
    return float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1]))))
