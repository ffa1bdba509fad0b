"""The Engine knows the whole flow when it comes: places that have no replica yet start one before their work arrives.

A call whose inputs are still being made does not count as queued (ray#60624, and a test), so that Serve would start the
replica only when they are there. A call without inputs counts at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from deployments.calls import Handles
from deployments.names import Place
from genkol.flow.plan import PlannedStep

log = logging.getLogger("genkol.warming")


class Warming:
    """Tells places that work is coming. At most one call of this Engine waits at a place, so that a place gets at most
    one replica by it, however many requests come: more of them are started by Serve when the work is there.

    Args:
        handles: of the algorithms' applications.
    """

    def __init__(self, handles: Handles) -> None:
        self._handles = handles
        self._told: dict[Place, asyncio.Task[None]] = {}

    def tell(self, steps: Iterable[PlannedStep]) -> None:
        """Have those places of some steps started that have no replica, but whose inputs have first to be made."""
        for step in steps:
            place = Place(step.key, step.site)
            if step.needs and place not in self._told and not self._handles.has_replicas(step.key, step.site):
                self._told[place] = asyncio.create_task(self._tell(place))

    async def _tell(self, place: Place) -> None:
        try:
            await self._handles.host(place.key, place.site).warm.remote()
        except Exception as error:  # it is a hint: whatever is wrong with the place, the step's own call will say
            log.info("%s could not be told that work is coming: %s", place.application, error)
        finally:
            del self._told[place]
