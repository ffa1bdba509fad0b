"""The face of a picture, with the real models on real photographs."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import landmarks
from genkol.algorithms.face_alignment.mesh import MeshAlignment
from genkol.artifacts import Image
from genkol.errors import NoFace, Unsuitable
from genkol.vision.landmarks import TEMPLATE, landmarks_of
from genkol.vision.warp import crop_by

pytestmark = pytest.mark.weights

PUBLIC = Path(__file__).parents[4] / "../shared/data/public"
HIDDEN = {"person-hard-occluded-mask-01.jpg": "a wig, sunglasses and a mask leave no face to see"}


def expected_faces() -> list[tuple[str, int]]:
    manifest = PUBLIC / "manifest.json"
    if not manifest.exists():
        return []
    files = json.loads(manifest.read_text("utf-8"))["files"]
    return [(f["file"], f["faces_expected"]) for f in files if "faces_expected" in f]


@pytest.mark.shared
@pytest.mark.parametrize(("name", "count"), expected_faces())
def test_as_many_faces_are_found_as_a_person_sees(aligner, photo, name, count):
    found = aligner.faces(photo(name, 2048))
    assert len(found) == (0 if name in HIDDEN else count)


@pytest.mark.shared
def test_a_picture_without_a_face_is_refused_with_what_was_expected(face_of, photo):
    with pytest.raises(NoFace, match=r"No face was found in the 1200x900 picture\. Expected one that looks towards"):
        face_of(photo("person-hard-noface-01.jpg", 2048))


def test_a_plain_picture_has_no_face(face_of):
    with pytest.raises(NoFace):
        face_of(Image(np.full((96, 64, 3), 128, np.uint8)))


def test_landscapes_have_no_faces(aligner, photo):
    assert not aligner.faces(photo("background-coast-03.jpg"))


def test_a_face_has_its_landmarks_mesh_and_alignment(face_of, photo):
    picture = photo("person-halfbody-f-01.jpg")
    face = face_of(picture)
    assert face.landmarks.shape == (68, 2)
    assert face.mesh.shape == (468, 3)
    assert (face.index, face.count) == (0, 1)
    assert np.array_equal(face.landmarks, landmarks_of(face.mesh))
    left, top, right, bottom = face.box
    assert 0 < left < right < picture.width
    assert 0 < top < bottom < picture.height
    assert abs(face.yaw) < 10


@pytest.mark.parametrize("size", [128, 512])
def test_the_aligned_crop_has_level_eyes_where_the_template_has_them(face_of, photo, size):
    face = face_of(photo("person-halfbody-f-01.jpg"), crop_size=size)
    assert face.crop_size == size
    placed = face.landmarks @ face.alignment[:, :2].T + face.alignment[:, 2]
    eyes = np.stack([placed[36:42].mean(0), placed[42:48].mean(0)])
    assert np.abs(eyes - TEMPLATE[:2] * size).max() < 0.04 * size
    assert abs(eyes[0, 1] - eyes[1, 1]) < 0.03 * size  # her head is tilted by twenty degrees


def test_the_aligned_crop_shows_the_face(face_of, aligner, photo):
    picture = photo("person-halfbody-f-01.jpg")
    face = face_of(picture)
    crop = Image(crop_by(picture.pixels, face.alignment, face.crop_size))
    again = face_of(crop)
    placed = face.landmarks @ face.alignment[:, :2].T + face.alignment[:, 2]
    assert np.abs(again.landmarks - placed).mean() < 0.03 * again.eye_distance


def two_faces(photo) -> Image:
    """A large face on the right of a small one."""
    pixels = photo("person-halfbody-f-01.jpg").pixels
    small = np.full_like(pixels, 200)
    half = cv2.resize(photo("person-halfbody-f-02.jpg").pixels, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    small[: half.shape[0], : half.shape[1]] = half
    return Image(np.hstack([small, pixels]))


def test_the_largest_face_comes_first_and_another_one_can_be_chosen(face_of, photo):
    picture = two_faces(photo)
    first, second = face_of(picture), face_of(picture, face=1)
    assert first.digest == face_of(picture, face=0).digest
    assert (first.index, first.count) == (0, 2)
    assert (second.index, second.count) == (1, 2)
    assert first.box[0] > picture.width / 2 > second.box[2]
    assert first.eye_distance > second.eye_distance


def test_a_face_that_is_not_there_is_refused_with_how_many_there_are(face_of, photo):
    with pytest.raises(Unsuitable, match="face=1 was asked for, but the picture has 1 face: give 0"):
        face_of(photo("person-halfbody-f-01.jpg"), face=1)
    with pytest.raises(Unsuitable, match=r"face=5 was asked for, .* 2 faces: give 0 \(the largest\) to 1"):
        face_of(two_faces(photo), face=5)


def test_the_same_picture_gives_the_same_face(face_of, photo):
    picture = photo("person-halfbody-f-02.jpg")
    assert face_of(picture).digest == face_of(picture).digest


def test_yaw_is_positive_towards_the_right_of_the_picture(face_of, photo):
    picture = photo("person-halfbody-f-02.jpg")
    mirrored = Image(np.ascontiguousarray(picture.pixels[:, ::-1]))
    to_left, to_right = face_of(picture).yaw, face_of(mirrored).yaw
    assert to_left < -12
    assert to_right > 12


def test_a_face_cut_by_the_edge_is_still_found(face_of, photo):
    picture = photo("person-halfbody-f-01.jpg")
    left, top, right, bottom = face_of(picture).box.astype(int)
    tight = Image(picture.pixels[top:bottom, left:right])
    assert face_of(tight).eye_distance == pytest.approx(face_of(picture).eye_distance, rel=0.1)


def test_a_far_face_is_found_on_tiles(aligner, photo):
    pixels = photo("person-halfbody-f-01.jpg").pixels
    far = np.full((1200, 1600, 3), 180, np.uint8)
    small = cv2.resize(pixels, None, fx=0.22, fy=0.22, interpolation=cv2.INTER_AREA)
    far[500 : 500 + small.shape[0], 900 : 900 + small.shape[1]] = small
    (face,) = aligner.faces(Image(far))
    assert 30 < face.box[2] - face.box[0] < 60
    assert 900 < face.box[0] < 900 + small.shape[1]


@pytest.mark.shared
def test_landmarks_match_the_annotated_photographs(aligner: MeshAlignment, public_photos):
    rows = list(landmarks.errors(aligner, public_photos / "groundtruth"))
    assert len(rows) == 18
    assert all(row["inner"] is not None for row in rows)
    near = [row["inner"] for row in rows if row["width"] > 60]
    assert len(near) >= 5
    assert max(near) < 0.06
    assert np.mean([row["inner"] for row in rows]) < 0.06
