"""The applications in Serve's local testing mode: chained calls, values one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from ray import serve

from deployments import finisher, host
from deployments.finisher import FinisherArgs
from deployments.host import HostArgs
from deployments.stored import Shortcut, Stored, keep_picture
from genkol import testing
from genkol.artifacts import Image, Kind
from genkol.dispatch import Outcome
from genkol.engine import Engine, Result
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.flow.plan import Plan
from genkol.perform import Call
from genkol.registry import Registry
from genkol.stores.blobs import Folder
from genkol.stores.databases import Sqlite
from genkol.stores.index import Index
from genkol.stores.steps import StepCache

PORTRAIT = Image(np.random.default_rng(0).integers(0, 255, (96, 64, 3), np.uint8))


@contextmanager
def local(application: serve.Application, name: str) -> Iterator[Any]:
    yield serve.run(application, name=name, _local_testing_mode=True)


@pytest.fixture
def algorithms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    registry, threads = testing.fake_registry(), cv2.getNumThreads()
    monkeypatch.setattr(host, "installed", lambda key: registry.algorithm(*key.split("/")))
    yield registry
    cv2.setNumThreads(threads)


def test_a_chain_of_hosts_and_the_finisher_makes_the_picture_of_the_engine(
    algorithms: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = testing.fake_engine(algorithms)
    steps = [{"service": "makeup-transfer"}, {"service": "hair-editing"}]
    flow = Flow.parse({"inputs": {"portrait": Kind.PORTRAIT, "look": Kind.MAKEUP}, "steps": steps})
    inputs = {"portrait": PORTRAIT, "look": PORTRAIT}
    expected = engine.run(flow, inputs).outcome.finished
    plan = Engine(algorithms, engine.dispatcher).plan(flow, inputs)
    values: dict[str, Any] = dict(inputs)
    for step in plan:
        name = step.key.replace("/", ".")
        monkeypatch.setattr(host.serve, "get_replica_context", lambda name=name: SimpleNamespace(app_name=name))
        with local(host.app(HostArgs(algorithm=step.key)), name) as handle:
            taken = [values[wire.source] for wire in step.wires.values()] + [values[id] for id in step.sees]
            values[step.id] = handle.run.remote(Call.of(step, plan), *taken)
    with local(finisher.app(FinisherArgs()), "finisher") as handle:
        layers = [values[id] for id in plan.layers]
        finished = handle.finish.remote(plan, Wanted(), PORTRAIT, None, *layers).result()
    assert len(layers) == 2
    assert finished == expected


def test_kept_results_pass_through_hosts_and_the_finisher_by_name(
    algorithms: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    index, folder = Index(Sqlite(tmp_path / "index.sqlite")), Folder(tmp_path / "results")
    with closing(StepCache(index, folder, max_bytes=1 << 30)) as cache:
        for module in (host, finisher):
            monkeypatch.setattr(module, "replicas_cache", lambda: cache)
        engine = testing.fake_engine(algorithms, keeper=cache)
        flow = Flow.parse({"inputs": {"portrait": "portrait"}, "steps": [{"service": "hair-editing"}]})
        plan = engine.plan(flow, {"portrait": PORTRAIT})
        (step,) = plan
        name = step.key.replace("/", ".")
        monkeypatch.setattr(host.serve, "get_replica_context", lambda: SimpleNamespace(app_name=name))
        with local(host.app(HostArgs(algorithm=step.key)), name) as handle:
            handle.run.remote(Call.of(step, plan), PORTRAIT).result()
            cache.settle()
            handle.run.remote(Call.of(step, plan), Stored("a" * 64, "nobody's")).result()
        with local(finisher.app(FinisherArgs()), "finisher") as handle:
            layer = Stored(step.name, step.id)
            finished = handle.finish.remote(plan, Wanted(), PORTRAIT, None, layer).result()
        expected = testing.fake_engine(algorithms).run(flow, {"portrait": PORTRAIT})
        assert finished == expected.outcome.finished
        assert (cache.counters.misses, cache.counters.hits) == (1, 2)


def test_a_step_that_another_edition_did_is_told_in_the_report_and_its_picture_is_not_kept(
    algorithms: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Planned with what was there a moment ago; what stands on it is no longer what its name says, either."""
    steps = [{"service": "makeup-transfer"}, {"service": "hair-editing", "after": ["makeup-transfer"]}]
    flow = Flow.parse({"inputs": {"portrait": Kind.PORTRAIT, "look": Kind.MAKEUP}, "steps": steps})
    inputs = {"portrait": PORTRAIT, "look": PORTRAIT}
    plan = testing.fake_engine(algorithms).plan(flow, inputs)
    values: dict[str, Any] = dict(inputs)
    for step in plan:
        name = step.key.replace("/", ".")
        monkeypatch.setattr(host.serve, "get_replica_context", lambda name=name: SimpleNamespace(app_name=name))
        planned = replace(step, version="0", edition="0") if step.id == "makeup-transfer" else step
        with local(host.app(HostArgs(algorithm=step.key)), name) as handle:
            taken = [values[wire.source] for wire in step.wires.values()] + [values[id] for id in step.sees]
            values[step.id] = handle.run.remote(Call.of(planned, plan), *taken)
    with local(finisher.app(FinisherArgs()), "finisher") as handle:
        layers = [values[id] for id in plan.layers]
        finished = handle.finish.remote(plan, Wanted(), PORTRAIT, None, *layers).result()
    assert finished.versions == (("makeup-transfer", "1"),)
    assert replace(finished, versions=()) == testing.fake_engine(algorithms).run(flow, inputs).outcome.finished
    report = Result(_planned_at(plan, "0"), Outcome(finished, {}), {}).report()
    assert {step["id"]: step["version"] for step in report["steps"]}["makeup-transfer"] == "1"
    assert set(report["digests"]["steps"]) == {step.id for step in plan} - {"makeup-transfer", "hair-editing"}

    index, folder = Index(Sqlite(tmp_path / "index.sqlite")), Folder(tmp_path / "results")
    with closing(StepCache(index, folder, max_bytes=1 << 30)) as cache:
        for letter, picture in (("a", finished), ("b", replace(finished, versions=()))):
            keep_picture(cache, Shortcut(name=letter * 64), picture, 1.0, {})
        cache.settle()
        assert set(cache.known(["a" * 64, "b" * 64])) == {"b" * 64}


def _planned_at(plan: Plan, version: str) -> Plan:
    steps = tuple(replace(s, version=version) if s.id == "makeup-transfer" else s for s in plan)
    return replace(plan, steps=steps)
