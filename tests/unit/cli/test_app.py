from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

HEAVY = ("torch", "diffusers", "transformers", "onnxruntime", "ai_edge_litert", "boto3", "ray", "scipy", "fastapi")


def test_the_version_is_that_of_the_package(run):
    assert run("--version").stdout == f"genkol {version('genkol')}\n"


def test_help_names_every_command_those_of_other_packages_too(run):
    text = run("--help").stdout
    for command in ("compose", "plan", "services", "algorithms", "matrix", "weights", "serve"):
        assert f" {command} " in text


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from genkol.cli.app import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_an_unknown_option_is_a_usage_error(run):
    assert run("compose", "--portrai", "x.jpg").exit_code == 2
