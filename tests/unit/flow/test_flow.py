"""Flows as JSON: parsed strictly, salvaged for error reports, implied by inputs."""

from __future__ import annotations

import pytest

from genkol.artifacts import Kind
from genkol.errors import FlowErrors
from genkol.flow.flow import Flow, implied_flow
from tests.unit.flow.planning import generator


def test_a_flow_survives_the_way_through_json() -> None:
    flow = implied_flow({"portrait": Kind.PORTRAIT, "makeup": Kind.MAKEUP}, seed=7)
    assert Flow.parse(flow.model_dump(mode="json")) == flow


def test_all_faults_of_form_are_listed_with_their_place() -> None:
    with pytest.raises(FlowErrors) as caught:
        Flow.parse(
            {"inputs": {"portrait": "portrait"}, "steps": [{"service": "scene", "strength": 2}, {"id": "x"}], "sed": 1}
        )
    assert [error.context["field"] for error in caught.value.errors] == ["steps.0.strength", "steps.1.service", "sed"]
    assert "(got 2)" in str(caught.value)


@pytest.mark.parametrize("kind", ["face", "person", "layer", "picture"])
def test_what_steps_make_cannot_be_handed_in(kind: str) -> None:
    with pytest.raises(FlowErrors, match="an input is one of: portrait"):
        Flow.parse({"inputs": {"x": kind}})


@pytest.mark.parametrize(
    "document", [None, 3, [], "flow", {"inputs": []}, {"steps": [1]}, {"inputs": {"a": 1}, "steps": {}}]
)
def test_a_document_of_another_form_is_refused_not_raised_upon(document: object) -> None:
    _flow, faults = Flow.salvage(document)
    assert faults
    with pytest.raises(FlowErrors):
        Flow.parse(document)


def test_faults_of_form_and_of_meaning_come_in_one_answer() -> None:
    document = {
        "inputs": {"portrait": "portrait"},
        "steps": [{"service": "background", "strength": 3, "colour": "red"}, {"service": "makeup-transfr"}, {}],
    }
    flow, faults = Flow.salvage(document)
    assert flow is not None
    with pytest.raises(FlowErrors) as caught:
        generator().plan(flow, faults=faults)
    codes = [(error.code, error.context.get("field")) for error in caught.value.errors]
    assert codes == [
        ("bad-flow", "steps.0.strength"),
        ("bad-flow", "steps.0.colour"),
        ("bad-flow", "steps.2.service"),
        ("unknown-service", None),
        ("missing-input", "inputs.scene"),
    ]


def test_inputs_imply_their_steps() -> None:
    flow = implied_flow({"portrait": Kind.PORTRAIT, "g": Kind.GARMENT, "makeup": Kind.MAKEUP})
    assert [step.service for step in flow.steps] == ["virtual-try-on", "makeup-transfer"]


def test_a_named_look_and_a_scene_style_imply_steps() -> None:
    flow = implied_flow(
        {"portrait": Kind.PORTRAIT}, look="smoky", scene="studio", params={"scene": {"colours": ["#fff"]}}
    )
    assert {step.service: step.params for step in flow.steps} == {
        "makeup-transfer": {"look": "smoky"},
        "scene": {"colours": ["#fff"], "style": "studio"},
        "background": {},
    }


def test_ids_are_numbered_where_a_service_comes_twice() -> None:
    steps = [{"service": "scene"}, {"service": "scene"}, {"service": "background", "id": "scene-2"}]
    flow = Flow.parse({"inputs": {}, "steps": steps})
    assert flow.step_ids() == ("scene", "scene-3", "scene-2")
