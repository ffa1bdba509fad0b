"""What the Engine learns of a call without reading its value: that a replica took it, that it ended, and how."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import ray
from ray.experimental import get_local_object_locations
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


async def ended(ref: ray.ObjectRef) -> int:
    """Wait until a value exists, without fetching it, and return its bytes; raise when it is an error.

    Errors come to the owner inside the reply, as do small values; a larger value stays in the object store of the
    node that made it. Its size is known at once, where it lies only some milliseconds later on a busy machine. So
    what is small is here already, and reading it costs nothing.
    """
    await ref._ready()
    told = get_local_object_locations([ref]).get(ref) or {}
    if not told.get("node_ids") and (told.get("object_size") or 0) <= INLINE_BYTES:
        await ref
    return int(told.get("object_size") or 0)
