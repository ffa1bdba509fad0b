"""Person parsing with the real weights on real photographs."""

import cv2
import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.artifacts import Image
from genkol.errors import Cancelled, NoPerson

pytestmark = pytest.mark.weights
MAPS = ("matte", "hair", "face_skin", "body_skin", "clothes", "accessories")


@pytest.fixture(scope="module")
def woman(photo):
    return photo("person-halfbody-f-02.jpg")


@pytest.fixture(scope="module")
def person(person_of, woman):
    return person_of(woman)


def test_all_maps_are_bytes_at_the_size_of_the_picture(person, woman):
    for name in MAPS:
        part = getattr(person, name)
        assert part.dtype == np.uint8, name
        assert part.shape == (woman.height, woman.width), name


def test_the_matte_covers_the_face_and_leaves_the_background(person, woman, face_of):
    left, top, right, bottom = face_of(woman).box.astype(int)
    assert person.matte[top:bottom, left:right].mean() > 240
    assert person.matte[:40, :40].max() == 0
    assert person.matte[:40, -40:].max() == 0
    assert 0.15 < person.matte.mean() / 255 < 0.6


def test_the_hair_lies_above_the_face_and_the_clothes_below(person):
    def middle(part: np.ndarray) -> float:
        return float((part.sum(axis=1) @ np.arange(len(part))) / part.sum())

    hair_top = np.flatnonzero((person.hair > 128).any(axis=1))[0]
    face_top = np.flatnonzero((person.face_skin > 128).any(axis=1))[0]
    assert hair_top < face_top
    assert middle(person.face_skin) < middle(person.clothes)


def test_the_parts_share_the_matte_among_them(person):
    total = sum(getattr(person, name).astype(int) for name in MAPS[1:])
    assert np.abs(total - person.matte).max() <= 4
    both = np.minimum(person.face_skin, person.clothes)
    assert (both > 100).mean() < 0.002


def test_strands_leave_half_covered_pixels(person):
    assert 0.005 < ((person.matte > 20) & (person.matte < 235)).mean() < 0.12


def test_the_same_picture_gives_the_same_person(person, parsing, woman):
    assert parsing.run(woman, params=parsing.Params(), step=Step()).digest == person.digest


def test_hands_and_their_sides_agree_with_the_pose(person_of, photo):
    person = person_of(photo("person-halfbody-f-03.jpg"))
    assert person.pose.shape == (33, 4)
    assert sorted(hand.side for hand in person.hands) == ["left", "right"]
    for hand in person.hands:
        assert hand.landmarks.shape == (21, 3)
        assert hand.score > 0.5
        wrists = {"left": person.pose[15, :2], "right": person.pose[16, :2]}
        away = {side: np.linalg.norm(hand.landmarks[0, :2] - at) for side, at in wrists.items()}
        assert min(away, key=lambda side: away[side]) == hand.side


def test_a_mirrored_person_swaps_hands(person_of, photo):
    picture = photo("person-halfbody-f-03.jpg")
    mirrored = person_of(Image(picture.pixels[:, ::-1].copy()))
    width = picture.width
    for hand in person_of(picture).hands:
        twin = min(mirrored.hands, key=lambda h: abs(width - 1 - h.landmarks[0, 0] - hand.landmarks[0, 0]))
        assert twin.side != hand.side


def test_pose_hands_and_refinement_can_be_left_out(person_of, woman, person):
    plain = person_of(woman, pose=False, hands=False, refine=False, matte_side=256)
    assert plain.pose.shape == (0, 4)
    assert plain.hands == ()
    assert np.abs(plain.matte.astype(int) - person.matte).mean() < 8


@pytest.mark.shared
@pytest.mark.parametrize("name", ["background-lake-04.jpg", "background-loft-01.jpg", "garment-hoodie-blue-01.jpg"])
def test_a_picture_without_a_person_is_refused_with_numbers(person_of, photo, name):
    with pytest.raises(
        NoPerson, match=r"No person found: \d+\.\d\d% .* pose detector's best score is 0\.\d\d"
    ) as error:
        person_of(photo(name))
    assert error.value.context["share"] >= 0


def test_a_plain_wall_is_no_person(person_of):
    with pytest.raises(NoPerson):
        person_of(Image(np.full((300, 200, 3), 180, np.uint8)))


def test_a_tiny_picture_is_parsed(person_of, woman):
    small = Image(cv2.resize(woman.pixels, (64, 96), interpolation=cv2.INTER_AREA))
    person = person_of(small)
    assert person.matte.shape == (96, 64)
    assert 0.15 < person.matte.mean() / 255 < 0.6


@pytest.mark.parametrize(
    "beside", [((0, 0), (450, 450)), ((450, 450), (0, 0)), ((0, 0), (100, 1700))], ids=["wide", "tall", "banner"]
)
def test_a_person_in_a_very_wide_or_tall_picture_is_found(person_of, photo, beside):
    woman = photo("person-halfbody-f-02.jpg", 512)
    person = person_of(woman)
    rows, columns = beside
    ground = woman.pixels[5, 5].tolist()
    planes = [np.pad(woman.pixels[..., k], (rows, columns), constant_values=ground[k]) for k in range(3)]
    matte = person_of(Image(np.dstack(planes))).matte
    inner = matte[rows[0] : matte.shape[0] - rows[1], columns[0] : matte.shape[1] - columns[1]]
    shared = np.minimum(inner, person.matte).sum() / np.maximum(inner, person.matte).sum()
    assert shared > 0.85


def test_a_grey_picture_is_parsed_like_the_coloured_one(person_of, woman, person):
    grey = cv2.cvtColor(woman.pixels, cv2.COLOR_RGB2GRAY)
    matte = person_of(Image(np.dstack([grey] * 3))).matte
    shared = np.minimum(matte, person.matte).sum() / np.maximum(matte, person.matte).sum()
    assert shared > 0.93


@pytest.mark.shared
def test_chairs_in_front_of_a_small_person_are_left_out(person_of, photo):
    matte = person_of(photo("person-hard-tinyface-m-01.jpg")).matte
    assert matte[matte.shape[0] * 3 // 4 :].max() == 0
    assert 0.03 < matte.mean() / 255 < 0.15


@pytest.mark.shared
def test_what_the_person_holds_belongs_to_the_matte(person_of, photo):
    """The astronaut's helmet, at the lower right."""
    picture = photo("person-halfbody-f-10.jpg")
    person = person_of(picture)
    h, w = person.matte.shape
    assert person.matte[int(0.85 * h), int(0.8 * w)] > 240
    assert person.accessories[int(0.85 * h), int(0.8 * w)] > 128


@pytest.mark.shared
def test_a_person_in_the_dark_is_found(person_of, photo):
    bright = person_of(photo("person-halfbody-f-05.jpg")).matte
    dark = person_of(photo("person-hard-dark-02.jpg")).matte
    assert np.abs(bright.astype(int) - dark).mean() < 4


@pytest.mark.shared
def test_where_the_matting_model_fails_the_pose_draws_the_body(person_of, photo):
    picture = photo("person-hard-dark-01.jpg")
    assert person_of(picture).matte.mean() > 2 * person_of(picture, pose=False).matte.mean()


def test_black_trousers_on_a_black_seat_are_not_cut_off(person_of, photo):
    """A torso alone would float above a new background."""
    person = person_of(photo("person-halfbody-m-02.jpg"))
    (left, lowest), (right, _) = sorted(person.pose[23:25, :2].astype(int).tolist())
    assert person.matte[lowest:, left:right].min() > 240
    assert person.clothes[lowest + 20 :, left:right].mean() > 200
    assert person.matte[-1, : left // 2].max() == 0
    assert 0.3 < (person.matte[-1] > 128).mean() < 0.5


@pytest.mark.shared
def test_a_desk_is_not_taken_for_thighs(person_of, photo):
    matte = person_of(photo("person-selfie-f-02.jpg")).matte
    assert matte[int(0.85 * len(matte)) :].max() == 0


def test_it_can_be_cancelled_on_the_way(parsing, woman):
    step = Step(is_cancelled=lambda: step._last >= 0.2)
    with pytest.raises(Cancelled):
        parsing.run(woman, params=parsing.Params(), step=step)
