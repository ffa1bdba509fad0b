"""Deploys a part of cluster/rayservice.yaml on nodes labelled as its groups are; prints who stands where.

A process of its own: a test session may have a Ray of its own already.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}

import ray
import yaml
from ray import serve
from ray.cluster_utils import Cluster
from ray.serve.schema import ServeDeploySchema
from ray.util.state import list_actors

from deployments.cluster import deploy, wait_until_running
from tests.deployments.manifests.planted import text

APPLICATIONS = ("engine", "finisher", "scene.procedural")


def part() -> ServeDeploySchema:
    """The config of the RayService with some of its applications, listening here alone."""
    (service,) = (d for d in yaml.safe_load_all(text("rayservice.yaml")) if d["kind"] == "RayService")
    config: dict[str, Any] = yaml.safe_load(service["spec"]["serveConfigV2"])
    config["http_options"] |= {"host": "127.0.0.1", "port": 0}
    config["applications"] = [each for each in config["applications"] if each["name"] in APPLICATIONS]
    return ServeDeploySchema.model_validate(config)


def groups() -> dict[str, dict[str, str]]:
    (service,) = (d for d in yaml.safe_load_all(text("rayservice.yaml")) if d["kind"] == "RayService")
    return {each["groupName"]: each["labels"] for each in service["spec"]["rayClusterConfig"]["workerGroupSpecs"]}


def main() -> None:
    labels = groups()
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": True, "dashboard_port": 0}
    )
    nodes = {cluster.add_node(num_cpus=7, labels=labels["cpu"]).node_id: f"cpu-{n}" for n in range(2)}
    nodes[cluster.add_node(num_cpus=7, num_gpus=1, labels=labels["gpu"]).node_id] = "gpu"
    try:
        ray.init(address=cluster.address, namespace="serve", log_to_driver=False, logging_level="error")
        deploy(part())
        wait_until_running(set(APPLICATIONS), 150)
        time.sleep(1)
        found = [
            [actor.name.split("#")[1], nodes.get(actor.node_id, "head")]
            for actor in list_actors(limit=200)
            if actor.state == "ALIVE" and str(actor.class_name).startswith("ServeReplica:")
        ]
        print("PLACED", json.dumps(sorted(found)))
    finally:
        serve.shutdown()
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    sys.exit(main())
