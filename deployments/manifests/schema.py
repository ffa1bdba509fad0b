"""A value against a structural schema of Kubernetes: defaults filled in, then everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deployments.manifests.documents import Finding, Node
from genkol.errors import did_you_mean

Schema = Mapping[str, Any]

_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_RANGES = {"int32": 1 << 31, "int64": 1 << 63}


def with_defaults(schema: Schema, value: Any, definitions: Mapping[str, Schema]) -> Any:
    """Return the value with what an API server fills in."""
    schema = _resolved(schema, definitions)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        filled = {
            key: with_defaults(known.get(key) or schema.get("additionalProperties") or {}, each, definitions)
            for key, each in value.items()
        }
        for key, each in known.items():
            default = _resolved(each, definitions).get("default")
            if default is not None and filled.get(key) is None:
                filled[key] = default
        return filled
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), each, definitions) for each in value]
    return value


def mistakes(schema: Schema, node: Node, definitions: Mapping[str, Schema]) -> Iterator[Finding]:
    """Tell everything in the value that the schema does not allow; an absent value (null) is allowed."""
    schema = _resolved(schema, definitions)
    if node.value is None:
        return
    wrong = _type_mistake(schema, node.value)
    if wrong:
        yield node.finding(wrong)
        return
    if isinstance(node.value, dict):
        yield from _in_mapping(schema, node, definitions)
    elif isinstance(node.value, list):
        yield from _in_list(schema, node, definitions)
    else:
        yield from _in_scalar(schema, node)


def _resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    while "$ref" in schema:
        schema = definitions[schema["$ref"]]
    return schema


def _type_mistake(schema: Schema, value: Any) -> str | None:
    if schema.get("x-kubernetes-int-or-string"):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return f"{_show(value)} is {_word(value)}, but a number or text is expected."
        return None
    expected = schema.get("type")
    if expected is None or _is(value, expected):
        return None
    hint = ""
    if expected == "string" and not isinstance(value, dict | list):
        hint = " Put it in quotes."
    elif isinstance(value, str) and expected in ("integer", "number", "boolean"):
        hint = " Take the quotes away." if _reads_as(value, expected) else ""
    return f"{_show(value)} is {_word(value)}, but {_WORDS[expected]} is expected.{hint}"


def _is(value: Any, expected: str) -> bool:
    match expected:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "object":
            return isinstance(value, dict)
        case _:
            return isinstance(value, list)


def _reads_as(text: str, expected: str) -> bool:
    if expected == "boolean":
        return text in ("true", "false")
    return re.fullmatch(r"-?\d+" if expected == "integer" else r"-?\d+(\.\d+)?", text) is not None


def _word(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            return "text"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def _show(value: Any) -> str:
    if isinstance(value, dict | list):
        return "This"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _in_mapping(schema: Schema, node: Node, definitions: Mapping[str, Schema]) -> Iterator[Finding]:
    known = schema.get("properties")
    others = schema.get("additionalProperties")
    for key, child in node.items():
        if known and key in known:
            yield from mistakes(known[key], child, definitions)
        elif isinstance(others, Mapping):
            yield from mistakes(others, child, definitions)
        elif known and not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield child.finding(f"There is no field {key!r} here. {did_you_mean(key, known)}")
    for key in schema.get("required", ()):
        if node.mapping.get(key) is None:
            yield node.finding(f"The field {key!r} is missing here. Add it.")


def _in_list(schema: Schema, node: Node, definitions: Mapping[str, Schema]) -> Iterator[Finding]:
    keys = schema.get("x-kubernetes-list-map-keys")
    seen: set[str] = set()
    for child in node:
        if child.value is None:
            yield child.finding("An entry of this list is empty. Fill it or take it away.")
        yield from mistakes(schema.get("items", {}), child, definitions)
        if keys and child.mapping:
            identity = ", ".join(f"{key} {child.mapping.get(key)!r}" for key in keys)
            if identity in seen:
                yield child.finding(f"Another entry of this list has {identity} already. Give each its own.")
            seen.add(identity)


def _in_scalar(schema: Schema, node: Node) -> Iterator[Finding]:
    value = node.value
    allowed = schema.get("enum")
    if allowed is not None and value not in allowed:
        yield node.finding(f"{_show(value)} is none of: {', '.join(map(str, allowed))}. {_closest(value, allowed)}")
    if isinstance(value, str):
        yield from _in_text(schema, node, value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        bound = _RANGES.get(schema.get("format", ""))
        if bound is not None and not -bound <= value < bound:
            yield node.finding(f"{value} does not fit a number of {schema['format'][3:]} bits.")
        elif low is not None and value < low:
            yield node.finding(f"{value} is too small; at least {low} is expected.")
        elif high is not None and value > high:
            yield node.finding(f"{value} is too large; at most {high} is expected.")


def _in_text(schema: Schema, node: Node, value: str) -> Iterator[Finding]:
    pattern = schema.get("pattern")
    if pattern is not None and re.search(pattern, value) is None:
        what = "a quantity as 500m, 2 or 4Gi" if schema.get("x-kubernetes-int-or-string") else f"what matches {pattern}"
        yield node.finding(f"{_show(value)} is not of the right form; {what} is expected.")
    if len(value) < schema.get("minLength", 0):
        yield node.finding(f"{_show(value)} is too short; at least {schema['minLength']} characters are expected.")
    if len(value) > schema.get("maxLength", len(value)):
        yield node.finding(f"{_show(value)} is too long; at most {schema['maxLength']} characters are allowed.")


def _closest(value: Any, allowed: list[Any]) -> str:
    hint = did_you_mean(str(value), map(str, allowed))
    return hint if hint.startswith("Did") else "Choose one of them."
