"""While an algorithm is swapped, a call may reach another edition than it was planned with. It is done all the same;
but what comes of it has not the name that the plan gave it, and must not be kept under it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from genkol.perform import Call


@dataclass(frozen=True)
class Stray:
    """A value that another edition made than the plan names, or that was made of such a value.

    Args:
        value: it.
        versions: step to the version that did it, for each such step.
    """

    value: Any
    versions: Mapping[str, str]


def brought_in(values: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, str]]:
    """Return the values themselves, and the versions that the strays among them tell of."""
    versions: dict[str, str] = {}
    for value in values:
        if isinstance(value, Stray):
            versions |= value.versions
    return tuple(value.value if isinstance(value, Stray) else value for value in values), versions


def checked(call: Call, edition: str, version: str, versions: Mapping[str, str]) -> tuple[Call, dict[str, str]]:
    """Return the call, without its name where the result will be a stray; and what that one tells.

    Args:
        call: as planned.
        edition: of the algorithm that gets it.
        version: of the same.
        versions: that its values told of.
    """
    told = dict(versions)
    if call.edition and call.edition != edition:
        told[call.step] = version
    return (replace(call, name="") if told else call), told
