"""Progress of steps: bars on a terminal, one line a step elsewhere, silence where asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from genkol.dispatch import OnEvent, StepEvent
from genkol.flow.plan import Plan


def err_console() -> Console:
    """Standard error, where all that is not the answer goes."""
    return Console(stderr=True, highlight=False)


def speak(quiet: bool) -> None:
    """Let the log of the weights be heard: what is fetched, and where it goes."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("genkol")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


@contextmanager
def steps_of(plan: Plan, quiet: bool) -> Iterator[OnEvent]:
    """Yield a listener for the events of a plan's steps."""
    console = err_console()
    if quiet:
        yield lambda event: None
    elif console.is_terminal:
        with _bars(plan, console) as listener:
            yield listener
    else:
        yield lambda event: _line(console, plan, event)


@contextmanager
def _bars(plan: Plan, console: Console) -> Iterator[OnEvent]:
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        rows = {step.id: progress.add_task(f"{step.id} [dim]{step.algorithm}", start=False, total=1.0) for step in plan}

        def hear(event: StepEvent) -> None:
            if event.state == "started":
                progress.start_task(rows[event.step])
            elif event.state == "failed":
                progress.stop_task(rows[event.step])
            progress.update(rows[event.step], completed=event.fraction)

        yield hear


def _line(console: Console, plan: Plan, event: StepEvent) -> None:
    if event.state in ("done", "failed"):
        took = "failed" if event.state == "failed" else "cached" if event.cached else f"{event.seconds:.2f} s"
        console.print(f"{event.step} ({plan.step(event.step).algorithm}): {took}", markup=False, soft_wrap=True)


@contextmanager
def waiting(text: str, quiet: bool) -> Iterator[None]:
    """Say that a server is at work."""
    console = err_console()
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


def seconds_table(report: Mapping[str, Any]) -> Table:
    """The steps of a report with their seconds."""
    table = Table(box=None, pad_edge=False)
    table.add_column("step")
    table.add_column("algorithm")
    table.add_column("seconds", justify="right")
    for step in report["steps"]:
        seconds = "cached" if step["cached"] else f"{step['seconds']:.2f}"
        table.add_row(step["id"], step["algorithm"], seconds)
    return table
