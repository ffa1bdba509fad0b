"""What requests come to while replicas, an Engine and a whole site are killed at random.

python -m benchmarks chaos

Flows of three steps prefer a second site, on a node of its own; two of the steps run at both. Three times the same
crowd asks: in calm, while processes are killed (SIGKILL, by a seeded choice; the node in the middle), and afterwards,
the preferred site being dead. Each request differs in its picture, which is compared with the one that an Engine in
one process makes.
"""

from __future__ import annotations

import base64
import io
import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import numpy as np
import psutil
from PIL import Image as Pillow

from benchmarks import serving
from deployments.cluster import Raylet, raylet
from deployments.names import Place
from genkol.dispatch import InProcess
from genkol.engine import Engine
from genkol.flow.flow import Flow
from genkol.inputs import read_input
from genkol.registry import Registry

CLOUD = "cloud"
EVERYWHERE = ("hair-editing", "makeup-transfer")
LOCAL_ONLY = "background"
SERVICES = (*EVERYWHERE, LOCAL_ONLY)
REQUESTS = 300
AT_ONCE = 8
SIDE = 256
DEADLINE_S = 60.0
GRACE_S = 5.0
"""How much later than its deadline an answer may come."""


@dataclass(frozen=True)
class Told:
    """What a request came to. Args: code: of the problem, ``right`` or ``wrong`` for a picture, else ``untyped``."""

    number: int
    seconds: float
    code: str
    detail: str = ""


@dataclass
class Killer:
    """Kills a replica after every so many answers, each of the applications in its turn, and once the node.

    Args:
        applications: whose replicas die.
        node: of the other site.
        every: answers between two kills.
        node_after: answers before the node dies.
        seed: of the choice.
    """

    applications: Sequence[str]
    node: Raylet
    every: int
    node_after: int
    seed: int = 0
    killed: list[str] = field(default_factory=list)
    _answers: int = 0
    _turn: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def answered(self) -> None:
        """Count an answer; kill where it is time."""
        with self._lock:
            self._answers += 1
            if self._answers == self.node_after:
                self.node.kill()
                self.killed.append(f"the node of {self.node.site}")
            elif self._answers % self.every == 0:
                self._kill_one()

    def _kill_one(self) -> None:
        for _ in self.applications:
            if not self._turn:
                self._turn = self._random.sample(self.applications, len(self.applications))
            application = self._turn.pop()
            replicas = replicas_of(application)
            if replicas:
                with suppress(psutil.NoSuchProcess):
                    self._random.choice(replicas).kill()
                    self.killed.append(application)
                return


def replicas_of(application: str) -> list[psutil.Process]:
    """The processes of an application's replicas, of the Ray that this process has started."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
            if process.cmdline()[0].startswith(f"ray::ServeReplica:{application}:"):
                found.append(process)
    return sorted(found, key=lambda process: process.pid)


@dataclass(frozen=True)
class Crowd:
    """Asks for pictures, `AT_ONCE` at a time.

    Args:
        url: of the Engine.
        portrait: PNG.
        flow: number of a request to what it asks for.
        expected: number of a request to its picture.
    """

    url: str
    portrait: bytes
    flow: Callable[[int], dict[str, Any]]
    expected: Callable[[int], bytes]

    def ask(self, numbers: Iterable[int], answered: Callable[[], None] = lambda: None) -> list[Told]:
        def one(number: int) -> Told:
            told = self._asked(number)
            answered()
            return told

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(one, numbers))

    def _asked(self, number: int) -> Told:
        inputs = {"portrait": {"data": base64.b64encode(self.portrait).decode()}}
        body = {"flow": self.flow(number), "inputs": inputs}
        started = time.perf_counter()
        try:
            answer = httpx.post(f"{self.url}/v1/pictures", json=body, timeout=DEADLINE_S + GRACE_S, trust_env=False)
        except httpx.TimeoutException as error:
            return Told(number, time.perf_counter() - started, "hung", repr(error))
        except httpx.HTTPError as error:
            return Told(number, time.perf_counter() - started, "untyped", repr(error))
        return Told(number, time.perf_counter() - started, *self._judged(number, answer))

    def _judged(self, number: int, answer: httpx.Response) -> tuple[str, str]:
        if answer.status_code == 200:
            return ("right" if answer.content == self.expected(number) else "wrong"), ""
        if not answer.headers.get("content-type", "").startswith("application/problem+json"):
            return "untyped", f"{answer.status_code} {answer.text[:300]}"
        problem = answer.json()
        if answer.status_code == 503 and "retry-after" not in answer.headers:
            return "untyped", f"no Retry-After: {answer.text[:300]}"
        return problem["code"], str(problem["errors"])


def flow(number: int, algorithm: str, **params: Any) -> dict[str, Any]:
    """A flow whose picture no other number's has, and that would rather run in the cloud.

    Args:
        number: of the request, of 300 different ones.
        algorithm: name of the painters.
        params: more of them.
    """
    total = number % 300 - 150
    levels = (total // 3, (total + 1) // 3, (total + 2) // 3)  # whose sum it is
    steps = [
        {"service": service, "algorithm": algorithm, "params": {"level": level, **params}}
        for service, level in zip(SERVICES, levels, strict=True)
    ]
    return {
        "genkol": 1,
        "inputs": {"portrait": "portrait"},
        "steps": steps,
        "placement": {"prefer": [CLOUD]},
    }


def chaos(crowd: Crowd, killer: Killer, requests: int) -> dict[str, Any]:
    """Ask in calm, in chaos and afterwards; return the figures. In calm and afterwards a fifth as many ask."""
    few = range(max(AT_ONCE, requests // 5))
    crowd.ask(few)  # every router has seen every replica
    calm = crowd.ask(few)
    started = time.perf_counter()
    wild = crowd.ask(range(requests), killer.answered)
    took = time.perf_counter() - started
    crowd.ask(few)  # the last killed ones come back, and the breakers learn
    after = crowd.ask(few)
    return {
        "requests": requests,
        "killed": killer.killed,
        "answers": dict(Counter(told.code for told in wild)),
        "problems": [told for told in [*calm, *wild, *after] if told.code != "right"],
        "seconds": took,
        "longest": max(told.seconds for told in wild),
        "wild": statistics.median(told.seconds for told in wild),
        "calm": statistics.median(told.seconds for told in calm),
        "after": statistics.median(told.seconds for told in after),
        "wrong": sum(told.code == "wrong" for told in [*calm, *wild, *after]),
    }


def pictures_of(
    algorithms: Iterable[type[Any]], portrait: bytes, flow: Callable[[int], dict[str, Any]]
) -> Callable[[int], bytes]:
    """The picture of each request's flow, made by an Engine in this process."""
    registry = Registry(algorithms)
    engine = Engine(registry, InProcess(registry, setup=None))  # type: ignore[arg-type]
    lock, made = threading.Lock(), dict[int, bytes]()

    def picture(number: int) -> bytes:
        with lock:
            if number not in made:
                parsed = Flow.parse(flow(number))
                values = {name: read_input(name, kind, portrait) for name, kind in parsed.inputs.items()}
                made[number] = engine.run(parsed, values).picture
            return made[number]

    return picture


def portrait() -> bytes:
    """A small picture, PNG."""
    file = io.BytesIO()
    Pillow.fromarray(np.random.default_rng(3).integers(0, 200, (SIDE, SIDE, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def victims(algorithm: str) -> list[str]:
    """The applications whose replicas die."""
    places = [Place(f"{service}/{algorithm}") for service in SERVICES]
    away = [Place(f"{service}/{algorithm}", CLOUD) for service in EVERYWHERE]
    return ["engine", "finisher", *(place.application for place in [*places, *away])]


def run(requests: int = REQUESTS, seed: int = 0) -> dict[str, Any]:
    """Measure and print; see the module."""
    os.environ.update(GENKOL_REQUEST_TIMEOUT_S=f"{DEADLINE_S:g}", GENKOL_STEP_TIMEOUT_S="20")
    picture = portrait()
    with serving.idle_algorithms() as idle:
        apps = [serving.engine(2), serving.finisher(), *(serving.host(f"{service}/idle") for service in SERVICES)]
        there = [serving.host(f"{service}/idle", CLOUD) for service in EVERYWHERE]
        with serving.serving(*apps, num_cpus=2) as url, raylet(CLOUD, num_cpus=0) as node:
            serving.start(int(url.rpartition(":")[2]), [*apps, *there])
            # Layers that lie on the node that made them, and are lost with it: smaller ones come with the reply.
            asks = partial(flow, algorithm="idle", side=SIDE)
            crowd = Crowd(url, picture, asks, pictures_of(idle, picture, asks))
            killer = Killer(victims("idle"), node, max(5, requests // 20), requests // 2 + 1, seed)
            found = chaos(crowd, killer, requests)
    print(table(found))
    for told in found.pop("problems"):
        print(told)
    return {"chaos": found}


def table(found: Mapping[str, Any]) -> str:
    """The section of RESULTS.md."""
    killed = ", ".join(f"`{name}` {count}x" for name, count in sorted(Counter(found["killed"]).items()))
    answers = ", ".join(f"{count} {code}" for code, count in sorted(found["answers"].items()))
    return "\n".join(
        [
            f"| {found['requests']} requests, {AT_ONCE} at once, {SIDE} px | median, s |",
            "|---|---:|",
            f"| calm | {found['calm']:.3f} |",
            f"| while all kinds of processes are killed (longest {found['longest']:.1f} s) | {found['wild']:.3f} |",
            f"| **afterwards, the preferred site being dead** | {found['after']:.3f} |",
            "",
            f"Answers: {answers}. Killed: {killed}. Afterwards a request takes {found['after'] / found['calm']:.2f} "
            "times as long as in calm.",
        ]
    )


if __name__ == "__main__":
    run()
