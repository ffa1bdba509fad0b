"""`genkol cluster check`: what a cluster's files say, checked before any cluster sees them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deployments.manifests.check import Report, check_files
from deployments.manifests.kinds import KUBERAY
from genkol.errors import GenkolError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Files for clusters.")


@app.callback()
def cluster() -> None:
    """Files for clusters."""


@app.command("check")
def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Manifests, Serve configs or files for `ray up`.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check files for a cluster, without one: everything that is wrong comes at once, and the exit code is 2."""
    try:
        report = check_files(files)
    except GenkolError as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _say(report, files)
    if report.findings:
        raise typer.Exit(2)


def _say(report: Report, files: Sequence[Path]) -> None:
    for finding in report.findings:
        typer.echo(str(finding), err=True)
    if report.findings:
        noun = "thing is" if len(report.findings) == 1 else "things are"
        typer.echo(f"{len(report.findings)} {noun} wrong.", err=True)
        return
    for name in report.unchecked:
        typer.echo(f"Not checked, as its kind is not known here: {name}.")
    if report.expected:
        typer.echo(f"Must be in the cluster already: {', '.join(report.expected)}.")
    noun = "document is" if len(report.documents) == 1 else "documents are"
    typer.echo(f"{len(report.documents)} {noun} right, as KubeRay {KUBERAY}, Ray Serve and GenKOL see it.")


if __name__ == "__main__":
    app()
