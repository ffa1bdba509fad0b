"""Warm time of one picture in this process: a thin pipeline, and a full KOL.

python -m benchmarks.pipeline [RUNS]
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genkol.artifacts import Value
from genkol.dispatch import InProcess
from genkol.engine import Engine
from genkol.flow.flow import Flow
from genkol.flow.schedule import critical_path
from genkol.inputs import CUT_OUTS
from genkol.pictures import read_image
from genkol.registry import Registry
from genkol.weights import WeightsSetup, default_folder

EXAMPLES = Path(__file__).parents[1] / "examples"
SIDE = 1024
RUNS = 7
THIN = {
    "portrait": "person-halfbody-f-02.jpg",
    "makeup": "makeup-f-purple-darkskin-02.jpg",
    "street": "background-street-venice-09.jpg",
}
FULL = {
    "portrait": "person-halfbody-f-01.jpg",
    "makeup": "makeup-f-natural-01.jpg",
    "garment": "garment-tshirt-teal.png",
    "product": "product-juice-green.png",
    "place": "background-loft-01.jpg",
}


def thin(runs: int = RUNS) -> dict[str, Any]:
    """Align, parse, makeup, background. The target is under 2 s."""
    return {"pipeline": measured("makeup-and-street.json", THIN, runs)}


def full(runs: int = RUNS) -> dict[str, Any]:
    """Align, parse, makeup, hair, try-on, product, background. The target is under 6 s."""
    return {"kol": measured("full-kol.json", FULL, runs)}


def measured(flow_file: str, photos: Mapping[str, str], runs: int) -> dict[str, Any]:
    """Measure a flow, print a table and return it; times are medians in seconds.

    `steps` ran one at a time with the machine to themselves; `sum` is theirs, `critical_path` that of the
    longest chain, and `measured` is the whole request with steps in parallel, composed and encoded as PNG.
    """
    flow, values = read_flow(flow_file, photos)
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
    return found


def read_flow(flow_file: str, photos: Mapping[str, str]) -> tuple[Flow, dict[str, Value]]:
    """A flow of the examples and its pictures."""
    flow = Flow.parse(json.loads((EXAMPLES / flow_file).read_text("utf-8")))
    return flow, {name: _read(name, flow, EXAMPLES / "photos" / photo) for name, photo in photos.items()}


def _read(name: str, flow: Flow, photo: Path) -> Value:
    return read_image(photo.read_bytes(), max_side=SIDE, keep_alpha=flow.inputs[name] in CUT_OUTS)


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
    asked = [int(argument) for argument in sys.argv[1:2]]
    thin(*asked)
    full(*asked)
