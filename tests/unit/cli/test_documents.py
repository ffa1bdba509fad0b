"""Every `genkol` command that a document shows is one that works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from genkol.cli.app import app
from genkol.engine import Engine
from genkol.settings import Settings
from genkol.stores.steps import open_cache

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]
SHOWN = sorted({c for d in DOCUMENTS for c in re.findall(r"^\$ genkol (.*)$", d.read_text("utf-8"), re.MULTILINE)})
CHEAP = [
    c for c in SHOWN if re.match(r"plan|services|algorithms|matrix|weights list|--version", c) and "--server" not in c
]
MAKING = [c for c in SHOWN if c.startswith("compose ") and "--server" not in c]


@pytest.mark.parametrize("shown", SHOWN)
def test_its_options_are_known(shown):
    words = shlex.split(shown)
    command = typer.main.get_command(app)
    context = command.make_context("genkol", list(words))
    while hasattr(command, "get_command"):
        command = command.get_command(context, words[0])
        assert command is not None, f"there is no command {words[0]!r}"
        words = words[1:]
        context = command.make_context(command.name, list(words), parent=context)


@pytest.mark.parametrize("shown", CHEAP)
def test_it_answers(shown, monkeypatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, shlex.split(shown))
    assert done.exit_code == 0, done.output
    assert done.stdout


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """The real one: its models are loaded once, and it keeps what one command has in common with the next."""
    cache = open_cache(Settings(cache_url=f"sqlite:///{tmp_path_factory.mktemp('cache')}/index.sqlite"))
    one = Engine.in_process(keeper=cache)
    yield one
    one.dispatcher.close()
    cache.close()


@pytest.mark.weights
@pytest.mark.parametrize("shown", MAKING)
def test_it_makes_its_picture(shown, engine, monkeypatch, tmp_path):
    monkeypatch.setattr(Engine, "in_process", lambda keeper=None: engine)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, shlex.split(shown))
    assert done.exit_code == 0, done.output
    words = shlex.split(shown)
    outputs = [words[i + 1] for i, word in enumerate(words) if word in ("-o", "--layers", "--report")]
    assert outputs
    assert all((tmp_path / name).stat().st_size > 0 for name in outputs)
