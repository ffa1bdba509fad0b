"""``genkol compose``: one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genkol.artifacts import Kind
from genkol.cli import options
from genkol.finish import Wanted


def compose(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the picture goes: .png, .jpg or .webp.")],
    portrait: options.Portrait = None,
    makeup: options.Makeup = None,
    scene: options.Scene = None,
    garment: options.Garment = None,
    hairstyle: options.Hairstyle = None,
    product: options.Product = None,
    input: options.Input = None,
    look: options.Look = None,
    scene_name: options.SceneName = None,
    flow: options.FlowFile = None,
    algorithm: options.Algorithm = None,
    set_: options.Set = None,
    seed: options.Seed = None,
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
    from genkol.cli.asked import asked
    from genkol.cli.outputs import Outputs
    from genkol.cli.progress import speak

    outputs = Outputs(output, layers, report)
    outputs.check()
    wish = asked(
        pictures={
            Kind.PORTRAIT: portrait,
            Kind.MAKEUP: makeup,
            Kind.SCENE: scene,
            Kind.GARMENT: garment,
            Kind.HAIRSTYLE: hairstyle,
            Kind.PRODUCT: product,
        },
        named=input,
        flow=flow,
        look=look,
        scene_name=scene_name,
        algorithms=algorithm,
        settings=set_,
        seed=seed,
    )
    speak(quiet)
    wanted = Wanted(outputs.format, layers=layers is not None)
    produced = remote.run(server, wish, wanted, quiet) if server else local.run(wish, wanted, quiet)
    outputs.write(produced)
    if not quiet:
        said = produced.report
        typer.echo(f"{output}: {said['width']} x {said['height']} pixels in {said['seconds']:.1f} s")
