"""The commands, put together: those of this package, the weights, and what other packages bring."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points, version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from genkol.cli import catalogue, compose, plan
from genkol.errors import FlowErrors, GenkolError

COMMANDS = "genkol.commands"
"""The entry-point group of commands from elsewhere: a `typer.Typer`, or a function that typer can wrap."""


class Commands(TyperGroup):
    """Finds commands of other packages when they are called, and turns errors into text and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        found = {entry.name for entry in entry_points(group=COMMANDS)}
        return [*super().list_commands(ctx), *sorted(found - set(self.commands))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        for entry in entry_points(group=COMMANDS, name=cmd_name):
            return _as_command(entry.load(), cmd_name)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except GenkolError as error:
            print(_text(error), file=sys.stderr)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            print("Stopped. Nothing was written.", file=sys.stderr)
            raise typer.Exit(130) from error


def _text(error: GenkolError) -> str:
    """All that is wrong; a list of one is that one."""
    if isinstance(error, FlowErrors) and len(error.errors) == 1:
        return str(error.errors[0])
    return str(error)


def _as_command(found: Any, name: str) -> Any:
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False)
        found.command(name)(function)
    command = typer.main.get_command(found)
    command.name = name
    return command


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"genkol {version('genkol')}")
        raise typer.Exit


@app.callback()
def genkol(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Make campaign pictures of a virtual KOL: a portrait, a makeup, a place, one picture."""


app.command("compose")(compose.compose)
app.command("plan")(plan.plan)
app.command("services")(catalogue.services)
app.command("algorithms")(catalogue.algorithms)
app.command("matrix")(catalogue.matrix)


def _mount_weights() -> None:
    from genkol.weights.cli import app as weights

    app.add_typer(weights, name="weights")


def _mount_evaluate() -> None:
    from genkol.evaluation.cli import evaluate

    app.command("evaluate")(evaluate)


_mount_weights()
_mount_evaluate()
