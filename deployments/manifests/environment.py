"""Whether the settings that a file gives to GenKOL are settings: one that is misspelt would go unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from deployments.manifests.documents import Finding, Node
from deployments.manifests.objects import pod_templates
from deployments.manifests.pods import containers
from genkol.errors import did_you_mean
from genkol.settings import Settings

PREFIX = "GENKOL_"


def environment(document: Node) -> Iterator[Finding]:
    """Tell which of GenKOL's variables there are not, and which have a value that is refused at start."""
    if document["kind"].text == "ConfigMap":
        for name, value in document["data"].items():
            yield from _setting(value, name, value)
    for template in pod_templates(document):
        for container in containers(template["spec"]):
            for variable in container["env"]:
                yield from _setting(variable["name"], variable["name"].text, variable["value"])


def _setting(node: Node, name: str, value: Node) -> Iterator[Finding]:
    if not name.startswith(PREFIX):
        return
    known = {field.upper(): field for field in Settings.model_fields}
    own = name.removeprefix(PREFIX)
    if own not in known:
        yield node.finding(f"GenKOL has no setting {own!r} (after {PREFIX}). {did_you_mean(own, known)}")
    elif value.text:
        field = Settings.model_fields[known[own]]
        kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        try:
            TypeAdapter(kind).validate_python(value.text)
        except ValidationError as error:
            yield value.finding(f"{value.text!r} cannot be {name}: {error.errors()[0]['msg']}.")
