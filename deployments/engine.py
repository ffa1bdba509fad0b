"""The Engine as the ingress: the one HTTP route, in front of the algorithms it finds on Ray Serve."""

# Annotations are not postponed here: Serve reads the class of the builder's argument from them.

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from ray import serve

from deployments.dispatch import RayDispatcher
from deployments.logs import follow_serve
from deployments.metrics import RayMeter, keep_telling, of_health
from deployments.peers import Peers
from deployments.routing import ROUTING
from deployments.sites import Sites
from deployments.stored import replicas_cache
from genkol.engine import Engine
from genkol.flow.placement import SiteName
from genkol.http.app import create_app
from genkol.telemetry import Telemetry, Watched, tracing_of_environment


class EngineArgs(BaseModel):
    """`args` of the Engine's application in serve_config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sites: tuple[SiteName, ...] | None = Field(None, description="Whose algorithms it uses; all sites when left out.")
    refresh_s: float = Field(2.0, gt=0, description="Between two looks at what runs on Serve.")


class EngineIngress:
    """Plans flows and has them run; holds no weights and no pictures but those that come and go."""

    def __init__(self, args: EngineArgs) -> None:
        follow_serve()
        sites = Sites(args.sites, args.refresh_s)
        sites.start()
        meter = RayMeter()
        self._telemetry = Telemetry(meter, tracing_of_environment())
        dispatcher = Watched(RayDispatcher(sites, replicas_cache()), self._telemetry)
        keep_telling(meter, dispatcher.sample, of_health(sites.health))
        self.engine = Engine(sites.registry, dispatcher, sites, Peers())

    async def stop_here(self, id: str) -> bool:
        """Stop what this replica does under a request's id. Asynchronous, so that it is in the loop of the requests."""
        return self.engine.running.stop_here(id)

    def __serve_build_asgi_app__(self) -> FastAPI:
        return create_app(lambda: self.engine, echo_request_id=False, telemetry=self._telemetry)


def app(args: EngineArgs) -> serve.Application:
    """The Engine's application: ``import_path: deployments.engine:app``, ``route_prefix: /``."""
    deployment = serve.deployment(
        name="Engine", max_ongoing_requests=64, ray_actor_options={"num_cpus": 0.1}, request_router_config=dict(ROUTING)
    )
    return deployment(serve.ingress()(EngineIngress)).bind(args)
