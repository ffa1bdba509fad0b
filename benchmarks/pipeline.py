"""Warm time of one picture in this process: align, parse, makeup, background, compose and encode.

python -m benchmarks.pipeline [RUNS]
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

from genkol.artifacts import Kind
from genkol.dispatch import InProcess
from genkol.engine import Engine
from genkol.flow.flow import implied_flow
from genkol.flow.schedule import critical_path
from genkol.pictures import read_image
from genkol.registry import Registry
from genkol.weights import WeightsSetup, default_folder

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
INPUTS = {
    "portrait": "person-halfbody-f-02.jpg",
    "makeup": "makeup-f-purple-darkskin-02.jpg",
    "scene": "background-street-venice-09.jpg",
}
SIDE = 1024
RUNS = 7
TARGET_S = 2.0


def run(runs: int = RUNS) -> dict[str, Any]:
    """Measure, print a table and return it; times are medians in seconds.

    `steps` ran one at a time with the machine to themselves; `sum` is theirs, `critical_path` that of the
    longest chain, and `measured` is the whole request with steps in parallel, composed and encoded as PNG.
    """
    values = {kind: read_image((PHOTOS / name).read_bytes(), max_side=SIDE) for kind, name in INPUTS.items()}
    flow = implied_flow({kind: Kind(kind) for kind in values})
    registry = Registry.from_entry_points()
    in_turn = Engine(registry, InProcess(registry, WeightsSetup(default_folder()), threads=1))
    at_once = Engine.in_process(registry)
    plan = in_turn.plan(flow, values)
    one_by_one = [in_turn.run(flow, values).outcome for _ in range(runs + 1)][1:]
    together = [at_once.run(flow, values).outcome for _ in range(runs + 1)][1:]
    steps = {step.id: statistics.median(o.seconds[step.id] for o in one_by_one) for step in plan}
    found = {
        "runs": runs,
        "side": SIDE,
        "steps": {id: round(seconds, 3) for id, seconds in steps.items()},
        "compose_and_encode": round(
            statistics.median(o.total_seconds - sum(o.seconds.values()) for o in one_by_one), 3
        ),
        "sum": round(sum(steps.values()), 3),
        "critical_path": round(critical_path({s.id: s.needs for s in plan}, steps), 3),
        "measured": round(statistics.median(o.total_seconds for o in together), 3),
        "fastest": round(min(o.total_seconds for o in together), 3),
    }
    _print(found)
    return {"pipeline": found}


def _print(found: dict[str, Any]) -> None:
    print(f"One picture at {found['side']} px, warm, in one process: medians of {found['runs']} runs, seconds")
    for step, seconds in found["steps"].items():
        print(f"{step:>34} {seconds:8.3f}")
    names = {
        "sum": "sum of the steps",
        "critical_path": "longest chain of the steps",
        "compose_and_encode": "composing and encoding",
        "measured": "measured, steps in parallel",
        "fastest": "fastest of these",
    }
    for key, name in names.items():
        print(f"{name:>34} {found[key]:8.3f}")


if __name__ == "__main__":
    run(*(int(argument) for argument in sys.argv[1:2]))
