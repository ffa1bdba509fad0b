"""What Kubernetes would refuse of a pod, and what GenKOL refuses of its security."""

from __future__ import annotations

import pytest

from tests.deployments.manifests.planted import checked, said

FAULTS = {
    "container name": (
        "- name: ray-head",
        "- name: ray_head",
        [
            "headGroupSpec.template.spec.containers[0].name: 'ray_head' is no name: at most 63 "
            "lower-case letters, digits and dashes are allowed, with a letter or digit at both "
            "ends.",
        ],
    ),
    "port name": (
        "{ name: gcs-server, containerPort: 6379 }",
        "{ name: gcs-server-of-ray, containerPort: 6379 }",
        [
            "headGroupSpec.template.spec.containers[0].ports[0].name: 'gcs-server-of-ray' is no "
            "name of a port: at most 15 lower-case letters, digits and single dashes.",
        ],
    ),
    "port number": (
        "{ name: gcs-server, containerPort: 6379 }",
        "{ name: gcs-server, containerPort: 637900 }",
        [
            "headGroupSpec.template.spec.containers[0].ports[0].containerPort: 637900 is no "
            "port; 1 to 65535 is expected.",
        ],
    ),
    "same port": (
        "{ name: client, containerPort: 10001 }",
        "{ name: client, containerPort: 8265 }",
        [
            "headGroupSpec.template.spec.containers[0].ports[2]: Another entry of this list has "
            "containerPort 8265, protocol 'TCP' already. Give each its own.",
        ],
    ),
    "same port name": (
        "{ name: client, containerPort: 10001 }",
        "{ name: dashboard, containerPort: 10001 }",
        [
            "headGroupSpec.template.spec.containers[0].ports[2].name: Another port is called "
            "'dashboard' already. Give each its own name.",
        ],
    ),
    "env name": (
        "{ name: HOME, value: /tmp }",
        "{ name: 1HOME, value: /tmp }",
        [
            "headGroupSpec.template.spec.containers[0].env[0].name: '1HOME' is no name of an "
            "environment variable. (The same in N more places, by an alias.)",
        ],
    ),
    "env both": (
        "{ name: HOME, value: /tmp }",
        "{ name: HOME, value: /tmp, valueFrom: { fieldRef: { fieldPath: metadata.name } } }",
        [
            "headGroupSpec.template.spec.containers[0].env[0]: HOME has both `value` and "
            "`valueFrom`. Keep one of them. (The same in N more places, by an alias.)",
        ],
    ),
    "env secret": (
        "{ name: HOME, value: /tmp }",
        "{ name: AWS_SECRET_ACCESS_KEY, value: abc }",
        [
            "headGroupSpec.template.spec.containers[0].env[0].value: The value of "
            "AWS_SECRET_ACCESS_KEY stands in the file, for everybody to read. Put it into a "
            "Secret and refer to it by `valueFrom.secretKeyRef`. (The same in N more places, by "
            "an alias.)",
        ],
    ),
    "env source": (
        "{ name: HOME, value: /tmp }",
        "{ name: HOME, valueFrom: { fieldref: { fieldPath: metadata.name } } }",
        [
            "headGroupSpec.template.spec.containers[0].env[0].valueFrom.fieldref: There is no "
            "field 'fieldref' here. Did you mean 'fieldRef'? (The same in N more places, by an "
            "alias.)",
            "headGroupSpec.template.spec.containers[0].env[0].valueFrom: `valueFrom` of HOME "
            "needs exactly one of: configMapKeyRef, fieldRef, fileKeyRef, resourceFieldRef, "
            "secretKeyRef. (The same in N more places, by an alias.)",
        ],
    ),
    "volume": (
        "{ name: assets, mountPath: /assets }",
        "{ name: asset, mountPath: /assets }",
        [
            "workerGroupSpecs[0].template.spec.containers[0].volumeMounts[2].name: The pod has "
            "no volume 'asset'. Did you mean 'assets'? (The same in N more places, by an alias.)",
        ],
    ),
    "mount path": (
        "{ name: assets, mountPath: /assets }",
        "{ name: assets, mountPath: assets }",
        [
            "workerGroupSpecs[0].template.spec.containers[0].volumeMounts[2].mountPath: 'assets' "
            "is no absolute path in a container. (The same in N more places, by an alias.)",
        ],
    ),
    "same mount path": (
        "{ name: assets, mountPath: /assets }",
        "{ name: assets, mountPath: /weights }",
        [
            "workerGroupSpecs[0].template.spec.containers[0].volumeMounts[2]: Another entry of "
            "this list has mountPath '/weights' already. Give each its own. (The same in N more "
            "places, by an alias.)",
        ],
    ),
    "volume source": (
        "- { name: assets, persistentVolumeClaim: { claimName: genkol-assets } }",
        "- { name: assets }",
        [
            "workerGroupSpecs[0].template.spec.volumes[2]: The volume 'assets' needs exactly one "
            "source, but it has none. (The same in N more places, by an alias.)",
        ],
    ),
    "host path": (
        "- { name: assets, persistentVolumeClaim: { claimName: genkol-assets } }",
        "- { name: assets, hostPath: { path: /srv } }",
        [
            "workerGroupSpecs[0].template.spec.volumes[2].hostPath: `hostPath` opens the node's "
            "files to the pod. Use a persistentVolumeClaim or an emptyDir. (The same in N more "
            "places, by an alias.)",
        ],
    ),
    "claim": (
        "claimName: genkol-assets",
        "claimName: genkol-asset",
        [
            "workerGroupSpecs[0].template.spec.volumes[2].persistentVolumeClaim.claimName: There "
            "is no PersistentVolumeClaim 'genkol-asset' in these files. Did you mean "
            "'genkol-assets'? (The same in N more places, by an alias.)",
        ],
    ),
    "config map": (
        "configMapRef: { name: genkol-settings }",
        "configMapRef: { name: genkol-setting }",
        [
            "headGroupSpec.template.spec.containers[0].envFrom[0].configMapRef.name: There is no "
            "ConfigMap 'genkol-setting' in these files. Did you mean 'genkol-settings'? (The "
            "same in N more places, by an alias.)",
        ],
    ),
    "image": (
        "image: genkol:0.1.0-gpu",
        "image: genkol",
        [
            "workerGroupSpecs[1].template.spec.containers[0].image: 'genkol' is not one certain "
            "image: nodes that start later would run another. Add its version. (The same once "
            "more, by an alias.)",
        ],
    ),
    "requests over limits": (
        'requests: { cpu: "2", memory: 8Gi }',
        'requests: { cpu: "4", memory: 8Gi }',
        [
            "headGroupSpec.template.spec.containers[0].resources.requests.cpu: 4 of cpu is "
            "requested, more than the limit of 2.",
        ],
    ),
    "requests below limits": (
        'requests: { cpu: "7", memory: 12Gi }',
        'requests: { cpu: "7", memory: 8Gi }',
        [
            "workerGroupSpecs[0].template.spec.containers[0].resources.requests.memory: Ray "
            "books the limit of memory, 12Gi, but only 8Gi is sure to be there. Request as much "
            "as the limit.",
        ],
    ),
    "gpu request": (
        'requests: { cpu: "8", memory: 48Gi, nvidia.com/gpu: 1 }\n                  limits: { '
        'cpu: "8", memory: 48Gi, nvidia.com/gpu: 1 }',
        'requests: { cpu: "8", memory: 48Gi, nvidia.com/gpu: 1 }\n                  limits: { '
        'cpu: "8", memory: 48Gi, nvidia.com/gpu: 2 }',
        [
            'workerGroupSpecs[1].template.spec.containers[0].resources.requests["nvidia.com/gpu"]'
            ": 1 of nvidia.com/gpu is requested, but the limit is 2. Of a device both must be "
            "the same: set the limit alone, or both. (The same once more, by an alias.)",
        ],
    ),
    "half gpu": (
        'requests: { cpu: "8", memory: 48Gi, nvidia.com/gpu: 1 }\n                  limits: { '
        'cpu: "8", memory: 48Gi, nvidia.com/gpu: 1 }',
        'limits: { cpu: "8", memory: 48Gi, nvidia.com/gpu: 500m }',
        [
            'workerGroupSpecs[1].template.spec.containers[0].resources.limits["nvidia.com/gpu"]: '
            "'500m' of nvidia.com/gpu cannot be had: a whole number is expected. (The same once "
            "more, by an alias.)",
        ],
    ),
    "resource": (
        'limits: { cpu: "2", memory: 8Gi }',
        'limits: { cpu: "2", mem: 8Gi }',
        [
            "headGroupSpec.template.spec.containers[0].resources: Ray books what the limits say, "
            "but there is no limit of memory. Add it.",
            "headGroupSpec.template.spec.containers[0].resources.limits.mem: 'mem' is no "
            "resource of Kubernetes. Did you mean 'memory'?",
        ],
    ),
    "probe": (
        "httpGet: { path: /-/healthz, port: serve }",
        "httpGet: { path: /-/healthz, port: server }",
        [
            "workerGroupSpecs[0].template.spec.containers[0].readinessProbe.httpGet.port: The "
            "container has no port called 'server'. Did you mean 'serve'? (The same in N more "
            "places, by an alias.)",
        ],
    ),
    "two handlers": (
        "httpGet: { path: /-/healthz, port: serve }",
        "httpGet: { path: /-/healthz, port: serve }\n                  tcpSocket: { port: 8000 }",
        [
            "workerGroupSpecs[0].template.spec.containers[0].readinessProbe: A probe needs "
            "exactly one of: exec, grpc, httpGet, tcpSocket.",
            "workerGroupSpecs[1].template.spec.containers[0].readinessProbe: A probe needs "
            "exactly one of: exec, grpc, httpGet, tcpSocket. (The same once more, by an alias.)",
        ],
    ),
    "toleration": (
        "{ key: genkol/market, value: spot, effect: NoSchedule }",
        "{ key: genkol/market, value: spot, effect: NoSchedules }",
        [
            "workerGroupSpecs[2].template.spec: The group is labelled genkol/market: spot but "
            "does not tolerate that taint: its pods find no node. Add the toleration {key: "
            "genkol/market, value: spot, effect: NoSchedule}.",
            "workerGroupSpecs[2].template.spec.tolerations[1].effect: 'NoSchedules' is none of: "
            "NoSchedule, PreferNoSchedule, NoExecute. Did you mean 'NoSchedule'?",
        ],
    ),
    "toleration value": (
        "{ key: nvidia.com/gpu, operator: Exists, effect: NoSchedule }",
        "{ key: nvidia.com/gpu, operator: Exists, value: x, effect: NoSchedule }",
        [
            "workerGroupSpecs[1].template.spec.tolerations[0].value: With `operator: Exists` "
            "there is no value. Take one of them away. (The same once more, by an alias.)",
        ],
    ),
    "escalation": (
        "                allowPrivilegeEscalation: false\n",
        "",
        [
            "headGroupSpec.template.spec.containers[0].securityContext: 'ray-head' may gain "
            "privileges. Set `allowPrivilegeEscalation: false`.",
            "workerGroupSpecs[0].template.spec.containers[0].securityContext: 'ray-worker' may "
            "gain privileges. Set `allowPrivilegeEscalation: false`.",
            "workerGroupSpecs[1].template.spec.containers[0].securityContext: 'ray-worker' may "
            "gain privileges. Set `allowPrivilegeEscalation: false`. (The same once more, by an "
            "alias.)",
        ],
    ),
    "root": (
        "        runAsNonRoot: true\n            runAsUser: 1000",
        "        runAsNonRoot: true\n            runAsUser: 0",
        [
            "headGroupSpec.template.spec.securityContext.runAsUser: 'ray-head' runs as user 0, "
            "which is root. Choose another, such as 1000.",
            "workerGroupSpecs[0].template.spec.securityContext.runAsUser: 'ray-worker' runs as "
            "user 0, which is root. Choose another, such as 1000. (The same in N more places, by "
            "an alias.)",
            "headGroupSpec.template.spec.securityContext.runAsUser: 'autoscaler' runs as user 0, "
            "which is root. Choose another, such as 1000.",
        ],
    ),
    "autoscaler security": (
        "        capabilities: { drop: [ALL] }\n        runAsNonRoot",
        "        runAsNonRoot",
        [
            "autoscalerOptions.securityContext: 'autoscaler' keeps capabilities of root. Set "
            "`capabilities: {drop: [ALL]}`.",
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_told_where_and_how_to_mend_it(fault: str) -> None:
    old, new, expected = FAULTS[fault]
    assert [said(finding) for finding in checked(old, new).findings] == expected
