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
        await asyncio.sleep(seconds)
        return sum(values) + 1

    async def patient(self, seconds):
        tell("async-began")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            tell("async-cancelled")
            raise

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
    def stage(name, **options):
        quick = {"graceful_shutdown_wait_loop_s": 0.1, "graceful_shutdown_timeout_s": 1}
        return serve.deployment(name=name, ray_actor_options={"num_cpus": 0}, **quick, **options)(Stage).bind()

    scaling = {"min_replicas": 1, "max_replicas": 2, "target_ongoing_requests": 1, "upscale_delay_s": 0}
    quick_to_scale = {"look_back_period_s": 1, "metrics_interval_s": 0.2}
    first = stage("First", max_ongoing_requests=16)
    second = stage("Second", max_ongoing_requests=1, max_queued_requests=2)
    scaled = stage("Scaled", max_ongoing_requests=1, autoscaling_config=scaling | quick_to_scale)
    return serve.deployment(name="Stages", ray_actor_options={"num_cpus": 0})(Stages).bind(first, second, scaled)
