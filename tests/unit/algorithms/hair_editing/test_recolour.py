"""Hair of real people in other colours, with the real analyses."""

from dataclasses import replace

import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.hair_editing.colours import lab_of_colour
from genkol.algorithms.hair_editing.recolour import HairRecolour
from genkol.artifacts import Image, Layer
from genkol.compose import compose
from genkol.errors import Unsuitable
from genkol.vision.colour import delta_e, lab_of

pytestmark = pytest.mark.weights

BRAIDS, REDHEAD, CURLS = "person-halfbody-f-01.jpg", "person-halfbody-f-02.jpg", "person-halfbody-f-03.jpg"
BALD, HAT, SHORT = "person-halfbody-m-01.jpg", "person-halfbody-m-02.jpg", "person-halfbody-m-03.jpg"

CERTAIN = 239  # of 255: what a map gives where it has no doubt


@pytest.fixture(scope="session")
def recolour(weights_setup) -> HairRecolour:
    algorithm = HairRecolour()
    algorithm.setup(weights_setup)
    return algorithm


@pytest.fixture
def dye(recolour, photo, person_of):
    """Dyes the hair of a portrait in a colour, or in that of a reference's file, and returns the layer."""

    def paint(name: str, colour: str | None = None, reference: str | None = None, **params) -> Layer:
        portrait = photo(name)
        worn = () if reference is None else (photo(reference), person_of(photo(reference)))
        knobs = HairRecolour.Params(colour=colour, **params)
        return recolour.run(portrait, person_of(portrait), *worn, params=knobs, step=Step())

    return paint


def lab_in(picture: Image, mask: np.ndarray) -> np.ndarray:
    """(n, 3) CIELAB of the pixels in a mask."""
    return lab_of(picture.pixels[mask])


@pytest.mark.parametrize("name", [BRAIDS, REDHEAD, CURLS, SHORT])
@pytest.mark.parametrize("colour", ["black", "auburn", "blond", "teal"])
def test_the_hair_takes_the_colour_and_all_else_stays(dye, photo, person_of, name, colour):
    portrait, person = photo(name), person_of(photo(name))
    layer = dye(name, colour, intensity=1, variety=0, roots=0)
    after = compose(portrait, [layer])
    assert not layer.opacity.any()
    moved = np.abs(after.pixels.astype(int) - portrait.pixels).max(axis=-1)
    for part in (person.clothes, person.body_skin, 255 - person.matte):
        assert (part > CERTAIN).any() or part is person.body_skin
        assert moved[part > CERTAIN].max(initial=0) == 0
    sure = person.hair > 215
    assert delta_e(np.median(lab_in(after, sure), axis=0), lab_of_colour(colour)) < 9


@pytest.mark.parametrize("name", [BRAIDS, REDHEAD, SHORT])
def test_the_face_stays(dye, photo, person_of, face_of, name):
    portrait, face = photo(name), face_of(photo(name))
    moved = np.abs(compose(portrait, [dye(name, "platinum")]).pixels.astype(int) - portrait.pixels).max(axis=-1)
    eyes, mouth = face.landmarks[36:48], face.landmarks[48:68]
    for points in (eyes, mouth, face.landmarks[27:36]):
        (left, top), (right, bottom) = points.min(axis=0).astype(int), points.max(axis=0).astype(int)
        skin = person_of(portrait).face_skin[top:bottom, left:right] > 200
        assert moved[top:bottom, left:right][skin].max(initial=0) == 0


@pytest.mark.parametrize("colour", ["black", "blond", "pink"])
def test_strands_and_shine_stay(dye, photo, person_of, colour):
    portrait = photo(REDHEAD)
    sure = person_of(portrait).hair > 215
    after = compose(portrait, [dye(REDHEAD, colour, roots=0)])
    before, now = lab_in(portrait, sure)[:, 0], lab_in(after, sure)[:, 0]
    assert np.corrcoef(before, now)[0, 1] > 0.85
    assert now.std() > 0.5 * before.std()


def test_black_to_blond_is_lifted_and_not_olive(dye, photo, person_of):
    portrait = photo(BRAIDS)
    sure = person_of(portrait).hair > 215
    light, a, b = np.median(lab_in(compose(portrait, [dye(BRAIDS, "blond")]), sure), axis=0)
    assert light > 55
    assert a > 1
    assert b > 20


def test_a_brow_under_curls_is_not_dyed(dye, photo, face_of):
    portrait, face = photo(CURLS), face_of(photo(CURLS))
    moved = delta_e(lab_of(compose(portrait, [dye(CURLS, "platinum")]).pixels), lab_of(portrait.pixels))
    x, y = face.landmarks[20:22].mean(axis=0).astype(int)
    assert np.median(moved[y - 2 : y + 9, x - 8 : x + 3]) < 3


@pytest.mark.shared
def test_a_thin_red_fringe_over_pale_skin_is_dyed(dye, photo, face_of):
    name = "person-selfie-f-02.jpg"
    portrait, face = photo(name), face_of(photo(name))
    moved = delta_e(lab_of(compose(portrait, [dye(name, "black")]).pixels), lab_of(portrait.pixels))
    x, y = face.mesh[10, :2].astype(int)
    reach = int(0.3 * face.eye_distance)
    assert (moved[y : y + reach, x - reach : x + reach] > 20).mean() > 0.7


@pytest.mark.shared
def test_a_head_in_the_dark_that_shows_no_hairline_is_refused(dye):
    with pytest.raises(Unsuitable, match=r"at least \d+ are needed|at most 1.5 may be"):
        dye("person-hard-dark-01.jpg", "platinum")


def test_curls_over_the_forehead_are_dyed_too(dye, photo, face_of):
    portrait, face = photo(CURLS), face_of(photo(CURLS))
    after = compose(portrait, [dye(CURLS, "teal")])
    x, brow = int(face.landmarks[27, 0]), int(face.landmarks[17:27, 1].min())
    top = brow - int(face.eye_distance)
    strip = np.s_[top:brow, x - 15 : x + 15]
    moved = delta_e(lab_of(after.pixels[strip]), lab_of(portrait.pixels[strip]))
    assert (moved > 15).mean() > 0.4


def test_the_colour_of_a_reference_arrives(dye, photo, person_of):
    reference, portrait = photo(REDHEAD), photo(SHORT)
    wanted = np.median(lab_in(reference, person_of(reference).hair > 215), axis=0)
    after = compose(portrait, [dye(SHORT, reference=REDHEAD, intensity=1, roots=0)])
    assert delta_e(np.median(lab_in(after, person_of(portrait).hair > 215), axis=0), wanted) < 6


def test_intensity_zero_is_an_empty_layer_and_more_is_more(dye):
    amounts = [float(np.abs(dye(REDHEAD, "blue", intensity=i).paint.astype(int)).sum()) for i in (0, 0.3, 0.7, 1)]
    assert amounts[0] == 0
    assert amounts == sorted(amounts)
    assert amounts[3] > 2 * amounts[1]


def test_roots_stay_darker_where_hair_is_lightened(dye):
    without, kept = (dye(REDHEAD, "platinum", roots=r).paint.astype(int).sum() for r in (0.0, 1.0))
    assert kept < without


@pytest.mark.parametrize("name", [BALD, HAT])
def test_a_bald_or_covered_head_is_refused_with_numbers(dye, name):
    with pytest.raises(Unsuitable, match=r"Too little hair shows in 'portrait': \d+ pixels"):
        dye(name, "blond")


def test_a_bald_reference_is_refused(dye):
    with pytest.raises(Unsuitable, match="'hairstyle'"):
        dye(REDHEAD, reference=BALD)


def test_hue_in_a_black_and_white_portrait_is_refused_and_grey_is_not(recolour, photo, person_of):
    portrait = photo(REDHEAD)
    grey = Image(np.repeat(lab_grey(portrait)[..., None], 3, axis=2))
    run = lambda colour: recolour.run(grey, person_of(portrait), params=HairRecolour.Params(colour=colour), step=Step())  # noqa: E731
    with pytest.raises(Unsuitable, match="black and white"):
        run("copper")
    assert run("#808080").paint.any()


def lab_grey(picture: Image) -> np.ndarray:
    return np.rint(picture.pixels.mean(axis=2)).astype(np.uint8)


def test_no_person_in_the_maps_is_refused(recolour, photo, person_of):
    portrait = photo(REDHEAD)
    nobody = replace(person_of(portrait), hair=np.zeros((portrait.height, portrait.width), np.uint8))
    with pytest.raises(Unsuitable):
        recolour.run(portrait, nobody, params=HairRecolour.Params(colour="red"), step=Step())


@pytest.mark.shared
@pytest.mark.parametrize("wanted", [{"colour": "platinum"}, {"reference": "person-halfbody-f-07.jpg"}])
def test_in_a_dark_photo_the_face_stays_and_blond_does_not_glow(dye, photo, person_of, wanted):
    name = "person-hard-dark-02.jpg"
    portrait, person = photo(name), person_of(photo(name))
    after = compose(portrait, [dye(name, intensity=1, **wanted)])
    moved = np.abs(after.pixels.astype(int) - portrait.pixels).max(axis=-1)
    assert (moved[person.face_skin > 200] > 8).mean() < 0.03
    assert np.median(lab_in(after, person.hair > 215)[:, 0]) < 40


def test_one_of_colour_and_reference_is_asked_for():
    check = HairRecolour.check
    assert "set 'colour'" in check(HairRecolour.Params(), frozenset({"portrait"}))
    assert "leave one out" in check(HairRecolour.Params(colour="red"), frozenset({"portrait", "hairstyle"}))
    assert check(HairRecolour.Params(colour="red"), frozenset({"portrait"})) is None
    assert check(HairRecolour.Params(), frozenset({"portrait", "hairstyle"})) is None


@pytest.mark.shared
def test_vivid_hair_is_dyed_whole(dye, photo, person_of):
    name = "person-hard-occluded-mask-01.jpg"
    portrait = photo(name)
    lab = lab_of(portrait.pixels)
    purple = (lab[..., 1] > 35) & (lab[..., 2] < -15) & (person_of(portrait).matte > CERTAIN)
    now = lab_of(compose(portrait, [dye(name, "blond")]).pixels)[purple]
    assert (np.hypot(now[:, 1] - lab[purple][:, 1], now[:, 2] - lab[purple][:, 2]) > 20).mean() > 0.93
