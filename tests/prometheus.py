"""A real Prometheus, where one is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml


@dataclass(frozen=True)
class Prometheus:
    """A running one. Args: url: of its API."""

    url: str

    def asked(self, query: str) -> list[dict[str, Any]]:
        """What it answers to a query; nothing while it does not listen yet."""
        try:
            answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=20, trust_env=False)
        except httpx.ConnectError:
            return []
        if answer.status_code == 503:  # it reads its log
            return []
        assert answer.status_code == 200, f"{query}: {answer.text}"
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found


@contextmanager
def scraping(config: str, targets: Sequence[str], folder: Path) -> Iterator[Prometheus]:
    """Run one by a config of one job; skip the test where none is installed.

    Args:
        config: YAML; it scrapes every second whatever that says.
        targets: are scraped instead of the config's.
        folder: for its data.
    """
    server = shutil.which("prometheus")
    if not server:
        pytest.skip("Prometheus is not installed: prometheus is not on PATH (Debian: apt install prometheus)")
    document = yaml.safe_load(config)
    (job,) = document["scrape_configs"]
    job |= {"static_configs": [{"targets": list(targets)}], "scrape_interval": "1s", "scrape_timeout": "1s"}
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(document))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [server, f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(30)
