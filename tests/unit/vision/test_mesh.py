"""The topology of the face mesh."""

import numpy as np

from genkol.vision import mesh


def test_mirroring_twice_is_no_change_and_28_points_lie_in_the_middle():
    everyone = np.arange(468)
    assert np.array_equal(mesh.MIRROR[mesh.MIRROR], everyone)
    assert (everyone == mesh.MIRROR).sum() == len(mesh.MIDDLE) == 28


def test_known_pairs_mirror_each_other():
    pairs = {33: 263, 133: 362, 61: 291, 234: 454, 70: 300, 205: 425, 159: 386}
    assert {one: int(mesh.MIRROR[one]) for one in pairs} == pairs
    assert mesh.mirrored(mesh.LASHES_UPPER) == (263, 466, 388, 387, 386, 385, 384, 398, 362)


def test_rings_are_of_distinct_points():
    for name in ("OVAL", "LIPS_OUTER", "LIPS_INNER", "LASHES_UPPER", "CREASE", "BROW_UPPER", "CHEEK", "BEARD"):
        ring = getattr(mesh, name)
        assert len(set(ring)) == len(ring), name
        assert all(0 <= i < 468 for i in ring)


def test_the_lips_and_the_oval_are_symmetric():
    for ring in (mesh.OVAL, mesh.LIPS_OUTER, mesh.LIPS_INNER):
        assert set(mesh.mirrored(ring)) == set(ring)
