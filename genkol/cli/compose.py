"""``genkol compose``: one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genkol.cli import options
from genkol.cli.asked import Asked
from genkol.finish import Wanted


@options.with_wish
def compose(
    wish: Asked,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the picture goes: .png, .jpg or .webp.")],
    layers: Annotated[
        Path | None, typer.Option(help="Also the layers, for a designer's program (.ora).", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Also a report: what ran, how long, with which seed.", show_default=False)
    ] = None,
    server: options.Server = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless it fails.")] = False,
) -> None:
    """Make one picture of a portrait and what goes with it.

    genkol compose --portrait anna.jpg --makeup reference.jpg --scene street.jpg -o campaign.png
    """
    from genkol.cli import local, remote
    from genkol.cli.outputs import Outputs
    from genkol.cli.progress import speak

    outputs = Outputs(output, layers, report)
    outputs.check()
    speak(quiet)
    wanted = Wanted(outputs.format, layers=layers is not None)
    produced = remote.run(server, wish, wanted, quiet) if server else local.run(wish, wanted, quiet)
    outputs.write(produced)
    if not quiet:
        said = produced.report
        typer.echo(f"{output}: {said['width']} x {said['height']} pixels in {said['seconds']:.1f} s")
