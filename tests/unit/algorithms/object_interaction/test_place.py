"""A product with the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from genkol.algorithm import Step
from genkol.algorithms.object_interaction import place
from genkol.algorithms.object_interaction.cutout import cut_out
from genkol.algorithms.object_interaction.grip import find_grip
from genkol.algorithms.object_interaction.hand import curl, palm_shown, thumb_away
from genkol.algorithms.object_interaction.place import ProductPlacement
from genkol.algorithms.object_interaction.scale import pixels_per_cm
from genkol.algorithms.object_interaction.spot import NEARER, desk_edge, find_spot
from genkol.artifacts import Face, Image, Kind, Layer, Person
from genkol.compose import compose, support
from genkol.conformance import violations
from genkol.errors import NoPerson, Unsuitable
from genkol.inputs import read_input
from genkol.vision.colour import lab_of
from genkol.weights import WeightsSetup

pytestmark = pytest.mark.weights
ROOT = Path(__file__).parents[4]
CM = 19.0  # of the bottles

Case = tuple[Image, Face, Person]


@pytest.fixture(scope="module")
def product() -> Callable[..., Image]:
    """Reads a product by its file name: shipped, else of those to be shipped, else public."""
    folders = [ROOT / "examples/photos", *(ROOT.parent / "shared/data" / name for name in ("samples", "public"))]

    @cache
    def read(name: str = "product-juice-green.png") -> Image:
        file = next((folder / name for folder in folders if (folder / name).exists()), None)
        if file is None:
            pytest.skip(f"{name} is not shipped, and the shared photographs are not here (../shared/data)")
        image = read_input("product", Kind.PRODUCT, file.read_bytes())
        assert isinstance(image, Image)
        return image

    return read


@pytest.fixture
def case(
    photo: Callable[..., Image], face_of: Callable[..., Face], person_of: Callable[..., Person]
) -> Callable[..., Case]:
    """A portrait by its short name, with its face and its person."""

    def read(name: str) -> Case:
        portrait = photo(f"person-{name}.jpg")
        return portrait, face_of(portrait), person_of(portrait)

    return read


@pytest.fixture(scope="module")
def work(weights_setup: WeightsSetup) -> ProductPlacement:
    algorithm = ProductPlacement()
    algorithm.setup(weights_setup)
    return algorithm


def placed(work: ProductPlacement, case: Case, product: Image, **params: object) -> Layer:
    chosen = work.Params.model_validate({"height_cm": CM, **params})
    return work.run(*case, product, params=chosen, step=Step())


def solid(layer: Layer, size: tuple[int, int]) -> np.ndarray:
    """(H, W): where the layer hides wholly what lies beneath."""
    mask = np.zeros(size[::-1], np.uint8)
    x, y = layer.offset or (0, 0)
    mask[y : y + layer.opacity.shape[0], x : x + layer.opacity.shape[1]] = layer.opacity
    return mask >= 250


def on_white(photo: Image) -> Image:
    """The product before white paper, opaque, without the shadow that its alpha holds."""
    return Image(np.where(photo.alpha[..., None] > 240, photo.pixels, np.uint8(255)))


def never(pixels: np.ndarray) -> np.ndarray:
    raise AssertionError("a photo with transparency needs no model")


def test_a_transparent_photo_is_cut_by_its_alpha_less_the_shadow_in_it(product):
    """The bottle's PNG has a soft shadow and a mirror image below the foot."""
    photo = product()
    thing = cut_out(photo, never)
    rows = np.flatnonzero((photo.alpha > 0).any(axis=1))
    solid_rows = np.flatnonzero((photo.alpha > 240).any(axis=1))
    assert np.ptp(rows) > 1.1 * np.ptp(solid_rows)
    ratio = np.ptp(solid_rows) / np.ptp(np.flatnonzero((photo.alpha > 240).any(axis=0)))
    assert 1 / thing.aspect == pytest.approx(ratio, rel=0.03)


def test_an_opaque_photo_is_cut_as_its_transparent_original(product, work):
    photo = product("product-juice-orange.png")
    wanted = cut_out(photo, never)
    found = cut_out(on_white(photo), work._salient)
    assert found.aspect == pytest.approx(wanted.aspect, rel=0.03)
    same = cv2.resize(found.alpha, wanted.alpha.shape[::-1]) > 0.5
    both, either = (same & (wanted.alpha > 0.5)).sum(), (same | (wanted.alpha > 0.5)).sum()
    assert both / either > 0.95


def test_a_product_is_cut_out_once_and_the_least_recent_are_forgotten(work, case, product, monkeypatch):
    """A campaign shows one product with many portraits."""
    asked = []
    finder = work._salient
    monkeypatch.setattr(work, "_salient", lambda pixels: asked.append(1) or finder(pixels))
    monkeypatch.setattr(work, "_known", {})
    monkeypatch.setattr(place, "REMEMBERED", 2)
    photo = on_white(product())
    first = placed(work, case("halfbody-m-01"), photo)
    assert placed(work, case("halfbody-m-01"), Image(photo.pixels.copy())).digest == first.digest
    assert len(asked) == 1
    for level in range(1, 4):
        work._cutout(Image(np.clip(photo.pixels.astype(int) - level, 0, 255).astype(np.uint8)))
    assert len(work._known) == 2


def test_a_lump_of_the_ground_under_the_foot_is_cut_off(work, product):
    photo = on_white(product())
    clean = cut_out(photo, work._salient)
    pixels = photo.pixels.copy()
    rows, columns = np.flatnonzero((pixels < 250).any(axis=(1, 2))), np.flatnonzero((pixels < 250).any(axis=(0, 2)))
    foot, middle, size = rows[-1], int(columns.mean()), np.ptp(rows)
    pixels[foot - 5 : foot + round(0.03 * size), middle - 8 : middle + 8] = 60
    assert cut_out(Image(pixels), work._salient).aspect == pytest.approx(clean.aspect, rel=0.02)


@pytest.mark.shared
def test_what_cannot_stand_as_its_photo_shows_it_is_refused(work, case, product):
    dryer = product("product-hairdryer-11.jpg")
    with pytest.raises(Unsuitable, match=r"cannot stand .* fills 1\d% of its width \(at least 20%\)"):
        placed(work, case("halfbody-f-05"), dryer, height_cm=26, where="beside")


def test_a_plain_photo_holds_no_product(work):
    with pytest.raises(Unsuitable, match="No product stands out"):
        cut_out(Image(np.full((300, 300, 3), 200, np.uint8)), work._salient)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["background-interior-06.jpg", "background-loft-01.jpg", "background-coast-03.jpg"])
def test_a_photo_of_a_place_holds_no_clear_product(work, product, name):
    with pytest.raises(Unsuitable, match="No single product stands out clearly"):
        cut_out(product(name), work._salient)


@pytest.mark.shared
def test_a_photo_of_a_person_is_cut_off_as_a_product(work, product):
    with pytest.raises(Unsuitable, match=r"lower edge \(\d+% of the edge"):
        cut_out(product("person-halfbody-f-01.jpg"), work._salient)


def test_a_product_that_its_photo_cuts_is_refused(product):
    photo = product()
    rows = np.flatnonzero((photo.alpha > 240).any(axis=1))
    half = slice(0, int(rows.mean()))
    with pytest.raises(Unsuitable, match="lower edge"):
        cut_out(Image(photo.pixels[half], photo.alpha[half]), never)


def test_its_height_in_the_picture_follows_from_the_face_and_its_centimetres(work, case, product):
    portrait, face, _ = whole = case("halfbody-m-01")
    thing = cut_out(product(), never)
    for height_cm in (12.0, 24.0):
        mask = solid(placed(work, whole, product(), height_cm=height_cm, surface=False, shadow=0), portrait.size)
        rows = np.flatnonzero(mask.any(axis=1))
        assert np.ptp(rows) == pytest.approx(height_cm * NEARER * pixels_per_cm(face), rel=0.04)
        assert np.ptp(np.flatnonzero(mask.any(axis=0))) == pytest.approx(np.ptp(rows) * thing.aspect, rel=0.06)


def test_beside_it_lies_hardly_over_the_person_and_never_over_the_face(work, case, product):
    portrait, face, person = whole = case("halfbody-m-01")
    mask = solid(placed(work, whole, product(), where="beside", surface=False), portrait.size)
    assert (person.matte[mask] > 128).mean() < 0.35
    left, top, right, bottom = face.box.astype(int)
    assert not mask[top:bottom, left:right].any()


def test_in_front_it_stands_before_the_person(work, case, product):
    portrait, _, person = whole = case("halfbody-m-01")
    mask = solid(placed(work, whole, product(), where="front", surface=False), portrait.size)
    assert (person.matte[mask] > 128).mean() > 0.5


def test_a_table_is_drawn_only_where_it_is_asked_for(work, case, product):
    portrait, _, _ = whole = case("halfbody-m-01")
    bare, laid = (solid(placed(work, whole, product(), surface=on), portrait.size) for on in (False, True))
    assert laid[-2].all()
    assert not bare[-2].any()


def test_outside_the_layer_nothing_changes_and_the_same_call_gives_the_same_bytes(work, case, product):
    portrait, _, _ = whole = case("halfbody-f-01")
    layer = placed(work, whole, product())
    changed = (compose(portrait, [layer]).pixels != portrait.pixels).any(axis=2)
    assert changed.any()
    assert not (changed & ~support(layer, portrait.size)).any()
    assert not support(layer, portrait.size)[: portrait.height // 2].any()
    assert placed(work, whole, product()).digest == layer.digest


def test_there_is_shade_where_it_stands(work, case, product):
    portrait, _, _ = whole = case("halfbody-m-01")
    with_shade, without = (
        compose(portrait, [placed(work, whole, product(), shadow=s)]).pixels.astype(int) for s in (1, 0)
    )
    assert (without - with_shade).max() > 40
    assert (without - with_shade).min() >= 0


@pytest.mark.shared
@pytest.mark.parametrize(("name", "channels"), [("hard-grayscale-02", (1, 2)), ("hard-dark-02", (0,))])
def test_harmonising_takes_out_colour_in_black_and_white_and_light_in_the_dark(work, case, product, name, channels):
    portrait, _, _ = whole = case(name)
    options = {"where": "front", "surface": False, "shadow": 0}
    own, matched = (placed(work, whole, product(), harmonise=h, **options) for h in (0.0, 0.6))
    mask = solid(own, portrait.size)

    def level(layer: Layer) -> float:
        lab = lab_of(compose(portrait, [layer]).pixels[mask])[:, channels]
        return float(np.linalg.norm(lab, axis=1).mean())

    assert level(matched) < 0.6 * level(own)


@pytest.mark.shared
def test_a_desk_in_the_picture_is_stood_upon(case, product):
    """She sits behind a table, whose edge cuts her outline: no other is drawn."""
    portrait, face, person = case("selfie-f-02")
    edge = desk_edge(person)
    assert edge is not None
    assert edge == pytest.approx(400, abs=8)
    thing = cut_out(product(), never)
    spot = find_spot("front", "auto", pixels_per_cm(face), CM, thing, face, person)
    assert spot.table is None
    assert edge < spot.y < portrait.height
    assert desk_edge(case("halfbody-m-01")[2]) is None


@pytest.mark.shared
def test_by_visible_feet_it_stands_on_their_ground(case, product):
    portrait, face, person = case("fullbody-m-03")
    thing = cut_out(product(), never)
    spot = find_spot("beside", "auto", pixels_per_cm(face), CM, thing, face, person)
    assert spot.table is None
    assert spot.y == pytest.approx(person.pose[27:33, 1].max(), abs=0.03 * portrait.height)


@pytest.mark.shared
def test_on_the_ground_it_stands_free_of_the_person_where_there_is_room(work, case, product):
    portrait, _, person = whole = case("fullbody-f-01")
    bag = product("product-bag-duffel-08.jpg")
    mask = solid(placed(work, whole, bag, height_cm=32, where="beside", shadow=0), portrait.size)
    assert (person.matte[mask] > 128).mean() < 0.02


@pytest.mark.shared
def test_a_fist_that_shows_its_fingers_holds_it_behind_them(work, case, product):
    portrait, face, person = whole = case("selfie-m-01")
    (hand,) = person.hands
    assert curl(hand) > 150
    assert palm_shown(hand) > 0.5
    layer = placed(work, whole, product(), where="hand")
    assert layer.title == "Product in hand"
    grip = find_grip(cut_out(product(), never), pixels_per_cm(face), CM, "auto", face, person, signs=True)
    out = compose(portrait, [layer]).pixels
    fingers = grip.front > 0.999
    assert fingers.sum() > 500
    assert (out[fingers] == portrait.pixels[fingers]).all()
    mask = solid(layer, portrait.size)
    rows = np.flatnonzero(mask.any(axis=1))
    knuckles = hand.landmarks[[6, 10, 14, 18], 1]
    assert rows.min() < knuckles.min()
    assert rows.max() > knuckles.max()


@pytest.mark.shared
def test_a_thumb_that_says_something_gets_a_product_only_where_a_hand_is_asked_for(work, case, product):
    """His thumb points down, and would say so of the product."""
    _, face, person = whole = case("selfie-m-01")
    assert thumb_away(person.hands[0]) == pytest.approx(0.71, abs=0.05)
    assert placed(work, whole, product(), height_cm=12).title == "Product"
    with pytest.raises(Unsuitable, match="gives a sign with its thumb"):
        find_grip(cut_out(product(), never), pixels_per_cm(face), CM, "auto", face, person)


@pytest.mark.shared
def test_a_hanging_hand_carries_it_by_its_upper_end(work, case, product):
    portrait, _, person = whole = case("fullbody-m-03")
    layer = placed(work, whole, product("product-bag-duffel-08.jpg"), height_cm=32, where="hand")
    rows = np.flatnonzero(solid(layer, portrait.size).any(axis=1))
    assert rows.min() == pytest.approx(person.hands[0].landmarks[:, 1].max(), abs=30)


@pytest.mark.shared
def test_where_one_hand_is_full_the_other_is_used(work, case, product):
    """Both her hands hang free; the surer one is given something to hold."""
    _, face, person = case("fullbody-f-01")
    surer, other = sorted(person.hands, key=lambda hand: -hand.score)
    full = person.accessories.copy()
    cv2.fillConvexPoly(full, cv2.convexHull(np.rint(surer.landmarks[:, :2]).astype(np.int32)), 255)
    laden = replace(person, accessories=full)
    bag = cut_out(product("product-bag-duffel-08.jpg"), work._salient)
    at = {
        name: find_grip(bag, pixels_per_cm(face), 32, "auto", face, who).x
        for name, who in (("free", person), ("laden", laden))
    }
    assert at["free"] == pytest.approx(float(surer.landmarks[:, 0].mean()), abs=15)
    assert at["laden"] == pytest.approx(float(other.landmarks[:, 0].mean()), abs=15)
    with pytest.raises(Unsuitable, match="already holds"):
        find_grip(bag, pixels_per_cm(face), 32, surer.side, face, laden)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hard-twofaces-01", "already holds"),
        ("halfbody-f-04", "is in the hair"),
        ("halfbody-m-03", "turns its fingers away"),
        ("halfbody-m-06", "is not curled"),
        ("halfbody-m-02", "stretches a finger"),
        ("selfie-f-02", "is not curled"),
        ("halfbody-m-04", "not seen well enough"),
        ("halfbody-f-05", "beyond the picture"),
        ("selfie-m-03", "before the face"),
        ("halfbody-m-05", "There is no hand"),
    ],
)
def test_a_hand_that_cannot_hold_it_is_refused_with_the_reason(work, case, product, name, reason):
    with pytest.raises(Unsuitable, match=reason):
        placed(work, case(name), product(), where="hand")


@pytest.mark.shared
def test_only_the_hand_that_was_asked_for_is_taken(work, case, product):
    whole = case("fullbody-m-03")
    assert placed(work, whole, product(), where="hand", hand="right").title == "Product in hand"
    with pytest.raises(Unsuitable, match="no left hand"):
        placed(work, whole, product(), where="hand", hand="left")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "reason", "params"),
    [
        ("hard-tinyface-m-01", "nothing to stand on", {}),
        ("fullbody-m-02", "the knees are in the picture", {}),
        ("hard-tinyface-02", "at least 24", {"height_cm": 9}),
        ("halfbody-m-01", "would be", {"height_cm": 90}),
        ("fullbody-f-01", "A product of 175 cm would be", {"height_cm": 175}),
        ("halfbody-m-03", "cover the face", {"where": "front", "height_cm": 26, "product": "product-cup-mug-02.jpg"}),
    ],
)
def test_what_cannot_be_shown_is_refused_with_numbers(work, case, product, name, reason, params):
    thing = product(params.get("product", "product-juice-green.png"))
    with pytest.raises(Unsuitable, match=reason):
        placed(work, case(name), thing, **{k: v for k, v in params.items() if k != "product"})


def test_an_empty_matte_is_refused(work, case, product):
    portrait, face, person = case("halfbody-m-01")
    nothing = np.zeros_like(person.matte)
    nobody = Person(nothing, nothing, nothing, nothing, nothing, nothing, np.zeros((0, 4), np.float32))
    with pytest.raises(NoPerson):
        placed(work, (portrait, face, nobody), product())


def test_it_conforms_with_an_opaque_photo_in_front_too(case, product, weights_setup):
    portrait, face, person = case("halfbody-f-01")
    inputs = {"portrait": portrait, "face": face, "person": person, "product": on_white(product())}
    assert violations(ProductPlacement, inputs, weights_setup, {"where": "front"}) == []
