"""Run the benchmarks and write the measured part of benchmarks/RESULTS.md.

    python -m benchmarks [NAME ...]

NAME is pipeline, kol, planning, cache, landmarks, matte, engine or chaos; all when left out. A part of RESULTS.md that
was not measured anew stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import cache, chaos, landmarks, machine, matte, overhead, pipeline, planning

RESULTS = Path(__file__).with_name("RESULTS.md")
BENCHMARKS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "pipeline": pipeline.thin,
    "kol": pipeline.full,
    "planning": planning.run,
    "cache": cache.run,
    "landmarks": landmarks.run,
    "matte": matte.run,
    "engine": overhead.run,
    "chaos": chaos.run,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks; returns the exit code."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"No benchmark named {', '.join(unknown)}. There is: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    on = machine.described()
    print(", ".join(f"{name} {value}" for name, value in on.items()))
    text = RESULTS.read_text("utf-8")
    for name in names or BENCHMARKS:
        print()
        found = BENCHMARKS[name]()
        if found:
            text = with_section(text, name, f"{_machine(on)}\n\n{TABLES[name](found[name])}")
    RESULTS.write_text(text, "utf-8")
    print(f"\nWritten: {RESULTS.name}")
    return 0


def with_section(text: str, name: str, content: str) -> str:
    """Return the document with other content between the marks of a section.

    >>> print(with_section("a <!-- x --> old <!-- /x --> b", "x", "new"))
    a <!-- x -->
    new
    <!-- /x --> b
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    marked = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    return marked.sub(lambda _: f"{start}\n{content}\n{end}", text)


def _machine(on: Mapping[str, str]) -> str:
    return "Measured on: " + ", ".join(f"{name} {value}" for name, value in on.items()) + "."


def _pipeline_table(found: Mapping[str, Any]) -> str:
    rows = [f"| `{step}` | {seconds:.3f} |" for step, seconds in found["steps"].items()]
    rows += [
        f"| sum of the steps | {found['sum']:.3f} |",
        f"| longest chain of the steps | {found['critical_path']:.3f} |",
        f"| composing and encoding (PNG) | {found['compose_and_encode']:.3f} |",
        f"| **whole picture, steps in parallel** | **{found['measured']:.3f}** |",
        f"| the fastest of these | {found['fastest']:.3f} |",
    ]
    head = f"| {found['side']} px, warm, median of {found['runs']} runs | seconds |\n|---|---:|"
    return "\n".join([head, *rows])


def _landmarks_table(found: Mapping[str, Any]) -> str:
    rows = [
        f"| {r['size']} | {r['faces']} | {r['found']} | {_number(r['inner'])} | {_number(r['inner_worst'])} "
        f"| {_number(r['jaw'])} |"
        for r in found["by_size"]
    ]
    head = "| width of the face | faces | found | inner points | worst face | jaw |\n|---|---:|---:|---:|---:|---:|"
    return "\n".join([head, *rows])


def _matte_table(found: Mapping[str, Any]) -> str:
    grounds = [
        f"| {name} | {e['sad']:.2f} | {e['mse']:.2f} | {e['gradient']:.3f} | {e['iou']:.4f} |"
        for name, e in found["by_ground"].items()
    ]
    times = [f"| `{name}` | {seconds:.2f} |" for name, seconds in found["seconds"].items()]
    accuracy = ["| ground | SAD, k | MSE, 1e-3 | gradient, k | IoU |", "|---|---:|---:|---:|---:|", *grounds, ""]
    return "\n".join([*(accuracy if grounds else ()), "| parsing, warm, 1024 px | seconds |", "|---|---:|", *times])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "pipeline": _pipeline_table,
    "kol": _pipeline_table,
    "planning": planning.table,
    "cache": cache.table,
    "landmarks": _landmarks_table,
    "matte": _matte_table,
    "engine": overhead.table,
    "chaos": chaos.table,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
