"""Another place behind the person."""

import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.background.composite import CompositeBackground
from genkol.artifacts import Image, Layer, Person
from genkol.compose import at, change, compose
from genkol.errors import NoPerson, Unsuitable
from genkol.vision.framing import covering, defocused
from tests.unit.vision.figures import disc, noise, person, standing_pose


def layer_of(portrait: Image, who: Person, scene: Image, **params) -> Layer:
    return CompositeBackground().run(portrait, who, scene, params=CompositeBackground.Params(**params), step=Step())


def composed(portrait: Image, who: Person, scene: Image, **params) -> np.ndarray:
    return compose(portrait, [layer_of(portrait, who, scene, **params)]).pixels.astype(int)


@pytest.fixture(scope="module")
def scene() -> Image:
    return Image(noise(5, 210, 330, smooth=6))


@pytest.fixture(scope="module")
def portrait() -> Image:
    return Image(noise(6, 240, 200, smooth=2))


@pytest.fixture(scope="module")
def who() -> Person:
    return person(disc(240, 200, radius=70, soft=9))


def test_the_inside_of_the_person_is_untouched_without_harmonising(portrait, who, scene):
    out = composed(portrait, who, scene, harmonise=0)
    inside = who.matte == 255
    assert inside.sum() > 5000
    assert np.abs(out - portrait.pixels)[inside].max() == 0


@pytest.mark.parametrize("blur", [0.0, 0.5])
def test_where_nobody_is_the_picture_is_the_scene(portrait, who, scene, blur):
    out = composed(portrait, who, scene, blur=blur)
    place = defocused(covering(scene.pixels, *portrait.size), blur)
    outside = who.matte == 0
    assert outside.sum() > 5000
    assert np.abs(out - place)[outside].max() == 0


def test_it_replaces_only_where_nobody_is(portrait, who, scene):
    layer = layer_of(portrait, who, scene)
    opacity = np.zeros(who.matte.shape, int)
    x, y = layer.offset
    h, w = layer.opacity.shape
    opacity[y : y + h, x : x + w] = layer.opacity
    assert np.array_equal(opacity, np.where(who.matte == 0, 255, 0))


def test_a_change_of_the_person_may_be_painted_before_or_after(portrait, who, scene):
    """Makeup and background have no order between them: both give one picture, and both show in it."""
    background = layer_of(portrait, who, scene)
    redder = np.clip(portrait.pixels + np.array([40, -10, 5]), 0, 255).astype(np.uint8)
    makeup = change(portrait.pixels, redder, weight=who.matte, placement=at(0, 0))
    one = compose(portrait, [background, makeup])
    other = compose(portrait, [makeup, background])
    assert one.digest == other.digest
    centre = np.s_[110:130, 90:110]
    plain = compose(portrait, [background]).pixels[centre].astype(int)
    assert (one.pixels[centre].astype(int) - plain)[..., 0].mean() > 15


@pytest.mark.parametrize("clean", [0.0, 1.0])
def test_a_known_subject_over_a_known_background_lands_clean_on_a_new_one(clean):
    """The truth is known: F over B with alpha; what comes out must be near F over the new B."""
    height, width = 320, 280
    alpha = disc(height, width, radius=90, soft=14).astype(float)[..., None] / 255
    subject = np.full((height, width, 3), (150, 90, 60), float)
    subject[:, ::9] *= 0.8
    white = np.full((height, width, 3), 246.0)
    portrait = Image(np.rint(subject * alpha + white * (1 - alpha)).astype(np.uint8))
    dark = np.full((height, width, 3), (20, 34, 60), np.uint8)
    who = person(np.rint(alpha[..., 0] * 255).astype(np.uint8))
    out = composed(portrait, who, Image(dark), harmonise=0, blur=0, clean=clean)
    truth = subject * alpha + dark * (1 - alpha)
    band = (alpha[..., 0] > 0) & (alpha[..., 0] < 1)
    naive = portrait.pixels * alpha + dark * (1 - alpha)
    error = np.abs(out - truth)[band].mean()
    assert error < 5
    assert error < 0.3 * np.abs(naive - truth)[band].mean()


def test_a_matte_drawn_too_wide_leaves_no_rim_of_the_old_background():
    height = width = 320
    true = disc(height, width, radius=90, soft=4).astype(float)[..., None] / 255
    subject = np.full((height, width, 3), (120, 80, 50), float)
    portrait = Image(np.rint(subject * true + 250 * (1 - true)).astype(np.uint8))
    dark = Image(np.full((height, width, 3), 25, np.uint8))
    who = person(disc(height, width, radius=93, soft=12))
    rim = np.s_[160, 252:258]  # wholly outside the true subject, half covered by the matte
    wide, cut = (composed(portrait, who, dark, harmonise=0, blur=0, clean=clean)[rim].mean() for clean in (0, 1))
    assert wide > 45
    assert cut - 25 < 0.4 * (wide - 25)


def test_the_person_takes_the_scenes_light_and_its_colour(portrait, who):
    night = Image(np.full((200, 200, 3), (14, 20, 52), np.uint8))
    inside = who.matte == 255
    plain = portrait.pixels[inside].mean(0)
    lit = composed(portrait, who, night)[inside].mean(0)
    assert lit.mean() < plain.mean()
    assert lit[2] / lit[0] > plain[2] / plain[0]
    assert lit.mean() > 0.6 * plain.mean()


def test_a_scene_smaller_than_the_portrait_and_extreme_shapes_fill_the_frame():
    for size, scene_size in (((512, 64), (40, 400)), ((64, 512), (400, 40)), ((240, 200), (24, 18))):
        portrait = Image(noise(2, *size, smooth=3))
        who = person(disc(*size, radius=20, soft=4))
        out = compose(portrait, [layer_of(portrait, who, Image(noise(3, *scene_size, smooth=3)))])
        assert out.size == portrait.size


def test_zoom_place_and_mirror_choose_the_part_of_the_scene(portrait, who):
    ramp = np.repeat(np.linspace(0, 255, 900)[None, :], 300, 0)
    scene = Image(np.repeat(ramp[..., None], 3, 2).astype(np.uint8))
    edge = [
        composed(portrait, who, scene, blur=0, **kw)[0, 0, 0]
        for kw in ({"scene_x": 0}, {"scene_x": 1}, {"scene_x": 0, "mirror": True}, {"scene_x": 0.5, "zoom": 2})
    ]
    assert edge[0] < 5
    assert 150 < edge[1] < 200
    assert edge[2] > 250
    assert 90 < edge[3] < 128


def test_standing_feet_darken_the_ground_and_a_half_body_does_not():
    height, width = 480, 300
    pose = standing_pose(height, width)
    matte = np.zeros((height, width), np.uint8)
    matte[40:440, 120:180] = 255
    portrait = Image(noise(8, height, width, smooth=3))
    grey = Image(np.full((height, width, 3), 150, np.uint8))
    stood = composed(portrait, person(matte, pose), grey, blur=0)
    assert stood[441:447, 130:170].mean() < 110
    assert stood[30:80, 10:60].min() >= 149
    outside = matte == 0
    for seen in (np.zeros((0, 4), np.float32), pose * np.float32([1, 1, 1, 0]), pose * np.float32([1, 1.2, 1, 1])):
        assert (composed(portrait, person(matte, seen), grey, blur=0, support=True)[outside] == 150).all()
    assert (composed(portrait, person(matte, pose), grey, blur=0, shadow=0)[outside] == 150).all()


def sitting(height: int, width: int) -> np.ndarray:
    """A standing pose whose knees came up to the hips."""
    pose = standing_pose(height, width)
    pose[25:27, 1] = pose[23:25, 1] + 0.1 * (pose[23, 1] - pose[11, 1])
    return pose


def test_a_person_who_sits_is_refused_with_the_measure_unless_the_scene_has_the_like():
    matte = np.zeros((480, 300), np.uint8)
    matte[40:440, 120:180] = 255
    portrait, grey = Image(noise(8, 480, 300, smooth=3)), Image(np.full((480, 300, 3), 150, np.uint8))
    who = person(matte, sitting(480, 300))
    with pytest.raises(Unsuitable, match=r"knees lie 0\.10 lengths"):
        layer_of(portrait, who, grey)
    assert layer_of(portrait, who, grey, support=True).opacity.any()
    unseen = sitting(480, 300)
    unseen[25:27, 3] = 0.1
    assert layer_of(portrait, person(matte, unseen), grey).opacity.any()


def test_a_person_whom_a_desk_cuts_off_is_refused_with_the_measure():
    matte = np.zeros((480, 300), np.uint8)
    matte[40:360, 120:180] = 255
    portrait, grey = Image(noise(8, 480, 300, smooth=3)), Image(np.full((480, 300, 3), 150, np.uint8))
    hidden = standing_pose(480, 300)
    hidden[25:, 3] = 0.1
    with pytest.raises(Unsuitable, match="would float: they end 25% of the picture above"):
        layer_of(portrait, person(matte, hidden), grey)
    assert layer_of(portrait, person(matte, hidden), grey, support=True).opacity.any()
    assert layer_of(portrait, person(matte, standing_pose(480, 300)), grey).opacity.any()


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fullbody-m-01", "The person sits"),
        ("fullbody-m-02", "The person sits"),
        ("selfie-f-02", "would float"),
        ("hard-tinyface-m-01", "would float"),
    ],
)
def test_a_photograph_of_someone_who_needs_a_seat_or_a_desk_is_refused(name, reason, photo, person_of):
    portrait = photo(f"person-{name}.jpg")
    who = person_of(portrait)
    with pytest.raises(Unsuitable, match=reason):
        layer_of(portrait, who, Image(noise(5, 210, 330, smooth=6)))


def test_equal_inputs_give_an_equal_layer(portrait, who, scene):
    assert layer_of(portrait, who, scene).digest == layer_of(portrait, who, scene).digest


def test_an_empty_matte_is_refused(portrait, scene):
    with pytest.raises(NoPerson, match="The matte is empty"):
        layer_of(portrait, person(np.zeros((240, 200), np.uint8)), scene)


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize("name", ["person-halfbody-f-05.jpg", "person-halfbody-m-01.jpg"])
def test_a_person_shot_against_white_brings_little_white_along(name, photo, person_of):
    """On a dark scene the soft edge must be far darker than when the picture is simply faded by its matte."""
    portrait = photo(name)
    who = person_of(portrait)
    dark = np.full((portrait.height, portrait.width, 3), (16, 20, 30), np.uint8)
    out = composed(portrait, who, Image(dark), harmonise=0, blur=0)
    alpha = who.matte[..., None] / 255
    faded = portrait.pixels * alpha + dark * (1 - alpha)
    edge = (who.matte > 20) & (who.matte < 200)
    assert edge.sum() > 1000
    assert out[edge].mean() < 0.85 * faded[edge].mean()
    assert np.abs(out - portrait.pixels)[who.matte == 255].max() == 0
