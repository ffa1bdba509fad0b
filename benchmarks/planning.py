"""What planning saves: the most urgent step first against the fixed order, and sites chosen for the whole picture.

python -m benchmarks.planning

Drawn plans are simulated (`genkol.flow.timetable`); the full KOL is simulated with the times that were learned, and
run.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.pipeline import FULL, SIDE, read_flow
from genkol.algorithm import Resources
from genkol.dispatch import InProcess, Outcome
from genkol.engine import Engine
from genkol.finish import Wanted
from genkol.flow.arrangement import FINISH, Arrangement
from genkol.flow.placement import LOCAL, Offer, Placement
from genkol.flow.plan import Plan
from genkol.flow.timetable import Job, Timetable
from genkol.registry import Registry
from genkol.weights import WeightsSetup, default_folder

DRAWN = 400
RUNS = 5
SITES = (LOCAL, "aws")


@dataclass(frozen=True)
class Work:
    """A drawn step; see `genkol.flow.placement.Placeable`."""

    id: str
    resources: Resources = field(default_factory=Resources)
    verify: bool = False

    @property
    def key(self) -> str:
        return f"scene/step-{self.id}"


@dataclass(frozen=True)
class Way:
    """Every value takes as long between two sites."""

    way_s: float
    rest_s: float = 0.1

    def seconds(self, step: Any, site: str) -> float | None:
        return None

    def travel_s(self, source: str, here: str, there: str) -> float:
        return 0.0 if here == there else self.way_s


def run(runs: int = RUNS) -> dict[str, Any]:
    """Measure and print."""
    found = {
        "orders": {cores: _share([_orders(seed, cores) for seed in range(DRAWN)]) for cores in (2, 4, 8)},
        "sites": {spill: _share([_sites(seed, spill) for seed in range(DRAWN)]) for spill in (0.0, 2.0)},
        "kol": _full_kol(runs),
    }
    print(table(found))
    return {"planning": found}


def _share(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Of (before, after) seconds: the new time as a share of the old one."""
    ratios = [after / before for before, after in pairs]
    return {
        "mean": statistics.mean(ratios),
        "best": min(ratios),
        "worst": max(ratios),
        "better": statistics.mean(ratio < 0.999 for ratio in ratios),
    }


def _graph(rng: np.random.Generator) -> dict[str, list[str]]:
    """8 to 16 steps, each of which needs up to three of the six before it."""
    count = int(rng.integers(8, 17))
    near = [range(max(0, i - 6), i) for i in range(count)]
    needs = [rng.choice(n, min(len(n), int(rng.integers(0, 4))), replace=False) if len(n) else [] for n in near]
    return {str(i): [str(need) for need in needs[i]] for i in range(count)}


def _orders(seed: int, cores: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    jobs = [
        Job(id, dict.fromkeys(needs, 0.0), float(rng.lognormal(-1, 1)), uses=(LOCAL,))
        for id, needs in _graph(rng).items()
    ]
    capacity = {LOCAL: cores}
    return Timetable(tuple(jobs), capacity).seconds, Timetable.best(jobs, capacity).seconds


def _sites(seed: int, spill_s: float) -> tuple[float, float]:
    """Each step by its own queue and run time, and all together."""
    rng = np.random.default_rng(seed)
    graph = _graph(rng)
    offers = {
        id: {s: Offer(s, float(rng.exponential(2)), float(rng.lognormal(-1, 1)), replicas=2) for s in SITES}
        for id in graph
    }
    sources = {**{id: needs or ["portrait"] for id, needs in graph.items()}, FINISH: list(graph)}
    arrangement = Arrangement(
        [Work(id) for id in graph], offers, lambda site: None, sources, Way(float(rng.exponential(0.5)))
    )
    alone = {id: _alone(here[LOCAL], here["aws"], spill_s) for id, here in offers.items()}
    together = arrangement.best(Placement(spill_s=spill_s))
    return arrangement.timetable(alone).seconds, arrangement.timetable(together).seconds


def _alone(preferred: Offer, other: Offer, spill_s: float) -> str:
    """The site of a step that knows of no other."""

    def done_s(offer: Offer) -> float:
        return offer.wait_s + (offer.seconds or 0.0)

    return other.site if done_s(other) + spill_s < done_s(preferred) else preferred.site


def _full_kol(runs: int) -> dict[str, Any]:
    """The real flow on two threads: learned first, then the fixed order and the urgent one by turns."""
    flow, values = read_flow("full-kol.json", FULL)
    registry = Registry.from_entry_points()
    dispatcher = InProcess(registry, WeightsSetup(default_folder()), threads=2)
    engine = Engine.over(registry, dispatcher)
    declared = engine.plan(flow, values).seconds
    for _ in range(4):
        engine.run(flow, values)

    def ran(plan: Plan) -> Outcome:
        return asyncio.run(dispatcher.dispatch(plan, values, Wanted(), lambda event: None))

    fixed, urgent, errors = [], [], []
    for _ in range(runs):
        fixed.append(ran(replace(engine.plan(flow, values), timetable=None)).total_seconds)
        result = engine.run(flow, values)
        urgent.append(result.outcome.total_seconds)
        errors.append(result.estimate_error)
    plan = engine.plan(flow, values)
    assert plan.timetable is not None
    by_id = {job.id: job for job in plan.timetable.jobs}
    in_turn = Timetable(tuple(by_id[id] for id in [*(step.id for step in plan), FINISH]), plan.timetable.capacity)
    return {
        "side": SIDE,
        "runs": runs,
        "declared": declared,
        "estimate": plan.seconds,
        "error": statistics.median(error for error in errors if error is not None),
        "critical_path": plan.critical_path,
        "simulated_fixed": in_turn.seconds,
        "simulated_urgent": plan.timetable.seconds,
        "fixed": statistics.median(fixed),
        "urgent": statistics.median(urgent),
    }


def table(found: Mapping[str, Any]) -> str:
    """The section of RESULTS.md."""
    rows = [
        *((f"order of the steps, {cores} cores", share) for cores, share in found["orders"].items()),
        *((f"sites, `spill_s` {spill:g}", share) for spill, share in found["sites"].items()),
    ]
    kol = found["kol"]
    return "\n".join(
        [
            f"| new time as a share of the old, {DRAWN} drawn plans | mean | best | worst | sooner |",
            "|---|---:|---:|---:|---:|",
            *(f"| {n} | {s['mean']:.3f} | {s['best']:.3f} | {s['worst']:.3f} | {s['better']:.0%} |" for n, s in rows),
            "",
            f"| full KOL, {kol['side']} px, two threads, median of {kol['runs']} runs | seconds |",
            "|---|---:|",
            f"| estimate before anything ran | {kol['declared']:.3f} |",
            f"| estimate once learned | {kol['estimate']:.3f} |",
            f"| longest chain of the steps, as learned | {kol['critical_path']:.3f} |",
            f"| fixed order, simulated | {kol['simulated_fixed']:.3f} |",
            f"| most urgent first, simulated | {kol['simulated_urgent']:.3f} |",
            f"| fixed order, run | {kol['fixed']:.3f} |",
            f"| most urgent first, run | {kol['urgent']:.3f} |",
            "",
            f"The estimates were off by {kol['error']:.1%} (median).",
        ]
    )


if __name__ == "__main__":
    run()
