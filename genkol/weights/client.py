"""Running a package client (pip, npm) for what it knows about the user's index or registry."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from genkol.errors import WeightsMissing

TIMEOUT_S = 1800


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run to the end and return the text of both outputs, whatever the exit status.

    Raises:
        WeightsMissing: the command cannot be started or does not end.
    """
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsMissing(f"{' '.join(command[:3])} fails: {error}") from error
