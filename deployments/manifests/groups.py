"""The nodes that a RayCluster brings: what each group's Ray books, which labels it bears, where its pods may run."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from deployments.manifests.documents import Finding, Node
from deployments.manifests.pods import is_safe
from deployments.manifests.quantities import quantity

SITE = "genkol/site"
"""The label, of Ray's nodes and of Kubernetes', that says at which site a node stands."""

POOL = "genkol/pool"
"""The label that says what a node is for: cpu, gpu."""

MARKET = "genkol/market"
"""The label of nodes that their owner may take back: spot; else on-demand."""

GPU = "nvidia.com/gpu"

MANY = 2**31 - 1
"""KubeRay's own default of `maxReplicas`."""


@dataclass(frozen=True)
class Group:
    """The head, or one group of workers.

    Args:
        node: where it stands in the file.
        name: ``headgroup`` for the head.
        books: what Ray books on each of its nodes: CPU, GPU, memory (bytes) and own resources.
        labels: of its Ray nodes.
        least, most: nodes.
        priority: the autoscaler starts nodes of the highest first.
    """

    node: Node
    name: str
    books: Mapping[str, float]
    labels: Mapping[str, str]
    least: int
    most: int
    priority: float

    @property
    def pod(self) -> Node:
        return self.node.at("template", "spec")


def groups_of(cluster: Node) -> list[Group]:
    """The head and all groups of workers."""
    head = cluster["headGroupSpec"]
    found = [_group(head, "headgroup", 1, 1)] if head.mapping else []
    for node in cluster["workerGroupSpecs"]:
        least, most = node["minReplicas"].number, node["maxReplicas"].number
        hosts = int(node["numOfHosts"].number or 1)
        most = MANY if most is None else most
        found.append(_group(node, node["groupName"].text, int(least or 0) * hosts, int(most) * hosts))
    return found


def _group(node: Node, name: str, least: int, most: int) -> Group:
    labels = {key: value.text for key, value in node["labels"].items()}
    return Group(node, name, booked(node), labels, least, most, node["priority"].number or 0)


def booked(node: Node) -> dict[str, float]:
    """What `ray start` books: what the group says, else `rayStartParams`, else the limits of its container."""
    container = next(iter(node.at("template", "spec", "containers")), node["no container"])
    limits, requests = container.at("resources", "limits"), container.at("resources", "requests")
    cpu = quantity(limits["cpu"].value) or quantity(requests["cpu"].value) or 0.0
    gpus = [quantity(amount.value) or 0.0 for key, amount in limits.items() if key.endswith("gpu")]
    books = {"CPU": float(math.ceil(cpu)), "GPU": sum(gpus), "memory": quantity(limits["memory"].value) or 0.0}
    start = node["rayStartParams"]
    for key, name in (("num-cpus", "CPU"), ("num-gpus", "GPU"), ("memory", "memory")):
        if start[key].text:
            books[name] = quantity(start[key].text) or 0.0
    books |= _own_resources(start["resources"].text)
    return books | {key: quantity(amount.value) or 0.0 for key, amount in node["resources"].items()}


def _own_resources(text: str) -> dict[str, float]:
    try:
        found = json.loads(text.strip("'\"").replace("\\", "")) if text else {}
    except ValueError:
        return {}
    return {key: quantity(value) or 0.0 for key, value in found.items()} if isinstance(found, dict) else {}


def groups(cluster: Node) -> Iterator[Finding]:
    """Tell where a cluster's groups do not go with each other, or with themselves."""
    found = groups_of(cluster)
    yield from _ray_version(cluster["rayVersion"])
    for group in found:
        yield from _ray_container(group)
        yield from _agrees_with_nodes(group)
        yield from _tolerates(group)
    if cluster["enableInTreeAutoscaling"].value is True:
        of_pod = cluster.at("headGroupSpec", "template", "spec", "securityContext")
        yield from is_safe(cluster.at("autoscalerOptions", "securityContext"), of_pod, "autoscaler")
    if cluster["headGroupSpec"].mapping and not cluster.at("authOptions", "mode").text:
        yield cluster["authOptions"].finding("Say whether Ray's own doors need a token: `authOptions: {mode: token}`.")
    yield from _spot_first([group for group in found if group.name != "headgroup"])
    yield from _head_without_work(cluster, found)


def _ray_version(node: Node) -> Iterator[Finding]:
    ours = version("ray")
    if node.text and node.text != ours:
        yield node.finding(f"{node.text!r} is not the Ray that GenKOL is built and tested with. Set {ours!r}.")


def _ray_container(group: Group) -> Iterator[Finding]:
    containers = list(group.pod["containers"])
    if not containers:
        return
    resources = containers[0]["resources"]
    for name in ("cpu", "memory"):
        limit, request = resources["limits"][name], resources["requests"][name]
        if not limit and name not in group.node["resources"].mapping:
            yield resources.finding(f"Ray books what the limits say, but there is no limit of {name}. Add it.")
        elif request and (quantity(request.value) or 0) < (quantity(limit.value) or 0):
            yield request.finding(
                f"Ray books the limit of {name}, {limit.value}, but only {request.value} is sure to be there. "
                "Request as much as the limit."
            )
    for probe in ("readinessProbe", "livenessProbe"):
        if not containers[0][probe].mapping:
            yield containers[0].finding(f"The Ray container has no `{probe}`. Add it.")


def _agrees_with_nodes(group: Group) -> Iterator[Finding]:
    """A group's Ray labels and the Kubernetes labels of its nodes, where both speak of the same thing."""
    selector = group.pod["nodeSelector"]
    for key, value in selector.items():
        said = group.labels.get(key)
        if said is not None and value.text != said:
            yield value.finding(
                f"The group's nodes are chosen by {key} {value.text!r}, but its Ray label says {said!r}. "
                "Make the two equal."
            )


def _tolerates(group: Group) -> Iterator[Finding]:
    market = group.labels.get(MARKET, "on-demand")
    if group.books["GPU"] and not _has_toleration(group, GPU, ""):
        yield group.pod.finding(
            f"The group asks for a GPU but does not tolerate the taint {GPU} that keeps others off such nodes. "
            f"Add the toleration {{key: {GPU}, operator: Exists, effect: NoSchedule}}."
        )
    if market == "spot" and not _has_toleration(group, MARKET, "spot"):
        yield group.pod.finding(
            f"The group is labelled {MARKET}: spot but does not tolerate that taint: its pods find no node. "
            f"Add the toleration {{key: {MARKET}, value: spot, effect: NoSchedule}}."
        )
    if market != "spot":
        for toleration in group.pod["tolerations"]:
            if toleration["key"].text == MARKET:
                yield toleration.finding(
                    f"The group tolerates nodes that may be taken back, but is not labelled {MARKET}: spot. "
                    "Label it, or take the toleration away."
                )
    if not group.books["GPU"]:
        for toleration in group.pod["tolerations"]:
            if toleration["key"].text == GPU:
                yield toleration.finding(
                    "The group asks for no GPU, but may stand on nodes that have one. Take it away."
                )


def _has_toleration(group: Group, key: str, value: str) -> bool:
    for toleration in group.pod["tolerations"]:
        operator, effect = toleration["operator"].text or "Equal", toleration["effect"].text
        fits = operator == "Exists" or toleration["value"].text == value
        if toleration["key"].text in (key, "") and effect in ("NoSchedule", "") and fits:
            return True
    return False


def _spot_first(workers: list[Group]) -> Iterator[Finding]:
    for spot in workers:
        for other in workers:
            same_work = bool(spot.books["GPU"]) == bool(other.books["GPU"])
            is_pair = spot.labels.get(MARKET) == "spot" and other.labels.get(MARKET) != "spot"
            if is_pair and same_work and spot.priority <= other.priority:
                yield spot.node["priority"].finding(
                    f"The spot group {spot.name!r} has priority {spot.priority:g} and {other.name!r}, which costs "
                    f"more, has {other.priority:g}: the autoscaler starts the highest first. Give the spot group more."
                )


def _head_without_work(cluster: Node, found: list[Group]) -> Iterator[Finding]:
    head = cluster["headGroupSpec"]
    if not found or found[0].name != "headgroup":
        return
    if found[0].books["CPU"] or found[0].books["GPU"]:
        yield head["rayStartParams"].finding(
            f"The head takes work ({found[0].books['CPU']:g} CPUs): work that kills it takes the whole cluster along. "
            'Set `rayStartParams.num-cpus: "0"`.'
        )


def matches(selector: str, value: str | None) -> bool:
    """Whether a node's label answers a condition of Ray's `label_selector`.

    >>> [matches("in(cpu, gpu)", "gpu"), matches("!spot", "spot"), matches("!in(a, b)", None), matches("cpu", None)]
    [True, False, True, False]
    """
    found = re.fullmatch(r"(!?)(?:in\((.*)\)|(.*))", selector, re.DOTALL)
    if found is None:
        return False
    choices = [each.strip() for each in (found[2] or "").split(",")] if found[2] is not None else [found[3]]
    return (value in choices) != bool(found[1])
