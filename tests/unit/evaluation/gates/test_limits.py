"""What each service must keep, and how a verdict says what it does not."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from genkol.algorithm import Effects
from genkol.evaluation.gates import LIMITS, Limit, limits_for, verdict_on
from genkol.evaluation.gates.measure import METRICS
from genkol.services import BACKGROUND, FACE_ALIGNMENT, SERVICES, VIRTUAL_TRY_ON, Aspect, Role
from genkol.testing import Tailor
from tests.unit.flow.planning import algorithm

SIZE = Limit("size", "the size", most=3)
SHARE = Limit("share", "the share", least=0.98, percent=True)


def test_a_value_at_its_limit_passes_and_one_beyond_is_named_with_both_numbers() -> None:
    assert verdict_on({"size": 3, "share": 0.98}, (SIZE, SHARE)).passed
    verdict = verdict_on({"size": 4.25, "share": 0.5}, (SIZE, SHARE))
    assert not verdict.passed
    assert verdict.reasons == (
        "the size is 4.25, at most 3 passes",
        "the share is 50.0%, at least 98.0% passes",
    )


def test_what_was_not_to_be_measured_passes_and_what_is_no_number_does_not() -> None:
    assert verdict_on({"size": None}, (SIZE,)).passed
    assert not verdict_on({"size": math.inf}, (SIZE,)).passed
    assert not verdict_on({"size": math.nan}, (SIZE,)).passed


def test_every_service_that_changes_the_picture_has_limits_that_can_be_measured() -> None:
    changing = {name for name, service in SERVICES.items() if service.role in (Role.PAINTER, Role.FINISHER)}
    assert set(LIMITS) == changing
    assert {limit.metric for limits in LIMITS.values() for limit in limits} == set(METRICS)


@pytest.mark.parametrize("service", sorted(LIMITS))
def test_makeup_may_move_the_identity_further_than_all_else(service: str) -> None:
    (identity,) = (limit for limit in LIMITS[service] if limit.metric == "identity")
    assert identity.most == (0.45 if service == "makeup-transfer" else 0.25)


def test_recolouring_must_keep_folds_and_dressing_must_cover() -> None:
    recolour = algorithm(VIRTUAL_TRY_ON, "portrait", writes={Aspect.CLOTHES})
    names = {limit.metric for limit in limits_for(recolour)}
    assert {"lightness_correlation", "stray"} <= names
    assert not {"coverage", "spill"} & names
    names = {limit.metric for limit in limits_for(Tailor)}
    assert {"coverage", "spill"} <= names
    assert not {"lightness_correlation", "stray"} & names


def test_an_analysis_has_no_limits() -> None:
    assert limits_for(algorithm(FACE_ALIGNMENT, "picture")) == ()
    assert limits_for(algorithm(BACKGROUND, "portrait", writes={Aspect.BACKGROUND}))
    assert Effects().writes == frozenset()


def test_the_page_names_every_metric_with_its_limit() -> None:
    page = Path(__file__).parents[4].joinpath("docs/evaluation.md").read_text("utf-8")
    said = set(re.findall(r"^\| `([a-z_]+)` \|[^|]+\| (at (?:most|least)) ([\d.]+)(%?) \|", page, re.MULTILINE))
    known = set()
    for limits in LIMITS.values():
        for limit in limits:
            bound = limit.most if limit.most is not None else limit.least
            assert bound is not None
            word = "at most" if limit.most is not None else "at least"
            known.add(
                (limit.metric, word, f"{100 * bound if limit.percent else bound:g}", "%" if limit.percent else "")
            )
    assert said == known
