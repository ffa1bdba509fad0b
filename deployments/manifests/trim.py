"""Makes `kuberay-*.json` out of KubeRay's custom resource definitions: what a file may say, and nothing else.

    python -m deployments.manifests.trim ray.io_rayservices.yaml ray.io_rayclusters.yaml > kuberay-1.7.0.json

Descriptions, status and old versions are left out, and what stands in several places stands once, under a name.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

KEPT = frozenset(
    {
        "type", "properties", "items", "additionalProperties", "required", "enum", "default", "pattern", "format",
        "minimum", "maximum", "minLength", "maxLength", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
        "x-kubernetes-preserve-unknown-fields",
    }
)  # fmt: skip

MIN_SHARED = 300
"""What is shorter than this, in characters of JSON, is not worth a name."""


def trimmed(definitions: Iterable[Path]) -> dict[str, Any]:
    """The schemas of some CRDs by kind, and the definitions that they share."""
    kinds = {}
    for path in definitions:
        document = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        version = next(each for each in document["spec"]["versions"] if each["storage"])
        schema = _kept(version["schema"]["openAPIV3Schema"])
        schema["properties"].pop("status", None)
        kinds[document["spec"]["names"]["kind"]] = schema
    shared = _Shared(kinds)
    return {
        "source": "ray-project/kuberay v1.7.0, ray-operator/config/crd/bases; trimmed by deployments/manifests/trim.py",
        "licence": "Apache-2.0",
        "apiVersion": "ray.io/v1",
        "kinds": {kind: shared.short(schema, whole=True) for kind, schema in kinds.items()},
        "definitions": dict(sorted(shared.definitions.items())),
    }


def _kept(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key in KEPT}
    if "properties" in kept:
        kept["properties"] = {key: _kept(value) for key, value in kept["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _kept(kept[key])
    for rule in schema.get("x-kubernetes-validations", ()):
        if found := re.fullmatch(r"self in \[(.*)\]", rule["rule"]):
            kept["enum"] = [text.strip(" '") for text in found[1].split(",")]
    return kept


class _Shared:
    """Finds what stands in several places."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._count: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self.definitions: dict[str, Any] = {}
        for schema in schemas.values():
            self._tally(schema)

    def _tally(self, schema: dict[str, Any]) -> None:
        text = json.dumps(schema, sort_keys=True)
        self._count[text] += 1
        if self._count[text] == 1:  # what lies within is counted once, else all of it would look shared
            for _, child in _children(schema):
                self._tally(child)

    def short(self, schema: dict[str, Any], hint: str = "", *, whole: bool = False) -> dict[str, Any]:
        """The schema with names in place of what is shared."""
        text = json.dumps(schema, sort_keys=True)
        if whole or self._count[text] < 2 or len(text) < MIN_SHARED:
            return self._within(schema)
        if text not in self._names:
            taken = sum(name.rstrip("0123456789") == hint for name in self._names.values())
            self._names[text] = hint + (str(taken + 1) if taken else "")
            self.definitions[self._names[text]] = self._within(schema)
        return {"$ref": self._names[text]}

    def _within(self, schema: dict[str, Any]) -> dict[str, Any]:
        short = dict(schema)
        if "properties" in schema:
            short["properties"] = {key: self.short(value, key) for key, value in schema["properties"].items()}
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                short[key] = self.short(schema[key], key)
        return short


def _children(schema: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    yield from schema.get("properties", {}).items()
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield key, schema[key]


def rendered(found: dict[str, Any]) -> str:
    """JSON with one definition a line: small, and a change of KubeRay's is seen as a change of lines."""
    head = {key: value for key, value in found.items() if key not in ("kinds", "definitions")}
    parts = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for section in ("kinds", "definitions"):
        lines = [
            f" {json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in found[section].items()
        ]
        parts.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.stdout.write(rendered(trimmed(map(Path, sys.argv[1:]))))
