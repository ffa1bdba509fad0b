"""A flow that says ``verify`` hands out nothing that the gate refuses: other seeds, other algorithms, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from genkol.algorithm import Algorithm
from genkol.artifacts import Image, Kind, Value
from genkol.dispatch import StepEvent
from genkol.engine import Engine
from genkol.errors import GateFailed, StepFailed
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.perform import TRIES, retry_seed
from genkol.registry import Registry
from genkol.services import MAKEUP_TRANSFER, UPSCALING, Aspect
from genkol.testing import FakeAlignment, fake_engine, fake_portrait
from tests.unit.flow.planning import Intense, algorithm, mark

FACE = {Aspect.FACE}
VALUES: dict[str, Value] = {"portrait": fake_portrait()}


class Counting:
    """Refuses all results but those that `good` accepts; remembers who asked."""

    def __init__(self, good: Any = lambda key, number: False) -> None:
        self.asked: list[str] = []
        self.good = good

    def require(
        self, algorithm: type[Algorithm], arguments: Mapping[str, Value], params: Mapping[str, Any], result: Value
    ) -> None:
        self.asked.append(algorithm.key())
        if not self.good(algorithm.key(), len(self.asked)):
            raise GateFailed("the spill is 12.0%, at most 8.0% passes.", measured={"spill": 0.12})


def painter(name: str = "first", seconds: float = 0.0, **more: Any) -> type[Algorithm]:
    from genkol.algorithm import Resources

    more = {"work": mark, **more}
    return algorithm(MAKEUP_TRANSFER, "portrait", FACE, FACE, name=name, resources=Resources(seconds=seconds), **more)


def flow(verify_all: bool = True, **step: Any) -> Flow:
    steps = [{"service": "makeup-transfer", **step}]
    return Flow.parse({"inputs": {"portrait": Kind.PORTRAIT}, "steps": steps, "seed": 7, "verify": verify_all})


def engine(gate: Counting | None, *algorithms: type[Algorithm]) -> Engine:
    return fake_engine(Registry([*algorithms, FakeAlignment]), gate)


def test_without_verify_the_gate_is_not_asked() -> None:
    gate = Counting()
    engine(gate, painter()).run(flow(verify_all=False), VALUES)
    engine(gate, painter()).run(flow(verify=False), VALUES)
    assert gate.asked == []


def test_a_step_may_ask_for_itself() -> None:
    with pytest.raises(GateFailed):
        engine(Counting(), painter()).run(flow(verify_all=False, verify=True), VALUES)


def test_a_result_that_passes_is_the_same_as_without_the_gate() -> None:
    made = engine(Counting(lambda key, number: True), painter()).run(flow(), VALUES)
    assert made.picture == engine(None, painter()).run(flow(verify_all=False), VALUES).picture


def test_another_seed_is_tried_until_one_passes() -> None:
    seeds: list[int] = []

    def work(self: Algorithm, arguments: dict[str, Any]) -> Any:
        arguments["step"].progress(0.5)
        seeds.append(arguments["step"].seed)
        return mark(self, arguments)

    gate, events = Counting(lambda key, number: number == 3), list[StepEvent]()
    made = engine(gate, painter(work=work)).run(flow(), VALUES, Wanted(), events.append)
    assert seeds == [seeds[0], retry_seed(seeds[0], 1), retry_seed(seeds[0], 2)]
    assert len(set(seeds)) == 3
    assert [e.state for e in events] == ["started", "progress", "progress", "progress", "done"]
    again = engine(Counting(lambda key, number: number == 3), painter(work=work)).run(flow(), VALUES)
    assert made.picture == again.picture
    unverified = engine(None, painter(work=work)).run(flow(verify_all=False), VALUES)
    assert made.picture != unverified.picture
    assert made.report()["digests"]["steps"] != unverified.report()["digests"]["steps"]


def test_when_no_seed_passes_the_step_is_refused_with_the_measured_reason() -> None:
    gate = Counting()
    with pytest.raises(GateFailed) as caught:
        engine(gate, painter()).run(flow(), VALUES)
    assert str(caught.value) == (
        "The step 'makeup-transfer' (makeup-transfer/first on local) was refused (3 seeds were tried): "
        "the spill is 12.0%, at most 8.0% passes."
    )
    assert len(gate.asked) == TRIES == 3
    assert caught.value.context == {
        "measured": {"spill": 0.12},
        "tries": 3,
        "step": "makeup-transfer",
        "algorithm": "makeup-transfer/first",
        "site": "local",
    }


def test_one_that_uses_no_seed_is_tried_once() -> None:
    gate = Counting()
    with pytest.raises(GateFailed, match="was refused: the spill"):
        engine(gate, painter(seeded=False)).run(flow(), VALUES)
    assert gate.asked == ["makeup-transfer/first"]


def test_the_next_algorithm_of_the_service_is_tried_and_the_report_names_it() -> None:
    gate = Counting(lambda key, number: key.endswith("second"))
    first, second = painter(seeded=False), painter("second", 1.0)
    made = engine(gate, first, second).run(flow(), VALUES)
    assert gate.asked == ["makeup-transfer/first", "makeup-transfer/second"]
    (step,) = made.report()["steps"]
    assert (step["algorithm"], made.plan.to_json()["steps"][0]["others"]) == ("second", ["makeup-transfer/second"])


def test_when_nobody_passes_all_are_named() -> None:
    with pytest.raises(GateFailed, match=r"first on local\) was refused.*second on local\) was refused") as caught:
        engine(Counting(), painter(seeded=False), painter("second", 1.0, seeded=False)).run(flow(), VALUES)
    assert caught.value.context["algorithm"] == "makeup-transfer/first"


@pytest.mark.parametrize(
    ("other", "step"),
    [
        (painter("second", 1.0), {"algorithm": "first"}),
        (painter("second", 1.0, general=False), {}),
        (painter("second", 1.0), {"params": {"intensity": 0.2}}),
        (algorithm(MAKEUP_TRANSFER, "portrait, makeup", FACE, FACE, name="second", work=mark), {}),
        (algorithm(MAKEUP_TRANSFER, "portrait", FACE, {*FACE, Aspect.HAIR}, name="second", work=mark), {}),
    ],
    ids=["the user chose", "does less", "has not the parameter", "needs a reference", "writes more"],
)
def test_one_that_does_not_fit_the_place_is_not_tried(other: type[Algorithm], step: dict[str, Any]) -> None:
    first = painter(seeded=False, Params=Intense, seconds=-1)
    gate = Counting()
    with pytest.raises(GateFailed):
        engine(gate, first, other).run(flow(**step), VALUES)
    assert gate.asked == ["makeup-transfer/first"]


def test_a_later_step_sees_what_the_other_algorithm_made() -> None:
    seen: list[Image] = []

    def look(self: Algorithm, arguments: dict[str, Any]) -> Any:
        seen.append(arguments["portrait"])
        return arguments["portrait"]

    upscaler = algorithm(UPSCALING, "portrait", FACE, {Aspect.FRAME}, name="same", work=look, seeded=False)
    gate = Counting(lambda key, number: not key.endswith("first"))
    wanted = Flow.parse(
        {
            "inputs": {"portrait": Kind.PORTRAIT},
            "steps": [{"service": "makeup-transfer"}, {"service": "upscaling"}],
            "seed": 7,
            "verify": True,
        }
    )
    engine(gate, painter(seeded=False), painter("second", 1.0), upscaler).run(wanted, VALUES)
    assert (seen[0].pixels != np.asarray(fake_portrait().pixels)).any()


def test_where_there_is_no_gate_nothing_is_called_verified() -> None:
    with pytest.raises(StepFailed, match="there is no gate here"):
        engine(None, painter()).run(flow(), VALUES)


def test_a_verified_step_has_another_name_and_an_unverified_one_keeps_its_own() -> None:
    plans = [engine(None, painter()).plan(flow(verify_all=v), VALUES) for v in (False, True)]
    assert plans[0].steps[0].name != plans[1].steps[0].name
    assert [p.to_json()["steps"][0]["verify"] for p in plans] == [False, True]
