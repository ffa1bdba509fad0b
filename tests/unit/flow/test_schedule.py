"""Topological order, levels and the critical path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkol.errors import CyclicFlow
from genkol.flow.schedule import critical_path, levels, ordered


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    names = [f"s{i}" for i in range(draw(st.integers(0, 8)))]
    graph = {
        n: set(draw(st.lists(st.sampled_from(names[:i]), max_size=3))) if i else set() for i, n in enumerate(names)
    }
    return {n: graph[n] for n in draw(st.permutations(names))}


@given(graphs())
def test_each_step_comes_after_all_it_needs(graph: dict[str, set[str]]) -> None:
    order = ordered(graph, dict.fromkeys(graph, 0))
    assert sorted(order) == sorted(graph)
    assert all(order.index(need) < order.index(step) for step in graph for need in graph[step])


@given(graphs())
def test_a_level_holds_only_what_the_levels_before_it_allow(graph: dict[str, set[str]]) -> None:
    done: set[str] = set()
    for level in levels(graph):
        assert all(graph[step] <= done for step in level)
        assert any(need in previous for step in level for need in graph[step]) if (previous := done) and level else True
        done |= set(level)
    assert done == set(graph)


@given(graphs())
def test_the_critical_path_lies_between_the_longest_step_and_the_sum(graph: dict[str, set[str]]) -> None:
    seconds = {step: float(i + 1) for i, step in enumerate(sorted(graph))}
    path = critical_path(graph, seconds)
    assert max(seconds.values(), default=0) <= path <= sum(seconds.values())


def test_rank_decides_where_nothing_else_does() -> None:
    assert ordered({"a": (), "b": (), "c": ("b",)}, {"a": 2, "b": 1, "c": 0}) == ("b", "c", "a")


def test_a_circle_is_named() -> None:
    with pytest.raises(CyclicFlow, match=r"in a circle: (a -> b -> a|b -> a -> b)\."):
        ordered({"a": ("b",), "b": ("a",), "c": ()}, {"a": 0, "b": 0, "c": 0})


def test_the_longest_chain_is_the_time() -> None:
    graph = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    assert critical_path(graph, {"a": 1, "b": 2, "c": 5, "d": 1}) == 7
