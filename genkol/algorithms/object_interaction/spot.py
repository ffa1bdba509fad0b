"""Where a product may stand: on the ground by the feet, or on a table before a person whom the frame cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genkol.algorithms.object_interaction.cutout import Cutout
from genkol.artifacts import F32, Face, Person
from genkol.errors import Unsuitable
from genkol.vision.shadow import FEET, stands, thigh_fall

NEARER = 1.15
"""How much larger things look on a table before a person than at their face."""
TABLE = 0.105
"""Height of the table's strip at the lower edge, as a share of the picture's height."""
IN_FRONT_CM = 10
"""How much lower than the feet a product in front of them stands in the picture, at the scale of the face."""
MOST_HEIGHT = 0.8
"""Share of the picture's height that a product may have."""
MOST_ON_FACE = 0.02
"""Share of the face that a standing product may cover."""
MOST_BEHIND = 0.35
"""Share of a product 'beside' that may lie over the person."""
CLEAR = 0.01
"""Share of a product 'beside' that may lie over the person where there is a place without."""
LEAST_FOOTING, LEAST_FOOT = 0.2, 0.4
"""Shares of its width that a product's lowest seventh fills, and that its widest row has: one of them is enough."""
LEAST_DESK = 0.3
"""Share of the picture's width over which a desk must cut the person to be believed."""
_STEPS = 48  # places that are tried from left to right


@dataclass(frozen=True)
class Spot:
    """A place to stand.

    Args:
        x: the middle of the product's foot, picture pixels.
        y: the row on which it stands.
        height: of the product, pixels.
        table: the row of the far edge of a table that must be drawn, or None on what the picture shows.
    """

    x: float
    y: float
    height: float
    table: float | None


def find_spot(where: str, side: str, scale: float, height_cm: float, thing: Cutout, face: Face, person: Person) -> Spot:
    """Return the best place for an upright product.

    Args:
        where: "beside" or "front".
        side: of the picture; "left", "right" or "auto".
        scale: pixels for one centimetre at the face.
        height_cm: of the product.
        thing: the product.
        face: of the portrait.
        person: the same.

    Raises:
        Unsuitable: there is nothing to stand on, it cannot stand, is too large, or it would cover the face.
    """
    _refuse_toppling(thing)
    aspect = thing.aspect
    h, w = person.matte.shape
    ground = stands(person.pose, w, h)
    height = height_cm * scale * (1.0 if ground else NEARER)
    _refuse_size(height, height_cm, h, w, aspect)
    if ground:
        foot = float(person.pose[FEET, 1].max()) + 0.01 * h + (IN_FRONT_CM * scale if where == "front" else 0)
        y, table = min(foot, 0.98 * h), None
    elif (desk := desk_edge(person)) is not None:
        y, table = desk + 0.4 * (h - desk), None
    else:
        _require_cut(person)
        table = h * (1 - TABLE)
        y = h - 0.45 * TABLE * h
    x = _place(where, side, Spot(0, y, height, table), aspect * height, face, person)
    return Spot(x, y, height, table)


def _place(where: str, side: str, spot: Spot, width: float, face: Face, person: Person) -> float:
    """Return the column of the product's middle that costs least."""
    h, w = person.matte.shape
    y, height, table = spot.y, spot.height, spot.table
    columns = np.linspace(width / 2 + 0.03 * w, w - width / 2 - 0.03 * w, _STEPS)
    if side != "auto":
        middle = (float(face.box[0]) + float(face.box[2])) / 2
        columns = columns[columns < middle] if side == "left" else columns[columns >= middle]
    rows = np.s_[max(0, round(y - height)) : max(1, round(y))]
    body: F32 = person.matte[rows].astype(np.float32) / np.float32(255)
    hands = _hands(person)[rows]
    oval = _face_oval(face, (h, w))
    covered = [_share(body, x, width) for x in columns]
    touched = [_share(hands, x, width) for x in columns]
    on_face = [float(_slice(oval[rows], x, width).sum()) / max(1.0, float(oval.sum())) for x in columns]
    costs = []
    for k, x in enumerate(columns):
        aside = abs(x - _torso(person)) / w
        wanted = covered[k] if where == "beside" else 2.0 * abs(aside - 0.2) + 0.3 * (1 - covered[k])
        edge = 0.15 * max(0.0, 1 - min(x - width / 2, w - x - width / 2) / (0.08 * w))
        if where == "beside":
            wanted += 0.5 * (covered[k] > CLEAR)
            if table is None:
                wanted += 0.5 * max(0.0, aside - 0.15)
        costs.append(wanted + 1.5 * touched[k] + edge + (10 if on_face[k] > MOST_ON_FACE else 0))
    best = int(np.argmin(costs)) if len(costs) else -1
    if best < 0 or on_face[best] > MOST_ON_FACE:
        raise Unsuitable(
            f"The product would cover the face: it is {height:.0f} by {width:.0f} pixels, and no place before this "
            "person is free of it. Set a smaller 'height_cm', or give a portrait that shows more below the face.",
            value=round(height),
        )
    if where == "beside" and covered[best] > MOST_BEHIND:
        raise Unsuitable(
            f"There is no room beside the person: {covered[best]:.0%} of the product would lie over them (at most "
            f"{MOST_BEHIND:.0%}). Set where='front', or give a portrait with more room at a side.",
            value=round(covered[best], 3),
            expected=MOST_BEHIND,
        )
    return float(columns[best])


def _refuse_toppling(thing: Cutout) -> None:
    """Refuse what does not stand as its photo shows it: a hair dryer on its cord."""
    filled, widest = thing.footing()
    if filled < LEAST_FOOTING and widest < LEAST_FOOT:
        raise Unsuitable(
            f"The product cannot stand as its photo shows it: its lowest seventh fills {filled:.0%} of its width (at "
            f"least {LEAST_FOOTING:.0%}) and is {widest:.0%} of it wide (at least {LEAST_FOOT:.0%}). "
            "Give a photo in which it stands or lies, or a portrait with a hand that can hold it.",
            port="product",
            value=round(filled, 3),
            expected=LEAST_FOOTING,
        )


def _refuse_size(height: float, height_cm: float, h: int, w: int, aspect: float) -> None:
    if height > MOST_HEIGHT * h or height * aspect > 0.9 * w:
        raise Unsuitable(
            f"A product of {height_cm:g} cm would be {height * aspect:.0f} by {height:.0f} pixels in this "
            f"{w}x{h} picture (at most {0.9 * w:.0f} by {MOST_HEIGHT * h:.0f}). "
            "Correct 'height_cm', or give a portrait that shows more of the person.",
            value=round(height),
            expected=round(MOST_HEIGHT * h),
        )
    if height < 24:
        raise Unsuitable(
            f"A product of {height_cm:g} cm would be {height:.0f} pixels high beside so small a person; at least 24 "
            "are needed to show it. Crop the portrait closer, or correct 'height_cm'.",
            value=round(height),
            expected=24,
        )


def desk_edge(person: Person) -> float | None:
    """Return the row at which a desk before the person begins, by the level line that it cuts their outline at."""
    h, w = person.matte.shape
    body = person.matte > 128
    columns = np.flatnonzero(body.any(axis=0))
    if len(columns) < LEAST_DESK * w:
        return None
    ends = h - np.argmax(body[::-1, columns], axis=0)
    low, edge, high = np.percentile(ends, (35, 65, 97))  # an elbow may lie before the edge, or above it
    if high - low > 0.02 * h or not 0.4 * h < edge < 0.93 * h:
        return None
    return float(edge)


def _require_cut(person: Person) -> None:
    """A table is believed only before a person whom the lower edge of the picture cuts."""
    h = person.matte.shape[0]
    share = float((person.matte[-max(1, h // 100) :] > 128).mean())
    if share < 0.1:
        raise Unsuitable(
            "There is nothing to stand on: neither the feet nor a desk before the person are seen, and the person "
            f"takes only {share:.0%} of the lower edge (at least 10% for a table before them). "
            "Give a portrait cut at the waist, or one that shows both feet.",
            value=round(share, 3),
            expected=0.1,
        )
    if thigh_fall(person.pose, person.matte.shape[1], h) is not None:
        raise Unsuitable(
            "There is nothing to stand on: the knees are in the picture, so that a table at its lower edge would be "
            "lower than a seat, and the feet that would show the ground are cut off. "
            "Give a portrait cut above the knees, or one that shows both feet.",
        )


def _torso(person: Person) -> float:
    low = person.matte[person.matte.shape[0] // 2 :].astype(np.float32).sum(axis=0)
    return float((low * np.arange(len(low))).sum() / max(1.0, float(low.sum())))


def _hands(person: Person) -> F32:
    """Return (h, w), 1 in the upright boxes of the hands."""
    out = np.zeros(person.matte.shape, np.float32)
    for hand in person.hands:
        left, top = np.maximum(hand.landmarks[:, :2].min(axis=0), 0).astype(int)
        right, bottom = hand.landmarks[:, :2].max(axis=0).astype(int) + 1
        out[top : max(top, bottom), left : max(left, right)] = 1
    return out


def _face_oval(face: Face, shape: tuple[int, int]) -> F32:
    """Return (h, w), 1 in the face's box."""
    out = np.zeros(shape, np.float32)
    left, top, right, bottom = (max(0, round(float(v))) for v in face.box)
    out[top:bottom, left:right] = 1
    return out


def _slice(part: F32, x: float, width: float) -> F32:
    left = max(0, round(x - width / 2))
    return part[:, left : max(left + 1, round(x + width / 2))]


def _share(part: F32, x: float, width: float) -> float:
    found = _slice(part, x, width)
    return float(found.mean()) if found.size else 0.0
