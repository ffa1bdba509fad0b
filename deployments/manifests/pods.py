"""What Kubernetes demands of a pod template, and what GenKOL demands of its security."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.manifests import names
from deployments.manifests.containers import container, one_of
from deployments.manifests.documents import Finding, Node

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def pod_template(template: Node, *, restart: tuple[str, ...] = ("Always", "OnFailure", "Never")) -> Iterator[Finding]:
    """Tell what is wrong with a pod template.

    Args:
        template: with ``metadata`` and ``spec``.
        restart: the restart policies that are allowed here.
    """
    spec = template["spec"]
    yield from names.labels(template.at("metadata", "labels"))
    for key, value in template.at("metadata", "annotations").items():
        yield from names.label_key(value, key)
    yield from one_of(spec["restartPolicy"], restart)
    yield from one_of(spec["dnsPolicy"], ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"))
    if (seconds := spec["terminationGracePeriodSeconds"].number) is not None and seconds < 0:
        yield spec["terminationGracePeriodSeconds"].finding(f"{seconds} is too small; at least 0 is expected.")
    volumes = list(_volume_names(spec["volumes"]))
    yield from _volumes(spec["volumes"])
    taken: set[str] = set()
    for each in containers(spec):
        yield from container(each, volumes)
        name = each["name"]
        if name.text in taken:
            yield name.finding(f"Another container is called {name.text!r} already. Give each its own name.")
        taken.add(name.text)
        yield from is_safe(each["securityContext"], spec["securityContext"], name.text)
    yield from _scheduling(spec)
    yield from _host(spec)


def containers(spec: Node) -> Iterator[Node]:
    """The containers of a pod, those that only start it first."""
    yield from spec["initContainers"]
    yield from spec["containers"]


def _volume_names(volumes: Node) -> Iterator[str]:
    for volume in volumes:
        if volume["name"].text:
            yield volume["name"].text


def _volumes(volumes: Node) -> Iterator[Finding]:
    taken: set[str] = set()
    for volume in volumes:
        name = volume["name"]
        yield from names.label_name(name)
        if name.text in taken:
            yield name.finding(f"Another volume is called {name.text!r} already. Give each its own name.")
        taken.add(name.text)
        sources = [key for key, value in volume.items() if key != "name" and value]
        if len(sources) != 1:
            told = f"it has {' and '.join(sources)}" if sources else "it has none"
            yield volume.finding(f"The volume {name.text!r} needs exactly one source, but {told}.")


def is_safe(own: Node, of_pod: Node, name: str) -> Iterator[Finding]:
    """The restricted standard of Kubernetes, which a namespace can enforce, of one container."""
    if own["privileged"].value is True:
        yield own["privileged"].finding(f"{name!r} is privileged: it owns the node. Take this away.")
    if own["allowPrivilegeEscalation"].value is not False:
        yield own.finding(f"{name!r} may gain privileges. Set `allowPrivilegeEscalation: false`.")
    as_user = own["runAsNonRoot"] if own["runAsNonRoot"] else of_pod["runAsNonRoot"]
    if as_user.value is not True:
        yield own.finding(f"{name!r} may run as root. Set `runAsNonRoot: true` for it or for the pod.")
    user = own["runAsUser"] if own["runAsUser"] else of_pod["runAsUser"]
    if user.number == 0:
        yield user.finding(f"{name!r} runs as user 0, which is root. Choose another, such as 1000.")
    if "ALL" not in [drop.text for drop in own["capabilities"]["drop"]]:
        yield own.finding(f"{name!r} keeps capabilities of root. Set `capabilities: {{drop: [ALL]}}`.")
    profile = own["seccompProfile"] if own["seccompProfile"] else of_pod["seccompProfile"]
    if profile["type"].text not in ("RuntimeDefault", "Localhost"):
        yield own.finding(f"{name!r} may make any system call. Set `seccompProfile: {{type: RuntimeDefault}}`.")


def _host(spec: Node) -> Iterator[Finding]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec[key].value is True:
            yield spec[key].finding(f"`{key}` opens the node to the pod. Take this away.")
    for volume in spec["volumes"]:
        if volume["hostPath"]:
            yield volume["hostPath"].finding(
                "`hostPath` opens the node's files to the pod. Use a persistentVolumeClaim or an emptyDir."
            )


def _scheduling(spec: Node) -> Iterator[Finding]:
    yield from names.labels(spec["nodeSelector"])
    for toleration in spec["tolerations"]:
        yield from _toleration(toleration)
    for spread in spec["topologySpreadConstraints"]:
        if (skew := spread["maxSkew"].number) is not None and skew < 1:
            yield spread["maxSkew"].finding(f"{skew} is too small; at least 1 is expected.")
        yield from one_of(spread["whenUnsatisfiable"], ("DoNotSchedule", "ScheduleAnyway"))


def _toleration(toleration: Node) -> Iterator[Finding]:
    key, operator = toleration["key"], toleration["operator"].text or "Equal"
    if key.text:
        yield from names.label_key(key, key.text)
    elif operator != "Exists":
        yield toleration.finding("A toleration without `key` needs `operator: Exists`. Name the taint's key.")
    yield from one_of(toleration["operator"], ("Exists", "Equal"))
    yield from one_of(toleration["effect"], EFFECTS)
    if operator == "Exists" and toleration["value"].text:
        yield toleration["value"].finding("With `operator: Exists` there is no value. Take one of them away.")
    if toleration["tolerationSeconds"] and toleration["effect"].text != "NoExecute":
        yield toleration["tolerationSeconds"].finding("It counts only with `effect: NoExecute`. Take it away.")
