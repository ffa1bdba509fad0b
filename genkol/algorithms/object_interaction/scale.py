"""How many pixels a centimetre has at the person: by the face, which is about as large in all adults."""

from __future__ import annotations

import numpy as np

from genkol.artifacts import F32, Face

CHIN_TO_NOSE_ROOT_CM = 11.8
"""Menton to sellion, between the two sexes. It is among the 18 facial lengths that Zhuang and Bradtmiller took of 3,997
U.S. adults ("Head-and-face anthropometric survey of U.S. respirator users", J. Occup. Environ. Hyg. 2(11), 2005,
567-576); groups of one sex differ by about 0.5 cm, so that a scale by the face alone errs by about 5 %."""
EYE_CORNERS_CM = 8.9
"""Between the outer eye corners (biocular width): men 9.30, women 8.84 by stereo photographs of 103 adults ("Normative
Findings for Periocular Anthropometric Measurements among Chinese Young Adults in Hong Kong", BioMed Research
International 2013, 821428, table 2); the mesh's corners lie a little within. Its ratio to the former is 1.33; on 38
public photographs the mesh gives 1.19 to 1.42, in the median 1.30."""
WRIST_TO_KNUCKLE_CM = 8.5
"""From the wrist to the middle knuckle as the hand model marks them, which no survey takes: what flat hands beside the
body measure on those photographs by the scale of the face."""

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
    """Return how much larger things look at a hand than at the face, 1 to 1.6.

    A hand that is turned away looks shorter, never longer: what measures less than at the face tells nothing.

    Args:
        hand: (21, 3) landmarks.
        face_scale: pixels for one centimetre at the face.
    """
    palm = float(np.linalg.norm(hand[9].astype(np.float64) - hand[0]))
    return float(np.clip(palm / WRIST_TO_KNUCKLE_CM / face_scale, 1.0, 1.6))
