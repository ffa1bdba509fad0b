"""What the image installs: a wheel with both packages, their data and the entry points."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.deployments.manifests.planted import ROOT

PACKAGES = ("genkol", "deployments")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # With the builder at hand nothing is fetched.
    here = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    command = ["pip", "wheel", "--quiet", "--no-deps", *here, "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, text=True, timeout=240)
    (found,) = folder.glob("genkol-*.whl")
    return found


def test_it_holds_every_file_of_both_packages(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= inside
    assert {"genkol/weights/catalogue.toml", "genkol/py.typed", "deployments/manifests/core.json"} <= files
    assert "deployments/serve_config.yaml" in inside
    others = {name for name in inside if name.split("/")[0] not in PACKAGES}
    assert {name.split("/")[0].split("-")[0] for name in others} == {"genkol"}
    assert {name.split("/")[-1] for name in others} == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE"}


def test_its_config_is_the_one_in_the_folder(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as inside:
        assert inside.read("deployments/serve_config.yaml") == (ROOT / "serve_config.yaml").read_bytes()


def test_its_entry_points_lead_to_what_it_holds(wheel: Path) -> None:
    """Loaded from the wheel alone, in another folder: as on a node of a cluster."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r})\n"
        "from importlib.metadata import distribution\n"
        "found = distribution('genkol')\n"
        "for entry in found.entry_points:\n"
        "    if entry.group.startswith('genkol.'):\n"
        "        entry.load(); print(entry.group, entry.name, sys.modules[entry.module].__file__)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=wheel.parent, env={"PATH": "/usr/bin"}
    )
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert {(group, name) for group, name, _ in lines} == {(g, name) for g in groups for name in groups[g]}, done.stderr
    assert all(file.startswith(str(wheel)) for _, _, file in lines)
