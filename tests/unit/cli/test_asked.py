from __future__ import annotations

from pathlib import Path

import pytest

from genkol.artifacts import Kind
from genkol.cli.asked import asked, changed, params_of
from genkol.errors import FlowErrors


def test_pictures_imply_their_services():
    wish = asked(pictures={Kind.PORTRAIT: Path("p.jpg"), Kind.SCENE: Path("s.jpg"), Kind.MAKEUP: None}, seed=3)
    assert wish.document["inputs"] == {"portrait": "portrait", "scene": "scene"}
    assert [step["service"] for step in wish.document["steps"]] == ["background"]
    assert wish.document["seed"] == 3
    assert wish.given == {"portrait": "p.jpg", "scene": "s.jpg"}


def test_names_of_looks_and_scenes_become_parameters():
    wish = asked(pictures={Kind.PORTRAIT: Path("p.jpg")}, look="rose", scene_name="sunset")
    params = {step["service"]: step.get("params") for step in wish.document["steps"]}
    assert params == {"makeup-transfer": {"look": "rose"}, "scene": {"style": "sunset"}, "background": None}


def test_an_input_named_as_a_kind_is_of_that_kind():
    wish = asked(pictures={Kind.PORTRAIT: Path("p.jpg")}, named=["prompt=a beach at noon"])
    assert wish.document["inputs"] == {"portrait": "portrait", "prompt": "prompt"}
    assert wish.given["prompt"] == "a beach at noon"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        ("sunset", "sunset"),
        ('"7"', "7"),
        ("[1, 2]", [1, 2]),
        ("a=b", "a=b"),
    ],
)
def test_a_setting_is_json_where_it_parses_and_else_text(text, value):
    assert params_of([f"scene.colours={text}"]) == {"scene": {"colours": value}}


@pytest.mark.parametrize("text", ["scene.style", "=1", "scene=1", ".style=1", "scene.=1"])
def test_a_setting_of_another_form_is_refused(text):
    with pytest.raises(FlowErrors, match=r"is not of the form SERVICE\.PARAM=VALUE"):
        params_of([text])


def test_settings_change_the_steps_of_a_flow_and_add_those_it_lacks():
    document = {
        "inputs": {},
        "steps": [{"service": "scene", "params": {"style": "studio"}}, {"service": "x", "id": "y"}],
    }
    new = changed(document, {"y": "fast"}, {"scene": {"style": "sunset"}, "background": {"blur": 1}}, 4)
    assert new["steps"] == [
        {"service": "scene", "params": {"style": "sunset"}},
        {"service": "x", "id": "y", "algorithm": "fast"},
        {"service": "background", "params": {"blur": 1}},
    ]
    assert new["seed"] == 4
    assert document["steps"][0]["params"] == {"style": "studio"}


def test_a_document_that_is_no_flow_is_left_to_the_check():
    assert changed([1], {"scene": "x"}, {}, 1) == [1]


def test_a_flow_file_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(FlowErrors, match=r"absent\.json cannot be read: No such file"):
        asked(pictures={}, flow=tmp_path / "absent.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(FlowErrors, match=r"bad\.json is no JSON"):
        asked(pictures={}, flow=tmp_path / "bad.json")


def test_a_file_for_a_kind_that_a_flow_has_twice_or_not_at_all_is_refused(tmp_path):
    flow = tmp_path / "flow.json"
    flow.write_text('{"inputs": {"a": "makeup", "b": "makeup"}}')
    with pytest.raises(FlowErrors) as refused:
        asked(pictures={Kind.MAKEUP: Path("m.jpg"), Kind.SCENE: Path("s.jpg")}, flow=flow)
    assert "--makeup m.jpg: of inputs of kind makeup the flow has several (a, b): use --input NAME=m.jpg" in str(
        refused.value
    )
    assert "--scene s.jpg: of inputs of kind scene the flow has none" in str(refused.value)
