"""The documents tell the truth: their Python runs, and nothing public goes unmentioned."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import genkol
from genkol import errors
from genkol.pictures import read_image
from genkol.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.weights
def test_the_plugin_tutorial_runs(shipped_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first block is the module, as a file; the others use it, one after the other."""
    source, *uses = blocks(DOCS / "plugins.md", "python")
    assert len(uses) == 2
    (tmp_path / "my_package.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    space = {**vars(importlib.import_module("my_package")), "photos": shipped_photos}
    for number, block in enumerate(uses):
        exec(compile(block, f"docs/plugins.md, use {number + 1}", "exec"), space)


@pytest.mark.weights
def test_the_python_of_the_readme_makes_its_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(ROOT / "README.md", "python")
    exec(compile(block, "README.md", "exec"), {})
    assert read_image((tmp_path / "kol.png").read_bytes()).size == (934, 1401)


def test_every_setting_is_documented_with_its_default() -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `GENKOL_(\w+)` \| (.*?) \|", text, re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default_factory is None:
            assert rows[name.upper()] == str(field.default).lower()


def test_every_error_stands_in_the_tree_at_the_top_of_its_module() -> None:
    tree = (errors.__doc__ or "").splitlines()
    lines = {line.split()[0]: line.split()[1:] for line in tree if re.match(r"\s+[A-Z]\w+ +\S+ +\S", line)}
    classes = {
        c.__name__: c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.GenkolError)
    }
    assert set(lines) == set(classes)
    for name, (status, code, *_) in lines.items():
        assert code == classes[name].code
        assert status in ("*", str(classes[name].status))


def test_relative_links_lead_somewhere() -> None:
    broken = [
        f"{document.name}: {link}"
        for document in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("examples/**/*.md")]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)|src=\"([^\":]+)\"", document.read_text("utf-8"))
        for link in [link[0] or link[1]]
        if not (document.parent / link).exists()
    ]
    assert broken == []


def test_the_public_surface_is_pinned() -> None:
    assert genkol.__all__ == sorted(genkol.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n))
    assert set(genkol.__all__) == {
        "SERVICES", "Algorithm", "Aspect", "Effects", "Face", "Hand", "Image", "Kind", "Layer", "Params", "Person",
        "Port", "Resources", "Role", "Service", "Setup", "Step", "Value", "errors",
    }  # fmt: skip


def test_the_version_is_that_of_the_package() -> None:
    assert f'version = "{genkol.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
