"""The smaller kinds, and whether what a document names is in the others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from deployments.manifests import names
from deployments.manifests.documents import Finding, Node
from deployments.manifests.pods import containers, pod_template
from deployments.manifests.quantities import quantity
from genkol.errors import did_you_mean


def pod_templates(document: Node) -> Iterator[Node]:
    """All pod templates in a document."""
    if document["kind"].text == "Job":
        yield document.at("spec", "template")
    cluster = ray_cluster(document)
    if cluster.mapping:
        yield cluster["headGroupSpec"]["template"]
        for group in cluster["workerGroupSpecs"]:
            yield group["template"]


def ray_cluster(document: Node) -> Node:
    """The cluster of a RayService or RayCluster; an empty node in another document."""
    kind = document["kind"].text
    if kind == "RayCluster":
        return document["spec"]
    return document.at("spec", "rayClusterConfig") if kind == "RayService" else document["no cluster here"]


def objects(document: Node) -> Iterator[Finding]:
    """Tell what is wrong with metadata and with the smaller kinds."""
    metadata = document["metadata"]
    if not metadata["name"].text and not metadata["generateName"].text:
        yield metadata.finding("The document has no name. Set `metadata.name`.")
    if not document["kind"].text.startswith("Ray"):  # the operator asks for more than this
        yield from names.object_name(metadata["name"])
    yield from names.label_name(metadata["namespace"])
    yield from names.labels(metadata["labels"])
    match document["kind"].text:
        case "Secret":
            yield from _secret(document)
        case "PersistentVolumeClaim":
            yield from _claim(document["spec"])
        case "PodDisruptionBudget":
            yield from _budget(document["spec"])
        case "NetworkPolicy":
            yield from _policy(document["spec"])
        case "Job":
            yield from pod_template(document.at("spec", "template"), restart=("OnFailure", "Never"))


def _secret(document: Node) -> Iterator[Finding]:
    for key in ("data", "stringData"):
        if document[key].mapping:
            yield document[key].finding(
                "A secret stands in the file, for everybody to read. Create it in the cluster instead: "
                f"kubectl create secret generic {document.at('metadata', 'name').text or 'NAME'} --from-literal=..."
            )


def _claim(spec: Node) -> Iterator[Finding]:
    storage = spec.at("resources", "requests", "storage")
    size = quantity(storage.value)
    if size is None or size <= 0:
        yield storage.finding(f"{storage.value!r} is no size, such as 20Gi.")


def _budget(spec: Node) -> Iterator[Finding]:
    given = [key for key in ("minAvailable", "maxUnavailable") if spec[key]]
    if len(given) != 1:
        yield spec.finding("A budget needs exactly one of: minAvailable, maxUnavailable.")
    elif given == ["maxUnavailable"] or spec["minAvailable"].number is None:
        yield spec[given[0]].finding(
            f"`{given[0]}: {spec[given[0]].value}` has no effect on the pods of a RayCluster, which cannot be "
            "scaled as a Deployment is. Set `minAvailable` to a whole number."
        )
    if not spec["selector"].mapping:
        yield spec.finding("The budget selects no pods. Set `selector.matchLabels`.")


def _policy(spec: Node) -> Iterator[Finding]:
    types = [each.text for each in spec["policyTypes"]]
    for direction, key in (("Ingress", "ingress"), ("Egress", "egress")):
        if spec[key] and types and direction not in types:
            yield spec[key].finding(f"These rules have no effect. Add {direction} to `policyTypes`.")
        for rule in spec[key]:
            for peer in rule["from" if key == "ingress" else "to"]:
                yield from _peer(peer)
            for port in rule["ports"]:
                if (number := port["port"].number) is not None and not 1 <= number <= 65535:
                    yield port["port"].finding(f"{port['port'].value} is no port; 1 to 65535 is expected.")


def _peer(peer: Node) -> Iterator[Finding]:
    block = peer["ipBlock"]
    if block and (peer["podSelector"] or peer["namespaceSelector"]):
        yield peer.finding("An `ipBlock` stands alone. Put the selectors into an entry of their own.")
    if block["cidr"].text:
        try:
            ipaddress.ip_network(block["cidr"].text)
        except ValueError:
            yield block["cidr"].finding(f"{block['cidr'].text!r} is no network, such as 10.0.0.0/8.")


def references(documents: Sequence[Node]) -> tuple[list[Finding], list[str]]:
    """Follow what pods and KubeRay's options name: a ConfigMap, a Secret, a claim.

    Returns:
        What is named wrongly, and what must be in the cluster because no file has it.
    """
    findings: list[Finding] = []
    expected: dict[str, None] = {}
    for document in documents:
        for kind, name, key in _named(document):
            found = [d for d in documents if d["kind"].text == kind and d.at("metadata", "name").text == name.text]
            if found:
                findings += _in_one_namespace(document, found[0], name)
            if found and key is not None and key.text:
                keys = {**found[0]["data"].mapping, **found[0]["binaryData"].mapping}
                if key.text not in keys and kind == "ConfigMap":
                    findings.append(
                        key.finding(f"The ConfigMap {name.text!r} has no {key.text!r}. {did_you_mean(key.text, keys)}")
                    )
            elif not found and name.text:
                others = [d.at("metadata", "name").text for d in documents if d["kind"].text == kind]
                hint = did_you_mean(name.text, others)
                if hint.startswith("Did"):
                    findings.append(name.finding(f"There is no {kind} {name.text!r} in these files. {hint}"))
                else:
                    shown = f"{kind} {name.text}" + (f" (key {key.text})" if key is not None and key.text else "")
                    expected[shown] = None
    return findings, list(expected)


def _in_one_namespace(document: Node, found: Node, name: Node) -> Iterator[Finding]:
    here, there = (each.at("metadata", "namespace").text or "default" for each in (document, found))
    if here != there:
        yield name.finding(
            f"{name.text!r} stands in the namespace {there!r}, where pods of {here!r} do not see it. "
            "Give both the same `metadata.namespace`."
        )


def _named(document: Node) -> Iterator[tuple[str, Node, Node | None]]:
    for template in pod_templates(document):
        for each in containers(template["spec"]):
            yield from _named_by_environment(each)
        for volume in template["spec"]["volumes"]:
            yield "ConfigMap", volume["configMap"]["name"], None
            yield "Secret", volume["secret"]["secretName"], None
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], None
    options = ray_cluster(document)["gcsFaultToleranceOptions"]
    for password in (options["redisPassword"], options["redisUsername"]):
        reference = password.at("valueFrom", "secretKeyRef")
        yield "Secret", reference["name"], reference["key"]
    yield "Secret", ray_cluster(document).at("authOptions", "secretName"), None


def _named_by_environment(each: Node) -> Iterator[tuple[str, Node, Node | None]]:
    for variable in each["env"]:
        for kind, source in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            reference = variable.at("valueFrom", source)
            yield kind, reference["name"], reference["key"]
    for whole in each["envFrom"]:
        yield "ConfigMap", whole["configMapRef"]["name"], None
        yield "Secret", whole["secretRef"]["name"], None
