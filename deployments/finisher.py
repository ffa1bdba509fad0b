"""Composes and encodes pictures, so that no layer has to travel through the Engine."""

# Annotations are not postponed here: Serve reads the class of the builder's argument from them.

import logging
import os
import time

import cv2
from pydantic import BaseModel, ConfigDict
from ray import serve

from deployments.logs import follow_serve
from deployments.metrics import keep_telling
from deployments.names import FINISHER
from deployments.stored import Stored, opened, replicas_cache
from genkol.artifacts import Image, Layer
from genkol.finish import Finished, Wanted, finish
from genkol.flow.plan import Plan

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
        keep_telling()

    def finish(
        self,
        plan: Plan,
        wanted: Wanted,
        portrait: Image | Stored,
        last: Image | Stored | None,
        *layers: Layer | Stored,
    ) -> Finished:
        """Compose, encode and report; see `genkol.finish.finish`. The layers come bottom first, one by one; what is
        stored is read here.
        """
        base, end, *stack = opened(self._cache, (portrait, last, *layers))
        assert isinstance(base, Image)
        assert end is None or isinstance(end, Image)
        started = time.perf_counter()
        finished = finish(plan, base, [layer for layer in stack if isinstance(layer, Layer)], end, wanted)
        log.info("finished in %.3f s", seconds := time.perf_counter() - started, extra={"seconds": round(seconds, 4)})
        return finished


def app(args: FinisherArgs) -> serve.Application:
    """The finisher's application: ``import_path: deployments.finisher:app``."""
    deployment = serve.deployment(name=FINISHER, max_ongoing_requests=2, ray_actor_options={"num_cpus": 0.1})
    return deployment(Finisher).bind()
