"""docs/observability.md says what there is, and its examples are whole."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from genkol.telemetry import ALL
from tests.unit.test_documents import DOCS, blocks

PAGE = DOCS / "observability.md"
SUFFIXES = ("_bucket", "_count", "_sum")


def test_every_metric_is_in_the_table_with_its_kind_and_labels() -> None:
    rows = re.findall(r"^\| `(genkol_\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text("utf-8"), re.MULTILINE)
    said = {name: (kind, tuple(filter(None, labels.strip().split(", ")))) for name, kind, labels in rows}
    assert said == {metric.name: (metric.kind, metric.labels) for metric in ALL}


def test_the_queries_ask_for_metrics_that_there_are() -> None:
    known = {m.name + suffix for m in ALL for suffix in (SUFFIXES if m.kind == "histogram" else ("",))}
    asked = {name for query in blocks(PAGE, "promql") for name in re.findall(r"genkol_\w+", query)}
    assert asked <= known
    assert len(asked) > 8


def test_the_pod_monitor_relabels_as_the_scrape_config_does_and_finds_the_port_of_the_cluster() -> None:
    scrape, monitor = (yaml.safe_load(block) for block in blocks(PAGE, "yaml")[:2])
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert [_snaked(rule) for rule in endpoint["metricRelabelings"]] == scrape["scrape_configs"][0][
        "metric_relabel_configs"
    ]
    cluster = (DOCS.parent / "cluster" / "rayservice.yaml").read_text("utf-8")
    assert f"name: {endpoint['port']}, containerPort: 8080" in cluster


def _snaked(rule: dict[str, Any]) -> dict[str, Any]:
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): value for name, value in rule.items()}


def test_promtool_takes_the_scrape_config(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not on PATH (Debian: apt install prometheus)")
    file = tmp_path / "prometheus.yml"
    file.write_text(blocks(PAGE, "yaml")[0])
    done = subprocess.run([promtool, "check", "config", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_without_ray_runs() -> None:
    (block,) = blocks(PAGE, "python")
    exec(compile(block, str(PAGE), "exec"), {})
