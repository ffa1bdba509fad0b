"""What runs on Serve is what the Engine knows."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from ray.serve.schema import ApplicationStatus, ReplicaState

from deployments import noticeboard, sites
from deployments.health import FIRST_PAUSE_S, LOSSES
from deployments.names import FINISHER, HOST, Place
from deployments.noticeboard import Notice
from deployments.sites import Sites
from genkol import testing
from genkol.algorithm import Algorithm
from genkol.described import Description
from genkol.errors import PluginError, StepFailed, UnknownAlgorithm
from genkol.flow.placement import Offer, Unavailable

RUNNING, DEPLOYING, DELETING = ApplicationStatus.RUNNING, ApplicationStatus.DEPLOYING, ApplicationStatus.DELETING
KNOWN = {algorithm.key(): algorithm for algorithm in testing.fake_registry()}


class Serve:
    """Applications on Serve, and the handles that were opened."""

    def __init__(self) -> None:
        self.applications: dict[str, Any] = {}
        self.opened: list[str] = []
        self.looks = 0
        self.notices: dict[str, Notice] = {}

    def put(
        self,
        name: str,
        status: ApplicationStatus = RUNNING,
        *,
        at: float = 1.0,
        deployment: str = HOST,
        replicas: int = 1,
    ) -> None:
        running = SimpleNamespace(replica_states={ReplicaState.RUNNING: replicas, ReplicaState.STARTING: 1})
        self.applications[name] = SimpleNamespace(
            status=status, last_deployed_time_s=at, deployments={deployment: running}, message=""
        )

    def describe(self, algorithm: type[Algorithm], *, retiring: bool = False, **changed: Any) -> None:
        description = Description.of(algorithm).model_copy(update=changed)
        self.notices[Place(algorithm.key()).application] = Notice(description=description, retiring=retiring)

    def seen(self, place: Place) -> Notice | None:
        return self.notices.get(place.application)

    def statuses(self) -> dict[str, Any]:
        self.looks += 1
        return dict(self.applications)

    def handle(self, deployment: str, application: str) -> Any:
        self.opened.append(application)
        return f"{deployment} of {application} #{len(self.opened)}"


@pytest.fixture
def serve() -> Serve:
    return Serve()


@pytest.fixture
def here(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Sites:
    def load(key: str) -> type[Algorithm]:
        if key not in KNOWN:
            raise PluginError(f"The algorithm {key!r} is not installed here.")
        return KNOWN[key]

    monkeypatch.setattr(sites, "installed", load)
    return Sites(statuses=serve.statuses, handle=serve.handle, seen=serve.seen)


def keys(here: Sites) -> set[str]:
    return {algorithm.key() for algorithm in here.registry}


def test_an_algorithm_is_known_once_its_application_runs(serve: Serve, here: Sites) -> None:
    serve.put("makeup-transfer.tint", DEPLOYING)
    here.refresh()
    assert keys(here) == set()
    serve.put("makeup-transfer.tint", RUNNING)
    here.refresh()
    assert keys(here) == {"makeup-transfer/tint"}
    assert here.host("makeup-transfer/tint", "local") == "AlgorithmHost of makeup-transfer.tint #1"


@pytest.mark.parametrize("status", [DEPLOYING, ApplicationStatus.UNHEALTHY])
def test_it_stays_while_it_is_updated_or_a_replica_is_replaced(
    serve: Serve, here: Sites, status: ApplicationStatus
) -> None:
    serve.put("makeup-transfer.tint")
    here.refresh()
    serve.put("makeup-transfer.tint", status, at=2.0)
    here.refresh()
    assert keys(here) == {"makeup-transfer/tint"}


@pytest.mark.parametrize("status", [DELETING, ApplicationStatus.DEPLOY_FAILED, None])
def test_it_is_forgotten_when_it_leaves(serve: Serve, here: Sites, status: ApplicationStatus | None) -> None:
    serve.put("makeup-transfer.tint")
    here.refresh()
    serve.applications.clear()
    if status is not None:
        serve.put("makeup-transfer.tint", status)
    here.refresh()
    assert keys(here) == set()
    with pytest.raises(UnknownAlgorithm, match=r"there is no application 'makeup-transfer.tint'"):
        here.host("makeup-transfer/tint", "local")


def test_a_handle_is_opened_once_for_each_deployment_of_an_application(serve: Serve, here: Sites) -> None:
    serve.put("makeup-transfer.tint")
    here.refresh()
    here.refresh()
    assert serve.opened == ["makeup-transfer.tint"]
    serve.put("makeup-transfer.tint", at=2.0)
    here.refresh()
    assert serve.opened == ["makeup-transfer.tint"] * 2


def test_an_unknown_name_makes_it_look_again_but_a_flood_of_them_does_not(serve: Serve, here: Sites) -> None:
    serve.put("makeup-transfer.tint")
    assert here.registry.algorithm("makeup-transfer", "tint") is KNOWN["makeup-transfer/tint"]
    looks = serve.looks
    for n in range(20):
        with pytest.raises(UnknownAlgorithm):
            here.registry.algorithm("makeup-transfer", f"x{n}")
    assert serve.looks <= looks + 1


def test_what_runs_but_is_not_installed_is_logged_once(
    serve: Serve, here: Sites, caplog: pytest.LogCaptureFixture
) -> None:
    serve.put("makeup-transfer.unheard-of")
    with caplog.at_level(logging.ERROR, "genkol.sites"):
        here.refresh()
        here.refresh()
    [record] = caplog.records
    assert "makeup-transfer.unheard-of runs but the Engine cannot use it" in record.getMessage()
    assert keys(here) == set()


def test_an_algorithm_whose_code_is_elsewhere_is_planned_with_as_it_describes_itself(serve: Serve, here: Sites) -> None:
    class Elsewhere(KNOWN["makeup-transfer/tint"]):  # type: ignore[misc]
        name = "elsewhere"

    serve.put("makeup-transfer.elsewhere")
    serve.describe(Elsewhere)
    here.refresh()
    [found] = here.registry
    assert (found.key(), found is Elsewhere) == ("makeup-transfer/elsewhere", False)
    assert found.Params.model_json_schema() == Elsewhere.Params.model_json_schema()


def test_an_upgrade_is_planned_with_once_it_is_everywhere_and_the_code_here_no_longer_is(
    serve: Serve, here: Sites
) -> None:
    tint = KNOWN["makeup-transfer/tint"]
    serve.put("makeup-transfer.tint")
    serve.describe(tint)
    here.refresh()
    assert list(here.registry) == [tint]
    serve.put("makeup-transfer.tint", DEPLOYING, at=2.0)
    serve.describe(tint, version="2")
    here.refresh()
    assert list(here.registry) == [tint]
    serve.put("makeup-transfer.tint", RUNNING, at=2.0)
    here.refresh()
    assert [algorithm.version for algorithm in here.registry] == ["2"]


def test_a_description_that_comes_late_is_read_all_the_same(serve: Serve, here: Sites) -> None:
    """One that is scaled to zero has no replica that could have said anything yet."""
    serve.put("makeup-transfer.tint", replicas=0)
    here.refresh()
    assert list(here.registry) == [KNOWN["makeup-transfer/tint"]]
    serve.describe(KNOWN["makeup-transfer/tint"], version="2")
    here.refresh()
    assert [algorithm.version for algorithm in here.registry] == ["2"]
    assert serve.opened == ["makeup-transfer.tint"]


def test_one_that_retires_is_known_no_more_but_answers_those_who_have_planned_with_it(
    serve: Serve, here: Sites
) -> None:
    serve.put("makeup-transfer.tint")
    serve.describe(KNOWN["makeup-transfer/tint"], retiring=True)
    here.refresh()
    assert keys(here) == set()
    assert here.offers("makeup-transfer/tint") == []
    assert here.host("makeup-transfer/tint", "local")
    serve.describe(KNOWN["makeup-transfer/tint"])
    here.refresh()
    assert keys(here) == {"makeup-transfer/tint"}


def test_a_description_of_another_release_is_logged_once(
    serve: Serve, here: Sites, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(noticeboard.internal_kv, "_internal_kv_get", lambda key, namespace: b'{"name": "tint"}')
    serve.put("makeup-transfer.tint")
    mixed = Sites(statuses=serve.statuses, handle=serve.handle)
    with caplog.at_level(logging.ERROR, "genkol.sites"):
        mixed.refresh()
        mixed.refresh()
    [record] = caplog.records
    assert "What makeup-transfer.tint says of itself cannot be read: description" in record.getMessage()
    assert keys(mixed) == set()


def test_plans_are_made_with_the_local_version_where_sites_differ(serve: Serve, here: Sites) -> None:
    tint = KNOWN["makeup-transfer/tint"]
    serve.put("makeup-transfer.tint@aws")
    serve.put("makeup-transfer.tint")
    serve.describe(tint, version="2")
    serve.notices["makeup-transfer.tint@aws"] = Notice(description=Description.of(tint))
    here.refresh()
    assert [algorithm.version for algorithm in here.registry] == ["2"]


def test_every_site_offers_what_runs_there(serve: Serve, here: Sites) -> None:
    serve.put("makeup-transfer.tint")
    serve.put("makeup-transfer.tint@aws", replicas=0)
    here.refresh()
    assert keys(here) == {"makeup-transfer/tint"}
    assert here.offers("makeup-transfer/tint") == [Offer("local"), Offer("aws", wait_s=here.NEW_REPLICA_S)]
    assert here.offers("makeup-transfer/other") == []
    assert here.has_replicas("makeup-transfer/tint", "local")
    assert not here.has_replicas("makeup-transfer/tint", "aws")


def test_a_place_that_loses_its_calls_is_offered_no_more_for_a_while(serve: Serve, here: Sites) -> None:
    serve.put("makeup-transfer.tint@aws")
    here.refresh()
    for _ in range(LOSSES):
        here.health.began(Place("makeup-transfer/tint", "aws"))
        here.health.lost(Place("makeup-transfer/tint", "aws"))
    [offer] = here.offers("makeup-transfer/tint")
    assert isinstance(offer, Unavailable)
    assert 0 < offer.retry_after_s <= FIRST_PAUSE_S


def test_an_engine_may_be_told_which_sites_it_uses(serve: Serve, here: Sites) -> None:
    only = Sites(["local"], statuses=serve.statuses, handle=serve.handle, seen=serve.seen)
    serve.put("makeup-transfer.tint@aws")
    only.refresh()
    assert keys(only) == set()


def test_other_applications_are_left_alone(serve: Serve, here: Sites) -> None:
    serve.put("hair-editing.no-op", deployment="SomethingElse")
    serve.put("studio")
    here.refresh()
    assert keys(here) == set()


def test_the_finisher_is_found_under_any_name(serve: Serve, here: Sites) -> None:
    with pytest.raises(StepFailed, match="No finisher runs"):
        here.finisher()
    serve.put("paint-shop", deployment=FINISHER)
    here.refresh()
    assert here.finisher() == "Finisher of paint-shop #1"
