"""What only KubeRay's operator would refuse, when the file is already in the cluster."""

from __future__ import annotations

import pytest

from tests.deployments.manifests.planted import checked, said

FAULTS = {
    "name of the service": (
        "  name: genkol\n  namespace: genkol\nspec:\n  exclude",
        "  name: GenKOL\n  namespace: genkol\nspec:\n  exclude",
        [
            "metadata.name: 'GenKOL' is no name of a RayService: a letter, then letters, digits "
            "and dashes, at most 47 characters.",
        ],
    ),
    "long name": (
        "  name: genkol\n  namespace: genkol\nspec:\n  exclude",
        "  name: genkol-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n  namespace: genkol\nspec:\n  exclude",
        [
            "metadata.name: 'genkol-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is no name of a "
            "RayService: a letter, then letters, digits and dashes, at most 47 characters.",
        ],
    ),
    "label value": (
        "labels: { genkol/site: local, genkol/market: on-demand }",
        "labels: { genkol/site: a b, genkol/market: on-demand }",
        [
            "headGroupSpec.labels[\"genkol/site\"]: 'a b' is no value of a label: at most 63 "
            "letters, digits, '-', '_' and '.' are allowed, with a letter or digit at both ends.",
        ],
    ),
    "upgrade type": (
        "type: NewClusterWithIncrementalUpgrade",
        "type: NewClusterWithIncrementalUpgrades",
        [
            "spec.upgradeStrategy.type: 'NewClusterWithIncrementalUpgrades' is none of: "
            "NewClusterWithIncrementalUpgrade, NewCluster, None. Did you mean "
            "'NewClusterWithIncrementalUpgrade'?",
        ],
    ),
    "no autoscaler": (
        "    enableInTreeAutoscaling: true\n",
        "    enableInTreeAutoscaling: false\n",
        [
            "spec.upgradeStrategy.type: NewClusterWithIncrementalUpgrade needs the autoscaler. "
            "Set `rayClusterConfig.enableInTreeAutoscaling: true`.",
            "autoscalerOptions: They have no effect without `enableInTreeAutoscaling: true`.",
        ],
    ),
    "step over surge": (
        "stepSizePercent: 25",
        "stepSizePercent: 60",
        [
            "spec.upgradeStrategy.clusterUpgradeOptions.stepSizePercent: A step of 60% is more "
            "than `maxSurgePercent`, 50%. Make it smaller.",
        ],
    ),
    "percent": (
        "maxSurgePercent: 50",
        "maxSurgePercent: 150",
        [
            "spec.upgradeStrategy.clusterUpgradeOptions.maxSurgePercent: 150 is no percentage; 0 to 100 is expected.",
        ],
    ),
    "interval": (
        "intervalSeconds: 60",
        "intervalSeconds: 0",
        [
            "spec.upgradeStrategy.clusterUpgradeOptions.intervalSeconds: 0 s between two steps "
            "is too short; more than 0 is expected.",
        ],
    ),
    "gateway": (
        "gatewayClassName: istio",
        'gatewayClassName: ""',
        [
            "spec.upgradeStrategy.clusterUpgradeOptions: There is no `gatewayClassName`: an "
            "incremental upgrade moves traffic by a Gateway.",
        ],
    ),
    "labels in start params": (
        "        labels: { genkol/site: local, genkol/pool: gpu, genkol/market: spot }\n        rayStartParams: {}",
        "        labels: { genkol/site: local, genkol/pool: gpu, genkol/market: spot }\n        "
        "rayStartParams: { labels: genkol/pool=gpu }",
        [
            "workerGroupSpecs[2].rayStartParams.labels: `rayStartParams.labels` is refused. Set "
            "`labels` of the group, at its top level, as a mapping.",
        ],
    ),
    "resources twice": (
        'rayStartParams: { num-cpus: "0", dashboard-host: 0.0.0.0 }',
        'rayStartParams: { num-cpus: "0", dashboard-host: 0.0.0.0 }\n      resources: { CPU: "0" }',
        [
            "headGroupSpec.resources: Resources stand here and in `rayStartParams` (num-cpus). Keep one of the two.",
        ],
    ),
    "redis variable": (
        "{ name: HOME, value: /tmp }",
        "{ name: RAY_REDIS_ADDRESS, value: redis }",
        [
            "headGroupSpec.template.spec.containers[0].env[0].name: RAY_REDIS_ADDRESS is refused "
            "here. Set `gcsFaultToleranceOptions.redisAddress`.",
        ],
    ),
    "redis password": (
        '{ num-cpus: "0", dashboard-host',
        '{ redis-password: $REDIS_PASSWORD, num-cpus: "0", dashboard-host',
        [
            "headGroupSpec.rayStartParams.redis-password: It is refused here. Set "
            "`gcsFaultToleranceOptions.redisPassword`.",
        ],
    ),
    "plain password": (
        "        valueFrom: { secretKeyRef: { name: genkol-redis, key: password } }",
        "        value: hunter2",
        [
            "gcsFaultToleranceOptions.redisPassword.value: The value of REDIS_PASSWORD stands in "
            "the file, for everybody to read. Put it into a Secret and refer to it by "
            "`valueFrom.secretKeyRef`.",
        ],
    ),
    "restart": (
        "          restartPolicy: Never # the",
        "          restartPolicy: Always # the",
        [
            "headGroupSpec.template.spec.restartPolicy: 'Always' is refused with the "
            "autoscaler's version v2. Set it to Never.",
        ],
    ),
    "same group": (
        "- groupName: spot",
        "- groupName: gpu",
        [
            "workerGroupSpecs[2].groupName: Another group is called 'gpu' already. Give each its own name.",
        ],
    ),
    "min over max": (
        "        minReplicas: 0\n        maxReplicas: 2\n",
        "        minReplicas: 3\n        maxReplicas: 2\n",
        [
            "workerGroupSpecs[1].minReplicas: 3 is more than `maxReplicas`, 2.",
        ],
    ),
    "old ray": (
        'rayVersion: "2.60.0"',
        'rayVersion: "2.51.0"',
        [
            "rayVersion: `authOptions.mode: token` needs Ray 2.52 or newer, but `rayVersion` is '2.51.0'.",
            "rayVersion: '2.51.0' is not the Ray that GenKOL is built and tested with. Set '2.60.0'.",
        ],
    ),
    "head in service": (
        "  excludeHeadPodFromServeSvc: true",
        "  excludeHeadPodFromServeSvc: false",
        [
            "spec.excludeHeadPodFromServeSvc: The head takes no work, so no replica answers there. Set it to true.",
        ],
    ),
    "ft annotation": (
        "kind: RayService\nmetadata:\n",
        'kind: RayService\nmetadata:\n  annotations: { ray.io/ft-enabled: "true" }\n',
        [
            'metadata.annotations["ray.io/ft-enabled"]: ray.io/ft-enabled is refused beside '
            "`gcsFaultToleranceOptions`. Take it away.",
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_told_where_and_how_to_mend_it(fault: str) -> None:
    old, new, expected = FAULTS[fault]
    assert [said(finding) for finding in checked(old, new).findings] == expected
