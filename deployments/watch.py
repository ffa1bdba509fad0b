"""What the Engine learns of a call without reading its value: that a replica took it, how far it is, that it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import ray
from ray.exceptions import RayError
from ray.experimental import get_local_object_locations
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponse

STILL_THERE_S = 1.0
"""Between two looks whether the application of a call that nobody has taken yet is still there."""


async def taken(response: DeploymentResponse, find: Callable[[], DeploymentHandle]) -> ray.ObjectRef:
    """Wait until a replica has taken a call whose values are all there.

    Serve lets calls to a removed application wait for ever, unless they come after it has said so.

    Args:
        response: of the call.
        find: the handle of who shall take it; asked every `STILL_THERE_S`.

    Raises:
        UnknownAlgorithm, StepFailed: what `find` raises when the application has left meanwhile.
    """
    waiting = asyncio.ensure_future(response._to_object_ref())
    try:
        while not (await asyncio.wait({waiting}, timeout=STILL_THERE_S))[0]:
            find()
        return await waiting
    finally:
        waiting.cancel()


INLINE_BYTES = 100 << 10
"""Largest value that Ray sends inside the reply (`max_direct_call_object_size`)."""


async def ended(ref: ray.ObjectRef) -> None:
    """Wait until a value exists, without fetching it; raise when it is an error.

    Errors come to the owner inside the reply, as do small values; a larger value stays in the object store of the
    node that made it. Its size is known at once, where it lies only some milliseconds later on a busy machine. So
    what is small is here already, and reading it costs nothing.
    """
    await ref._ready()
    told = get_local_object_locations([ref]).get(ref) or {}
    if not told.get("node_ids") and (told.get("object_size") or 0) <= INLINE_BYTES:
        await ref


LOOK_S = 0.5
"""Between two looks how far a call is."""


async def progress(handle: DeploymentHandle, id: tuple[str, str], tell: Callable[[float], None]) -> None:
    """Tell how far a call is whenever that has changed, until cancelled.

    All replicas are asked, as the Engine does not know which of them has the call. Who does not answer is asked again.

    Args:
        handle: of the call's deployment.
        id: of the call.
        tell: takes a fraction, 0 to 1.
    """
    told = 0.0
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            asked = handle.broadcast("fraction", id)
            answers = await asked.results_async(timeout_s=4 * LOOK_S, return_exceptions=True)
        except (RayError, RayServeException, TimeoutError):
            continue
        fraction = max((answer for answer in answers if isinstance(answer, float)), default=0.0)
        if fraction > told:
            told = fraction
            tell(fraction)
