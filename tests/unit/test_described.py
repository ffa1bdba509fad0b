"""An algorithm without its code: rebuilt from its description, it is planned with as if the code were here."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from genkol import testing
from genkol.algorithm import Algorithm, Effects, Params, Remote, Resources, Step
from genkol.artifacts import Image, Layer
from genkol.catalogue import algorithms
from genkol.described import Description, fitting, rebuilt
from genkol.errors import BadParams, FlowErrors, MissingInput, PluginError, StepFailed
from genkol.flow.flow import Flow
from genkol.flow.generator import FlowGenerator
from genkol.perform import Call, perform
from genkol.registry import Registry, ports_of
from genkol.services import MAKEUP_TRANSFER, Aspect

PORTRAIT = Image(np.full((64, 64, 3), 90, np.uint8))
FLOW = Flow.parse({"inputs": {"portrait": "portrait", "makeup": "makeup"}, "steps": [{"service": "makeup-transfer"}]})
DIGESTS = {"portrait": "p", "makeup": "m"}


class Finish(StrEnum):
    MATTE = "matte"
    GLOSS = "gloss"


class Pen(BaseModel):
    width: int = Field(3, ge=1, le=9)


class Rich(Algorithm):
    """All kinds of parameters.

    And a second paragraph.
    """

    service = MAKEUP_TRANSFER
    name = "rich"
    version = "3"
    effects = Effects(reads={Aspect.FACE}, writes={Aspect.FACE})
    resources = Resources(seconds=0.5, price_usd=0.02)
    weights = ("face-mesh",)
    seeded = False
    general = False
    remote = Remote("somebody", "https://somebody.example/terms", "read somewhere")

    class Params(Params):
        amount: float = Field(0.5, ge=0, le=1, description="How much.")
        finish: Finish = Field(Finish.MATTE, description="Which finish.")
        colours: tuple[str, ...] = Field(default_factory=lambda: ("#aa0000",), max_length=2, description="Colours.")
        pen: Pen = Field(Pen(), description="The pen.")
        spot: Literal["left", "right"] | None = Field(None, description="Where.")

        @field_validator("colours")
        @classmethod
        def _hex(cls, colours: tuple[str, ...]) -> tuple[str, ...]:
            if not all(colour.startswith("#") for colour in colours):
                raise ValueError("colours begin with #")
            return colours

    @classmethod
    def check(cls, params: Any, given: frozenset[str]) -> str | None:
        return None if "makeup" in given or params.spot else "Give a makeup reference or a spot."

    def run(self, portrait: Image, makeup: Image | None = None, *, params: Params, step: Step) -> Layer:
        raise AssertionError("It is described and planned with; whoever runs it is another process.")


@pytest.fixture
def twin() -> type[Algorithm]:
    return rebuilt(Description.model_validate_json(Description.of(Rich).model_dump_json()))


@pytest.mark.parametrize("original", [Rich, *Registry.from_entry_points()], ids=lambda a: a.key())
def test_the_catalogue_lists_it_as_it_lists_the_original(original: type[Algorithm]) -> None:
    """All but the weights, which are its host's affair."""
    copy = rebuilt(Description.of(original))
    [told], [expected] = (algorithms(Registry([each]))["algorithms"] for each in (copy, original))
    assert {**told, "weights": []} == {**expected, "weights": []}
    assert copy.Params().canonical() == original.Params().canonical()
    assert ports_of(copy) == ports_of(original)


def test_a_plan_with_it_has_the_names_that_a_plan_with_the_original_has(twin: type[Algorithm]) -> None:
    rest = [a for a in testing.fake_registry() if a.service is not MAKEUP_TRANSFER]
    of_both = [FlowGenerator(Registry([*rest, a])).plan(FLOW, DIGESTS) for a in (Rich, twin)]
    mine, its = (replace(plan, steps=tuple(replace(s, name="", edition="") for s in plan)) for plan in of_both)
    assert mine == its
    digest = {"weights_digest": lambda names: Description.of(Rich).weights}
    mine, its = (FlowGenerator(Registry([*rest, a]), **digest).plan(FLOW, DIGESTS) for a in (Rich, twin))
    assert mine == its


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"amount": 1.5}, "1.5 is greater than the maximum of 1"),
        ({"amount": "much"}, "'much' is not of type 'number'"),
        ({"finish": "glitter"}, "'glitter' is not one of"),
        ({"colours": ["#1", "#2", "#3"]}, "is too long"),
        ({"pen": {"width": 0}}, "0 is less than the minimum of 1"),
        ({"spot": "up"}, "'up'"),
        ({"amuont": 0.5}, "Extra inputs"),
    ],
)
def test_parameters_are_held_to_what_the_original_publishes(
    twin: type[Algorithm], wrong: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        twin.Params.model_validate(wrong)
    with pytest.raises(ValidationError):
        Rich.Params.model_validate(wrong)


def test_good_parameters_are_canonical_as_the_original_s_are(twin: type[Algorithm]) -> None:
    good = {"amount": 0.25, "finish": "gloss", "colours": ["#123456"], "pen": {"width": 4}, "spot": "left"}
    assert twin.Params.model_validate(good).canonical() == Rich.Params.model_validate(good).canonical()


def test_a_misspelt_parameter_of_a_flow_is_told_with_the_right_name(twin: type[Algorithm]) -> None:
    step = {"service": "makeup-transfer", "params": {"amuont": 1}}
    flow = Flow.parse({"inputs": {"portrait": "portrait", "makeup": "makeup"}, "steps": [step]})
    with pytest.raises(FlowErrors, match=r"has no parameter 'amuont'. Did you mean 'amount'"):
        FlowGenerator(Registry([twin])).plan(flow)


def test_what_a_description_cannot_say_is_refused_where_the_code_is(twin: type[Algorithm]) -> None:
    """A validator in Python, and `check`: the answer is the same error of the caller, only later."""
    call = Call("m", Rich.key(), {"colours": ["red"]}, 0, ("portrait",), None, ())
    assert twin.Params.model_validate(dict(call.params))
    with pytest.raises(BadParams, match=r"in version 3: colours = \['red'\]: colours begin with #"):
        perform(Rich(), call, [PORTRAIT], Step("m"))
    assert twin.check(twin.Params(), frozenset()) is None
    with pytest.raises(MissingInput, match="Give a makeup reference or a spot"):
        perform(Rich(), replace(call, params={}), [PORTRAIT], Step("m"))


def test_a_call_carries_what_the_flow_says_and_leaves_defaults_to_whoever_runs_it() -> None:
    """So that a version with another set of parameters can do it, as long as the flow names none that is gone."""
    flow = Flow.parse(
        {
            "inputs": {"portrait": "portrait", "makeup": "makeup"},
            "steps": [{"service": "makeup-transfer", "params": {"amount": 0.5}}],
        }
    )
    plan = FlowGenerator(Registry([Rich])).plan(flow, DIGESTS)
    assert dict(plan.step("makeup-transfer").params) == Rich.Params().canonical()
    assert Call.of(plan.step("makeup-transfer"), plan).params == {"amount": 0.5}


def test_one_s_own_code_is_used_when_it_is_what_is_described() -> None:
    description = Description.of(Rich)
    assert fitting(Rich, Description.model_validate_json(description.model_dump_json())) is Rich
    newer = fitting(Rich, description.model_copy(update={"version": "4"}))
    assert (newer is not Rich, newer.version, newer.key()) == (True, "4", "makeup-transfer/rich")
    assert fitting(None, description).version == "3"


def test_it_does_not_run_here(twin: type[Algorithm]) -> None:
    with pytest.raises(StepFailed, match="known by its description alone"):
        twin().run()


def test_a_description_that_breaks_the_contract_is_refused() -> None:
    with pytest.raises(PluginError, match="kebab-case"):
        rebuilt(Description.of(Rich).model_copy(update={"name": "Not Kebab"}))


def test_a_schema_fetches_nothing() -> None:
    description = Description.of(Rich)
    properties = {**description.params["properties"], "amount": {"$ref": "https://example.org/schema.json"}}
    with pytest.raises(PluginError, match="needs a good default"):
        rebuilt(description.model_copy(update={"params": {**description.params, "properties": properties}}))
