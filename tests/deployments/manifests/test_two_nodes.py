"""On a real Ray whose nodes bear the labels of the groups, replicas stand where cluster/rayservice.yaml says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.deployments.manifests.planted import ROOT


@pytest.mark.ray
def test_the_engines_stand_on_two_nodes_and_nothing_on_the_head_or_a_gpu() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.deployments.manifests.two_nodes"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    lines = [line.removeprefix("PLACED ") for line in done.stdout.splitlines() if line.startswith("PLACED ")]
    assert len(lines) == 1, done.stdout[-2000:] + done.stderr[-2000:]
    places: dict[str, list[str]] = {}
    for deployment, node in json.loads(lines[0]):
        places.setdefault(deployment, []).append(node)
    assert places.pop("AlgorithmHost") in (["cpu-0"], ["cpu-1"])
    assert places == {"Engine": ["cpu-0", "cpu-1"], "Finisher": ["cpu-0", "cpu-1"]}
