"""Who cuts out is measured against exact alphas, beside what it is compared with."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from genkol.artifacts import F32, Image
from genkol.errors import BadFlow, Unsuitable
from genkol.evaluation import cli
from genkol.evaluation.report import mattes
from genkol.evaluation.report.mattes import GARMENT, MODNET, PRODUCT, U2NET, matte_rows, matters, soft_shadow
from genkol.evaluation.report.page import page
from genkol.evaluation.report.summary import summary
from genkol.pictures import write_image
from genkol.registry import Registry
from genkol.testing import fake_portrait
from genkol.weights import WeightsSetup, default_folder


def thing() -> tuple[Image, F32]:
    """A red disc with a soft shadow beneath, and the alpha of the disc alone."""
    alpha, shade = np.zeros((160, 120), np.float32), np.zeros((160, 120), np.float32)
    cv2.circle(alpha, (60, 60), 36, 1.0, -1, cv2.LINE_AA)
    cv2.ellipse(shade, (60, 136), (28, 6), 0, 0, 360, 0.4, -1)
    levels = np.maximum(alpha, shade)
    return Image(np.full((160, 120, 3), (190, 30, 40), np.uint8), np.rint(levels * 255).astype(np.uint8)), alpha


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("matte-disc.png", "matte-hoodie.png"):
        (tmp_path / name).write_bytes(write_image(thing()[0]))
    (tmp_path / "opaque.png").write_bytes(write_image(fake_portrait()))
    return tmp_path


def reddish(image: Image) -> F32:
    """How far each pixel is from the corner's colour, to red."""
    ground = image.pixels[0, 0, 1].astype(np.float32)
    return np.clip((ground - image.pixels[..., 1]) / max(1.0, ground - 30), 0, 1).astype(np.float32)


def refusing(image: Image) -> F32:
    raise Unsuitable("Nothing stands out.")


def test_the_shadow_of_a_product_photo_does_not_count() -> None:
    picture, disc = thing()
    shadow = soft_shadow(picture.alpha.astype(np.float32) / 255)
    assert shadow[136, 60]
    assert not (shadow & (disc > 0)).any()


def test_each_picture_is_cut_out_on_each_ground_and_what_is_refused_is_said(folder: Path) -> None:
    rows = list(matte_rows(folder, {"red": reddish, "none": refusing}, scene=Image(np.full((80, 80, 3), 90, np.uint8))))
    grounds = ["white", "grey", "scene"]
    assert [(r.photo, r.ground) for r in rows if r.by == "red"] == [
        (f"matte-{name}.png", ground) for name in ("disc", "hoodie") for ground in grounds
    ]
    assert all(r.error is not None and r.error.mse < 1e-3 for r in rows if r.by == "red")
    assert {r.refusal for r in rows if r.by == "none"} == {"Nothing stands out."}
    report = summary([], Registry(), rows)
    assert json.loads(json.dumps(report))["mattes"]["none"]["refused"] == 6
    assert report["mattes"]["red"]["mse_worst"] >= report["mattes"]["red"]["mse_median"] >= 0
    text = page(report, [], rows)
    assert text.count("data:image/jpeg") == 6
    assert "Nothing stands out." in text


def test_what_cuts_garments_is_asked_of_garments_alone(folder: Path) -> None:
    rows = list(matte_rows(folder, {GARMENT: reddish}))
    assert {r.photo for r in rows} == {"matte-hoodie.png"}


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadFlow, match=r"No PNG .* has transparent parts"):
        list(matte_rows(tmp_path, {}))
    with pytest.raises(BadFlow, match="no 'rembg' to compare mattes with"):
        matters(WeightsSetup(default_folder()), ["rembg"])
    app = typer.Typer()
    app.command()(cli.evaluate)
    with pytest.raises(BadFlow, match="Nothing to evaluate"):
        CliRunner().invoke(app, ["-o", str(tmp_path / "r.html")], catch_exceptions=False)


@pytest.mark.weights
@pytest.mark.shared
def test_mattes_stand_beside_those_of_u2net_in_the_same_run(
    public_photos: Path, weights_setup: WeightsSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one ground: the large model takes its time."""
    if not default_folder().has(U2NET):
        pytest.skip("u2net is not here (genkol weights fetch u2net)")
    monkeypatch.setattr(mattes, "GROUNDS", {"grey": mattes.GROUNDS["grey"]})
    asked = {who: cut for who, cut in matters(weights_setup, [U2NET]).items() if who in (MODNET, PRODUCT, U2NET)}
    report = summary([], Registry(), list(matte_rows(public_photos / "groundtruth", asked)))
    mse = {who: report["mattes"][who]["mse_median"] for who in asked}
    assert mse[MODNET] < mse[U2NET]
    assert mse[PRODUCT] < 1.25 * mse[U2NET]
    assert mse[U2NET] < 0.005, "the model that is compared with works as it should"
