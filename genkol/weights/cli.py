"""``genkol weights list | fetch | verify``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from genkol.errors import GenkolError
from genkol.weights.catalogue import Weight, catalogue, weight_named
from genkol.weights.folder import WeightsFolder, default_folder

app = typer.Typer(no_args_is_help=True, help="The model weights on this machine.")

Names = Annotated[list[str] | None, typer.Argument(help="Names of the catalogue.", show_default=False)]


@contextmanager
def _errors_as_text() -> Iterator[None]:
    try:
        yield
    except GenkolError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@app.command("list")
def list_weights() -> None:
    """Show every weight: its size and licence, and whether it is here."""
    with _errors_as_text():
        folder = default_folder()
        table = Table(box=None, pad_edge=False)
        for heading in ("name", "size", "licence", "commercial", "present"):
            table.add_column(heading, no_wrap=True, min_width=len(heading))
        for weight in catalogue().values():
            commercial = "yes" if weight.commercial else "no"
            present = "yes" if folder.has(weight.name) else "no"
            table.add_row(weight.name, _mb(weight), weight.licence, commercial, present)
        Console().print(table)
        typer.echo(f"Folder: {folder.root}")


@app.command("fetch")
def fetch_weights(
    names: Names = None,
    all_light: Annotated[bool, typer.Option("--all-light", help="All commercial weights that run on a CPU.")] = False,
) -> None:
    """Fetch weights that are not here; without names, all that allow commercial use and paint.

    Those that only measure (face-recognition, u2net) are fetched by name, or when an evaluation needs them.
    """
    with _errors_as_text():
        wanted = _named(names) if names else _paints(catalogue().values())
        if all_light:
            light = [w for w in _paints(catalogue().values()) if w.light]
            wanted = list(dict.fromkeys([*(wanted if names else ()), *light]))
        for weight, path in zip(wanted, default_folder().ensure_all(w.name for w in wanted), strict=True):
            typer.echo(f"{weight.name}  {_mb(weight)}  {path}")


@app.command("verify")
def verify_weights(names: Names = None) -> None:
    """Hash files anew; without names, all that are here."""
    with _errors_as_text():
        folder = default_folder()
        wanted = _named(names) if names else [w for w in catalogue().values() if folder.has(w.name)]
        broken = [error for weight in wanted if (error := _verdict(folder, weight)) is not None]
        if broken:
            raise broken[0] if len(broken) == 1 else GenkolError("\n".join(map(str, broken)))
        if not wanted:
            typer.echo(f"There is no weight in {folder.root}; run `genkol weights fetch`.")


def _verdict(folder: WeightsFolder, weight: Weight) -> GenkolError | None:
    try:
        folder.verify(weight.name)
    except GenkolError as error:
        return error
    typer.echo(f"{weight.name}  ok  sha256 {weight.sha256}")
    return None


def _paints(weights: Iterable[Weight]) -> list[Weight]:
    return [weight for weight in weights if weight.commercial and not weight.evaluation]


def _named(names: list[str]) -> list[Weight]:
    return [weight_named(name) for name in dict.fromkeys(names)]


def _mb(weight: Weight) -> str:
    return f"{weight.size_bytes / 1e6:.1f} MB"


if __name__ == "__main__":
    app()
