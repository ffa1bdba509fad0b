"""Whether what selects pods by their labels finds any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deployments.manifests.documents import Finding, Node
from deployments.manifests.objects import ray_cluster

SELECTING = {"PodDisruptionBudget": "selector", "NetworkPolicy": "podSelector"}
_GIVEN = {"app.kubernetes.io/name": "kuberay", "app.kubernetes.io/created-by": "kuberay-operator"}
UNKNOWN = "?"
"""Stands for the name of a group that has none; that is told elsewhere."""

_OPEN = "ray.io/"
"""The operator sets labels of this prefix whose values no file knows: the cluster's name, ..."""


def selectors(documents: Sequence[Node]) -> Iterator[Finding]:
    """Tell which budgets, policies and spread constraints select no pod in these files."""
    pods = [labels for document in documents for labels, _ in _pods(document)]
    if not any("ray.io/group" in labels for labels in pods):
        return  # the pods that are meant stand in another file
    for document in documents:
        key = SELECTING.get(document["kind"].text)
        if key is not None:
            yield from _finds_none(document["spec"][key], pods, "No pod in these files has")
        for labels, spec in _pods(document):
            for spread in spec["topologySpreadConstraints"]:
                yield from _finds_none(spread["labelSelector"], [labels], "The pod itself does not have")


def _pods(document: Node) -> Iterator[tuple[Mapping[str, str], Node]]:
    """The labels that each pod will bear, and its spec."""
    if document["kind"].text == "Job":
        yield _labels(document.at("spec", "template", "metadata", "labels")), document.at("spec", "template", "spec")
    cluster = ray_cluster(document)
    if not cluster.mapping:
        return
    groups = [(cluster["headGroupSpec"], "head", "headgroup")]
    groups += [(group, "worker", group["groupName"].text) for group in cluster["workerGroupSpecs"]]
    for group, kind, name in groups:
        own = {"ray.io/group": name or UNKNOWN, "ray.io/node-type": kind, "ray.io/is-ray-node": "yes"}
        template = group["template"]
        labels = _labels(template.at("metadata", "labels"))
        yield {**_GIVEN, **labels, **_labels(group["labels"]), **own}, template["spec"]


def _labels(node: Node) -> dict[str, str]:
    return {key: value.text for key, value in node.items()}


def _finds_none(selector: Node, pods: Sequence[Mapping[str, str]], told: str) -> Iterator[Finding]:
    if selector.mapping and not any(_selects(selector, labels) for labels in pods):
        keys = [*selector["matchLabels"].mapping, *(each["key"].text for each in selector["matchExpressions"])]
        wanted = [f"{key}: {value.text}" for key, value in selector["matchLabels"].items()] or keys
        known = sorted({f"{key}: {labels[key]}" for labels in pods for key in keys if key in labels})
        yield selector.finding(f"{told} {', '.join(wanted)}. There is: {', '.join(known) or 'none of these labels'}.")


def _selects(selector: Node, labels: Mapping[str, str]) -> bool:
    equal = all(_is_open(key, labels) or labels.get(key) == v.text for key, v in selector["matchLabels"].items())
    return equal and all(_answers(expression, labels) for expression in selector["matchExpressions"])


def _answers(expression: Node, labels: Mapping[str, str]) -> bool:
    key = expression["key"].text
    values = [value.text for value in expression["values"]]
    match expression["operator"].text:
        case _ if _is_open(key, labels):
            return True
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _is_open(key: str, labels: Mapping[str, str]) -> bool:
    given = labels.get("ray.io/group")
    return key.startswith(_OPEN) and given is not None and (key not in labels or given == UNKNOWN)
