"""Deployments of Ray Serve's own kind, without GenKOL, to see what Ray does."""

import asyncio
import os
import time
from pathlib import Path

from ray import serve

from genkol.errors import NoFace


def tell(word):
    with Path(os.environ["GENKOL_FAKES_TRACE"]).open("a") as file:
        file.write(f"{word} stages\n")


class Stage:
    async def after(self, seconds, *values):
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            tell("async-cancelled")
            raise
        return sum(values) + 1

    def blocking(self, seconds):
        tell("sync-began")
        time.sleep(seconds)
        tell("sync-ended")

    def no_face(self):
        raise NoFace("There is no face here.", found=0)

    def told(self, value):
        tell("told")
        return value


class Stages:
    """Holds the others, so that one application has them."""

    def __init__(self, *stages):
        pass


def app():
    plain = {"num_cpus": 0}
    first = serve.deployment(name="First", max_ongoing_requests=16, ray_actor_options=plain)(Stage)
    second = serve.deployment(name="Second", max_ongoing_requests=1, max_queued_requests=2, ray_actor_options=plain)(
        Stage
    )
    scaled = serve.deployment(
        name="Scaled",
        max_ongoing_requests=1,
        ray_actor_options=plain,
        autoscaling_config={
            "min_replicas": 1,
            "max_replicas": 2,
            "target_ongoing_requests": 1,
            "upscale_delay_s": 0,
            "look_back_period_s": 1,
        },
    )(Stage)
    whole = serve.deployment(name="Stages", ray_actor_options=plain)(Stages)
    return whole.bind(first.bind(), second.bind(), scaled.bind())
