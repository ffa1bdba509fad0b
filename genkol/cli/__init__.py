"""The command line: ``genkol compose``, ``plan``, ``services``, ``algorithms``, ``matrix``, ``weights``, ``serve``."""

from __future__ import annotations


def main() -> None:
    """Run the command line of this process and exit."""
    from genkol.cli.app import app

    app()
