"""A config of Ray Serve: Ray's own schema, and the fields that it passes over in silence."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from deployments.manifests.documents import Finding, Node, read
from genkol.errors import did_you_mean


def serve_config(service: Node) -> tuple[Node | None, list[Finding]]:
    """Read `serveConfigV2` of a RayService.

    Returns:
        The config where it can be read, and what is wrong with it.
    """
    text = service.at("spec", "serveConfigV2")
    if not text.text.strip():
        return None, [text.finding("The RayService serves nothing. Write the applications into `serveConfigV2`.")]
    nodes, findings = read(text.text, service.source.file, under=text)
    if len(nodes) != 1 or not isinstance(nodes[0].value, dict):
        if not findings:
            findings = [text.finding("It must be one mapping with `applications`, as serve_config.yaml is.")]
        return None, findings
    return nodes[0], findings + list(misconfigured(nodes[0]))


def misconfigured(config: Node) -> Iterator[Finding]:
    """Tell what Ray refuses of a config of Serve, and which fields it would ignore."""
    from ray.serve.schema import ServeDeploySchema

    yield from refused(ServeDeploySchema, config)
    yield from unknown_fields(ServeDeploySchema, config)
    yield from _autoscaling(config)
    if not list(config["applications"]):
        yield config["applications"].finding("There is no application here. Write down what shall run.")


def refused(model: Any, node: Node) -> Iterator[Finding]:
    """What pydantic refuses, each at its place."""
    try:
        model.model_validate(node.value)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yield placed(node, each["loc"]).finding(_sentence(each))
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        # Some of Ray's validators trust the types of what they look at.
        yield node.finding(f"Ray cannot read this: {type(error).__name__}: {' '.join(str(error).split())[:300]}")


def placed(node: Node, location: typing.Iterable[int | str]) -> Node:
    """Follow pydantic's location as far as the value goes."""
    for part in location:
        if isinstance(part, int):
            children = list(node)
            if part >= len(children):
                break
            node = children[part]
        elif part in node.mapping:
            node = node[part]
    return node


def _sentence(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    value = error.get("input")
    shown = f"{value!r}: " if isinstance(value, str | int | float | bool) else ""
    if error["type"] == "missing":
        return f"The field {error['loc'][-1]!r} is missing here. Add it."
    return f"{shown}{' '.join(message.split())}"[:600]


def unknown_fields(model: type[BaseModel], node: Node) -> Iterator[Finding]:
    """Tell each field that the model does not have; Ray would pass over it."""
    fields = model.model_fields
    for key, child in node.items():
        if key not in fields:
            yield child.finding(f"Ray Serve has no field {key!r} here and would ignore it. {did_you_mean(key, fields)}")
            continue
        inner = _model_in(fields[key].annotation)
        if inner is not None:
            for each in child if isinstance(child.value, list) else [child]:
                yield from unknown_fields(inner, each)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for each in typing.get_args(annotation) if (found := _model_in(each)) is not None), None)


def _autoscaling(config: Node) -> Iterator[Finding]:
    """Ray reads these when it deploys, and not before."""
    from ray.serve.config import AutoscalingConfig

    for application in config["applications"]:
        for deployment in application["deployments"]:
            found = deployment["autoscaling_config"]
            if found.mapping:
                yield from refused(AutoscalingConfig, found)


def options(application: Node, deployment: str) -> Node:
    """The options of a deployment in an application; an empty node where the config says nothing of it."""
    for each in application["deployments"]:
        if each["name"].text == deployment:
            return each
    return Node(application.source, None, (*application.path, "deployments"))


def replicas(deployment: Node, default: int = 1) -> tuple[int, int]:
    """Fewest and most replicas."""
    scaled = deployment["autoscaling_config"]
    if isinstance(scaled.value, Mapping):
        least, most = scaled["min_replicas"].number, scaled["max_replicas"].number
        return int(default if least is None else least), int(default if most is None else most)
    fixed = deployment["num_replicas"].number
    return (int(fixed), int(fixed)) if fixed is not None else (default, default)
