"""The schemas that are shipped are KubeRay's, and cover what a file may hold beside a RayService."""

from __future__ import annotations

import pytest

from deployments.manifests.check import Report, check_texts
from deployments.manifests.kinds import KUBERAY, kinds
from deployments.manifests.trim import rendered, trimmed
from genkol.registry import Registry
from tests.deployments.manifests.planted import ROOT, registry, said

DEFINITIONS = ROOT.parent / "shared" / "kuberay"
SHIPPED = ROOT / "deployments" / "manifests" / f"kuberay-{KUBERAY}.json"

CLUSTER = """
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: bare%s}
spec:
  rayVersion: "2.60.0"
  authOptions: {mode: token}
  headGroupSpec:
    rayStartParams: {num-cpus: "0"%s}
    template:
      spec:
        securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
        containers:
          - name: ray-head
            image: genkol:0.1.0-cpu
            env: [%s]
            resources: {limits: {cpu: 1, memory: 2Gi}}
            securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
            livenessProbe: {httpGet: {path: /api/healthz, port: 52365}}
            readinessProbe: {httpGet: {path: /api/healthz, port: 52365}}
"""


def check(text: str, known: Registry | None = None) -> Report:
    return check_texts([("f.yaml", text)], registry() if known is None else known)


@pytest.mark.shared
def test_the_shipped_schemas_are_made_of_kuberay_s_definitions() -> None:
    if not DEFINITIONS.is_dir():
        pytest.skip("KubeRay's definitions are not here (../shared/kuberay)")
    files = [DEFINITIONS / "ray.io_rayservices.yaml", DEFINITIONS / "ray.io_rayclusters.yaml"]
    assert rendered(trimmed(files)) == SHIPPED.read_text("utf-8")


def test_the_schemas_say_where_they_come_from() -> None:
    head = SHIPPED.read_text("utf-8")[:300]
    assert f"ray-project/kuberay v{KUBERAY}" in head
    assert '"licence": "Apache-2.0"' in head


def test_every_reference_leads_somewhere() -> None:
    def references(schema: object) -> set[str]:
        if isinstance(schema, dict):
            own = {schema["$ref"]} if isinstance(schema.get("$ref"), str) else set()
            return own.union(*(references(value) for value in schema.values()))
        return set().union(*(references(value) for value in schema)) if isinstance(schema, list) else set()

    found = kinds()
    assert references(found.schemas) | references(found.definitions) <= set(found.definitions)


def test_defaults_are_filled_in_before_anything_is_looked_at() -> None:
    """Ports without a protocol, a group without replicas: the API server completes both."""
    group = """
  workerGroupSpecs:
    - groupName: w
      labels: {genkol/site: local}
      template:
        spec:
          securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
          containers:
            - name: w
              image: genkol:0.1.0-cpu
              ports: [{containerPort: 8000}, {containerPort: 8080}]
              resources: {limits: {cpu: 1, memory: 2Gi}}
              securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
              livenessProbe: {httpGet: {path: /, port: 1}}
              readinessProbe: {httpGet: {path: /, port: 1}}
"""
    assert check(CLUSTER % ("", "", "") + group).findings == ()


@pytest.mark.parametrize(
    ("name", "start", "env", "message"),
    [
        ("", "", "", None),
        ("x" * 50, "", "", "spec: 'bare" + "x" * 50 + "' is no name of a RayCluster"),
        ("", "", "{name: RAY_REDIS_ADDRESS, value: 'r:1'}", "turns fault tolerance on by the back door"),
        ("", ", redis-username: me", "", "Set `gcsFaultToleranceOptions.redisUsername`."),
        ("", "", "{name: RAY_enable_autoscaler_v2, value: 'true'}", "Set `enableInTreeAutoscaling: true` and"),
    ],
)
def test_a_cluster_without_a_service_is_checked_too(name: str, start: str, env: str, message: str | None) -> None:
    findings = check(CLUSTER % (name, start, env)).findings
    assert len(findings) == (message is not None)
    assert message is None or message.removeprefix("spec: ") in findings[0].message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: ConfigMap\n", ": The field 'apiVersion' is missing. Every document of Kubernetes has one."),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "metadata: The document has no name. Set `metadata.name`."),
        ("- a\n", ": This is no mapping, and so no document of Kubernetes, Ray Serve or `ray up`."),
        ("", ": There is nothing in this file."),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: x}\n",
            "stringData: A secret stands in the file, for everybody to read. Create it in the cluster instead: "
            "kubectl create secret generic s --from-literal=...",
        ),
        (
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\n"
            "spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: big}}}\n",
            "spec.resources.requests.storage: 'big' is no size, such as 20Gi.",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n"
            "spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}\n",
            "spec.ingress[0].from[0].ipBlock.cidr: '10.0.0.0/33' is no network, such as 10.0.0.0/8.",
        ),
        (
            "apiVersion: ray.io/v1\nkind: RayJob\nmetadata: {name: j}\n",
            "kind: 'ray.io/v1/RayJob' is no kind that can be checked. ",
        ),
    ],
)
def test_other_documents_are_checked_as_far_as_they_are_known(text: str, expected: str) -> None:
    (finding,) = check(text).findings
    assert said(finding).startswith(expected)


def test_a_kind_that_is_not_known_is_named_and_no_fault() -> None:
    report = check("apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m}\nspec: {}\n")
    assert report.findings == ()
    assert report.unchecked == ("ServiceMonitor/m",)
