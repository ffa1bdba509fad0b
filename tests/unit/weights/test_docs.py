from __future__ import annotations

import re
from pathlib import Path

from genkol.weights import catalogue
from genkol.weights.catalogue import parse_catalogue

PAGE = Path(__file__).parents[3].joinpath("docs/weights.md").read_text("utf-8")


def test_the_licence_table_is_the_catalogue():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| ([\d.]+) \| ([\w.-]+) \| \**(yes|no)\** \|", PAGE, re.MULTILINE)
    said = [(name, float(size), licence, commercial == "yes") for name, size, licence, commercial in rows]
    known = [(w.name, round(w.size_bytes / 1e6, 1), w.licence, w.commercial) for w in catalogue().values()]
    assert said == known


def test_the_example_of_a_packages_own_weights_is_valid():
    example = next(block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "sha256" in block)
    assert parse_catalogue(example, "docs/weights.md")["my-matte"].sources[0].member.endswith("model.onnx")
