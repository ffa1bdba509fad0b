from __future__ import annotations

import re
from importlib.resources import files

import pytest

from genkol.errors import PluginError, WeightsError
from genkol.weights import catalogue, weight_named, weights_digest
from genkol.weights.catalogue import HuggingFaceSource, NpmSource, PypiSource, parse_catalogue

GOOD = """
[tiny]
about = "A model."
sha256 = "{sha}"
size_bytes = 3
licence = "MIT"
licence_note = "Said by its author."
commercial = true

[[tiny.sources]]
kind = "pypi"
package = "tiny"
version = "1.0"
member = "tiny/model.bin"
""".format(sha="a" * 64)


def test_the_catalogue_has_every_weight_of_the_light_algorithms():
    light = {"face-detection", "face-mesh", "palm-detection", "hand-landmarks", "pose-detection", "pose-landmarks"}
    light |= {"selfie-segmentation", "selfie-multiclass", "modnet"}
    assert light <= {name for name, weight in catalogue().items() if weight.commercial and weight.light}


def test_no_two_weights_share_a_digest():
    assert len({weight.sha256 for weight in catalogue().values()}) == len(catalogue())


def test_the_catalogue_names_no_host():
    """Where packages come from is the user's pip and npm configuration."""
    text = files("genkol.weights").joinpath("catalogue.toml").read_text("utf-8")
    assert not re.search(r"https?:|\.(org|com|io|net)\b", text)


def test_a_table_of_each_kind_becomes_its_source():
    more = """
[[tiny.sources]]
kind = "npm"
package = "@scope/tiny"
version = "1.0.0"
member = "package/model.bin"

[[tiny.sources]]
kind = "huggingface"
repo = "someone/tiny"
revision = "0123456789abcdef"
member = "onnx/model.onnx"
"""
    weight = parse_catalogue(GOOD + more, "test")["tiny"]
    assert weight.sources == (
        PypiSource("tiny", "1.0", "tiny/model.bin"),
        NpmSource("@scope/tiny", "1.0.0", "package/model.bin"),
        HuggingFaceSource("someone/tiny", "0123456789abcdef", "onnx/model.onnx"),
    )
    assert weight.filename == "aaaaaaaaaaaa-model.bin"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("a" * 64, "A" * 64, "sha256"),
        ("size_bytes = 3", "size_bytes = 0", "size_bytes"),
        ('licence = "MIT"', "", "licence: Field required"),
        ("commercial = true", 'commercial = "yes"', "commercial"),
        ('kind = "pypi"', 'kind = "ftp"', "sources.0"),
        ("tiny/model.bin", "../model.bin", "without '..'"),
        ("tiny/model.bin", "/etc/passwd", "relative path"),
        ('package = "tiny"', 'package = "--index-url"', "sources.0.pypi.package"),
        ('version = "1.0"', 'version = "1.0"\nextra = 1', "sources.0.pypi.extra"),
    ],
)
def test_a_mistake_is_named_with_its_weight_and_field(old: str, new: str, said: str):
    with pytest.raises(PluginError, match=re.escape(said)) as caught:
        parse_catalogue(GOOD.replace(old, new), "somewhere.toml")
    assert "'tiny' in somewhere.toml" in str(caught.value)


def test_text_that_is_no_toml_is_named_with_its_origin():
    with pytest.raises(PluginError, match=r"catalogue somewhere\.toml is not TOML"):
        parse_catalogue("[tiny", "somewhere.toml")


def test_a_name_must_be_kebab_case():
    with pytest.raises(PluginError, match=r"'Tiny_1'.*kebab-case"):
        parse_catalogue(GOOD.replace("tiny", "Tiny_1"), "test")


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(WeightsError, match=r"No weight named 'face-mash'.*Did you mean 'face-mesh'"):
        weight_named("face-mash")


def test_the_digest_depends_on_the_set_of_weights_alone():
    assert weights_digest(["modnet", "face-mesh"]) == weights_digest(("face-mesh", "modnet", "modnet"))
    assert len({weights_digest(names) for names in ([], ["modnet"], ["face-mesh"], ["face-mesh", "modnet"])}) == 4
    assert re.fullmatch(r"[0-9a-f]{64}", weights_digest(["modnet"]))


def test_an_installed_package_brings_its_own_weights(tmp_path, monkeypatch):
    """A real distribution on the path, with its entry point."""
    (tmp_path / "bringer").mkdir()
    (tmp_path / "bringer/__init__.py").touch()
    (tmp_path / "bringer/weights.toml").write_text(GOOD)
    info = tmp_path / "bringer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bringer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genkol.weights]\nbringer = bringer\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    catalogue.cache_clear()
    try:
        assert catalogue()["tiny"].about == "A model."
        (tmp_path / "bringer/weights.toml").write_text(GOOD.replace("tiny", "modnet"))
        catalogue.cache_clear()
        with pytest.raises(PluginError, match="bringer names a weight 'modnet' that exists already"):
            catalogue()
    finally:
        catalogue.cache_clear()
