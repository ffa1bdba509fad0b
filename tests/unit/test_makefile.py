"""The build's promises."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def names(requirements):
    return {re.split(r"[^A-Za-z0-9_.-]", text)[0].lower() for text in requirements}


def test_ci_runs_what_people_run():
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[1:] == ["exec make test"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_every_direct_dependency_is_pinned_and_nothing_else():
    pins = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.]+", line)] == []
    direct = names(PROJECT["dependencies"]) | names(
        r for extra in ("npm", "dev", "evaluation") for r in PROJECT["optional-dependencies"][extra]
    )
    assert names(pins) == direct


@pytest.mark.parametrize("target", ["demo", "serve", "test", "check", "bench"])
def test_each_target_installs_first(target, tmp_path):
    """As the first command in a fresh clone: what `make` would do begins with the environment."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(["make", "-n", target], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.index("pip install") < done.stdout.rindex(".venv/bin/")


def test_a_machine_without_a_new_enough_python_is_told_so(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["make", "setup"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode != 0
    assert "GenKOL needs Python 3.11 or newer, and there is none on PATH." in done.stderr
