"""The shipped fakes keep the contract that they stand in for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genkol.algorithm import Algorithm, Step
from genkol.artifacts import Image, Kind, Value
from genkol.compose import compose
from genkol.conformance import violations
from genkol.errors import NoFace, StepFailed, WeightsMissing
from genkol.flow.flow import Flow
from genkol.registry import ports_of
from genkol.services import SERVICES
from genkol.testing import (
    FAKES,
    Failing,
    FakeAlignment,
    FakeParsing,
    NoOp,
    NoWeights,
    Slow,
    fake_engine,
    fake_portrait,
    fake_registry,
)

PARAMS: dict[type[Algorithm], dict[str, Any]] = {Slow: {"seconds": 0.05}}


def value_for(kind: Kind) -> Value:
    portrait = fake_portrait()
    if kind is Kind.FACE:
        return FakeAlignment().run(portrait, params=FakeAlignment.Params(), step=Step())
    if kind is Kind.PERSON:
        return FakeParsing().run(portrait, params=FakeParsing.Params(), step=Step())
    return portrait if kind in (Kind.PORTRAIT, Kind.PICTURE) else fake_portrait(96, 96, seed=2)


@pytest.mark.parametrize("fake", [fake for fake in FAKES if fake is not Failing], ids=lambda fake: fake.key())
def test_each_fake_conforms(fake: type[Algorithm]) -> None:
    inputs = {use.port.name: value_for(use.port.kind) for use in ports_of(fake)}
    found = violations(fake, inputs, NoWeights(), PARAMS.get(fake))
    assert found == (["The layer changes nothing on a case where it should."] if fake is NoOp else [])


def test_there_is_a_fake_for_every_service_but_identity() -> None:
    assert {fake.service.name for fake in fake_registry()} == set(SERVICES) - {"identity"}


def test_the_no_op_changes_nothing() -> None:
    portrait = fake_portrait()
    layer = NoOp().run(portrait, params=NoOp.Params(), step=Step())
    assert (compose(portrait, [layer]).pixels == portrait.pixels).all()


def test_a_flat_picture_has_no_face() -> None:
    with pytest.raises(NoFace):
        FakeAlignment().run(Image(np.zeros((64, 64, 3), np.uint8)), params=FakeAlignment.Params(), step=Step())


def test_the_failing_one_fails_as_a_step_does() -> None:
    engine = fake_engine()
    flow = Flow.parse(
        {"inputs": {"portrait": "portrait"}, "steps": [{"service": "object-interaction", "algorithm": "failing"}]}
    )
    with pytest.raises(StepFailed, match="object-interaction/failing on local"):
        engine.run(flow, {"portrait": fake_portrait()})
    engine.dispatcher.close()


def test_there_are_no_weights() -> None:
    with pytest.raises(WeightsMissing):
        NoWeights().weights("face-mesh")


def test_the_same_portrait_every_time() -> None:
    assert fake_portrait().digest == fake_portrait().digest != fake_portrait(seed=2).digest
