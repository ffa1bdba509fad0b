"""Order: topological sorting, parallel levels, the critical path."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from genkol.errors import CyclicFlow

Graph = Mapping[str, Iterable[str]]
"""Step to the steps that it needs."""


def ordered(graph: Graph, rank: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the steps, each after all that it needs, and else by rank (Kahn's algorithm with a heap).

    Raises:
        CyclicFlow: some steps need each other; the message names the circle.
    """
    needs = {step: set(graph[step]) for step in graph}
    refuse_cycle(needs)
    ready = [(rank[step], step) for step in needs if not needs[step]]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, step = heapq.heappop(ready)
        order.append(step)
        for other, open_needs in needs.items():
            if step in open_needs:
                open_needs.discard(step)
                if not open_needs:
                    heapq.heappush(ready, (rank[other], other))
    return tuple(order)


def refuse_cycle(graph: Graph) -> None:
    """Raise `CyclicFlow` when steps need each other."""
    try:
        TopologicalSorter({step: set(needs) for step, needs in graph.items()}).prepare()
    except CycleError as error:
        circle = [str(step) for step in error.args[1]]
        raise CyclicFlow(
            f"The steps need each other in a circle: {' -> '.join(circle)}. "
            "Take one of these references out of `inputs` or `after`.",
            steps=circle,
        ) from error


def levels(graph: Graph) -> tuple[tuple[str, ...], ...]:
    """Return the steps in groups that may run at the same time, each after the groups before it."""
    depth: dict[str, int] = {}
    for step in TopologicalSorter({step: set(needs) for step, needs in graph.items()}).static_order():
        depth[step] = 1 + max((depth[need] for need in graph[step]), default=-1)
    groups: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for step in graph:
        groups[depth[step]].append(step)
    return tuple(tuple(group) for group in groups)


def critical_path(graph: Graph, seconds: Mapping[str, float]) -> float:
    """Return the time of the longest chain when everything independent runs at once."""
    end: dict[str, float] = {}
    for step in TopologicalSorter({step: set(needs) for step, needs in graph.items()}).static_order():
        end[step] = seconds[step] + max((end[need] for need in graph[step]), default=0.0)
    return max(end.values(), default=0.0)
