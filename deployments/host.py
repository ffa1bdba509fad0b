"""One replica, one algorithm object: what runs a step on Ray Serve."""

# Annotations are not postponed here: Serve reads the class of the builder's argument from them.

import asyncio
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
from pydantic import BaseModel, ConfigDict, Field
from ray import serve

from deployments.logs import follow_serve
from deployments.names import HOST, Place
from deployments.noticeboard import Notice, put_up
from deployments.routing import ROUTING
from deployments.stored import Stored, found_or_made, replicas_cache
from deployments.strays import Stray, brought_in, checked
from genkol.algorithm import Algorithm, Step
from genkol.artifacts import Value
from genkol.described import Description
from genkol.errors import PluginError
from genkol.flow.naming import edition
from genkol.perform import Call, Gate, perform
from genkol.registry import installed
from genkol.weights import WeightsSetup, default_folder


class HostArgs(BaseModel):
    """`args` of an application in serve_config.yaml; changing them replaces its replicas."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algorithm: str = Field(pattern=r"^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$", description="``service/name``.")
    site: str = Field("local", pattern=r"^[a-z][a-z0-9-]*$", description="Where its replicas run.")


class HostSettings(BaseModel):
    """`user_config` of an application: changed while its replicas keep running."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threads: int = Field(
        2, ge=1, le=256, description="Threads of numeric libraries in each replica; at most the cores."
    )
    retiring: bool = Field(
        False, description="Engines plan nothing new with it, and what they have accepted is done: then take it away."
    )


class AlgorithmHost:
    """Holds one algorithm, set up, and runs one call at a time.

    Raises:
        PluginError: the algorithm is not installed, or the application is not named after it.
        WeightsError: its weights are not to be had.
    """

    def __init__(self, args: HostArgs) -> None:
        follow_serve()
        self._place = Place(args.algorithm, args.site)
        _refuse_other_name(self._place)
        kind = installed(args.algorithm)
        self._description = Description.of(kind)
        self._edition = edition(kind.version, self._description.weights)
        self._algorithm = kind()
        self._algorithm.setup(WeightsSetup(default_folder(), self._algorithm.weights))
        self._gate = _Gate()
        self._cache = replicas_cache()
        self._fractions: dict[tuple[str, str], float] = {}
        # One thread: an algorithm object serves one call at a time, and the next one waits its turn here.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="algorithm")
        self.reconfigure({})

    def reconfigure(self, user_config: Mapping[str, Any]) -> None:
        """Take new settings without a restart."""
        said = HostSettings.model_validate(dict(user_config))
        threads = min(said.threads, os.cpu_count() or 1)
        cv2.setNumThreads(threads)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)
        put_up(self._place, Notice(description=self._description, retiring=said.retiring))

    async def run(self, call: Call, *values: Value | Stored | Stray) -> Value | Stray:
        """Run one step, unless the step cache has its result. Its values come one by one: Serve resolves what is at
        the top level only. One that is stored is read here.

        When the request is cancelled, the algorithm hears of it at its next `Step.progress`.

        Raises:
            GenkolError: what `genkol.perform.perform` raises.
        """
        given, versions = brought_in(values)
        call, versions = checked(call, self._edition, self._algorithm.version, versions)
        cancelled = threading.Event()

        def note(fraction: float, preview: object) -> None:
            self._fractions[call.id] = fraction

        step = Step(call.step, call.seed, on_progress=note, is_cancelled=cancelled.is_set)
        loop = asyncio.get_running_loop()

        def work(given: Sequence[Value]) -> asyncio.Future[Value]:
            return loop.run_in_executor(self._thread, perform, self._algorithm, call, given, step, self._gate)

        try:
            value = await found_or_made(self._cache, call, given, work)
            return Stray(value, versions) if versions else value
        finally:
            cancelled.set()
            self._fractions.pop(call.id, None)

    async def fraction(self, id: tuple[str, str]) -> float | None:
        """How far a call is, 0 to 1, as its algorithm last said; None when it is not worked on here."""
        return self._fractions.get(id)

    def check_health(self) -> None:
        """Raise when the thread that runs the algorithm is gone; Serve then replaces the replica."""
        self._thread.submit(int)


class _Gate:
    """The gates, opened when a step is first verified: what they measure with takes long to import."""

    def __init__(self) -> None:
        self._opened: Gate | None = None

    def require(
        self, algorithm: type[Algorithm], arguments: Mapping[str, Value], params: Mapping[str, Any], result: Value
    ) -> None:
        """See `genkol.perform.Gate`."""
        if self._opened is None:
            from genkol.evaluation.gates import Judge

            self._opened = Judge.of(WeightsSetup(default_folder()))
        self._opened.require(algorithm, arguments, params, result)


def _refuse_other_name(place: Place) -> None:
    name = serve.get_replica_context().app_name
    if name != place.application:
        raise PluginError(
            f"The application {name!r} hosts {place.key} at {place.site}, but the Engine finds algorithms by name. "
            f"Name the application {place.application!r}."
        )


def app(args: HostArgs) -> serve.Application:
    """The application of one algorithm: ``import_path: deployments.host:app``."""
    # Two at once for the router, one at once for the algorithm: the next call's values are fetched and wait
    # in the replica, which spares it the router's back-off (up to 0.5 s) between two calls.
    deployment = serve.deployment(
        name=HOST,
        max_ongoing_requests=2,
        health_check_period_s=5,
        ray_actor_options={"num_cpus": 0.1},
        request_router_config=dict(ROUTING),
    )
    return deployment(AlgorithmHost).bind(args)
