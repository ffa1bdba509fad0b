"""The forms of Kubernetes' names and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployments.manifests.documents import Finding, Node

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def label_name(node: Node) -> Iterator[Finding]:
    """A container, a volume, a namespace: at most 63 lower-case letters, digits and dashes."""
    if node.text and _LABEL.fullmatch(node.text) is None:
        yield node.finding(
            f"{node.text!r} is no name: at most 63 lower-case letters, digits and dashes are allowed, "
            "with a letter or digit at both ends."
        )


def object_name(node: Node) -> Iterator[Finding]:
    """A ConfigMap, a Secret, ...: at most 253 lower-case letters, digits, dashes and dots."""
    if node.text and (len(node.text) > 253 or _SUBDOMAIN.fullmatch(node.text) is None):
        yield node.finding(
            f"{node.text!r} is no name: at most 253 lower-case letters, digits, dashes and dots are allowed, "
            "with a letter or digit at both ends."
        )


def labels(node: Node) -> Iterator[Finding]:
    """Keys ``prefix/name`` and values of labels."""
    for key, value in node.items():
        yield from label_key(value, key)
        if value.text and _VALUE.fullmatch(value.text) is None:
            yield value.finding(
                f"{value.text!r} is no value of a label: at most 63 letters, digits, '-', '_' and '.' are allowed, "
                "with a letter or digit at both ends."
            )


def label_key(node: Node, key: str) -> Iterator[Finding]:
    """The key of a label; the finding stands at the node."""
    prefix, slash, name = key.rpartition("/")
    good_prefix = not slash or (len(prefix) <= 253 and _SUBDOMAIN.fullmatch(prefix) is not None)
    if not name or _VALUE.fullmatch(name) is None or not good_prefix:
        yield node.finding(
            f"{key!r} is no key of a label: a name of at most 63 letters, digits, '-', '_' and '.', "
            "with a DNS name and '/' before it where it needs one."
        )
