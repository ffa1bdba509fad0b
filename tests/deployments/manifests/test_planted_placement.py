"""What GenKOL refuses of what shall run: names, and nodes that nothing fits on."""

from __future__ import annotations

import pytest

from tests.deployments.manifests.planted import checked, said

FAULTS = {
    "engines together": (
        "            max_replicas_per_node: 1\n            autoscaling_config: { min_replicas: 2, "
        "max_replicas: 4, target_ongoing_requests: 32 }",
        "            autoscaling_config: { min_replicas: 2, max_replicas: 4, target_ongoing_requests: 32 }",
        [
            "applications[0].deployments[0]: Both Engines may stand on one node and be lost with "
            "it. Set max_replicas_per_node: 1.",
        ],
    ),
    "one engine": (
        "{ min_replicas: 2, max_replicas: 4, target_ongoing_requests: 32 }",
        "{ min_replicas: 1, max_replicas: 4, target_ongoing_requests: 32 }",
        [
            "applications[0].deployments[0]: With one Engine, the loss of its node ends the "
            "service. Keep at least 2 replicas.",
        ],
    ),
    "one machine": (
        "whenUnsatisfiable: DoNotSchedule",
        "whenUnsatisfiable: ScheduleAnyway",
        [
            "workerGroupSpecs[0].template.spec: Two pods of 'cpu', an Engine on each, may stand "
            "on one machine. Add a topologySpreadConstraint with `topologyKey: "
            "kubernetes.io/hostname` and `whenUnsatisfiable: DoNotSchedule`.",
        ],
    ),
    "algorithm": (
        "args: { algorithm: hair-editing/recolour }",
        "args: { algorithm: hair-editing/recolor }",
        [
            "applications[7].name: The application 'hair-editing.recolour' hosts "
            "hair-editing/recolor at local, but the Engine finds algorithms by name. Name it "
            "'hair-editing.recolor'.",
            "applications[7].args.algorithm: No algorithm 'hair-editing/recolor' is installed. "
            "Did you mean 'hair-editing/recolour'?",
        ],
    ),
    "application name": (
        "- name: hair-editing.recolour",
        "- name: hair-editing-recolour",
        [
            "applications[7].name: The application 'hair-editing-recolour' hosts "
            "hair-editing/recolour at local, but the Engine finds algorithms by name. Name it "
            "'hair-editing.recolour'.",
        ],
    ),
    "site": (
        "args: { algorithm: hair-editing/recolour }",
        "args: { algorithm: hair-editing/recolour, site: aws }",
        [
            "applications[7].name: The application 'hair-editing.recolour' hosts "
            "hair-editing/recolour at aws, but the Engine finds algorithms by name. Name it "
            "'hair-editing.recolour@aws'.",
        ],
    ),
    "arg": (
        "args: { algorithm: hair-editing/recolour }",
        "args: { algoritm: hair-editing/recolour }",
        [
            "applications[7].args.algoritm: There is no setting 'algoritm' here. Did you mean 'algorithm'?",
            "applications[7].args: The field 'algorithm' is missing here. Add it.",
        ],
    ),
    "user config": (
        "user_config: { threads: 2 }\n            ray",
        "user_config: { thread: 2 }\n            ray",
        [
            "applications[2].deployments[0].user_config.thread: There is no setting 'thread' "
            "here. Did you mean 'threads'? (The same in N more places, by an alias.)",
        ],
    ),
    "selector": (
        "label_selector: &cpu { genkol/site: local, genkol/pool: cpu }",
        "label_selector: &cpu { genkol/site: local, genkol/pool: cpus }",
        [
            "applications[0].deployments[0].ray_actor_options.label_selector: No group has these "
            "labels. There is: headgroup with genkol/site: local, genkol/market: on-demand; cpu "
            "with genkol/site: local, genkol/pool: cpu, genkol/market: on-demand; gpu with "
            "genkol/site: local, genkol/pool: gpu, genkol/market: on-demand; spot with "
            "genkol/site: local, genkol/pool: gpu, genkol/market: spot.",
            "applications[1].deployments[0].ray_actor_options.label_selector: No group has these "
            "labels. There is: headgroup with genkol/site: local, genkol/market: on-demand; cpu "
            "with genkol/site: local, genkol/pool: cpu, genkol/market: on-demand; gpu with "
            "genkol/site: local, genkol/pool: gpu, genkol/market: on-demand; spot with "
            "genkol/site: local, genkol/pool: gpu, genkol/market: spot.",
            "applications[2].deployments[0].ray_actor_options.label_selector: No group has these "
            "labels. There is: headgroup with genkol/site: local, genkol/market: on-demand; cpu "
            "with genkol/site: local, genkol/pool: cpu, genkol/market: on-demand; gpu with "
            "genkol/site: local, genkol/pool: gpu, genkol/market: on-demand; spot with "
            "genkol/site: local, genkol/pool: gpu, genkol/market: spot. (The same in N more "
            "places, by an alias.)",
        ],
    ),
    "too many cpus": (
        "{ num_cpus: 0.5, num_gpus: 0, label_selector: *cpu }",
        "{ num_cpus: 8, num_gpus: 0, label_selector: *cpu }",
        [
            "applications[1].deployments[0].ray_actor_options: A replica books 8 CPU, more than "
            "any node that it may stand on: cpu with 7 CPU, 12 GiB of memory.",
        ],
    ),
    "gpu on cpus": (
        "{ num_cpus: 0.5, num_gpus: 0, label_selector: *cpu }",
        "{ num_cpus: 0.5, num_gpus: 0.5, label_selector: *cpu }",
        [
            "applications: The fewest replicas for cpu book 1 GPU, but there are at most 0. "
            "Raise `maxReplicas`, or book less.",
            "applications[1].deployments[0].ray_actor_options: A replica books 0.5 CPU, 0.5 GPU, "
            "more than any node that it may stand on: cpu with 7 CPU, 12 GiB of memory.",
        ],
    ),
    "share": (
        "{ num_cpus: 0.5, num_gpus: 0, label_selector: *cpu }",
        "{ num_cpus: 0.5, num_gpus: 1.5, label_selector: *cpu }",
        [
            "applications: The fewest replicas for cpu book 3 GPU, but there are at most 0. "
            "Raise `maxReplicas`, or book less.",
            "applications[1].deployments[0].ray_actor_options.num_gpus: 1.5 GPUs cannot be had: "
            "a share below 1, or a whole number.",
            "applications[1].deployments[0].ray_actor_options: A replica books 0.5 CPU, 1.5 GPU, "
            "more than any node that it may stand on: cpu with 7 CPU, 12 GiB of memory.",
        ],
    ),
    "too many engines": (
        "{ min_replicas: 2, max_replicas: 4, target_ongoing_requests: 32 }",
        "{ min_replicas: 2, max_replicas: 9, target_ongoing_requests: 32 }",
        [
            "applications[0].deployments[0].max_replicas_per_node: 9 replicas, 1 on a node, need "
            "more than the 8 nodes that there can be (cpu).",
        ],
    ),
    "sum": (
        "        maxReplicas: 8",
        "        maxReplicas: 2",
        [
            "applications[0].deployments[0].max_replicas_per_node: 4 replicas, 1 on a node, need "
            "more than the 2 nodes that there can be (cpu).",
            "applications[1].deployments[0].max_replicas_per_node: 4 replicas, 1 on a node, need "
            "more than the 2 nodes that there can be (cpu).",
        ],
    ),
    "import path": (
        "import_path: deployments.finisher:app",
        "import_path: deployments.finish:app",
        [
            "applications: `import_path: deployments.finisher:app` is missing. Exactly one "
            "application has it, as in serve_config.yaml.",
            "applications[1].import_path: There is no application 'deployments.finish:app'. Did "
            "you mean 'deployments.finisher:app'?",
        ],
    ),
    "deployment name": (
        "          - name: Finisher",
        "          - name: Finish",
        [
            "applications[1].deployments[0].name: deployments.finisher:app has no deployment "
            "'Finish'. It is called 'Finisher'.",
        ],
    ),
    "serve field": (
        "            max_queued_requests: 128",
        "            max_queue_requests: 128",
        [
            "applications[0].deployments[0].max_queue_requests: Ray Serve has no field "
            "'max_queue_requests' here and would ignore it. Did you mean 'max_queued_requests'?",
        ],
    ),
    "serve schema": (
        "autoscaling_config: { min_replicas: 2, max_replicas: 4, target_ongoing_requests: 32 }",
        "autoscaling_config: { min_replicas: 5, max_replicas: 4, target_ongoing_requests: 32 }",
        [
            "applications[0].deployments[0].autoscaling_config: max_replicas (4) must be greater "
            "than or equal to min_replicas (5)!",
        ],
    ),
    "num replicas and autoscaling": (
        "            max_ongoing_requests: 64\n",
        "            max_ongoing_requests: 64\n            num_replicas: 2\n",
        [
            "applications[0].deployments[0]: Manually setting num_replicas is not allowed when "
            "autoscaling_config is provided.",
        ],
    ),
    "serve yaml": (
        "      - name: engine\n        route_prefix: /\n",
        "      - name: engine\n       route_prefix: /\n",
        [
            "spec.serveConfigV2: This is no YAML: expected <block end>, but found '<block mapping start>'.",
        ],
    ),
    "serve host": (
        "http_options: { host: 0.0.0.0,",
        "http_options: { host: 127.0.0.1,",
        [
            "http_options.host: 127.0.0.1 is reached from within its own pod alone. Set 0.0.0.0.",
        ],
    ),
    "route": (
        "      - name: finisher\n        route_prefix: null",
        "      - name: finisher\n        route_prefix: /finish",
        [
            "applications[1].route_prefix: The application 'finisher' takes `route_prefix: null`: the Engine calls it.",
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_told_where_and_how_to_mend_it(fault: str) -> None:
    old, new, expected = FAULTS[fault]
    assert [said(finding) for finding in checked(old, new).findings] == expected
