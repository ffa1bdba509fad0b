"""A name is never another result's: whatever decides a result changes its name, and what does not leaves it alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genkol.artifacts import Image, Kind, Value
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.flow.generator import FlowGenerator
from genkol.flow.naming import step_name
from genkol.flow.plan import Plan
from genkol.inputs import digests_of
from genkol.kept import picture_name
from genkol.registry import Registry
from genkol.services import BACKGROUND, HAIR_EDITING, MAKEUP_TRANSFER, Aspect
from tests.unit.flow.planning import Intense, algorithm

texts = st.text(max_size=6)
digests = st.text("0123456789abcdef", min_size=1, max_size=4)
params = st.dictionaries(
    texts, st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts, max_size=3
)
contents = st.fixed_dictionaries(
    {
        "algorithm": texts,
        "version": texts,
        "weights": digests,
        "params": params,
        "seed": st.integers(0, 3),
        "inputs": st.dictionaries(texts, digests, max_size=3),
        "layers": st.lists(st.tuples(digests, st.floats(0, 1)), max_size=3),
        "canvas": st.none() | texts,
        "verified": st.none() | st.lists(digests, max_size=2),
        "gate": digests,
    }
)


def decisive(content: dict[str, Any]) -> dict[str, Any]:
    """A content without what says nothing about the result."""
    left = dict(content)
    if not left["layers"]:
        del left["canvas"]
    if left["verified"] is None:
        del left["gate"]
    return left


@given(one=contents, other=contents, field=st.sampled_from(sorted({"algorithm", "version", "weights", "params", "seed",
       "inputs", "layers", "canvas", "verified", "gate"})))  # fmt: skip
def test_whatever_decides_the_result_changes_the_name(one: dict[str, Any], other: dict[str, Any], field: str) -> None:
    changed = {**one, field: other[field]}
    assume(repr(decisive(changed)) != repr(decisive(one)) and decisive(changed) != decisive(one))
    assert step_name(**changed) != step_name(**one)


@given(contents)
def test_the_order_of_params_and_ports_says_nothing(content: dict[str, Any]) -> None:
    turned = {
        **content,
        "params": dict(reversed(content["params"].items())),
        "inputs": dict(reversed(content["inputs"].items())),
    }
    assert step_name(**turned) == step_name(**content)


@given(contents, st.lists(digests, max_size=2), digests)
def test_a_verified_name_is_never_that_of_an_unverified_result(
    content: dict[str, Any], others: list[str], gate: str
) -> None:
    unverified = step_name(**{**content, "verified": None})
    assert step_name(**{**content, "verified": others, "gate": gate}) != unverified


FACE, HAIR, GROUND = {Aspect.FACE}, {Aspect.HAIR}, {Aspect.BACKGROUND}
PICTURE = Image(np.full((64, 80, 3), 90, np.uint8))
OTHER = Image(np.full((64, 80, 3), 91, np.uint8))


def makeup(**attributes: Any) -> Any:
    return algorithm(
        MAKEUP_TRANSFER, "portrait, makeup=None", FACE, FACE, name="one", Params=Intense,
        **({"weights": ("w",)} | attributes),
    )  # fmt: skip


def plan(
    painter: Any = None,
    values: dict[str, Value] | None = None,
    weights: str = "w1",
    gate: str = "g1",
    hair: dict[str, Any] | None = None,
    seed: int = 1,
    verify: bool = False,
    **step: Any,
) -> Plan:
    """Hair below makeup, which reads the face that the hair step writes here; a background beside them."""
    registry = Registry(
        [
            painter or makeup(),
            algorithm(MAKEUP_TRANSFER, "portrait, makeup=None", FACE, FACE, name="two", Params=Intense),
            algorithm(HAIR_EDITING, "portrait", HAIR, {*HAIR, *FACE}, name="dye", seeded=False, Params=Intense),
            algorithm(BACKGROUND, "portrait", GROUND, GROUND, name="ground", seeded=False),
        ]
    )
    generator = FlowGenerator(registry, weights_digest=lambda _: weights, gate_digest=lambda _: gate)
    steps = [
        {"id": "hair", "service": "hair-editing", **(hair or {})},
        {"id": "makeup", "service": "makeup-transfer", **({"algorithm": "one"} | step)},
        {"id": "ground", "service": "background"},
    ]
    inputs = {"portrait": Kind.PORTRAIT, "look": Kind.MAKEUP}
    flow = Flow.parse({"inputs": inputs, "steps": steps, "seed": seed, "verify": verify})
    return generator.plan(flow, digests_of(values or {"portrait": PICTURE, "look": PICTURE}))


def name(plan: Plan, id: str = "makeup") -> str:
    return plan.step(id).name


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "two"},
        {"painter": makeup(version="2")},
        {"weights": "w2"},
        {"params": {"intensity": 0.6}},
        {"seed": 2},
        {"values": {"portrait": OTHER, "look": PICTURE}},
        {"values": {"portrait": PICTURE, "look": OTHER}},
        {"hair": {"strength": 0.5}},
        {"hair": {"params": {"intensity": 0.1}}},
        {"verify": True},
    ],
    ids=lambda change: "-".join(change),
)
def test_a_change_of_the_flow_changes_the_name_of_the_step_and_of_the_picture(change: dict[str, Any]) -> None:
    one, other = plan(), plan(**change)
    assert name(one) != name(other)
    assert picture_name(one, PICTURE, Wanted()) != picture_name(other, PICTURE, Wanted())


def test_what_does_not_decide_a_step_leaves_its_name() -> None:
    one = plan()
    assert name(plan()) == name(one)
    assert name(plan(strength=0.3)) == name(one)
    assert name(plan(seed=2), "hair") == name(one, "hair")  # not seeded
    assert name(plan(params={"intensity": 0.6}), "ground") == name(one, "ground")  # beside it
    assert name(plan(gate="g2")) == name(one)  # not judged


def test_what_the_gates_hold_a_verified_step_to_is_in_its_name() -> None:
    assert name(plan(verify=True, gate="g1")) != name(plan(verify=True, gate="g2"))


def test_who_else_may_try_is_in_a_verified_name() -> None:
    assert name(plan(verify=True, algorithm=None)) != name(plan(verify=True))


def test_the_same_pixels_elsewhere_than_on_the_canvas_are_another_result() -> None:
    """The layers beneath lie on the portrait, and not on a reference that happens to look like it."""
    named = {"algorithm": "a/b", "version": "1", "weights": "", "params": {}, "seed": 0, "inputs": {"portrait": "d"}}
    layers = [("l", 1.0)]
    assert step_name(**named, layers=layers, canvas="portrait") != step_name(**named, layers=layers, canvas=None)


@pytest.mark.parametrize("wanted", [Wanted("jpeg"), Wanted(layers=True), Wanted(swatches=True)])
def test_another_wish_is_another_picture(wanted: Wanted) -> None:
    assert picture_name(plan(), PICTURE, Wanted()) != picture_name(plan(), PICTURE, wanted)


def test_a_strength_is_in_the_picture_though_not_in_the_step() -> None:
    assert picture_name(plan(strength=0.5), PICTURE, Wanted()) != picture_name(plan(), PICTURE, Wanted())


def test_a_plan_without_values_has_no_names_and_its_picture_none() -> None:
    one = plan()
    unnamed = FlowGenerator(Registry([makeup()])).plan(
        Flow.parse({"inputs": {"portrait": Kind.PORTRAIT}, "steps": [{"service": "makeup-transfer"}]})
    )
    assert [step.name for step in unnamed] == [""]
    assert picture_name(unnamed, PICTURE, Wanted()) == ""
    assert len(picture_name(one, PICTURE, Wanted())) == 64
