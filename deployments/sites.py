"""Which algorithms run, and at which sites, found by looking at the applications on Ray Serve."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.context import _get_global_client
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import (
    ApplicationStatus,
    ApplicationStatusOverview,
    DeploymentStatus,
    DeploymentStatusOverview,
    DeploymentStatusTrigger,
    ReplicaState,
)

from deployments import noticeboard
from deployments.health import Health
from deployments.names import FINISHER, HOST, Place
from deployments.noticeboard import Notice
from genkol.algorithm import Algorithm
from genkol.described import fitting
from genkol.errors import PluginError, StepFailed, UnknownAlgorithm
from genkol.flow.placement import Offer, Unavailable
from genkol.registry import Registry, installed

log = logging.getLogger("genkol.sites")

_STAYS = frozenset({ApplicationStatus.RUNNING, ApplicationStatus.DEPLOYING, ApplicationStatus.UNHEALTHY})
"""One that was running keeps its place while it is updated or a replica is replaced; its calls wait."""


def statuses() -> dict[str, ApplicationStatusOverview]:
    """The status of each application on Serve, as `serve.status()` tells it.

    That one builds the whole configuration of every deployment from it, which took half of what an idle Engine costs.
    """
    client = _get_global_client(raise_if_no_controller_running=False)
    told = client.get_serve_details()["applications"] if client else {}
    return {
        name: ApplicationStatusOverview(
            ApplicationStatus(app["status"]),
            app["message"],
            app["last_deployed_time_s"],
            {key: _deployment_status(each) for key, each in app["deployments"].items()},
        )
        for name, app in told.items()
    }


def _deployment_status(told: Mapping[str, Any]) -> DeploymentStatusOverview:
    return DeploymentStatusOverview(
        DeploymentStatus(told["status"]),
        DeploymentStatusTrigger(told["status_trigger"]),
        Counter(ReplicaState(replica["state"]) for replica in told["replicas"]),
        told["message"],
    )


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
    """One application that this Engine calls; a later deployment of the same name is another one.

    Args:
        place: None for the finisher.
        notice: what it says of itself; None when it has not said anything yet.
        algorithm: to plan with; None for the finisher, and for one that retires.
        replicas: how many of them run.
    """

    name: str
    deployed_s: float
    handle: DeploymentHandle
    place: Place | None = None
    notice: Notice | None = None
    algorithm: type[Algorithm] | None = None
    replicas: int = 0


class Sites:
    """Keeps a registry, the handles of what runs, and what the places offer.

    Args:
        only: the sites whose algorithms this Engine uses; None: all.
        refresh_s: between two looks at Serve's controller.
        statuses: name to status of each application on Serve.
        handle: opens the handle of a deployment, by name and application.
        seen: what the replicas of a place say they are.
    """

    MISS_S = 0.5
    """Misses look again at most this often, so that wrong names cannot flood the controller."""

    NEW_REPLICA_S = 8.0
    """About how long a call waits where no replica runs."""

    def __init__(
        self,
        only: Sequence[str] | None = None,
        refresh_s: float = 2.0,
        statuses: Callable[[], Mapping[str, ApplicationStatusOverview]] = statuses,
        handle: Callable[[str, str], DeploymentHandle] = serve.get_deployment_handle,
        seen: Callable[[Place], Notice | None] = noticeboard.seen,
    ) -> None:
        self.health = Health()
        self._only = None if only is None else frozenset(only)
        self.registry = LiveRegistry(self._after_miss)
        self._refresh_s = refresh_s
        self._statuses = statuses
        self._handle = handle
        self._seen = seen
        self._applications: dict[str, _Application] = {}
        self._complained: set[tuple[str, str]] = set()
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

    def offers(self, key: str) -> Sequence[Offer | Unavailable]:
        """What the sites offer that run an algorithm; one that lost calls lately is left alone for a while."""
        found: list[Offer | Unavailable] = []
        for application in list(self._applications.values()):
            place, algorithm = application.place, application.algorithm
            if place is None or algorithm is None or place.key != key:
                continue
            pause_s = self.health.closed_in_s(place)
            if pause_s > 0:
                found.append(Unavailable(place.site, pause_s))
                continue
            wait_s = self.health.wait_s(place, application.replicas, algorithm.resources.seconds)
            wait_s += 0 if application.replicas else self.NEW_REPLICA_S
            found.append(Offer(place.site, wait_s, self.health.seconds(place)))
        return found

    def has_replicas(self, key: str, site: str) -> bool:
        """Whether a replica of the algorithm ran at the site when it was last looked at."""
        application = self._applications.get(Place(key, site).application)
        return application is not None and application.replicas > 0

    def finisher(self) -> DeploymentHandle:
        """The handle of the finisher.

        Raises:
            StepFailed: it does not run.
        """
        for application in list(self._applications.values()):
            if application.place is None:
                return application.handle
        raise StepFailed(
            "No finisher runs on Ray Serve. Deploy `deployments.finisher:app` as serve_config.yaml does.",
            step="finish",
            algorithm="finisher",
            site="local",
        )

    def refresh(self) -> None:
        """Look at Serve: what has left is out of the registry before its handle goes, and what has come is
        in the registry after its handle is there.
        """
        with self._lock:
            old, new = self._applications, self._running()
            self._tell(old, new)
            self._applications = {**old, **new}
            # Where two sites run different versions, plans are made with that of the first by name: the local one.
            found = [new[name].algorithm for name in sorted(new, reverse=True)]
            self.registry.replace(algorithm for algorithm in found if algorithm is not None)
            self._applications = new
            self._looked_s = time.monotonic()

    def _running(self) -> dict[str, _Application]:
        running = {}
        for name, status in self._statuses().items():
            known = self._applications.get(name)
            # While it is updated, plans are made as before: what is new in a version is not everywhere yet.
            if status.status is ApplicationStatus.RUNNING:
                known = self._found(name, status, known)
            if known is not None and status.status in _STAYS:
                running[name] = replace(known, replicas=_replicas(status))
        return running

    def _found(self, name: str, status: ApplicationStatusOverview, known: _Application | None) -> _Application | None:
        """The application as it is now, or None when it is not for this Engine."""
        if known is not None and known.deployed_s != status.last_deployed_time_s:
            known = None
        if FINISHER in status.deployments:
            return known or _Application(name, status.last_deployed_time_s, self._handle(FINISHER, name))
        place = Place.of(name)
        if HOST not in status.deployments or place is None:
            return None
        if self._only is not None and place.site not in self._only:
            return None
        try:
            notice = self._seen(place)
            if known is not None and known.notice == notice:
                return known
            algorithm = _planned_with(place.key, notice)
        except PluginError as error:
            self._complain(name, error)
            return None
        handle = known.handle if known else self._handle(HOST, name)
        return _Application(name, status.last_deployed_time_s, handle, place, notice, algorithm)

    def _complain(self, name: str, error: PluginError) -> None:
        if (name, str(error)) not in self._complained:
            self._complained.add((name, str(error)))
            log.error("the application %s runs but the Engine cannot use it: %s", name, error)

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


def _planned_with(key: str, notice: Notice | None) -> type[Algorithm] | None:
    """The class to plan with, or None for an algorithm that retires.

    Raises:
        PluginError: it is neither described nor installed here, or breaks the contract.
    """
    if notice is None:
        return installed(key)
    if notice.retiring:
        return None
    try:
        own = installed(key)
    except PluginError:  # its code is in another environment
        own = None
    return fitting(own, notice.description)


def _replicas(status: ApplicationStatusOverview) -> int:
    """How many replicas of an application's deployments run."""
    return sum(
        count
        for deployment in status.deployments.values()
        for state, count in deployment.replica_states.items()
        if state == ReplicaState.RUNNING
    )
