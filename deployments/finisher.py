"""Composes and encodes pictures, so that no layer has to travel through the Engine."""

# Annotations are not postponed here: Serve reads the class of the builder's argument from them.

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial

import cv2
from pydantic import BaseModel, ConfigDict
from ray import serve

from deployments.logs import follow_serve
from deployments.metrics import keep_telling
from deployments.names import FINISHER
from deployments.routing import ROUTING
from deployments.stored import Stored, opened, replicas_cache
from deployments.strays import Stray, brought_in
from genkol.artifacts import Image, Layer
from genkol.finish import Finished, Wanted, finish
from genkol.flow.plan import Plan

AT_ONCE = 2
"""Pictures that a replica works on; others wait in it, which spares them the router's back-off."""
log = logging.getLogger("genkol.finisher")


class FinisherArgs(BaseModel):
    """`args` of the finisher's application: there is nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Finisher:
    """Makes the finished picture of a portrait and its layers."""

    def __init__(self) -> None:
        follow_serve()
        cv2.setNumThreads(min(2, os.cpu_count() or 1))
        self._cache = replicas_cache()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="finish")
        keep_telling()

    async def finish(
        self,
        plan: Plan,
        wanted: Wanted,
        portrait: Image | Stored | Stray,
        last: Image | Stored | Stray | None,
        *layers: Layer | Stored | Stray,
    ) -> Finished:
        """Compose, encode and report; see `genkol.finish.finish`. The layers come bottom first, one by one; what is
        stored is read here.
        """
        loop = asyncio.get_running_loop()
        # In a copy of the context: what is logged bears the request's id.
        work = partial(copy_context().run, self._finish, plan, wanted, portrait, last, *layers)
        return await loop.run_in_executor(self._threads, work)

    def _finish(self, plan: Plan, wanted: Wanted, *given: Image | Layer | Stored | Stray | None) -> Finished:
        values, versions = brought_in(given)
        base, end, *stack = opened(self._cache, values)
        assert isinstance(base, Image)
        assert end is None or isinstance(end, Image)
        started = time.perf_counter()
        finished = finish(plan, base, [layer for layer in stack if isinstance(layer, Layer)], end, wanted)
        log.info("finished in %.3f s", seconds := time.perf_counter() - started, extra={"seconds": round(seconds, 4)})
        return replace(finished, versions=tuple(versions.items()))


def app(args: FinisherArgs) -> serve.Application:
    """The finisher's application: ``import_path: deployments.finisher:app``."""
    deployment = serve.deployment(
        name=FINISHER, max_ongoing_requests=32, ray_actor_options={"num_cpus": 0.1}, request_router_config=dict(ROUTING)
    )
    return deployment(Finisher).bind()
