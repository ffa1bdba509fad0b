"""`genkol cluster check`, as it is called."""

from __future__ import annotations

import json
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deployments.manifests.command import app
from genkol.cli import app as cli
from tests.deployments.manifests.planted import CLUSTER, ROOT, text


def call(*words: object) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, words)])


def test_right_files_end_with_0_and_say_what_must_be_there() -> None:
    result = call(CLUSTER / "storage.yaml", CLUSTER / "rayservice.yaml")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Must be in the cluster already: Secret genkol-redis (key password).",
        "8 documents are right, as KubeRay 1.7.0, Ray Serve and GenKOL see it.",
    ]


def test_it_is_mounted_as_other_packages_commands_are(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("cluster", "deployments.manifests.command:app", "genkol.commands")
    monkeypatch.setattr(
        cli, "entry_points", lambda **wanted: [entry] if wanted.get("name") in (None, "cluster") else []
    )
    result = CliRunner().invoke(cli.app, ["cluster", "check", str(CLUSTER / "storage.yaml")])
    assert result.exit_code == 0, result.output
    assert "4 documents are right" in result.output
    assert "Files for clusters." in CliRunner().invoke(cli.app, ["cluster", "--help"]).output


def test_one_file_alone_says_what_the_other_would_have_had() -> None:
    result = call(CLUSTER / "rayservice.yaml")
    assert result.exit_code == 0
    assert "PersistentVolumeClaim genkol-weights, PersistentVolumeClaim genkol-assets" in result.stdout


def test_wrong_files_end_with_2_and_tell_everything_at_once(tmp_path: Path) -> None:
    broken = text("rayservice.yaml")
    for old, new in (
        ("stepSizePercent: 25", "stepSizePercent: 60"),
        ('num-cpus: "0"', 'num-cpus: "4"'),
        ("algorithm: scene/procedural", "algorithm: scene/procedual"),
        ("        minReplicas: 2 #", "        minReplica: 2 #"),
    ):
        assert old in broken
        broken = broken.replace(old, new, 1)
    file = tmp_path / "mine.yaml"
    file.write_text(broken)
    result = call(file)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[-1] == "5 things are wrong."
    for line in lines[:-1]:
        found = re.match(r"(.*):(\d+): RayService/genkol [\w.\[\]\"/-]+: .*[.?)]$", line)
        assert found is not None, line
        assert found[1] == str(file)
    (algorithm,) = [line for line in lines if "Did you mean 'scene/procedural'?" in line]
    number = int(algorithm.split(":")[1])
    assert broken.splitlines()[number - 1].strip() == "args: { algorithm: scene/procedual }"


def test_json_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n")
    result = call("--json", file)
    assert result.exit_code == 2
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["line"] == 3
    assert finding["document"] == "ConfigMap/A"
    assert finding["path"] == "metadata.name"


@pytest.mark.parametrize("make", ["missing", "folder", "binary"])
def test_a_file_that_cannot_be_read_is_a_finding(make: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    if make == "folder":
        file.mkdir()
    elif make == "binary":
        file.write_bytes(b"\xff\xfe\x00")
    result = call(file)
    assert result.exit_code == 2
    assert re.search(r"x\.yaml:1: It (cannot be read: \w|is no text in UTF-8)", result.stderr)


def test_a_config_of_serve_is_checked_without_nodes(tmp_path: Path) -> None:
    config = (ROOT / "serve_config.yaml").read_text("utf-8")
    file = tmp_path / "serve.yaml"
    file.write_text(config)
    assert call(file).exit_code == 0
    file.write_text(config.replace("max_ongoing_requests: 64", "max_ongoing_request: 64", 1))
    assert "Did you mean 'max_ongoing_requests'?" in call(file).stderr
