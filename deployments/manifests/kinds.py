"""The kinds of documents that are checked, and their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from deployments.manifests.documents import Finding, Node
from deployments.manifests.schema import Schema, mistakes, with_defaults
from genkol.errors import did_you_mean

KUBERAY = "1.7.0"
"""The version of the operator whose definitions and rules are checked."""


@dataclass(frozen=True)
class Kinds:
    """Schemas by ``apiVersion/kind``, and what they refer to by name."""

    schemas: Mapping[str, Schema]
    definitions: Mapping[str, Schema]


@cache
def kinds() -> Kinds:
    """All kinds that are checked: KubeRay's by its own definitions, the others by core.json."""
    ray, core = _read(f"kuberay-{KUBERAY}.json"), _read("core.json")
    definitions = {**ray["definitions"], **core["definitions"]}
    # The definition of a RayService leaves `metadata` open, and that of a pod template allows little in it.
    definitions["metadata"] = definitions["ObjectMeta"]
    whole = {f"{ray['apiVersion']}/{kind}": schema for kind, schema in ray["kinds"].items()} | core["kinds"]
    head = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": "ObjectMeta"}}
    schemas = {
        name: {**schema, "properties": {**schema["properties"], **head}, "required": [*schema.get("required", ())]}
        for name, schema in whole.items()
    }
    for name in schemas:
        if name.startswith(ray["apiVersion"]):
            schemas[name]["required"].append("spec")
    return Kinds(schemas, definitions)


def _read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((resources.files(__package__) / file).read_text("utf-8"))
    return found


def filled(document: Node) -> Node:
    """The document with an API server's defaults; itself where its kind is not known."""
    schema = kinds().schemas.get(_name(document))
    if schema is None:
        return document
    return replace(document, value=with_defaults(schema, document.value, kinds().definitions))


def misfits(document: Node) -> Iterator[Finding]:
    """Tell what does not fit the schema of the document's kind, or that there is no such kind."""
    name = _name(document)
    known = kinds().schemas
    if name in known:
        yield from mistakes(known[name], document, kinds().definitions)
        return
    for key in ("apiVersion", "kind"):
        if not document[key].text:
            yield document.finding(f"The field {key!r} is missing. Every document of Kubernetes has one.")
            return
    hint = did_you_mean(name, known)
    if hint.startswith("Did") or name.startswith("ray.io/"):
        yield document["kind"].finding(f"{name!r} is no kind that can be checked. {hint}")


def is_checked(document: Node) -> bool:
    """Whether there is a schema for the document."""
    return _name(document) in kinds().schemas


def _name(document: Node) -> str:
    return f"{document['apiVersion'].text}/{document['kind'].text}"
