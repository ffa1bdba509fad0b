"""What an API server would refuse: fields, types and the smaller kinds."""

from __future__ import annotations

import pytest

from tests.deployments.manifests.planted import checked, said

FAULTS = {
    "misspelt field of a group": (
        "        minReplicas: 2 #",
        "        minReplica: 2 #",
        [
            "workerGroupSpecs[0].minReplica: There is no field 'minReplica' here. Did you mean 'minReplicas'?",
        ],
    ),
    "misspelt field of the service": (
        "  excludeHeadPodFromServeSvc: true",
        "  excludeHeadPodFromServeService: true",
        [
            "spec.excludeHeadPodFromServeSvc: The head takes no work, so no replica answers there. Set it to true.",
            "spec.excludeHeadPodFromServeService: There is no field "
            "'excludeHeadPodFromServeService' here. Did you mean 'excludeHeadPodFromServeSvc'?",
        ],
    ),
    "field of a pod": (
        "terminationGracePeriodSeconds: 60",
        "terminationGracePeriod: 60",
        [
            "headGroupSpec.template.spec.terminationGracePeriod: There is no field "
            "'terminationGracePeriod' here. Did you mean 'terminationGracePeriodSeconds'?",
        ],
    ),
    "field of a container": (
        "                volumeMounts: &mounts",
        "                volumeMount: &mounts",
        [
            "workerGroupSpecs[0].template.spec.containers[0].volumeMount: There is no field "
            "'volumeMount' here. Did you mean 'volumeMounts'?",
        ],
    ),
    "text for a number": (
        "        maxReplicas: 8",
        '        maxReplicas: "8"',
        [
            "workerGroupSpecs[0].maxReplicas: '8' is text, but a whole number is expected. Take the quotes away.",
        ],
    ),
    "number for text": (
        'rayVersion: "2.60.0"',
        "rayVersion: 2.6",
        [
            "rayVersion: 2.6 is a number, but text is expected. Put it in quotes.",
            "rayVersion: `authOptions.mode: token` needs Ray 2.52 or newer, but `rayVersion` is 2.6.",
        ],
    ),
    "no group name": (
        "      - groupName: cpu\n        replicas: 2",
        "      - replicas: 2",
        [
            "workerGroupSpecs[0]: The field 'groupName' is missing here. Add it.",
        ],
    ),
    "no cluster": (
        "  rayClusterConfig:\n",
        "  rayClusterConf:\n",
        [
            "spec: The field 'rayClusterConfig' is missing here. Add it.",
            "spec.rayClusterConf: There is no field 'rayClusterConf' here. Did you mean 'rayClusterConfig'?",
        ],
    ),
    "enum": (
        "      version: v2\n",
        "      version: v3\n",
        [
            "autoscalerOptions.version: 'v3' is none of: v1, v2. Choose one of them.",
        ],
    ),
    "kind": (
        "kind: RayService",
        "kind: RayServce",
        [
            "kind: 'ray.io/v1/RayServce' is no kind that can be checked. Did you mean 'ray.io/v1/RayService'?",
        ],
    ),
    "api version": (
        "apiVersion: ray.io/v1\n",
        "apiVersion: ray.io/v2\n",
        [
            "kind: 'ray.io/v2/RayService' is no kind that can be checked. Did you mean 'ray.io/v1/RayService'?",
        ],
    ),
    "quantity": (
        "requests: { cpu: 500m, memory: 1Gi }",
        "requests: { cpu: 500m, memory: 1GB }",
        [
            "autoscalerOptions.resources.requests.memory: '1GB' is not of the right form; a "
            "quantity as 500m, 2 or 4Gi is expected.",
        ],
    ),
    "required of upgrade": (
        "      intervalSeconds: 60\n",
        "",
        [
            "spec.upgradeStrategy.clusterUpgradeOptions: The field 'intervalSeconds' is missing here. Add it.",
        ],
    ),
    "budget": (
        "  minAvailable: 1\n",
        "  maxUnavailable: 1\n",
        [
            "spec.maxUnavailable: `maxUnavailable: 1` has no effect on the pods of a RayCluster, "
            "which cannot be scaled as a Deployment is. Set `minAvailable` to a whole number.",
        ],
    ),
    "policy": (
        "policyTypes: [Ingress]",
        "policyTypes: [Egress]",
        [
            "spec.ingress: These rules have no effect. Add Ingress to `policyTypes`.",
        ],
    ),
    "duplicate key": (
        "      maxSurgePercent: 50\n",
        "      maxSurgePercent: 50\n      maxSurgePercent: 40\n",
        [
            "spec.upgradeStrategy.clusterUpgradeOptions: The key 'maxSurgePercent' stands here "
            "twice. Keep one of them.",
        ],
    ),
    "yaml": (
        "  name: genkol-settings\n  namespace: genkol\ndata:",
        "  name: genkol-settings\n namespace: genkol\ndata:",
        [
            ": This is no YAML: expected <block end>, but found '<block mapping start>'.",
        ],
    ),
    "namespace": (
        "  name: genkol-settings\n  namespace: genkol\n",
        "  name: genkol-settings\n  namespace: genkoll\n",
        [
            "headGroupSpec.template.spec.containers[0].envFrom[0].configMapRef.name: "
            "'genkol-settings' stands in the namespace 'genkoll', where pods of 'genkol' do not "
            "see it. Give both the same `metadata.namespace`. (The same in N more places, by an "
            "alias.)",
        ],
    ),
    "budget of no pods": (
        "ray.io/group: cpu }\n---",
        "ray.io/group: cpus }\n---",
        [
            "spec.selector: No pod in these files has app.kubernetes.io/part-of: genkol, "
            "ray.io/group: cpus. There is: app.kubernetes.io/part-of: genkol, ray.io/group: cpu, "
            "ray.io/group: gpu, ray.io/group: headgroup, ray.io/group: spot.",
        ],
    ),
    "policy of no pods": (
        "  podSelector:\n    matchLabels: { app.kubernetes.io/part-of: genkol }\n  policyTypes",
        "  podSelector:\n    matchLabels: { app.kubernetes.io/part-of: genkoll }\n  policyTypes",
        [
            "spec.podSelector: No pod in these files has app.kubernetes.io/part-of: genkoll. "
            "There is: app.kubernetes.io/part-of: genkol.",
        ],
    ),
    "spread of other pods": (
        "labelSelector: &same_group { matchLabels: { ray.io/group: cpu } }",
        "labelSelector: &same_group { matchLabels: { ray.io/group: gpu } }",
        [
            "workerGroupSpecs[0].template.spec.topologySpreadConstraints[0].labelSelector: The "
            "pod itself does not have ray.io/group: gpu. There is: ray.io/group: cpu.",
            "workerGroupSpecs[0].template.spec.topologySpreadConstraints[1].labelSelector: The "
            "pod itself does not have ray.io/group: gpu. There is: ray.io/group: cpu.",
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_told_where_and_how_to_mend_it(fault: str) -> None:
    old, new, expected = FAULTS[fault]
    assert [said(finding) for finding in checked(old, new).findings] == expected
