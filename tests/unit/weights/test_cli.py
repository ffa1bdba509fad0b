from __future__ import annotations

import pytest
from typer.testing import CliRunner

from genkol.settings import settings
from genkol.weights import weight_named
from genkol.weights.cli import app


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("GENKOL_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("GENKOL_OFFLINE", "1")
    monkeypatch.delenv("GENKOL_ALLOW_NONCOMMERCIAL", raising=False)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_list_shows_every_weight_and_whether_it_is_here(root):
    file = root / "modnet" / weight_named("modnet").filename
    file.parent.mkdir()
    file.touch()
    rows = {line.split()[0]: line.split() for line in run("list").output.splitlines() if line.strip()}
    assert rows["modnet"] == ["modnet", "25.9", "MB", "Apache-2.0", "yes", "yes"]
    assert rows["face-mesh"][-1] == "no"
    assert rows["face-parsing-bisenet"][-2:] == ["no", "no"]


def test_fetch_by_default_wants_only_what_allows_commercial_use(root):
    result = run("fetch")
    assert result.exit_code == 2
    assert "'face-mesh'" in result.output
    assert "'modnet'" in result.output
    assert "bisenet" not in result.output


@pytest.mark.parametrize("arguments", [("fetch",), ("fetch", "--all-light")])
def test_what_only_measures_is_fetched_by_name_alone(root, arguments):
    said = run(*arguments).output
    assert "'modnet'" in said
    assert "face-recognition" not in said
    assert "'u2net'" not in said
    assert "'face-recognition'" in run("fetch", "face-recognition", "--all-light").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fetch", "face-parsing-bisenet"), "GENKOL_ALLOW_NONCOMMERCIAL=1"),
        (("fetch", "modnet"), "GENKOL_OFFLINE"),
        (("fetch", "modnett"), "Did you mean 'modnet'?"),
        (("fetch", "--all-light"), "'pose-landmarks'"),
        (("verify", "modnet"), "not in"),
    ],
)
def test_an_error_is_its_text_and_exit_code_2(root, arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_verify_tells_of_a_file_with_another_content(root):
    file = root / "modnet" / weight_named("modnet").filename
    file.parent.mkdir()
    file.write_bytes(b"not a model")
    result = run("verify")
    assert result.exit_code == 2
    assert weight_named("modnet").sha256 in result.output
