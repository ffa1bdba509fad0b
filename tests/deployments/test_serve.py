"""`genkol serve` before anything is started: what can be wrong is said in words, with exit code 2."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deployments.cluster import STOP_LOOP_S, algorithms_of, quick_to_stop, read_config, with_only
from deployments.serve import command, default_config
from genkol.errors import BadFlow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cli() -> typer.Typer:
    app = typer.Typer()
    app.command()(command)
    return app


def test_a_taken_port_is_refused_before_anything_starts(cli: typer.Typer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(cli, ["--config", str(ROOT / "serve_config.yaml"), "--port", str(port)])
    assert result.exit_code == 2
    assert f"127.0.0.1:{port} cannot be listened at" in result.output
    assert "--port" in result.output


@pytest.mark.parametrize("text", ["- a\n- b\n", "applications: [{name: x}]\n", "a: [1\n", ""])
def test_a_file_that_is_no_config_is_refused_by_name(tmp_path: Path, text: str) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(text)
    with pytest.raises(BadFlow, match=r"mine\.yaml cannot be used as a Ray Serve config"):
        read_config(config)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadFlow, match=r"none\.yaml cannot be used"):
        read_config(tmp_path / "none.yaml")


def test_the_address_may_be_another_than_the_config_s() -> None:
    read = read_config(ROOT / "serve_config.yaml", host="0.0.0.0", port=9001)
    assert (read.http_options.host, read.http_options.port) == ("0.0.0.0", 9001)
    assert read_config(ROOT / "serve_config.yaml").http_options.port == 8000


def test_the_config_in_the_folder_wins_over_the_packaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_config().is_file()
    (tmp_path / "serve_config.yaml").write_text("applications: []\n")
    assert default_config() == tmp_path / "serve_config.yaml"


def test_a_part_of_the_config_can_be_started() -> None:
    read = read_config(ROOT / "serve_config.yaml")
    few = with_only(read, ["scene/procedural", "background/composite"])
    assert {app.name for app in few.applications} == {"engine", "finisher", "scene.procedural", "background.composite"}
    assert with_only(read, []).applications == read.applications


def test_an_algorithm_that_the_config_does_not_host_is_named(cli: typer.Typer) -> None:
    result = CliRunner().invoke(
        cli, ["--config", str(ROOT / "serve_config.yaml"), "--port", "1", "--only", "scene/procedral"]
    )
    assert result.exit_code == 2
    assert "does not host 'scene/procedral'" in result.output
    assert "scene/procedural" in result.output


def test_a_local_server_stops_quickly_and_the_config_itself_stays() -> None:
    read = read_config(ROOT / "serve_config.yaml")
    quick = quick_to_stop(read)
    assert {d.graceful_shutdown_wait_loop_s for app in quick.applications for d in app.deployments} == {STOP_LOOP_S}
    assert not any(d.graceful_shutdown_wait_loop_s == STOP_LOOP_S for app in read.applications for d in app.deployments)


@pytest.mark.parametrize("where", ["application", "deployment"])
def test_weights_of_an_algorithm_with_an_environment_of_its_own_are_not_asked_for_here(where: str) -> None:
    read = read_config(ROOT / "serve_config.yaml")
    app = next(app for app in read.applications if app.name == "makeup-transfer.mesh")
    own = {"py_executable": "/opt/plugin/bin/python"}
    if where == "application":
        app.runtime_env = own
    else:
        app.deployments[0].ray_actor_options.runtime_env = own
    assert set(algorithms_of(read)) - set(algorithms_of(read, here=True)) == {"makeup-transfer/mesh"}
