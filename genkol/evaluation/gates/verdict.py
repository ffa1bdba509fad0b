"""A verdict: whether a result passed, what was measured, and why not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from genkol.evaluation.gates.limits import Limit


@dataclass(frozen=True)
class Verdict:
    """What the gates say of one result.

    Args:
        passed: nothing that was measured breaks its limit.
        measured: metric to value; None where there was nothing to measure.
        reasons: a sentence's end for each limit that is broken, with the value and the limit.
    """

    passed: bool
    measured: Mapping[str, float | None]
    reasons: tuple[str, ...] = ()


def verdict_on(measured: Mapping[str, float | None], limits: Iterable[Limit]) -> Verdict:
    """Hold measured values against limits. What is None was not to be measured and passes; NaN does not."""
    reasons = [
        limit.reason(value)
        for limit in limits
        if (value := measured.get(limit.metric)) is not None and (math.isnan(value) or not limit.holds(value))
    ]
    return Verdict(not reasons, dict(measured), tuple(reasons))
