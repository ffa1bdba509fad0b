"""The rules of the house hold, and breaking one turns `make check` red."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "face_alignment",
    "boto3",
    "ai_edge_litert",
    "onnxruntime",
    "ray",
    "numba",
)


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the source and of its rules."""
    for package in ("genkol", "deployments"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(no_cache=True))"
    )
    return subprocess.run([sys.executable, "-c", code], cwd=house, capture_output=True, text=True, timeout=120)


def test_the_engine_loads_every_algorithm_without_a_heavy_library() -> None:
    code = (
        "import sys, genkol.engine; from genkol.registry import Registry; "
        f"assert len(Registry.from_entry_points()) >= 5; print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_imports_point_down(house: Path) -> None:
    done = lint_imports(house)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ray_in_the_core_turns_the_check_red(house: Path) -> None:
    module = house / "genkol" / "finish.py"
    module.write_text(module.read_text() + "\n\ndef _far() -> None:\n    import ray\n")
    done = lint_imports(house)
    assert done.returncode != 0
    assert "The core never imports ray BROKEN" in " ".join(done.stdout.split())


def test_an_upward_import_turns_the_check_red(house: Path) -> None:
    module = house / "genkol" / "artifacts.py"
    module.write_text(module.read_text() + "\nimport genkol.engine\n")
    assert lint_imports(house).returncode != 0


@pytest.mark.parametrize("library", ["torch", "ray", "onnxruntime", "boto3"])
def test_a_heavy_library_at_the_top_of_an_algorithm_turns_the_check_red(house: Path, library: str) -> None:
    module = house / "genkol" / "algorithms" / "makeup_transfer" / "mesh.py"
    clean = run("ruff", "check", "--no-cache", "--select", "TID253", ".", cwd=house)
    assert clean.returncode == 0, clean.stdout
    text = module.read_text()
    module.write_text(
        text.replace(
            "from __future__ import annotations\n", f"from __future__ import annotations\n\nimport {library}\n"
        )
    )
    done = run("ruff", "check", "--no-cache", "--select", "TID253", ".", cwd=house)
    assert done.returncode == 1
    assert f"`{library}` is banned at the module level" in done.stdout
