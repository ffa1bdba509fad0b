"""Makeup on real faces, with the real analyses."""

from dataclasses import replace

import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.makeup_transfer.canvas import Canvas
from genkol.algorithms.makeup_transfer.looks import LOOKS
from genkol.algorithms.makeup_transfer.mesh import MeshMakeup, grading
from genkol.algorithms.makeup_transfer.recipe import lip_colour
from genkol.artifacts import Image, Layer
from genkol.compose import compose, support
from genkol.errors import Unsuitable
from genkol.vision import mesh as topology
from genkol.vision.colour import delta_e, lab_of

pytestmark = pytest.mark.weights

WOMAN, REDHEAD, LAUGHING = "person-halfbody-f-01.jpg", "person-halfbody-f-02.jpg", "person-halfbody-f-03.jpg"
MAN, GLASSES = "person-halfbody-m-01.jpg", "person-halfbody-m-02.jpg"
REFERENCES = ("makeup-f-light-03.jpg", "makeup-f-natural-01.jpg", "makeup-f-purple-darkskin-02.jpg")


@pytest.fixture
def wear(photo, face_of, person_of):
    """Makes up a portrait from a reference's file name or a look, and returns the layer."""

    def paint(name: str, reference: str | None = None, **params) -> Layer:
        portrait = photo(name)
        worn = () if reference is None else (photo(reference), face_of(photo(reference)))
        return MeshMakeup().run(
            portrait, face_of(portrait), person_of(portrait), *worn, params=MeshMakeup.Params(**params), step=Step()
        )

    return paint


def changed(portrait: Image, layer: Layer) -> np.ndarray:
    """How far each pixel moves, in levels: (H, W)."""
    after = compose(portrait, [layer]).pixels.astype(int)
    return np.abs(after - portrait.pixels.astype(int)).max(axis=-1)


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_changes_the_face_and_nothing_else(wear, photo, face_of, look):
    layer = wear(WOMAN, look=look)
    portrait, face = photo(WOMAN), face_of(photo(WOMAN))
    assert not layer.opacity.any()
    assert layer.offset is not None
    left, top, right, bottom = face.box.astype(int)
    outside = np.ones((portrait.height, portrait.width), bool)
    outside[top - 4 : bottom + 5, left - 4 : right + 5] = False
    assert changed(portrait, layer)[outside].max() == 0
    assert support(layer, portrait.size).sum() > 0.02 * (right - left) * (bottom - top)


@pytest.mark.parametrize("name", [WOMAN, REDHEAD, LAUGHING, MAN, GLASSES])
@pytest.mark.parametrize("reference", REFERENCES)
def test_hair_clothes_and_background_stay(wear, photo, person_of, name, reference):
    portrait, person = photo(name), person_of(photo(name))
    moved = changed(portrait, wear(name, reference, intensity=1))
    for part in (person.hair, person.clothes, person.accessories, 255 - person.matte):
        assert moved[part > 170].max(initial=0) == 0
    assert moved.max() > 10


def test_intensity_zero_is_an_empty_layer(wear):
    layer = wear(WOMAN, look="smoky", intensity=0)
    assert not layer.paint.any()
    assert not layer.opacity.any()


def test_more_intensity_is_more_makeup(wear, photo):
    layers = [wear(REDHEAD, REFERENCES[2], intensity=i) for i in (0.2, 0.5, 0.8, 1.0)]
    amounts = [float(changed(photo(REDHEAD), layer).mean()) for layer in layers]
    assert amounts == sorted(amounts)
    assert amounts[3] > 3 * amounts[0]


@pytest.mark.parametrize(("part", "field"), [("lips", "lips"), ("eye_openings", "eyes")])
def test_a_part_that_is_switched_off_stays(wear, photo, face_of, person_of, part, field):
    portrait = photo(REDHEAD)
    full, less = wear(REDHEAD, look="smoky", intensity=1), wear(REDHEAD, look="smoky", intensity=1, **{field: 0})
    gone = np.abs(changed(portrait, full).astype(int) - changed(portrait, less)) > 3
    canvas = Canvas.of(portrait.pixels, face_of(portrait))
    ys, xs = np.nonzero(gone)
    assert len(ys) > 50
    centre = np.argwhere(getattr(canvas, part) > 0.5).mean(axis=0) + canvas.box[1::-1]
    assert np.hypot(*(np.array([ys.mean(), xs.mean()]) - centre)) < 0.12 * canvas.width


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        (WOMAN, "makeup-f-light-03.jpg"),
        pytest.param(REDHEAD, "makeup-f-pinklips-07.jpg", marks=pytest.mark.shared),
        pytest.param(WOMAN, "makeup-f-pinklips-07.jpg", marks=pytest.mark.shared),
        pytest.param("person-halfbody-f-09.jpg", "makeup-f-redlips-08.jpg", marks=pytest.mark.shared),
        pytest.param("person-halfbody-f-08.jpg", "makeup-f-natural-01.jpg", marks=pytest.mark.shared),
    ],
)
def test_lips_take_the_colour_of_the_reference(wear, photo, face_of, name, reference):
    portrait, face = photo(name), face_of(photo(name))
    wanted = lip_colour(Canvas.of(photo(reference).pixels, face_of(photo(reference))))[0]
    before = lip_colour(Canvas.of(portrait.pixels, face))[0]
    made_up = compose(portrait, [wear(name, reference, intensity=1)])
    canvas = Canvas.of(portrait.pixels, face)
    after = np.median(Canvas.of(made_up.pixels, face).lab[canvas.lips > 0.8], axis=0)
    assert delta_e(after, wanted) < 0.5 * delta_e(before, wanted)


def test_teeth_and_the_open_mouth_stay(wear, photo, face_of):
    for name, reddest in ((LAUGHING, 25), (MAN, 6), (WOMAN, 25)):  # his inner lip is as pale as teeth, but redder
        portrait = photo(name)
        canvas = Canvas.of(portrait.pixels, face_of(portrait))
        left, top, right, bottom = canvas.box
        moved = changed(portrait, wear(name, look="red-lips", intensity=1))[top:bottom, left:right]
        lab = lab_of(portrait.pixels[top:bottom, left:right])
        pale = (lab[..., 0] > 75) & (np.hypot(lab[..., 1], lab[..., 2]) < 25)
        teeth = (canvas.mouth_opening > 0.99) & pale & (lab[..., 1] < reddest)
        assert teeth.sum() > 100
        assert np.quantile(moved[teeth], 0.95) <= 2


def test_no_rim_of_the_old_lipstick_stays_about_the_new(wear, photo, face_of):
    """The outline of the mesh runs inside her orange-red lips, most at the turned corner."""
    portrait = photo(REDHEAD)
    canvas = Canvas.of(portrait.pixels, face_of(portrait))
    left, top, right, bottom = canvas.box
    layer = wear(REDHEAD, look="plum", intensity=1)
    before, after = (lab_of(p[top:bottom, left:right]) for p in (portrait.pixels, compose(portrait, [layer]).pixels))
    near = canvas.blur(canvas.fill(*topology.LIPS_OUTER), 0.02) > 0.03
    saturated = near & (before[..., 1] > 38) & (before[..., 2] > 30)  # her lipstick; her skin has a* of 15 to 30
    assert saturated.sum() > 800
    stays = saturated & (after[..., 2] > 20)
    assert stays.sum() < 0.02 * saturated.sum()


def test_the_pale_inner_half_of_a_lower_lip_takes_the_colour(wear, photo, face_of):
    """In a wide laugh its wet half is so pale that it could be taken for gloss or teeth."""
    portrait = photo(MAN)
    canvas = Canvas.of(portrait.pixels, face_of(portrait))
    left, top, right, bottom = canvas.box
    layer = wear(MAN, look="red-lips", intensity=1)
    before, after = (lab_of(p[top:bottom, left:right]) for p in (portrait.pixels, compose(portrait, [layer]).pixels))
    middle = canvas.polygon(canvas.points[[88, 87, 14, 317, 318, 405, 17, 181]]) > 0.99
    pale = middle & (before[..., 0] > 60)
    assert pale.sum() > 100
    redder = (after - before)[pale][:, 1]
    assert (redder > 15).mean() > 0.85


def test_eyeballs_stay(wear, photo, face_of):
    portrait = photo(REDHEAD)
    canvas = Canvas.of(portrait.pixels, face_of(portrait))
    left, top, right, bottom = canvas.box
    moved = changed(portrait, wear(REDHEAD, look="rose", intensity=1, skin=0))[top:bottom, left:right]
    middle = canvas.blur(canvas.eye_openings, 0.01) > 0.9
    assert middle.sum() > 50
    assert np.quantile(moved[middle], 0.95) <= 1
    assert moved[middle].max() <= 4


def test_texture_stays(wear, photo, face_of):
    """Pores and stubble: what lies under two pixels is kept on the cheek."""
    import cv2

    portrait = photo(MAN)
    after = compose(portrait, [wear(MAN, look="glam", intensity=1)])

    def fine(image: Image) -> np.ndarray:
        lightness = lab_of(image.pixels)[..., 0]
        return lightness - cv2.GaussianBlur(lightness, (0, 0), 1)

    canvas = Canvas.of(portrait.pixels, face_of(portrait))
    left, top, right, bottom = canvas.box
    cheek = canvas.cheeks > 0.5
    one, other = (fine(image)[top:bottom, left:right][cheek] for image in (portrait, after))
    assert np.corrcoef(one, other)[0, 1] > 0.98
    assert other.std() == pytest.approx(one.std(), rel=0.12)


def test_a_black_and_white_portrait_stays_black_and_white(photo, face_of, person_of):
    colour = photo(REDHEAD)
    grey = Image(np.repeat(colour.pixels.mean(axis=-1, keepdims=True).astype(np.uint8), 3, axis=-1))
    layer = MeshMakeup().run(
        grey, face_of(grey), person_of(colour), params=MeshMakeup.Params(look="glam", intensity=1), step=Step()
    )
    after = compose(grey, [layer]).pixels.astype(int)
    assert np.ptp(after, axis=-1).max() <= 1
    assert changed(grey, layer).max() > 15


def test_the_same_inputs_give_the_same_layer(wear):
    assert wear(WOMAN, REFERENCES[1]).digest == wear(WOMAN, REFERENCES[1]).digest
    assert wear(WOMAN, look="rose").digest == wear(WOMAN, look="rose").digest


def test_one_face_of_several_is_made_up(photo, face_of, person_of):
    one, two = photo(WOMAN).pixels, photo(REDHEAD).pixels
    h = min(one.shape[0], two.shape[0])
    both = Image(np.hstack([one[:h], two[:h]]))
    person = person_of(both)
    for index in (0, 1):
        face = face_of(both, face=index)
        layer = MeshMakeup().run(both, face, person, params=MeshMakeup.Params(look="red-lips"), step=Step())
        xs = np.nonzero(changed(both, layer).max(axis=0))[0]
        assert face.box[0] - 4 < xs.min()
        assert xs.max() < face.box[2] + 4


def test_a_large_picture_gets_the_same_makeup_as_a_small_one(wear, photo, face_of, person_of):
    import cv2

    small = photo(REDHEAD)
    large = Image(cv2.resize(small.pixels, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC))
    layer = MeshMakeup().run(
        large, face_of(large), person_of(large), params=MeshMakeup.Params(look="red-lips"), step=Step()
    )
    shrunk = cv2.resize(compose(large, [layer]).pixels, small.size, interpolation=cv2.INTER_AREA)
    other = compose(small, [wear(REDHEAD, look="red-lips")]).pixels
    box = face_of(small).box.astype(int)
    part = np.s_[box[1] : box[3], box[0] : box[2]]
    assert delta_e(lab_of(shrunk[part]), lab_of(other[part])).mean() < 2


def test_a_face_turned_away_is_refused_with_the_angle(wear, photo, face_of, person_of):
    portrait = photo(WOMAN)
    turned = replace(face_of(portrait), yaw=-63.4)
    arguments = (portrait, turned, person_of(portrait))
    with pytest.raises(Unsuitable, match="face in 'portrait' is turned by 63 degrees; makeup needs at most 45"):
        MeshMakeup().run(*arguments, params=MeshMakeup.Params(look="rose"), step=Step())
    with pytest.raises(Unsuitable, match="face in 'makeup' is turned by 63 degrees"):
        MeshMakeup().run(
            portrait, face_of(portrait), person_of(portrait), portrait, turned, params=MeshMakeup.Params(), step=Step()
        )


@pytest.mark.shared
def test_a_profile_is_refused(wear):
    with pytest.raises(Unsuitable, match="degrees"):
        wear("person-hard-profile-m-01.jpg", look="rose")


@pytest.mark.shared
def test_a_far_face_is_refused_with_its_size(wear):
    with pytest.raises(Unsuitable, match=r"too small: \d+ pixels between the eyes, at least 24"):
        wear("person-hard-tinyface-02.jpg", look="rose")


def test_a_face_without_a_mesh_is_refused(photo, face_of, person_of):
    portrait = photo(WOMAN)
    bare = replace(face_of(portrait), mesh=np.zeros((0, 3), np.float32))
    with pytest.raises(Unsuitable, match="has no mesh of 468 points"):
        MeshMakeup().run(portrait, bare, person_of(portrait), params=MeshMakeup.Params(look="rose"), step=Step())


def test_a_look_or_a_reference_must_be_given_and_not_both():
    params = MeshMakeup.Params
    assert MeshMakeup.check(params(), frozenset({"portrait", "makeup"})) is None
    assert MeshMakeup.check(params(look="rose"), frozenset({"portrait"})) is None
    assert "give a photo as 'makeup', or set 'look' to one of: natural" in MeshMakeup.check(params(), frozenset())
    both = MeshMakeup.check(params(look="rose"), frozenset({"makeup"}))
    assert both == "look='rose' and a 'makeup' photo were both given: leave one out"


def test_an_unknown_look_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"no look named 'smokey'\. Did you mean 'smoky'\?"):
        MeshMakeup.Params(look="smokey")


def test_lipstick_is_less_vivid_where_the_light_is_dim_or_the_picture_pale():
    bright, dim, pale = (grading(np.array(lab, np.float32)) for lab in ((65, 15, 20), (38, 9, 11), (65, 6, 7)))
    assert bright == 1
    assert 0.7 < dim < 0.9
    assert 0.5 < pale < 0.8
