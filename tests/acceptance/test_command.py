"""`genkol serve` from its start to its end, as a process of its own with a cluster of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.acceptance.conftest import free_port

pytestmark = pytest.mark.ray

CONFIG = """
applications:
  - {name: engine, route_prefix: /, import_path: "deployments.engine:app", args: {}}
  - name: scene.procedural
    route_prefix: null
    import_path: deployments.host:app
    args: {algorithm: scene/procedural}
"""


def test_it_says_where_it_is_and_ctrl_c_leaves_no_process(tmp_path: Path) -> None:
    config, port = tmp_path / "two.yaml", free_port()
    config.write_text(CONFIG)
    command = [sys.executable, "-m", "deployments.serve", "--config", str(config), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        started = psutil.Process(process.pid).children(recursive=True)
        health = httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).json()
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the whole group
        rest = process.stdout.read()
        assert process.wait(60) == 0
    assert f"GenKOL is at http://127.0.0.1:{port} " in line
    assert health["algorithms"] == 1
    assert rest == ""
    assert len(started) > 3
    end = time.monotonic() + 10
    while (
        left := [p for p in started if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    ) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []
