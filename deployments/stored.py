"""The step cache on Ray Serve: what is kept passes by name, from the store to who needs it, not through the Engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar, cast

from genkol.artifacts import Image, Value
from genkol.errors import StepFailed
from genkol.finish import Finished, Wanted
from genkol.flow.plan import Plan
from genkol.kept import FINISH, Kept, picture_name
from genkol.perform import Call
from genkol.settings import settings
from genkol.stores.steps import StepCache, open_cache

T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """Stands for a value that the step cache has, at the top level of a call, where the value itself is due.

    Args:
        name: of the result.
        step: whose it is, for messages.
    """

    name: str
    step: str


@lru_cache(maxsize=1)
def replicas_cache() -> StepCache | None:
    """The step cache of this process, as its settings say; opened on first use, so that starting waits for nothing."""
    return open_cache(settings())


async def found_or_made(
    cache: StepCache | None,
    call: Call,
    values: Sequence[Value | Stored],
    work: Callable[[Sequence[Value]], Awaitable[Value]],
) -> Value:
    """Return a step's result: from the cache, from whoever makes it at this moment, or by work, and then it is kept.

    Args:
        cache: None runs the work.
        call: the step; one without a name is run and not kept.
        values: its own; the stored ones are read when there is work.
        work: runs the step.

    Raises:
        StepFailed: a stored value is gone (see `opened`), or what `work` raises.
    """

    async def make() -> Kept:
        given = cast(list[Value], await asyncio.to_thread(opened, cache, values))
        started = time.perf_counter()
        return Kept(await work(given), time.perf_counter() - started, call.key)

    if cache is None or not call.name:
        return cast(Value, (await make()).value)
    # Only what this algorithm made: the Engine asks the others itself, and must know who answers.
    kept = await cache.find(call.name, by=call.key) or await cache.once(call.name, make, by=call.key)
    return cast(Value, kept.value)


def opened(cache: StepCache | None, values: Sequence[T | Stored]) -> list[T | Value]:
    """Return values with the stored ones read from the cache.

    Raises:
        StepFailed: some are gone, evicted or damaged meanwhile. The context has ``stored``, their names: the steps
            that made them must be run again, and then this one, which has not begun.
    """
    read: list[T | Value] = []
    gone: list[Stored] = []
    for value in values:
        if not isinstance(value, Stored):
            read.append(value)
            continue
        kept = cache.get(value.name) if cache else None
        if kept is None or isinstance(kept.value, Finished):
            gone.append(value)
        else:
            read.append(kept.value)
    if gone:
        steps = ", ".join(repr(value.step) for value in gone)
        raise StepFailed(
            f"The kept result of {steps} is gone. The step must run again.",
            stored=[value.name for value in gone],
            lost=True,
            input_lost=True,
            repeatable=True,
        )
    return read


@dataclass(frozen=True)
class Shortcut:
    """What of a plan need not be made.

    Args:
        picture: the finished picture, when that is kept: nothing is to be called at all.
        name: of the finished picture; empty when it has none.
        stored: step to what stands for its value, for steps that somebody needs.
        needless: ids of steps that nobody needs, as all who would are stored.
        instead: step to ``service/algorithm`` for stored ones that another algorithm made than planned.
    """

    picture: Finished | None = None
    name: str = ""
    stored: Mapping[str, Stored] = field(default_factory=dict)
    needless: frozenset[str] = frozenset()
    instead: Mapping[str, str] = field(default_factory=dict)

    @property
    def cached(self) -> frozenset[str]:
        """Ids of the steps that are not called."""
        return self.needless.union(self.stored)


async def shortcut(
    cache: StepCache | None,
    plan: Plan,
    inputs: Mapping[str, Value],
    wanted: Wanted,
) -> Shortcut:
    """Find out what of a plan is kept: one look at the index, and only a finished picture is read.

    Args:
        cache: None: nothing is.
        plan: with named steps.
        inputs: their values, of which the portrait's digest names the picture.
        wanted: what shall come back.
    """
    if cache is None or not all(step.name for step in plan):
        return Shortcut()
    portrait = None if plan.portrait.is_step else inputs[plan.portrait.source]
    name = picture_name(plan, portrait if isinstance(portrait, Image) else None, wanted)
    kept = await cache.find(name)
    if kept and isinstance(kept.value, Finished):
        return Shortcut(kept.value, name, needless=frozenset(step.id for step in plan))
    known = await asyncio.to_thread(cache.known, [step.name for step in plan])
    stored: dict[str, Stored] = {}
    made: set[str] = set()
    wanted_ids = list(plan.ends)
    while wanted_ids:
        step = plan.step(wanted_ids.pop())
        if step.id in made or step.id in stored:
            continue
        if step.name in known:
            stored[step.id] = Stored(step.name, step.id)
        else:
            made.add(step.id)
            wanted_ids.extend(step.needs)
    return Shortcut(
        name=name,
        stored=stored,
        needless=frozenset(step.id for step in plan) - made - stored.keys(),
        instead={id: by for id, s in stored.items() if (by := known[s.name].by) != plan.step(id).key},
    )


def keep_picture(
    cache: StepCache | None, cut: Shortcut, finished: Finished, seconds: float, instead: Mapping[str, str]
) -> None:
    """Keep a finished picture in the background.

    Args:
        cache: None keeps nothing.
        cut: gives its name.
        finished: the picture.
        seconds: of the whole request.
        instead: who did steps in another's place. Such a picture is not kept: its report could not be told again.
            Nor is one that other versions had a hand in than its name says.
    """
    if cache is not None and cut.name and not instead and not finished.versions and cut.picture is None:
        cache.keep_soon(cut.name, Kept(finished, seconds, FINISH))
