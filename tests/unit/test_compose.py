"""A portrait and its layers: what is promised of every picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkol.artifacts import Image, Layer
from genkol.compose import affine, at, change, compose, cover, support
from genkol.errors import BadImage, BadParams
from tests.unit.drawn import HEIGHT, WIDTH, changes, layers, noise, offsets, portraits, similarities, strengths


def flat(level: int, h: int = 4, w: int = 6) -> Image:
    return Image(np.full((h, w, 3), level, np.uint8))


def same(one: Image, other: Image) -> bool:
    return np.array_equal(one.pixels, other.pixels)


def plainly(portrait: Image, stack: list[Layer], shares: list[float]) -> np.ndarray:
    """The definition, in float64, for layers on whole pixels: below * (1 - opacity) + paint."""
    out = portrait.pixels.astype(np.float64)
    for layer, s in zip(stack, shares, strict=True):
        x0, y0 = layer.offset or (0, 0)
        for y, x in np.ndindex(layer.opacity.shape):
            if 0 <= y + y0 < portrait.height and 0 <= x + x0 < portrait.width:
                kept = 1 - s * layer.opacity[y, x] / 255
                out[y + y0, x + x0] = out[y + y0, x + x0] * kept + s * layer.paint[y, x] / 64
    return np.clip(out, 0, 255)


class TestKnownAnswers:
    def test_half_red_over_grey(self):
        """128/255 of red over 100: 100 * 127/255 + 255 * 128/255."""
        red = np.zeros((4, 6, 3), np.uint8)
        red[..., 0] = 255
        out = compose(flat(100), [cover(red, np.full((4, 6), 128, np.uint8))])
        assert out.pixels[0, 0].tolist() == [178, 50, 50]

    def test_full_opacity_replaces(self):
        after = noise(3, 4, 6)
        assert np.array_equal(compose(flat(9), [cover(after, 1.0)]).pixels, after)

    def test_full_change_upon_its_own_picture_gives_the_other(self):
        before, after = noise(1, 4, 6), noise(2, 4, 6)
        assert np.array_equal(compose(Image(before), [change(before, after)]).pixels, after)

    def test_a_change_adds_to_whatever_lies_beneath(self):
        layer = change(flat(100).pixels, flat(120).pixels)
        assert compose(flat(30), [layer]).pixels.max() == 50

    def test_affine_is_below_times_rest_plus_paint(self):
        layer = affine(np.full((4, 6, 3), -10, np.float32), 51 / 255)
        assert np.unique(compose(flat(200), [layer]).pixels).tolist() == [150]  # 200 * 0.8 - 10

    def test_rounding_happens_once(self):
        """Four changes of a quarter level make one level; each alone makes none."""
        layer = affine(np.full((4, 6, 3), 0.25, np.float32), 0.0)
        assert compose(flat(7), [layer]).pixels.max() == 7
        assert np.unique(compose(flat(7), [layer] * 4).pixels).tolist() == [8]

    def test_sums_beyond_white_come_back(self):
        """What is clipped is the result, not the sum on the way."""
        up, down = (change(flat(a).pixels, flat(b).pixels) for a, b in ((0, 200), (200, 0)))
        assert same(compose(flat(150), [up, down]), flat(150))

    def test_a_half_pixel_shift_is_the_mean_of_neighbours(self):
        paint = np.zeros((1, 2, 3), np.float32)
        paint[0, 0] = 40
        layer = affine(np.repeat(paint, 3, axis=0), 0.0, np.array([[1, 0, 1.5], [0, 1, 0.0]]))
        assert compose(flat(100), [layer]).pixels[1, :, 0].tolist() == [100, 120, 120, 100, 100, 100]

    def test_a_layer_drawn_at_twice_the_size_lies_at_half(self):
        """A checkerboard of single pixels averages to grey when shrunk, instead of aliasing."""
        board = np.indices((64, 64)).sum(axis=0) % 2 * 255
        pixels = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
        half = cover(pixels, 1.0, np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]]))
        inner = compose(flat(0, 32, 32), [half]).pixels[2:-2, 2:-2]
        assert inner.min() >= 127
        assert inner.max() <= 128


@given(portraits, st.lists(layers(offsets()), max_size=5), st.data())
def test_it_is_what_the_definition_says(portrait: Image, stack: list[Layer], data: st.DataObject):
    shares = [data.draw(strengths) for _ in stack]
    exact = plainly(portrait, stack, shares)
    assert np.abs(compose(portrait, stack, shares).pixels - exact).max() <= 0.5 + 0.01


@given(portraits, st.lists(layers(), max_size=5), st.data())
def test_pixels_outside_the_union_are_identical(portrait: Image, stack: list[Layer], data: st.DataObject):
    shares = [data.draw(strengths) for _ in stack]
    union = np.zeros((HEIGHT, WIDTH), bool)
    for layer in stack:
        union |= support(layer, portrait.size)
    out = compose(portrait, stack, shares).pixels
    assert np.array_equal(out[~union], portrait.pixels[~union])


@given(portraits, st.lists(changes(), min_size=2, max_size=5), st.data())
def test_changes_commute_exactly(portrait: Image, stack: list[Layer], data: st.DataObject):
    shares = [data.draw(strengths) for _ in stack]
    order = data.draw(st.permutations(range(len(stack))))
    shuffled = compose(portrait, [stack[i] for i in order], [shares[i] for i in order])
    assert same(compose(portrait, stack, shares), shuffled)


@given(portraits, st.lists(layers(), min_size=2, max_size=5), st.data())
def test_disjoint_layers_commute_exactly(portrait: Image, stack: list[Layer], data: st.DataObject):
    taken, disjoint = np.zeros((HEIGHT, WIDTH), bool), []
    for layer in stack:
        part = support(layer, portrait.size)
        if not (part & taken).any():
            disjoint.append(layer)
            taken |= part
    shuffled = data.draw(st.permutations(disjoint))
    assert same(compose(portrait, disjoint), compose(portrait, shuffled))


@given(portraits, layers(), layers())
def test_strength_zero_is_nothing_and_one_is_the_layer(portrait: Image, one: Layer, other: Layer):
    assert same(compose(portrait, [one, other], [0, 1]), compose(portrait, [other]))
    assert same(compose(portrait, [one], [0]), portrait)
    assert same(compose(portrait, [one], [1]), compose(portrait, [one]))


@given(portraits, layers(offsets()), strengths)
def test_a_weakened_layer_lies_between(portrait: Image, layer: Layer, share: float):
    part, whole = compose(portrait, [layer], [share]).pixels, compose(portrait, [layer]).pixels
    low, high = np.minimum(portrait.pixels, whole), np.maximum(portrait.pixels, whole)
    assert ((part >= low) & (part <= high)).all()


@given(portraits, st.lists(layers(), max_size=4))
def test_it_is_deterministic_and_leaves_its_inputs_alone(portrait: Image, stack: list[Layer]):
    before = portrait.pixels.copy()
    digests = [layer.paint.tobytes() for layer in stack]
    assert same(compose(portrait, stack), compose(portrait, stack))
    assert np.array_equal(portrait.pixels, before)
    assert [layer.paint.tobytes() for layer in stack] == digests


@given(st.integers(-8, 30), st.integers(-8, 30))
def test_a_layer_is_cut_at_the_border(x: int, y: int):
    pixels = noise(5, 7, 7)
    out = compose(flat(0, 24, 24), [cover(pixels, 1.0, at(x, y))]).pixels
    wanted = np.zeros((60, 60, 3), np.uint8)
    wanted[y + 16 : y + 23, x + 16 : x + 23] = pixels
    assert np.array_equal(out, wanted[16:40, 16:40])


@given(portraits, layers(offsets() | similarities(min_scale=1)))
def test_clear_margins_around_a_layer_change_nothing(portrait: Image, layer: Layer):
    moved = layer.placement.copy()
    moved[:, 2] -= moved[:, :2] @ (4, 2)
    wide = Layer(
        np.pad(layer.paint, ((2, 3), (4, 1), (0, 0))), np.pad(layer.opacity, ((2, 3), (4, 1))), moved, layer.title
    )
    difference = compose(portrait, [layer]).pixels.astype(int) - compose(portrait, [wide]).pixels
    assert np.abs(difference).max() <= 1  # resampled sums differ in the last bit


class TestSimilarity:
    def test_the_way_there_and_back_keeps_the_change(self):
        """A smooth change painted in a turned and enlarged crop arrives where it was meant."""
        h = w = 96
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float64)
        bump = 60 * np.exp(-((xx - 50) ** 2 + (yy - 42) ** 2) / (2 * 12**2))
        for scale in (0.6, 1.0, 2.5):
            c, s = scale * np.cos(0.4), scale * np.sin(0.4)
            to_crop = np.array([[c, -s], [s, c]])
            shift = np.array([scale * 60, scale * 60]) - to_crop @ (50, 42)
            side = int(scale * 120)
            back = np.linalg.inv(to_crop)
            placement = np.column_stack([back, -back @ shift])
            cy, cx = np.mgrid[0:side, 0:side]
            px, py = (placement[:, :2] @ np.stack([cx.ravel(), cy.ravel()]) + placement[:, 2:]).reshape(2, side, side)
            paint = 60 * np.exp(-((px - 50) ** 2 + (py - 42) ** 2) / (2 * 12**2))
            layer = affine(np.repeat(paint[..., None], 3, axis=2).astype(np.float32), 0.0, placement)
            out = compose(flat(100, h, w), [layer]).pixels[..., 0]
            assert np.abs(out - (100 + bump)).max() < 1.0

    def test_the_texture_beneath_is_not_resampled(self):
        """An opaque-looking tint laid by a rotation adds the same everywhere: the noise beneath stays as it was."""
        portrait = Image(noise(8, 60, 60) // 2)
        c, s = np.cos(0.3), np.sin(0.3)
        tint = affine(np.full((80, 80, 3), 20, np.float32), 0.0, np.array([[c, -s, 5], [s, c, -20]]))
        difference = compose(portrait, [tint]).pixels.astype(int) - portrait.pixels
        assert np.unique(difference[20:40, 20:40]).tolist() == [20]

    def test_a_squeezed_placement_is_refused(self):
        layer = affine(np.ones((3, 3, 3), np.float32), 0.0, np.zeros((2, 3)))
        with pytest.raises(BadImage, match="keep its area"):
            compose(flat(1), [layer])


class TestMaking:
    def test_layers_are_cut_to_their_support(self):
        opacity = np.zeros((9, 9), np.float32)
        opacity[2:5, 3:8] = 1
        layer = cover(noise(1, 9, 9), opacity, at(10, 20))
        assert layer.opacity.shape == (3, 5)
        assert layer.offset == (13, 22)

    def test_black_counts_as_paint(self):
        """Its paint is zero: the support follows from the opacity too."""
        layer = cover(np.zeros((4, 6, 3), np.uint8), 0.5)
        assert support(layer, (6, 4)).all()
        assert np.unique(compose(flat(200), [layer]).pixels).tolist() == [100]  # 200 * 127/255

    def test_an_empty_layer_is_one_clear_pixel(self):
        layer = change(noise(1, 5, 5), noise(1, 5, 5), placement=at(2, 3), title="nothing")
        assert (layer.opacity.shape, layer.paint.any(), layer.offset) == ((1, 1), np.False_, (2, 3))
        assert layer.title == "nothing"

    def test_opacity_as_bytes_floats_or_a_number_is_the_same(self):
        pixels = noise(1, 5, 5)
        made = [cover(pixels, o) for o in (np.full((5, 5), 51, np.uint8), np.full((5, 5), 0.2, np.float32), 0.2)]
        assert len({layer.digest for layer in made}) == 1

    @pytest.mark.parametrize("opacity", [1.2, -0.1, float("nan"), np.zeros((2, 2), np.float32)])
    def test_an_impossible_opacity_is_refused(self, opacity: float):
        with pytest.raises(BadImage, match="opacity"):
            cover(noise(1, 5, 5), opacity)

    def test_paint_that_is_not_a_number_is_refused(self):
        with pytest.raises(BadImage, match="NaN"):
            affine(np.full((2, 2, 3), np.nan, np.float32), 0.0)

    def test_a_change_needs_two_pictures_of_one_size(self):
        with pytest.raises(BadImage, match=r"\(5, 5, 3\) and \(5, 4, 3\)"):
            change(noise(1, 5, 5), noise(1, 5, 4))


@pytest.mark.parametrize(("shares", "text"), [([0.5], "2 layers need 2 strengths"), ([0, 1.5], "at 1.5")])
def test_strengths_that_do_not_fit_are_refused(shares: list[float], text: str):
    layer = cover(noise(1, 4, 4), 1.0)
    with pytest.raises(BadParams, match=text):
        compose(flat(1), [layer, layer], shares)


def test_alpha_is_kept():
    portrait = Image(noise(1, 4, 4), np.full((4, 4), 7, np.uint8))
    assert np.array_equal(compose(portrait, []).alpha, portrait.alpha)
