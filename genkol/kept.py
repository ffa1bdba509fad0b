"""Finished work that is kept under its name, and the protocol of who keeps it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from genkol.artifacts import Image, Value
from genkol.finish import Finished, Wanted
from genkol.flow.naming import digest_of_json
from genkol.flow.plan import Plan

FINISH = "finish"
"""Who made a finished picture, where ``service/algorithm`` is due."""


@dataclass(frozen=True)
class Kept:
    """A result and where it comes from.

    Args:
        value: of a step, or the finished picture.
        seconds: that making it took.
        by: ``service/algorithm`` that made it; of a step that the gates judge not always the planned one.
        cached: whether it was there already, or made by somebody else meanwhile.
    """

    value: Value | Finished
    seconds: float
    by: str
    cached: bool = False

    def again(self) -> Kept:
        """The same, as one that was there already."""
        return replace(self, cached=True)


Make = Callable[[], Awaitable[Kept]]


class Keeper(Protocol):
    """Keeps results by name. What fails in it is never the request's failure: then nothing is found or kept."""

    @property
    def stays_here(self) -> bool:
        """Whether all is kept on this machine: private inputs may be, too."""
        ...

    async def find(self, name: str, by: str | None = None) -> Kept | None:
        """Return what is kept under a name.

        Args:
            name: of the result.
            by: accept only what this one made.
        """
        ...

    async def once(self, name: str, make: Make, by: str | None = None) -> Kept:
        """Return what is kept under a name, or make it: one makes it, whoever else asks meanwhile waits for it.

        Raises:
            Exception: what `make` raises. It is not kept, and whoever waits tries for himself.
        """
        ...


def picture_name(plan: Plan, portrait: Image | None, wanted: Wanted) -> str:
    """Return the SHA-256 (hex) name of a plan's finished picture, empty when its steps have no names.

    Args:
        plan: whose picture it is.
        portrait: what the layers lie on, when it is an input.
        wanted: what shall come back.
    """
    if not all(step.name for step in plan) or not (plan.portrait.is_step or portrait):
        return ""
    by_id: Mapping[str, str] = {step.id: step.name for step in plan}
    return digest_of_json(
        {
            "portrait": portrait.digest if portrait else by_id[plan.portrait.source],
            "layers": [[id, by_id[id], plan.step(id).strength] for id in plan.layers],
            "finish": by_id[plan.finish] if plan.finish else None,
            "wanted": dict(vars(wanted)),
        }
    )
