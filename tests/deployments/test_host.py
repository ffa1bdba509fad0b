"""One replica with one algorithm, without a cluster."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from deployments import host
from deployments.host import AlgorithmHost, HostArgs
from deployments.names import Place
from deployments.noticeboard import Notice
from deployments.strays import Stray
from genkol.algorithm import Algorithm, Effects, Params, Step
from genkol.artifacts import Image, Layer
from genkol.compose import at, cover
from genkol.described import Description
from genkol.errors import Cancelled, PluginError
from genkol.perform import Call
from genkol.services import MAKEUP_TRANSFER, Aspect
from genkol.stores.blobs import Folder
from genkol.stores.databases import Sqlite
from genkol.stores.index import Index
from genkol.stores.steps import StepCache

PORTRAIT = Image(np.full((8, 8, 3), 100, np.uint8))


class Slow(Algorithm):
    service = MAKEUP_TRANSFER
    name = "slow"
    effects = Effects(writes={Aspect.FACE})
    running = 0
    most = 0
    ended: list[str] = []
    begun = threading.Event()

    def run(self, portrait: Image, *, params: Params, step: Step) -> Layer:
        cls = type(self)
        cls.running += 1
        cls.most = max(cls.most, cls.running)
        cls.begun.set()
        try:
            for _ in range(10):
                time.sleep(0.01)
                step.progress(0.5)
        except Cancelled:
            cls.ended.append("cancelled")
            raise
        finally:
            cls.running -= 1
        cls.ended.append("done")
        return cover(portrait.pixels, np.full((8, 8), 255, np.uint8), at(0, 0))


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AlgorithmHost]]:
    """Makes hosts of `Slow`, as a replica of the named application would."""
    Slow.most, Slow.ended, Slow.begun = 0, [], threading.Event()
    threads = cv2.getNumThreads()
    monkeypatch.setattr(host, "installed", lambda key: Slow)

    def make(application: str = "makeup-transfer.slow", site: str = "local") -> AlgorithmHost:
        monkeypatch.setattr(host.serve, "get_replica_context", lambda: SimpleNamespace(app_name=application))
        return AlgorithmHost(HostArgs(algorithm="makeup-transfer/slow", site=site))

    yield make
    cv2.setNumThreads(threads)


def call(**changed: Any) -> Call:
    said = {"params": {}, "seed": 0, "ports": ("portrait",), "canvas": None, "strengths": ()} | changed
    return Call("makeup", "makeup-transfer/slow", **said)


async def test_one_algorithm_object_serves_one_call_at_a_time(hosted: Callable[..., AlgorithmHost]) -> None:
    replica = hosted()
    layers = await asyncio.gather(*(replica.run(call(), PORTRAIT) for _ in range(4)))
    assert len(layers) == 4
    assert Slow.most == 1


async def test_a_cancelled_request_stops_the_algorithm_and_the_next_one_runs(
    hosted: Callable[..., AlgorithmHost],
) -> None:
    replica = hosted()
    first = asyncio.create_task(replica.run(call(), PORTRAIT))
    await asyncio.to_thread(Slow.begun.wait, 5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await replica.run(call(), PORTRAIT)
    assert Slow.ended == ["cancelled", "done"]


async def test_a_call_that_was_planned_with_another_edition_is_done_and_says_so(
    hosted: Callable[..., AlgorithmHost],
) -> None:
    replica = hosted()
    assert isinstance(await replica.run(call(edition="1"), PORTRAIT), Layer)
    stray = await replica.run(call(edition="0.9"), PORTRAIT)
    assert isinstance(stray, Stray)
    assert stray.versions == {"makeup": "1"}
    assert isinstance(stray.value, Layer)
    after = await replica.run(call(edition="1"), Stray(PORTRAIT, {"scene": "7"}))
    assert isinstance(after, Stray)
    assert after.versions == {"scene": "7"}


async def test_what_is_no_longer_what_was_named_is_not_kept(
    hosted: Callable[..., AlgorithmHost], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    index, folder = Index(Sqlite(tmp_path / "index.sqlite")), Folder(tmp_path / "results")
    with closing(StepCache(index, folder, max_bytes=1 << 30)) as cache:
        monkeypatch.setattr(host, "replicas_cache", lambda: cache)
        replica = hosted()
        for name, edition, value in (
            ("a" * 64, "0.9", PORTRAIT),
            ("b" * 64, "1", Stray(PORTRAIT, {"scene": "7"})),
            ("c" * 64, "1", PORTRAIT),
        ):
            await replica.run(call(name=name, edition=edition), value)
        cache.settle()
        assert set(cache.known([letter * 64 for letter in "abc"])) == {"c" * 64}


def test_a_replica_describes_itself_and_whether_it_retires(
    hosted: Callable[..., AlgorithmHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[tuple[Place, Notice]] = []
    monkeypatch.setattr(host, "put_up", lambda place, notice: put.append((place, notice)))
    replica = hosted()
    replica.reconfigure({"retiring": True})
    place = Place("makeup-transfer/slow")
    description = Description.of(Slow)
    assert put == [(place, Notice(description=description)), (place, Notice(description=description, retiring=True))]


def test_an_application_under_another_name_does_not_start(hosted: Callable[..., AlgorithmHost]) -> None:
    """The Engine would never find it."""
    with pytest.raises(PluginError, match=r"Name the application 'makeup-transfer.slow@aws'"):
        hosted("makeup", site="aws")


def test_threads_change_while_the_replica_runs_and_wrong_settings_are_refused(
    hosted: Callable[..., AlgorithmHost],
) -> None:
    replica = hosted()
    replica.reconfigure({"threads": 1})
    assert cv2.getNumThreads() == 1
    with pytest.raises(ValidationError, match="thread"):
        replica.reconfigure({"thread": 2})


def test_a_replica_without_its_thread_is_not_healthy(hosted: Callable[..., AlgorithmHost]) -> None:
    replica = hosted()
    replica.check_health()
    replica._thread.shutdown()
    with pytest.raises(RuntimeError):
        replica.check_health()


@pytest.mark.parametrize("algorithm", ["mesh", "makeup-transfer/", "makeup transfer/mesh", "Makeup/Mesh"])
def test_an_algorithm_is_named_by_service_and_name(algorithm: str) -> None:
    with pytest.raises(ValidationError, match="algorithm"):
        HostArgs(algorithm=algorithm)
