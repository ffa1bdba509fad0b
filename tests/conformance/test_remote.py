"""The algorithms that run at a cloud keep the contract too, against a server that answers as the cloud does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from genkol.algorithm import Algorithm
from genkol.algorithms.background.bedrock_nova import NovaBackground
from genkol.algorithms.virtual_try_on.bedrock_nova import NovaTryOn
from genkol.artifacts import Image, Person, Value
from genkol.conformance import violations
from genkol.registry import ports_of
from genkol.weights import WeightsSetup
from tests.bedrock_server import BedrockServer

REMOTE = (NovaTryOn, NovaBackground)


@pytest.fixture(scope="module")
def values(photo: Callable[..., Image], person_of: Callable[[Image], Person]) -> Mapping[str, Value]:
    portrait = photo("person-halfbody-f-01.jpg", 640)
    return {
        "portrait": portrait,
        "person": person_of(portrait),
        "garment": photo("garment-tshirt-red.png", 640),
        "prompt": "a quiet beach at dawn",
    }


@pytest.mark.weights
@pytest.mark.parametrize("algorithm", REMOTE, ids=lambda a: a.key())
def test_conforms(
    algorithm: type[Algorithm], values: Mapping[str, Value], weights_setup: WeightsSetup, bedrock: BedrockServer
) -> None:
    inputs = {use.port.name: values[use.port.name] for use in ports_of(algorithm)}
    assert violations(algorithm, inputs, weights_setup) == []
    assert bedrock.calls > 0


@pytest.mark.parametrize("algorithm", REMOTE, ids=lambda a: a.key())
def test_says_where_the_inputs_go_and_what_it_costs(algorithm: type[Algorithm]) -> None:
    assert algorithm.remote is not None
    assert all((algorithm.remote.provider, algorithm.remote.terms, algorithm.remote.prices, algorithm.remote.until))
    assert algorithm.needs(algorithm.Params()) == algorithm.resources
    assert algorithm.resources.price_usd > 0
    assert "amazon.nova-canvas-v1:0" in algorithm.version
