"""A picture in the making, told as server-sent events."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from genkol.dispatch import OnEvent, StepEvent
from genkol.engine import Result
from genkol.errors import GenkolError
from genkol.http import problems
from genkol.http.waiting import result_of, too_late, while_wanted

log = logging.getLogger("genkol.http")

EVENTS = "text/event-stream"
KEEP_ALIVE_S = 15.0
"""After so long without news a comment is sent, so that nothing on the way takes the connection for dead."""

Work = Callable[[OnEvent], Coroutine[Any, Any, Result]]


async def streamed(
    request: Request, work: Work, describe: Callable[[Result], dict[str, Any]], timeout_s: float
) -> Response:
    """Return the stream of a picture's events: ``step`` for each `StepEvent`; at the end ``picture``, or ``problem``.

    What goes wrong before the first step is no stream but a problem with its own status.

    Args:
        request: its body has been read.
        work: makes the picture; cancelled when nobody listens any longer.
        describe: the result as JSON.
        timeout_s: longest time.

    Raises:
        GenkolError: the picture was not begun.
    """
    news: asyncio.Queue[StepEvent | None] = asyncio.Queue()
    task = asyncio.create_task(work(news.put_nowait))
    task.add_done_callback(lambda _: news.put_nowait(None))
    started = asyncio.get_running_loop().time()
    try:
        first = await while_wanted(request, news.get(), timeout_s)
        if first is None:
            await result_of(task)  # ended before any step began: most likely it raises
    except BaseException:
        task.cancel()
        raise

    async def events() -> AsyncIterator[bytes]:
        try:
            async for event in _until(news, first, started + timeout_s):
                yield _event("step", json.dumps(vars(event))) if event else b": still at it\n\n"
            if not task.done():
                raise too_late(timeout_s)
            yield _event("picture", json.dumps(await asyncio.to_thread(describe, await result_of(task))))
        except GenkolError as error:
            yield _problem(problems.problem(error, request.scope))
        except Exception:
            log.exception("a picture failed while its events were told")
            yield _problem(problems.unexpected(request.scope))
        finally:
            task.cancel()

    return StreamingResponse(events(), media_type=EVENTS)


async def _until(
    news: asyncio.Queue[StepEvent | None], event: StepEvent | None, end: float
) -> AsyncIterator[StepEvent | None]:
    """Yield this event and those that come, until there are no more or the time is up; None when nothing comes."""
    while event is not None:
        yield event
        while True:
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                return
            try:
                event = await asyncio.wait_for(news.get(), min(KEEP_ALIVE_S, left))
                break
            except TimeoutError:
                yield None


def _problem(answer: Response) -> bytes:
    return _event("problem", bytes(answer.body).decode())


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
