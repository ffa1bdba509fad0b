"""Files for `ray up`."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.local.config import bootstrap_local
from ray.autoscaler._private.util import prepare_config, validate_config

from deployments.manifests.check import check_texts
from tests.deployments.manifests.planted import registry, said, text


def test_ray_itself_takes_the_file_as_ray_up_would() -> None:
    """Everything that `ray up` does before it opens a connection."""
    prepared: dict[str, Any] = prepare_config(yaml.safe_load(text("hybrid.yaml")))
    validate_config(prepared)
    node_type = bootstrap_local(prepared)["available_node_types"]["local.cluster.node"]
    assert node_type["min_workers"] == node_type["max_workers"] == 4
    assert "--num-cpus=0" in prepared["head_start_ray_commands"][-1]


def test_every_node_says_its_site_and_wants_the_token() -> None:
    config = yaml.safe_load(text("hybrid.yaml"))
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert "--labels" in config[key][-1]
        assert " RAY_AUTH_MODE=token " in config[key][-1]


def test_every_command_is_one_that_a_shell_can_read() -> None:
    config = yaml.safe_load(text("hybrid.yaml"))
    for command in [command for key in config if key.endswith("_commands") for command in config[key]]:
        subprocess.run(["bash", "-n", "-c", command], check=True, timeout=10)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("max_workers: 4", "max_worker: 4",
         "max_worker: Ray has no field 'max_worker' here. Did you mean 'max_workers'?"),
        ("max_workers: 4", "max_workers: -4", "max_workers: -4 is less than the minimum of 0: Ray refuses it."),
        ("cluster_name: genkol\n", "", ": 'cluster_name' is a required property: Ray refuses it."),
        ("  head_ip: 10.0.0.10\n", "", "provider: The provider 'local' needs `head_ip`. Add it."),
        (
            "- 10.20.0.12", "- 10.20.0.11",
            "provider.worker_ips[3]: 10.20.0.11 stands here twice. Each machine is one node.",
        ),
        (
            " --labels-file=/etc/genkol/labels.yaml", "",
            "worker_start_ray_commands[1]: The node would bear no labels, and no algorithm finds it. "
            "Add `--labels genkol/site=...` or a `--labels-file`.",
        ),
        (
            " --num-cpus=0", "",
            "head_start_ray_commands[1]: The head takes work: what kills it takes the cluster along. Add --num-cpus=0.",
        ),
        ("ray start --address", "ray begin --address", "worker_start_ray_commands: Nothing in "
         "`worker_start_ray_commands` starts Ray."),
        (
            "RAY_AUTH_MODE=token ~/genkol/bin/ray start --address", "RAY_AUTH_TOKEN=abc ray start --address",
            "worker_start_ray_commands[1]: A secret stands in the file, for everybody to read. "
            "Take it out and fetch it on the node.",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_and_how_to_mend_it(old: str, new: str, expected: str) -> None:
    assert old in text("hybrid.yaml")
    report = check_texts([("hybrid.yaml", text("hybrid.yaml").replace(old, new, 1))], registry())
    assert [said(finding) for finding in report.findings] == [expected]
