"""How many pixels a centimetre has at the person: by the face, which is about as large in all adults."""

from __future__ import annotations

import numpy as np

from genkol.artifacts import F32, Face

CHIN_TO_NOSE_ROOT_CM = 11.8
"""Menton to sellion; men 12.27, women 11.34 (Zhuang and Bradtmiller, "Head-and-face anthropometric survey of U.S.
respirator users", J. Occup. Environ. Hyg. 2005). From chin to crown a head has about 22 cm."""
EYE_CORNERS_CM = 8.9
"""Between the outer eye corners; men 9.1, women 8.8 (Farkas, "Anthropometry of the Head and Face", 1994)."""
WRIST_TO_KNUCKLE_CM = 9.8
"""From the wrist's middle to the middle knuckle: palm length less the finger's root, adults."""

_SELLION, _CHIN, _EYE_CORNERS = 168, 152, (33, 263)  # of the mesh


def pixels_per_cm(face: Face) -> float:
    """Return the scale at the face, pixels for one centimetre.

    Two lengths in space are asked, one up and one across, so that neither a turned head nor an open mouth
    deceives much. Without a mesh the same points of the 68 are asked in the plane, and the larger scale holds.
    """
    if len(face.mesh) == 468:
        mesh = face.mesh.astype(np.float64)
        up, across = mesh[_SELLION] - mesh[_CHIN], mesh[_EYE_CORNERS[0]] - mesh[_EYE_CORNERS[1]]
        scales = np.linalg.norm(up) / CHIN_TO_NOSE_ROOT_CM, np.linalg.norm(across) / EYE_CORNERS_CM
        return float(np.mean(scales))
    points = face.landmarks
    chin_to_root = float(np.linalg.norm(points[27] - points[8]))
    return max(chin_to_root / CHIN_TO_NOSE_ROOT_CM, face.eye_distance / EYE_CORNERS_CM)


def nearness(hand: F32, face_scale: float) -> float:
    """Return how much larger things look at a hand than at the face, 0.9 to 1.6.

    Args:
        hand: (21, 3) landmarks.
        face_scale: pixels for one centimetre at the face.
    """
    palm = float(np.linalg.norm(hand[9].astype(np.float64) - hand[0]))
    return float(np.clip(palm / WRIST_TO_KNUCKLE_CM / face_scale, 0.9, 1.6))
