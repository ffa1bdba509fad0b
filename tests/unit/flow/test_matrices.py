"""The compatibility and the dependency matrix."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from genkol.algorithm import Effects
from genkol.artifacts import Kind
from genkol.flow.matrices import compatibility, dependency, dependency_table, hazards
from genkol.services import SERVICES, Aspect

aspects = st.frozensets(st.sampled_from(list(Aspect)))
all_effects = st.builds(Effects, aspects, aspects)


def test_every_kind_meets_every_port() -> None:
    matrix = compatibility()
    ports = {f"{s.name}.{p.name}" for s in SERVICES.values() for p in s.ports}
    assert set(matrix) == {kind.value for kind in Kind}
    assert all(set(row) == ports for row in matrix.values())


def test_any_picture_can_be_analysed_and_a_face_cannot() -> None:
    matrix = compatibility()
    assert matrix["makeup"]["face-alignment.picture"]
    assert matrix["portrait"]["person-parsing.picture"]
    assert not matrix["face"]["face-alignment.picture"]
    assert not matrix["garment"]["makeup-transfer.makeup"]


def test_no_port_takes_a_layer() -> None:
    assert not any(compatibility()["layer"].values())


def test_reading_alone_is_no_hazard() -> None:
    assert not hazards(Effects(reads={Aspect.FACE}), Effects(writes={Aspect.FACE}))
    assert hazards(Effects(writes={Aspect.FACE}), Effects(reads={Aspect.FACE})) == {Aspect.FACE}
    assert hazards(Effects(writes={Aspect.FACE}), Effects(writes={Aspect.FACE})) == {Aspect.FACE}


@given(st.lists(all_effects, max_size=6))
def test_the_dependency_matrix_is_strictly_upper_triangular(effects: list[Effects]) -> None:
    matrix = dependency(effects)
    assert all(not matrix[i][j] for i in range(len(effects)) for j in range(i + 1))
    assert all(matrix[i][j] == hazards(effects[i], effects[j]) for j in range(len(effects)) for i in range(j))


def test_the_table_lists_edges_by_name() -> None:
    table = dependency_table({"a": Effects(writes={Aspect.HAIR}), "b": Effects(reads={Aspect.HAIR, Aspect.FACE})})
    assert table == {"a": {"b": ["hair"]}, "b": {}}
