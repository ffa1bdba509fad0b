"""An Engine learns what steps take from those that ran, and says how far its estimates were off."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genkol.algorithm import Resources
from genkol.artifacts import Image
from genkol.engine import Engine, Result
from genkol.flow.estimates import PLAN
from genkol.flow.flow import Flow
from genkol.registry import Registry
from genkol.services import HAIR_EDITING, OBJECT_INTERACTION, Aspect
from genkol.stores.blobs import Folder
from genkol.stores.databases import Sqlite
from genkol.stores.index import Index
from genkol.stores.steps import StepCache
from genkol.testing import fake_engine
from tests.unit.flow.planning import algorithm, mark

FLOW = Flow.parse(
    {"inputs": {"portrait": "portrait"}, "steps": [{"service": "hair-editing"}, {"service": "object-interaction"}]}
)
SIZES = (100, 200, 300)


def portrait(side: int, shade: int = 0) -> Image:
    return Image(np.full((side, side, 3), shade, np.uint8))


def slow(service: Any, aspect: Aspect) -> type:
    """Takes 30 ms and one second for each megapixel, though it declares ten seconds."""

    def work(self: Any, arguments: Any) -> Any:
        picture = arguments["portrait"]
        time.sleep(0.03 + picture.width * picture.height / 1e6)
        return mark(self, arguments)

    return algorithm(service, "portrait", (), {aspect}, work=work, resources=Resources(seconds=10.0))


def engine(**more: Any) -> Engine:
    return fake_engine(Registry([slow(HAIR_EDITING, Aspect.HAIR), slow(OBJECT_INTERACTION, Aspect.HANDS)]), **more)


def run(engine: Engine, side: int, shade: int = 0) -> Result:
    return engine.run(FLOW, {"portrait": portrait(side, shade)})


def test_the_seconds_of_a_size_that_never_ran_are_known_after_some_runs_of_others() -> None:
    one = engine()
    assert one.plan(FLOW, {"portrait": portrait(1000)}).seconds == pytest.approx(10.1)
    first = run(one, SIZES[0])
    assert first.report()["estimate_error"] > 10
    for side in SIZES * 3:
        last = run(one, side)
    plan = one.plan(FLOW, {"portrait": portrait(500)})
    assert plan.step("hair-editing").resources.seconds == pytest.approx(0.28, rel=0.25)
    assert plan.seconds < 0.28 * 2  # both at once
    report = last.report()
    assert report["estimated_seconds"] == pytest.approx(report["seconds"], rel=0.5)
    assert report["estimate_error"] == pytest.approx(abs(report["estimated_seconds"] / report["seconds"] - 1), abs=0.01)


def test_the_error_is_told_by_algorithm_and_with_every_later_plan() -> None:
    one = engine()
    assert one.plan(FLOW).to_json()["estimate"]["error"] is None
    for _ in range(9):
        run(one, 100)
    errors = one.estimates.errors()
    assert set(errors) == {"hair-editing/fake", "object-interaction/fake", PLAN}
    assert errors["hair-editing/fake"] < 0.5
    assert one.plan(FLOW).to_json()["estimate"]["error"] == round(errors[PLAN], 3)


def test_what_was_found_in_the_cache_teaches_nothing(tmp_path: Path) -> None:
    index = Index(Sqlite(tmp_path / "index.sqlite"))
    cache = StepCache(index, Folder(tmp_path / "results"), max_bytes=1 << 30)
    one = engine(keeper=cache)
    for shade in range(3):
        run(one, 100, shade)
    before = one.plan(FLOW, {"portrait": portrait(100)}).seconds
    for _ in range(6):
        assert run(one, 100).report()["estimate_error"] is None
    assert one.plan(FLOW, {"portrait": portrait(100)}).seconds == before
    cache.close()
