"""The rules that only KubeRay's operator checks, when the file is already in the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployments.manifests import names
from deployments.manifests.containers import value_source
from deployments.manifests.documents import Finding, Node
from deployments.manifests.objects import ray_cluster
from genkol.errors import did_you_mean

UPGRADES = ("NewClusterWithIncrementalUpgrade", "NewCluster", "None")
LONGEST = {"RayService": 47, "RayCluster": 53}
"""Characters of a name: what the operator appends must still fit the 63 of a Kubernetes service."""

IN_BOTH = ("num-cpus", "num-gpus", "memory", "resources")
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def operator(document: Node) -> Iterator[Finding]:
    """Tell what KubeRay's operator would refuse of a RayService or RayCluster."""
    kind = document["kind"].text
    if kind not in LONGEST:
        return
    name = document.at("metadata", "name")
    if name.text and (len(name.text) > LONGEST[kind] or _NAME.fullmatch(name.text) is None):
        yield name.finding(
            f"{name.text!r} is no name of a {kind}: a letter, then letters, digits and dashes, "
            f"at most {LONGEST[kind]} characters."
        )
    cluster = ray_cluster(document)
    for group in _groups(cluster):
        yield from _group(group, cluster)
    yield from _group_names(cluster)
    yield from _fault_tolerance(document, cluster)
    yield from _autoscaler(cluster)
    yield from _auth(cluster)
    if kind == "RayService":
        yield from _upgrade(document["spec"], cluster)
        yield from _head_out_of_service(document["spec"], cluster)
        if (service := cluster.at("headGroupSpec", "headService", "metadata", "name")).text:
            yield service.finding("The operator names the head's service itself. Take this away.")


def _groups(cluster: Node) -> Iterator[Node]:
    yield cluster["headGroupSpec"]
    yield from cluster["workerGroupSpecs"]


def _group(group: Node, cluster: Node) -> Iterator[Finding]:
    spec = group.at("template", "spec")
    if spec and not list(spec["containers"]):
        yield spec.finding("The group has no container. The first one runs Ray.")
    start = group["rayStartParams"]
    both = [key for key in IN_BOTH if start[key].text]
    if both and group["resources"].mapping:
        yield group["resources"].finding(
            f"Resources stand here and in `rayStartParams` ({', '.join(both)}). Keep one of the two."
        )
    if "labels" in start.mapping:
        yield start["labels"].finding(
            "`rayStartParams.labels` is refused. Set `labels` of the group, at its top level, as a mapping."
        )
    yield from names.labels(group["labels"])
    if group["suspend"].value is True and _autoscaled(cluster):
        yield group["suspend"].finding("A group cannot be suspended while the autoscaler runs. Set it to false.")
    restart = spec["restartPolicy"]
    if _autoscaled(cluster) and _version(cluster) == "v2" and restart.text not in ("", "Never"):
        yield restart.finding(f"{restart.text!r} is refused with the autoscaler's version v2. Set it to Never.")
    low, high = group["minReplicas"].number, group["maxReplicas"].number
    if low is not None and high is not None and low > high:
        yield group["minReplicas"].finding(f"{group['minReplicas'].value} is more than `maxReplicas`, {high}.")
    replicas = group["replicas"].number
    if replicas and low is not None and high is not None and low <= high and not low <= replicas <= high:
        yield group["replicas"].finding(f"{replicas} is not within `minReplicas` and `maxReplicas`, {low} to {high}.")


def _group_names(cluster: Node) -> Iterator[Finding]:
    taken: set[str] = {"headgroup"}
    for group in cluster["workerGroupSpecs"]:
        name = group["groupName"]
        yield from names.label_name(name)
        if name.text in taken:
            yield name.finding(f"Another group is called {name.text!r} already. Give each its own name.")
        taken.add(name.text)


def _fault_tolerance(document: Node, cluster: Node) -> Iterator[Finding]:
    options, head = cluster["gcsFaultToleranceOptions"], cluster["headGroupSpec"]
    container = next(iter(head.at("template", "spec", "containers")), head["no container"])
    variables = {variable["name"].text: variable["name"] for variable in container["env"]}
    annotations = document.at("metadata", "annotations")
    if not options.mapping and options.value != {}:
        if "RAY_REDIS_ADDRESS" in variables and annotations["ray.io/ft-enabled"].text != "true":
            yield variables["RAY_REDIS_ADDRESS"].finding(
                "The variable turns fault tolerance on by the back door. Set `gcsFaultToleranceOptions.redisAddress`."
            )
    else:
        for name, field in (("RAY_REDIS_ADDRESS", "redisAddress"), ("REDIS_PASSWORD", "redisPassword")):
            if name in variables:
                yield variables[name].finding(f"{name} is refused here. Set `gcsFaultToleranceOptions.{field}`.")
        if (password := head.at("rayStartParams", "redis-password")).text:
            yield password.finding("It is refused here. Set `gcsFaultToleranceOptions.redisPassword`.")
        for key in ("ray.io/ft-enabled", "ray.io/external-storage-namespace"):
            if annotations[key].text:
                yield annotations[key].finding(f"{key} is refused beside `gcsFaultToleranceOptions`. Take it away.")
        for key in ("redisPassword", "redisUsername"):
            yield from value_source(options[key], "REDIS_PASSWORD" if key == "redisPassword" else key)
        if options["backend"].text in ("", "redis") and not options["redisAddress"].text:
            yield options.finding("There is no address of the Redis that keeps the cluster's state: `redisAddress`.")
    if "REDIS_USERNAME" in variables or head.at("rayStartParams", "redis-username").text:
        yield head.finding("The user of Redis is refused here. Set `gcsFaultToleranceOptions.redisUsername`.")


def _autoscaled(cluster: Node) -> bool:
    return cluster["enableInTreeAutoscaling"].value is True


def _version(cluster: Node) -> str:
    return cluster.at("autoscalerOptions", "version").text


def _autoscaler(cluster: Node) -> Iterator[Finding]:
    head = cluster["headGroupSpec"]
    container = next(iter(head.at("template", "spec", "containers")), head["no container"])
    for variable in container["env"]:
        if variable["name"].text == "RAY_enable_autoscaler_v2":
            yield variable["name"].finding(
                "Set `enableInTreeAutoscaling: true` and `autoscalerOptions.version: v2` instead of this variable."
            )
    if cluster["autoscalerOptions"].mapping and not _autoscaled(cluster):
        yield cluster["autoscalerOptions"].finding("They have no effect without `enableInTreeAutoscaling: true`.")


def _auth(cluster: Node) -> Iterator[Finding]:
    version, mode = cluster["rayVersion"], cluster.at("authOptions", "mode")
    found = re.match(r"(\d+)\.(\d+)", version.text)
    if mode.text == "token" and (found is None or (int(found[1]), int(found[2])) < (2, 52)):
        yield version.finding(
            f"`authOptions.mode: token` needs Ray 2.52 or newer, but `rayVersion` is {version.value!r}."
        )


def _head_out_of_service(spec: Node, cluster: Node) -> Iterator[Finding]:
    idle = cluster.at("headGroupSpec", "rayStartParams", "num-cpus").text == "0"
    if idle and spec["excludeHeadPodFromServeSvc"].value is not True:
        yield spec["excludeHeadPodFromServeSvc"].finding(
            "The head takes no work, so no replica answers there. Set it to true."
        )


def _upgrade(spec: Node, cluster: Node) -> Iterator[Finding]:
    kind, options = spec.at("upgradeStrategy", "type"), spec.at("upgradeStrategy", "clusterUpgradeOptions")
    if kind.text and kind.text not in UPGRADES:
        yield kind.finding(f"{kind.text!r} is none of: {', '.join(UPGRADES)}. {did_you_mean(kind.text, UPGRADES)}")
    if kind.text != UPGRADES[0]:
        return
    if not _autoscaled(cluster):
        yield kind.finding(f"{UPGRADES[0]} needs the autoscaler. Set `rayClusterConfig.enableInTreeAutoscaling: true`.")
    if not options.mapping:
        yield kind.finding(f"{UPGRADES[0]} needs `clusterUpgradeOptions`: gatewayClassName, stepSizePercent, ...")
        return
    if not options["gatewayClassName"].text:
        yield options.finding("There is no `gatewayClassName`: an incremental upgrade moves traffic by a Gateway.")
    surge, step, pause = (options[key] for key in ("maxSurgePercent", "stepSizePercent", "intervalSeconds"))
    for percent in (surge, step):
        if percent.number is not None and not 0 <= percent.number <= 100:
            yield percent.finding(f"{percent.value} is no percentage; 0 to 100 is expected.")
    if surge.number is not None and step.number is not None and step.number > surge.number:
        yield step.finding(f"A step of {step.value}% is more than `maxSurgePercent`, {surge.value}%. Make it smaller.")
    if pause.number is not None and pause.number <= 0:
        yield pause.finding(f"{pause.value} s between two steps is too short; more than 0 is expected.")
