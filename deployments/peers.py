"""What the replicas of the Engine tell each other: each request comes to one of them, and it may concern another."""

from __future__ import annotations

import logging

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from genkol.running import Running

log = logging.getLogger("genkol.peers")

ANSWER_S = 5.0
"""How long the others may take to answer; who does not has most likely just died, and its requests with it."""


class Peers(Running):
    """The requests of all replicas of this deployment, which has `stop_here` as a method of its own."""

    async def stop(self, id: str) -> bool:
        try:
            asked = _own_handle().broadcast("stop_here", id)
            told = await asked.results_async(timeout_s=ANSWER_S, return_exceptions=True)
        except (RayError, RayServeException, TimeoutError) as error:
            log.warning("not every Engine could be asked to stop %s: %s", id, error)
            return self.stop_here(id)
        return any(answer is True for answer in told)


def _own_handle() -> DeploymentHandle:
    context = serve.get_replica_context()
    return serve.get_deployment_handle(context.deployment, context.app_name)
