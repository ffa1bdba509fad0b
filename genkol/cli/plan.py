"""``genkol plan``: what would run, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from genkol.cli import options
from genkol.cli.asked import Asked

if TYPE_CHECKING:
    from rich.table import Table


@options.with_wish
def plan(
    wish: Asked,
    server: options.Server = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what a picture would take, without making it: the steps and their order.

    genkol plan --flow examples/makeup-and-street.json
    """
    import json

    from rich.console import Console

    from genkol.cli import local, remote

    document = remote.plan(server, wish) if server else local.plan(wish).to_json()
    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    console = Console(highlight=False)
    console.print(plan_table(document))
    console.print(closing_line(document), markup=False, soft_wrap=True)


def plan_table(document: Mapping[str, Any]) -> Table:
    """The steps of a plan's JSON, level after level; steps of one level may run at the same time."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("level", "step", "algorithm", "takes", "on top of"):
        table.add_column(heading, overflow="fold")
    steps = {step["id"]: step for step in document["steps"]}
    for number, level in enumerate(document["levels"], 1):
        for place, id in enumerate(level):
            step = steps[id]
            takes = dict.fromkeys(source.partition(":")[2] for source in step["inputs"].values())
            first = str(number) if place == 0 else ""
            table.add_row(first, id, step["algorithm"], ", ".join(takes), ", ".join(step["sees"]))
    return table


def closing_line(document: Mapping[str, Any]) -> str:
    """The layers bottom first, and what the plan is expected to take."""
    estimate = document["estimate"]
    layers = " < ".join(document["layers"]) or "none"
    price = f", {estimate['price_usd']:.2f} USD" if estimate["price_usd"] else ""
    return (
        f"Layers, bottom first: {layers}. About {estimate['seconds']:.1f} s once warm{price}. Seed {document['seed']}."
    )
