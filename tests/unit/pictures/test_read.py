"""Picture files in: right colours, upright, bare, and bounded."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from genkol.artifacts import Image
from genkol.errors import BadImage, RequestError, TooLarge, UnsupportedImage
from genkol.pictures import Limits, read_image
from tests.unit.pictures import made

PICTURE = made.gradient()


def close(image: Image, wanted: np.ndarray, mean: float = 2.0) -> bool:
    return image.pixels.shape == wanted.shape and np.abs(image.pixels.astype(int) - wanted).mean() < mean


class TestFormats:
    @pytest.mark.parametrize("format", ["PNG", "BMP"])
    def test_exact_formats_keep_every_pixel(self, format: str):
        assert np.array_equal(read_image(made.saved(PICTURE, format)).pixels, PICTURE)

    @pytest.mark.parametrize(
        "options", [{"format": "JPEG"}, {"format": "JPEG", "progressive": True}, {"format": "WEBP"}]
    )
    def test_lossy_formats_come_close(self, options: dict[str, object]):
        assert close(read_image(made.saved(PICTURE, quality=95, **options)), PICTURE)

    def test_lossless_webp_keeps_every_pixel(self):
        assert np.array_equal(read_image(made.saved(PICTURE, "WEBP", lossless=True)).pixels, PICTURE)

    @pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
    def test_an_animation_gives_its_first_frame(self, format: str):
        frames = [Pillow.new("RGB", (80, 70), colour) for colour in ("red", "blue", "lime")]
        data = made.saved(frames[0], format, save_all=True, append_images=frames[1:])
        image = read_image(data)
        assert image.size == (80, 70)
        assert np.abs(image.pixels.astype(int) - (255, 0, 0)).max() < 8

    def test_a_camera_file_of_several_pictures_gives_the_first(self):
        other = Pillow.new("RGB", (80, 70), "blue")
        data = made.saved(PICTURE, "MPO", save_all=True, append_images=[other], quality=95)
        assert close(read_image(data), PICTURE)

    @pytest.mark.parametrize(
        ("data", "found"),
        [
            (b"\0\0\0\x18ftypheic" + b"\0" * 80, "HEIC or AVIF. Send it as JPEG"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG, XML or HTML"),
            (b"\n  <!doctype html>", "SVG, XML or HTML"),
            (b"%PDF-1.7\n" + made.saved(PICTURE, "JPEG"), "a PDF document"),
            (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
            (made.saved(PICTURE, "TIFF"), "TIFF"),
            (b"hello", "no picture that GenKOL knows"),
        ],
    )
    def test_other_formats_are_refused_by_name(self, data: bytes, found: str):
        with pytest.raises(UnsupportedImage, match=found) as caught:
            read_image(data, field="garment")
        assert caught.value.context["field"] == "garment"
        assert caught.value.status == 415


class TestColour:
    def test_sixteen_bit_grey_keeps_its_tones(self):
        levels = np.linspace(0, 65535, 128).astype(np.uint16)[None].repeat(96, axis=0)
        image = read_image(made.saved(levels))
        assert np.abs(image.pixels[..., 0] - levels / 257.0).max() <= 0.5
        assert (image.pixels.max(axis=2) == image.pixels.min(axis=2)).all()

    def test_sixteen_bit_colour_keeps_its_tones(self):
        rows = b"".join(b"\0" + (row.astype(np.uint16) * 257).astype(">u2").tobytes() for row in PICTURE)
        ihdr = struct.pack(">IIBBBBB", 128, 96, 16, 2, 0, 0, 0)
        parts = [(b"IHDR", ihdr), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
        data = b"\x89PNG\r\n\x1a\n" + b"".join(made.chunk(*part) for part in parts)
        assert np.abs(read_image(data).pixels.astype(int) - PICTURE).max() <= 1

    @pytest.mark.parametrize("mode", ["L", "1", "P", "LA"])
    def test_grey_bits_and_palettes_become_rgb(self, mode: str):
        picture = Pillow.fromarray(PICTURE).convert(mode)
        wanted = np.asarray(picture.convert("RGB"))
        assert np.array_equal(read_image(made.saved(picture)).pixels, wanted)

    def test_inks_come_out_in_their_colours(self):
        """Pillow writes CMYK as Adobe does, inverted."""
        picture = Pillow.fromarray(PICTURE).convert("CMYK")
        assert close(read_image(made.saved(picture, "JPEG", quality=98)), PICTURE, 4.0)

    def test_a_profile_is_converted_to_srgb(self):
        image = read_image(made.saved(PICTURE, icc_profile=made.swapped_profile()))
        assert np.abs(image.pixels[..., ::-1].astype(int) - PICTURE).max() <= 2

    def test_a_profile_is_converted_under_transparency_too(self):
        alpha = np.full(PICTURE.shape[:2], 200, np.uint8)
        data = made.saved(np.dstack([PICTURE, alpha]), icc_profile=made.swapped_profile())
        image = read_image(data, keep_alpha=True)
        assert np.abs(image.pixels[..., ::-1].astype(int) - PICTURE).max() <= 2
        assert np.array_equal(image.alpha, alpha)

    @pytest.mark.parametrize("profile", [b"nonsense" * 40, made.swapped_profile()[:200]])
    def test_a_broken_profile_is_ignored(self, profile: bytes):
        assert np.array_equal(read_image(made.saved(PICTURE, icc_profile=profile)).pixels, PICTURE)

    def test_a_profile_for_other_pixels_is_ignored(self):
        grey = Pillow.fromarray(PICTURE).convert("L")
        image = read_image(made.saved(grey, icc_profile=made.swapped_profile()))
        assert np.array_equal(image.pixels[..., 0], np.asarray(grey))


class TestUpright:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize(("format", "order"), [("JPEG", "<"), ("JPEG", ">"), ("PNG", "<"), ("WEBP", ">")])
    def test_exif_orientation_is_applied(self, orientation: int, format: str, order: str):
        assert close(read_image(made.oriented(orientation, format, order)), PICTURE)

    @pytest.mark.parametrize("orientation", [0, 9, 99])
    def test_nonsense_counts_as_upright(self, orientation: int):
        assert close(read_image(made.oriented(orientation)), PICTURE)

    @pytest.mark.parametrize("cut", [8, 14, 20])
    def test_damaged_exif_counts_as_upright(self, cut: int):
        exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03"[:cut]
        assert close(read_image(made.saved(PICTURE, "JPEG", exif=exif, quality=95)), PICTURE)

    def test_it_is_applied_to_alpha_and_to_reduced_pictures(self):
        alpha = np.zeros(PICTURE.shape[:2], np.uint8)
        alpha[:48] = 255
        turned = Pillow.fromarray(np.dstack([PICTURE, alpha])).transpose(Pillow.Transpose.ROTATE_90)
        exif = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
        image = read_image(made.saved(turned, exif=exif), keep_alpha=True, max_side=64)
        assert image.size == (64, 48)
        assert image.alpha[:22].min() > 250
        assert image.alpha[26:].max() < 5


class TestTransparency:
    def hidden(self) -> bytes:
        alpha = np.zeros(PICTURE.shape[:2], np.uint8)
        alpha[:, 40:80] = 128
        alpha[:, 80:] = 255
        return made.saved(np.dstack([PICTURE, alpha]))

    def test_a_portrait_lies_over_white(self):
        image = read_image(self.hidden())
        assert image.alpha is None
        assert (image.pixels[:, :40] == 255).all()
        assert np.array_equal(image.pixels[:, 80:], PICTURE[:, 80:])
        wanted = PICTURE[:, 40:80] * (128 / 255) + 255 * (127 / 255)
        assert np.abs(image.pixels[:, 40:80] - wanted).max() <= 0.5 + 1e-3

    def test_a_garment_keeps_it_and_loses_what_it_hid(self):
        image = read_image(self.hidden(), keep_alpha=True)
        assert np.unique(image.alpha).tolist() == [0, 128, 255]
        assert (image.pixels[:, :40] == 255).all()
        assert np.array_equal(image.pixels[:, 40:], PICTURE[:, 40:])

    def test_reducing_lets_nothing_hidden_through(self):
        image = read_image(self.hidden(), max_side=80)
        assert (image.pixels[:, :22] == 255).all()

    def test_an_opaque_picture_has_no_alpha(self):
        opaque = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 255, np.uint8)])
        assert read_image(made.saved(opaque), keep_alpha=True).alpha is None

    def test_a_colour_key_is_transparency(self):
        picture = Pillow.new("RGB", (70, 70), (1, 2, 3))
        image = read_image(made.saved(picture, transparency=(1, 2, 3)), keep_alpha=True)
        assert image.alpha.max() == 0
        assert image.pixels.min() == 255


class TestReducing:
    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
    def test_the_longest_side_is_met_and_the_picture_is_the_same(self, format: str):
        large = made.gradient(900, 1200)
        image = read_image(made.saved(large, format, quality=95), max_side=128)
        assert image.size == (128, 96)
        assert close(image, PICTURE)

    def test_a_smaller_picture_is_left_alone(self):
        assert np.array_equal(read_image(made.saved(PICTURE), max_side=4000).pixels, PICTURE)


class TestLimits:
    LIMITS = Limits(max_bytes=100_000, max_pixels=1_000_000, max_side=5_000, min_side=64, max_aspect_ratio=8)
    HEADERS = [made.png_header, made.jpeg_header, made.webp_header, made.gif_header, made.bmp_header]

    @pytest.mark.parametrize("header", HEADERS)
    def test_a_bomb_is_refused_by_its_header(self, header):
        """These files hold no such pixels: a decoder would report damage, not size."""
        start = time.perf_counter()
        with pytest.raises(TooLarge, match="12000 x 11000 pixels; at most 40,000,000 pixels") as caught:
            read_image(header(12_000, 11_000), field="scene")
        assert time.perf_counter() - start < 1
        assert caught.value.context["value"] == [12_000, 11_000]
        assert caught.value.context["field"] == "scene"

    @pytest.mark.parametrize("header", HEADERS)
    @pytest.mark.parametrize(
        ("size", "error", "text"),
        [
            ((5_001, 100), TooLarge, "5000 on a side"),
            ((1_001, 1_000), TooLarge, "1,000,000 pixels"),
            ((63, 64), BadImage, "64 or more"),
            ((641, 80), BadImage, "at most 8 times"),
        ],
    )
    def test_each_bound_is_checked_before_decoding(self, header, size, error, text):
        with pytest.raises(error, match=text):
            read_image(header(*size), limits=self.LIMITS)

    @pytest.mark.parametrize("header", HEADERS)
    def test_a_size_within_the_bounds_goes_on_to_the_decoder(self, header):
        """So the checks above are not red for another reason."""
        with pytest.raises(BadImage, match=r"damaged|broken off"):
            read_image(header(640, 80)[:80], limits=self.LIMITS)

    def test_bytes_are_counted_first(self):
        with pytest.raises(TooLarge, match="100,001 bytes; at most 100,000"):
            read_image(b"?" * 100_001, limits=self.LIMITS)

    def test_an_empty_file_is_named(self):
        with pytest.raises(BadImage, match="'portrait' is empty"):
            read_image(b"", field="portrait")

    def test_a_text_chunk_that_unpacks_to_much_is_refused_in_time(self):
        bomb = made.chunk(b"zTXt", b"k\0\0" + zlib.compress(b"A" * (64 << 20)))
        start = time.perf_counter()
        with pytest.raises(BadImage, match="too large"):
            read_image(made.png_header(64, 64, bomb))
        assert time.perf_counter() - start < 1

    def test_a_jpeg_of_endless_scans_is_refused(self):
        data = made.saved(PICTURE, "JPEG", progressive=True)
        scan = data[data.index(b"\xff\xda") : -2]
        with pytest.raises(BadImage, match="scans, at most 100"):
            read_image(data[:-2] + scan * 200 + b"\xff\xd9")

    def test_the_operators_limits_are_the_default(self, monkeypatch: pytest.MonkeyPatch):
        from genkol.settings import settings as operators

        monkeypatch.setenv("GENKOL_MAX_IMAGE_SIDE", "100")
        operators.cache_clear()
        try:
            with pytest.raises(TooLarge, match="100 on a side"):
                read_image(made.saved(PICTURE))
        finally:
            operators.cache_clear()


class TestDamage:
    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP"])
    @pytest.mark.parametrize("share", [0.03, 0.3, 0.6, 0.95])
    def test_a_file_that_breaks_off_is_refused(self, format: str, share: float):
        noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
        data = made.saved(noise, format)
        with pytest.raises(BadImage, match="Send the whole file again"):
            read_image(data[: int(len(data) * share)])

    @settings(max_examples=300, deadline=None)
    @given(
        st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]),
        st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
        st.booleans(),
    )
    def test_no_damage_gives_anything_but_a_picture_or_a_request_error(self, format, strikes, early):
        data = bytearray(made.saved(PICTURE, format))
        reach = min(len(data), 200) if early else len(data)
        for share, value in strikes:
            data[int(share * reach)] = value
        field = "image"
        try:
            read_image(bytes(data))
        except RequestError as error:
            field = error.context["field"]
        assert field == "image"
