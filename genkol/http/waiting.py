"""Work for a client who may go away, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from genkol.errors import Cancelled, StepTimeout

T = TypeVar("T")

_GRACE_S = 1.0  # for the work to notice that it is cancelled


async def while_wanted(request: Request, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """Return the work's result; stop the work when the client leaves or the time is up.

    Args:
        request: its body has been read.
        work: cancelled when nobody waits for it any longer.
        timeout_s: longest time.

    Raises:
        Cancelled: the client is gone, or the work was stopped.
        StepTimeout: the time is up.
    """
    task, gone = asyncio.create_task(work), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({task, gone}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return await result_of(task)
        if gone.done():
            raise Cancelled("The client closed the connection before the picture was done.")
        raise too_late(timeout_s)
    finally:
        await _stopped(task, gone)


async def result_of(task: asyncio.Task[T]) -> T:
    """Wait for a task that others may stop, and return its result.

    Raises:
        Cancelled: somebody did.
    """
    try:
        return await task
    except asyncio.CancelledError:
        if not task.cancelled():  # it is who waits that is cancelled
            raise
        raise Cancelled("The request was stopped before the picture was done.") from None


def too_late(timeout_s: float) -> StepTimeout:
    """The error of a request whose time is up."""
    return StepTimeout(
        f"The picture was not done within {timeout_s:g} s. Ask for less, or try again.", expected=timeout_s
    )


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _stopped(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks and let them end; what they raise meanwhile interests nobody."""
    for task in tasks:
        task.cancel()
    done, _ = await asyncio.wait(tasks, timeout=_GRACE_S)
    for task in done:
        if not task.cancelled():
            task.exception()
