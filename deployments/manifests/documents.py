"""YAML documents as values that know where they stand, so that a finding can name file, line and path."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

MAX_BYTES = 4 << 20
MAX_VALUES = 200_000
"""A document with more values than this, aliases counted each time, is refused."""

MAX_BITS = 128
"""No number of a manifest is longer; Python itself refuses to write out very long ones."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Args:
        file: as it was given.
        line: from 1.
        document: ``Kind/name``, or empty where that is not known.
        path: ``spec.workerGroupSpecs[1].groupName``.
        message: the value, what was expected and what to do.
    """

    file: str
    line: int
    document: str
    path: str
    message: str

    def __str__(self) -> str:
        where = " ".join(part for part in (self.document, self.path) if part)
        return f"{self.file}:{self.line}: {where + ': ' if where else ''}{self.message}"


@dataclass(frozen=True)
class Source:
    """One document of a file.

    Args:
        file: as it was given.
        name: ``Kind/name``.
        lines: line of each path.
        under: path of a document that stands in a string of another one.
    """

    file: str
    name: str = ""
    lines: Mapping[Path, int] = field(default_factory=dict)
    under: Path = ()

    def line(self, path: Path) -> int:
        """The line of a path, or of what is nearest above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(frozen=True)
class Node:
    """A value in a document. Asking for what is not there, or is of another type, gives an empty one: the schema
    has said already that it is wrong.
    """

    source: Source
    value: Any
    path: Path = ()

    def __getitem__(self, key: str) -> Node:
        return Node(self.source, self.mapping.get(key), (*self.path, key))

    def at(self, *keys: str) -> Node:
        node = self
        for key in keys:
            node = node[key]
        return node

    def __iter__(self) -> Iterator[Node]:
        if isinstance(self.value, list):
            for number, value in enumerate(self.value):
                yield Node(self.source, value, (*self.path, number))

    def __bool__(self) -> bool:
        return self.value is not None

    @property
    def mapping(self) -> dict[str, Any]:
        return self.value if isinstance(self.value, dict) else {}

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> float | None:
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return self.value if is_number and math.isfinite(self.value) else None

    def items(self) -> Iterator[tuple[str, Node]]:
        for key in self.mapping:
            yield key, self[key]

    def finding(self, message: str) -> Finding:
        shown = show_path((*self.source.under, *self.path))
        return Finding(self.source.file, self.source.line(self.path), self.source.name, shown, message)


def show_path(path: Path) -> str:
    """Write a path as people do.

    >>> show_path(("spec", "groups", 1, "labels", "genkol/site"))
    'spec.groups[1].labels["genkol/site"]'
    """
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif part.replace("-", "").replace("_", "").isalnum():
            shown += f".{part}" if shown else part
        else:
            shown += f'["{part}"]'
    return shown


def read(text: str, file: str, *, under: Node | None = None) -> tuple[list[Node], list[Finding]]:
    """Read all documents of a text, as far as it can be read.

    Args:
        text: YAML.
        file: what findings call it.
        under: the string in another document that the text is the value of.
    """
    base = Source(file)
    if under is not None:
        base = Source(file, under.source.name, {(): under.source.line(under.path)}, under.path)
    first = base.line(()) if under is not None else 0
    nodes: list[Node] = []
    findings: list[Finding] = []
    if len(text) > MAX_BYTES:
        return nodes, [Node(base, None).finding(f"{len(text)} characters are too many; at most {MAX_BYTES} are read.")]
    try:
        for root in yaml.compose_all(text, Loader=yaml.SafeLoader):
            if root is not None:
                builder = _Builder(base, first)
                node = Node(replace(base, lines=builder.lines), builder.build(root, (), frozenset()))
                nodes.append(_named(node) if under is None else node)
                findings += (replace(each, document=nodes[-1].source.name) for each in builder.findings)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first + (mark.line + 1 if mark is not None else 1)
        findings.append(_at(base, line, f"This is no YAML: {error.problem}."))
    except (yaml.YAMLError, ValueError) as error:
        findings.append(_at(base, first + 1, f"This is no YAML: {' '.join(str(error).split())}."))
    except RecursionError:
        findings.append(_at(base, first + 1, "This is nested too deeply to be read."))
    return nodes, findings


def _at(source: Source, line: int, message: str) -> Finding:
    return Node(replace(source, lines={(): line}), None).finding(message)


def _named(node: Node) -> Node:
    name = node.at("metadata", "name").text
    kind = node["kind"].text
    return replace(node, source=replace(node.source, name=f"{kind}/{name}" if kind and name else kind))


class _Builder:
    """Turns composed nodes into plain values and keeps the lines."""

    def __init__(self, source: Source, first: int) -> None:
        self.lines: dict[Path, int] = {}
        self.findings: list[Finding] = []
        self._source = source
        self._first = first
        self._count = 0
        self._loader = yaml.SafeLoader("")

    def build(self, node: yaml.Node, path: Path, above: frozenset[int]) -> Any:
        self.lines.setdefault(path, self._line(node))
        self._count += 1
        if self._count > MAX_VALUES:
            raise ValueError(f"it holds more than {MAX_VALUES} values")
        if id(node) in above:
            self._find(node, path, "This alias stands within what it refers to. Write the value out.")
            return None
        above = above | {id(node)}
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, above)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, number), above) for number, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path, above: frozenset[int]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                for each in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    found = self.build(each, path, above)
                    merged = {**found, **merged} if isinstance(found, dict) else merged
                continue
            key = self._key(key_node, path)
            if key in own:
                self._find(key_node, path, f"The key {key!r} stands here twice. Keep one of them.")
            self.lines[(*path, key)] = self._line(key_node)
            own[key] = self.build(value_node, (*path, key), above)
        return {**merged, **own}

    def _key(self, node: yaml.Node, path: Path) -> str:
        value = self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(value, str):
            return value
        text = str(node.value) if isinstance(node, yaml.ScalarNode) else "a list or mapping"
        self._find(node, path, f"The key {text[:80]!r} is no text. Put it in quotes.")
        return text

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            value = self._loader.construct_object(node, deep=True)
            if isinstance(value, int) and value.bit_length() > MAX_BITS:
                raise ValueError
            return value
        except (yaml.YAMLError, ValueError, OverflowError):
            self._find(node, path, f"{str(node.value)[:80]!r} cannot be read as {node.tag}. Put it in quotes.")
            return str(node.value)

    def _line(self, node: yaml.Node) -> int:
        return self._first + int(node.start_mark.line) + 1

    def _find(self, node: yaml.Node, path: Path, message: str) -> None:
        source = replace(self._source, lines={path: self._line(node)})
        self.findings.append(Node(source, None, path).finding(message))
