"""The options that `compose` and `plan` share, with their help texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from genkol.artifacts import Kind
from genkol.cli.asked import Asked, asked

_PICTURES = "Your pictures"
_WISHES = "What shall happen to them"

Portrait = Annotated[
    Path | None, typer.Option(help="The photo of the KOL.", rich_help_panel=_PICTURES, show_default=False)
]
Makeup = Annotated[
    Path | None,
    typer.Option(help="A photo of a face whose makeup is wanted.", rich_help_panel=_PICTURES, show_default=False),
]
Scene = Annotated[
    Path | None, typer.Option(help="A photo of the new place.", rich_help_panel=_PICTURES, show_default=False)
]
Garment = Annotated[
    Path | None, typer.Option(help="A flat photo of a garment to wear.", rich_help_panel=_PICTURES, show_default=False)
]
Hairstyle = Annotated[
    Path | None, typer.Option(help="A photo with the wanted hair.", rich_help_panel=_PICTURES, show_default=False)
]
Product = Annotated[
    Path | None, typer.Option(help="A photo of the product to show.", rich_help_panel=_PICTURES, show_default=False)
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        help="A picture (or the text of a prompt) for an input of the flow.",
        metavar="NAME=FILE",
        rich_help_panel=_PICTURES,
        show_default=False,
    ),
]
Look = Annotated[
    str | None,
    typer.Option(help="A makeup look by its name, instead of a photo.", rich_help_panel=_WISHES, show_default=False),
]
SceneName = Annotated[
    str | None,
    typer.Option(
        help="A painted place by its name, instead of a photo: studio, gradient, bokeh, sunset.",
        rich_help_panel=_WISHES,
        show_default=False,
    ),
]
FlowFile = Annotated[
    Path | None,
    typer.Option("--flow", help="A flow as a JSON file; see examples/.", rich_help_panel=_WISHES, show_default=False),
]
Algorithm = Annotated[
    list[str] | None,
    typer.Option(
        help="Who shall do it; `genkol algorithms` lists them.",
        metavar="SERVICE=NAME",
        rich_help_panel=_WISHES,
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A setting, e.g. makeup-transfer.intensity=0.6; `genkol algorithms SERVICE` lists them.",
        metavar="SERVICE.PARAM=VALUE",
        rich_help_panel=_WISHES,
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Same seed, same picture; 0 when left out.",
        rich_help_panel=_WISHES,
        show_default=False,
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        help="Address of a running GenKOL that shall do the work, e.g. http://localhost:8000.",
        metavar="URL",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def with_wish(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with the options of a wish; `command` gets the wish as ``wish`` and its own options."""
    shared = signature(_wish, eval_str=True).parameters
    own = signature(command, eval_str=True).parameters

    @wraps(command, assigned=("__module__", "__name__", "__doc__"))
    def whole(**given: Any) -> None:
        command(wish=_wish(**{name: given.pop(name) for name in shared}), **given)

    options = [option for name, option in {**shared, **own}.items() if name != "wish"]
    whole.__signature__ = Signature([option.replace(kind=option.KEYWORD_ONLY) for option in options])  # type: ignore[attr-defined]
    whole.__annotations__ = {}  # typer reads the signature
    return whole


def _wish(
    portrait: Portrait = None,
    makeup: Makeup = None,
    scene: Scene = None,
    garment: Garment = None,
    hairstyle: Hairstyle = None,
    product: Product = None,
    input: Input = None,
    look: Look = None,
    scene_name: SceneName = None,
    flow: FlowFile = None,
    algorithm: Algorithm = None,
    set_: Set = None,
    seed: Seed = None,
) -> Asked:
    return asked(
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
