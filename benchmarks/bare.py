"""What the Engine is measured against: four deployments that pass a picture on, in a chain, behind one route."""

# Annotations are not postponed here: Serve reads the class of the builder's argument from them.

import asyncio
from typing import Any

import ray
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict
from ray import serve
from ray.serve.handle import DeploymentHandle

from deployments.routing import ROUTING
from genkol.artifacts import Image
from genkol.pictures import format_named, read_image, write_image

STAGES = 4


class BareArgs(BaseModel):
    """Nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage:
    """Passes on what it gets."""

    async def run(self, picture: Image) -> Image:
        return picture


class Ingress:
    """Decodes, has the picture passed through the stages, and encodes, by the same functions as the Engine."""

    def __init__(self, *stages: DeploymentHandle) -> None:
        self._stages = stages

    def __serve_build_asgi_app__(self) -> FastAPI:
        api = FastAPI()
        api.add_api_route("/{format}", self.make, methods=["POST"], response_model=None)
        return api

    async def make(self, format: str, request: Request) -> Response:
        body = await request.body()
        passed: Any = ray.put(await asyncio.to_thread(read_image, body, max_side=2048))
        for stage in self._stages:
            passed = stage.run.remote(passed)
        chosen = format_named(format)
        return Response(await asyncio.to_thread(write_image, await passed, chosen), media_type=chosen.mime)


def app(args: BareArgs) -> serve.Application:
    """``import_path: benchmarks.bare:app``, ``route_prefix: /``, with the numbers of the Engine's and the hosts'."""
    calls: dict[str, Any] = {"ray_actor_options": {"num_cpus": 0.1}, "request_router_config": dict(ROUTING)}
    stages = [serve.deployment(Stage, name=f"Stage{n}", max_ongoing_requests=2, **calls).bind() for n in range(STAGES)]
    ingress = serve.deployment(name="Bare", max_ongoing_requests=64, **calls)
    return ingress(serve.ingress()(Ingress)).bind(*stages)
