"""Which algorithms run, found by looking at the applications on Ray Serve."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ApplicationStatus, ApplicationStatusOverview

from deployments.names import FINISHER, HOST, LOCAL, Place
from genkol.algorithm import Algorithm
from genkol.errors import PluginError, StepFailed, UnknownAlgorithm
from genkol.registry import Registry, installed

log = logging.getLogger("genkol.sites")

_STAYS = frozenset({ApplicationStatus.RUNNING, ApplicationStatus.DEPLOYING, ApplicationStatus.UNHEALTHY})
"""One that was running keeps its place while it is updated or a replica is replaced; its calls wait."""


class LiveRegistry(Registry):
    """The algorithms that run at this moment. One that is not known is looked for once more.

    Args:
        look_again: refreshes this registry.
    """

    def __init__(self, look_again: Callable[[], None]) -> None:
        super().__init__()
        self._look_again = look_again

    def algorithm(self, service: str, name: str | None = None) -> type[Algorithm]:
        try:
            return super().algorithm(service, name)
        except UnknownAlgorithm:
            self._look_again()
        return super().algorithm(service, name)

    def replace(self, algorithms: Iterable[type[Algorithm]]) -> None:
        """Know these and no others, from one moment to the next: readers in other threads see all or nothing."""
        self._algorithms = {algorithm.key(): algorithm for algorithm in algorithms}


@dataclass(frozen=True)
class _Application:
    """One application that this Engine calls; a later deployment of the same name is another one."""

    name: str
    deployed_s: float
    handle: DeploymentHandle
    algorithm: type[Algorithm] | None


class Sites:
    """Keeps a registry and the handles of what runs at one site.

    Args:
        site: whose algorithms this Engine uses.
        refresh_s: between two looks at Serve's controller.
        statuses: name to status of each application on Serve.
        handle: opens the handle of a deployment, by name and application.
    """

    MISS_S = 0.5
    """Misses look again at most this often, so that wrong names cannot flood the controller."""

    def __init__(
        self,
        site: str = LOCAL,
        refresh_s: float = 2.0,
        statuses: Callable[[], Mapping[str, ApplicationStatusOverview]] = lambda: serve.status().applications,
        handle: Callable[[str, str], DeploymentHandle] = serve.get_deployment_handle,
    ) -> None:
        self.site = site
        self.registry = LiveRegistry(self._after_miss)
        self._refresh_s = refresh_s
        self._statuses = statuses
        self._handle = handle
        self._applications: dict[str, _Application] = {}
        self._complained: set[str] = set()
        self._lock = threading.Lock()
        self._looked_s = 0.0
        self._stop = threading.Event()

    def start(self) -> None:
        """Look once, then every few seconds in a thread until `close`."""
        self.refresh()
        threading.Thread(target=self._keep_looking, name="sites", daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def host(self, key: str, site: str) -> DeploymentHandle:
        """The handle of an algorithm's application.

        Raises:
            UnknownAlgorithm: none runs at that site.
        """
        name = Place(key, site).application
        application = self._applications.get(name)
        if application is None:
            raise UnknownAlgorithm(
                f"{key} does not run at {site}: there is no application {name!r}.", value=key, site=site
            )
        return application.handle

    def finisher(self) -> DeploymentHandle:
        """The handle of the finisher.

        Raises:
            StepFailed: it does not run.
        """
        for application in list(self._applications.values()):
            if application.algorithm is None:
                return application.handle
        raise StepFailed(
            "No finisher runs on Ray Serve. Deploy `deployments.finisher:app` as serve_config.yaml does.",
            step="finish",
            algorithm="finisher",
            site=self.site,
        )

    def refresh(self) -> None:
        """Look at Serve: what has left is out of the registry before its handle goes, and what has come is
        in the registry after its handle is there.
        """
        with self._lock:
            old, new = self._applications, self._running()
            self._tell(old, new)
            self._applications = {**old, **new}
            self.registry.replace(a.algorithm for a in new.values() if a.algorithm is not None)
            self._applications = new
            self._looked_s = time.monotonic()

    def _running(self) -> dict[str, _Application]:
        running = {}
        for name, status in self._statuses().items():
            known = self._applications.get(name)
            is_new = known is None or known.deployed_s != status.last_deployed_time_s
            if status.status is ApplicationStatus.RUNNING and is_new:
                known = self._found(name, status)
            if known is not None and status.status in _STAYS:
                running[name] = known
        return running

    def _found(self, name: str, status: ApplicationStatusOverview) -> _Application | None:
        if FINISHER in status.deployments:
            return _Application(name, status.last_deployed_time_s, self._handle(FINISHER, name), None)
        place = Place.of(name)
        if HOST not in status.deployments or place is None or place.site != self.site:
            return None
        try:
            algorithm = installed(place.key)
        except PluginError as error:
            if name not in self._complained:
                self._complained.add(name)
                log.error("the application %s runs but the Engine cannot use it: %s", name, error)
            return None
        return _Application(name, status.last_deployed_time_s, self._handle(HOST, name), algorithm)

    def _tell(self, old: Mapping[str, _Application], new: Mapping[str, _Application]) -> None:
        for name in new.keys() - old.keys():
            log.info("the application %s is here", name)
        for name in old.keys() - new.keys():
            log.info("the application %s has left", name)

    def _after_miss(self) -> None:
        if time.monotonic() - self._looked_s > self.MISS_S:
            self._try_refresh()

    def _keep_looking(self) -> None:
        while not self._stop.wait(self._refresh_s):
            self._try_refresh()

    def _try_refresh(self) -> None:
        try:
            self.refresh()
        except (RayError, RayServeException, ConnectionError) as error:
            log.warning("Serve's controller did not answer; what was known stays: %s", error)
