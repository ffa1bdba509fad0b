"""What Kubernetes demands of a container, beyond the types of its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deployments.manifests import names
from deployments.manifests.documents import Finding, Node
from deployments.manifests.quantities import quantity
from genkol.errors import did_you_mean

ORDINARY = ("cpu", "memory", "ephemeral-storage")
SOURCES = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_PORT = re.compile(r"(?=.*[a-z])[a-z0-9](-?[a-z0-9])*")
_SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_KEY|CREDENTIAL", re.IGNORECASE)


def container(node: Node, volumes: Iterable[str]) -> Iterator[Finding]:
    """Tell what is wrong with one container of a pod with these volumes."""
    yield from names.label_name(node["name"])
    yield from _image(node)
    yield from _ports(node["ports"])
    yield from _environment(node)
    yield from resources(node["resources"])
    yield from _mounts(node["volumeMounts"], set(volumes))
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield from _probe(node[probe], node["ports"], must_be_1=probe != "readinessProbe")


def _image(node: Node) -> Iterator[Finding]:
    image = node["image"]
    if not image.text:
        yield node.finding("The container names no image. Say which, with its version: genkol:0.1.0-cpu.")
        return
    tag = image.text.rpartition("/")[2].partition(":")[2]
    if "@sha256:" not in image.text and tag in ("", "latest"):
        yield image.finding(
            f"{image.text!r} is not one certain image: nodes that start later would run another. Add its version."
        )
    policies = ("Always", "IfNotPresent", "Never")
    yield from one_of(node["imagePullPolicy"], policies)


def one_of(node: Node, allowed: Iterable[str]) -> Iterator[Finding]:
    """Tell when a text is none of those that are allowed."""
    known = tuple(allowed)
    if node.text and node.text not in known:
        hint = did_you_mean(node.text, known)
        yield node.finding(
            f"{node.text!r} is none of: {', '.join(known)}. {hint if hint.startswith('Did') else 'Choose one of them.'}"
        )


def _ports(ports: Node) -> Iterator[Finding]:
    taken: set[str] = set()
    for port in ports:
        number, name = port["containerPort"], port["name"]
        if number.number is not None and not 1 <= number.number <= 65535:
            yield number.finding(f"{number.value} is no port; 1 to 65535 is expected.")
        if name.text and (len(name.text) > 15 or _PORT.fullmatch(name.text) is None):
            yield name.finding(
                f"{name.text!r} is no name of a port: at most 15 lower-case letters, digits and single dashes."
            )
        yield from one_of(port["protocol"], ("TCP", "UDP", "SCTP"))
        if name.text in taken:
            yield name.finding(f"Another port is called {name.text!r} already. Give each its own name.")
        taken.update(filter(None, [name.text]))


def _environment(node: Node) -> Iterator[Finding]:
    taken: set[str] = set()
    for variable in node["env"]:
        name = variable["name"]
        if name.text and _VARIABLE.fullmatch(name.text) is None:
            yield name.finding(f"{name.text!r} is no name of an environment variable.")
        if name.text in taken:
            yield name.finding(f"The variable {name.text!r} is set twice. Keep one of them.")
        taken.add(name.text)
        yield from value_source(variable, name.text)


def value_source(variable: Node, name: str) -> Iterator[Finding]:
    """Tell what is wrong with ``value`` or ``valueFrom`` of a variable, or of KubeRay's Redis password."""
    source = variable["valueFrom"]
    given = [key for key in SOURCES if source[key]]
    if source and variable["value"].text:
        yield variable.finding(f"{name} has both `value` and `valueFrom`. Keep one of them.")
    if source and len(given) != 1:
        yield source.finding(f"`valueFrom` of {name} needs exactly one of: {', '.join(SOURCES)}.")
    if _SECRET.search(name) and variable["value"].text and not source:
        yield variable["value"].finding(
            f"The value of {name} stands in the file, for everybody to read. Put it into a Secret and refer to it "
            "by `valueFrom.secretKeyRef`."
        )


def resources(node: Node) -> Iterator[Finding]:
    """Tell what is wrong with ``requests`` and ``limits``."""
    requests, limits = node["requests"], node["limits"]
    for side in (requests, limits):
        for name, amount in side.items():
            yield from _resource_name(amount, name)
            value = quantity(amount.value)
            if value is None:
                yield amount.finding(f"{amount.value!r} is no quantity, such as 500m, 2 or 4Gi.")
            elif value < 0 or (name not in ORDINARY and value % 1):
                yield amount.finding(
                    f"{amount.value!r} of {name} cannot be had: {'at least 0' if value < 0 else 'a whole number'} "
                    "is expected."
                )
    for name, amount in requests.items():
        least, most = quantity(amount.value), quantity(limits[name].value)
        if least is not None and most is not None and least > most:
            yield amount.finding(f"{amount.value} of {name} is requested, more than the limit of {limits[name].value}.")
        elif "/" in name and least != most:
            yield amount.finding(
                f"{amount.value} of {name} is requested, but the limit is {limits[name].value}. "
                "Of a device both must be the same: set the limit alone, or both."
            )


def _resource_name(node: Node, name: str) -> Iterator[Finding]:
    if name in ORDINARY or name.startswith("hugepages-"):
        return
    if "/" not in name:
        yield node.finding(
            f"{name!r} is no resource of Kubernetes. {did_you_mean(name, [*ORDINARY, 'nvidia.com/gpu'])}"
        )
    else:
        yield from names.label_key(node, name)


def _mounts(mounts: Node, volumes: set[str]) -> Iterator[Finding]:
    for mount in mounts:
        name, place = mount["name"], mount["mountPath"]
        if name.text and name.text not in volumes:
            yield name.finding(f"The pod has no volume {name.text!r}. {did_you_mean(name.text, volumes)}")
        if place.text and (not place.text.startswith("/") or ":" in place.text):
            yield place.finding(f"{place.text!r} is no absolute path in a container.")
        sub = mount["subPath"]
        if sub.text and (sub.text.startswith("/") or ".." in sub.text.split("/")):
            yield sub.finding(f"{sub.text!r} leads out of the volume; a path within it is expected.")


def _probe(probe: Node, ports: Node, *, must_be_1: bool) -> Iterator[Finding]:
    if not probe.mapping:
        return
    given = [key for key in HANDLERS if probe[key]]
    if len(given) != 1:
        yield probe.finding(f"A probe needs exactly one of: {', '.join(HANDLERS)}.")
    for key in ("periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"):
        if (value := probe[key].number) is not None and value < 1:
            yield probe[key].finding(f"{probe[key].value} is too small; at least 1 is expected.")
    if must_be_1 and (probe["successThreshold"].number or 1) > 1:
        yield probe["successThreshold"].finding("It must be 1 for a probe that restarts the container.")
    known = {port["name"].text for port in ports}
    for handler in ("httpGet", "tcpSocket"):
        port = probe[handler]["port"]
        if port.text and port.text not in known:
            yield port.finding(f"The container has no port called {port.text!r}. {did_you_mean(port.text, known)}")
        if port.number is not None and not 1 <= port.number <= 65535:
            yield port.finding(f"{port.value} is no port; 1 to 65535 is expected.")
