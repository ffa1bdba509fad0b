"""Runs services on photographs and keeps what came out, with what the gates say of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genkol.algorithm import Algorithm
from genkol.artifacts import Image, Kind, Value
from genkol.dispatch import InProcess
from genkol.engine import Engine
from genkol.errors import BadFlow, GenkolError, MissingInput
from genkol.evaluation.gates import Judge, Verdict
from genkol.flow.flow import IMPLIED, Flow
from genkol.inputs import read_input
from genkol.pictures import read_image
from genkol.registry import Registry
from genkol.services import SERVICES, Role, service_named
from genkol.weights import WeightsSetup, default_folder

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")

PREFIXES: Mapping[str, Kind] = {
    "makeup": Kind.MAKEUP,
    "background": Kind.SCENE,
    "scene": Kind.SCENE,
    "garment": Kind.GARMENT,
    "hairstyle": Kind.HAIRSTYLE,
    "product": Kind.PRODUCT,
}
"""A file of the folder whose name begins so, up to the first dash, is a reference and no portrait."""


@dataclass(frozen=True)
class Asked:
    """What to run on every photograph.

    Args:
        services: painters and finishers, in this order.
        references: kind to file; a kind that is missing is taken from the folder, or done without.
        algorithms: service to the algorithm's name; the default when left out.
        params: service to parameters.
        seed: of every flow.
    """

    services: Sequence[str]
    references: Mapping[Kind, Path] = field(default_factory=dict)
    algorithms: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Row:
    """One service on one photograph.

    Args:
        photo: file name.
        service: what was done.
        algorithm: who did it.
        seconds: of the step alone; 0 when it was refused.
        verdict: of the gates; None when the step was refused.
        refusal: why the step made nothing; empty otherwise.
        before: the portrait.
        after: the picture, None when the step was refused.
    """

    photo: str
    service: str
    algorithm: str
    seconds: float
    verdict: Verdict | None
    refusal: str
    before: Image
    after: Image | None

    @property
    def outcome(self) -> str:
        """passed, failed or refused."""
        if self.verdict is None:
            return "refused"
        return "passed" if self.verdict.passed else "failed"


class Recorder:
    """A gate that lets everything pass and remembers what it would have said."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._lock = threading.Lock()
        self._said: dict[str, tuple[Verdict, float]] = {}

    def require(
        self, algorithm: type[Algorithm], arguments: Mapping[str, Value], params: Mapping[str, Any], result: Value
    ) -> None:
        started = time.perf_counter()
        verdict = self._judge.judge(algorithm, arguments, params, result)
        with self._lock:
            self._said[algorithm.service.name] = verdict, time.perf_counter() - started

    def take(self, service: str) -> tuple[Verdict, float]:
        """Return and forget what was said last of a service, and how many seconds that took."""
        with self._lock:
            return self._said.pop(service)


class Evaluation:
    """Runs services in this process, one photograph after the other.

    Args:
        registry: the algorithms; the installed ones by default.
        judge: measures; the usual one by default.
    """

    def __init__(self, registry: Registry | None = None, judge: Judge | None = None) -> None:
        setup = WeightsSetup(default_folder())
        self._recorder = Recorder(judge or Judge.of(setup))
        self.registry = registry or Registry.from_entry_points()
        self._dispatcher = InProcess(self.registry, setup, gate=self._recorder)
        self._engine = Engine(self.registry, self._dispatcher)

    def close(self) -> None:
        """Give the threads back."""
        self._dispatcher.close()

    def rows(self, folder: Path, asked: Asked) -> Iterator[Row]:
        """Yield a row for each photograph and service.

        Raises:
            BadFlow: the folder has no photograph, or a service paints nothing.
            RequestError: a reference is missing or cannot be read, or a service or parameter is not known.
        """
        files = photographs(folder)
        references = _references(folder, asked)
        checked = [self._flow(service, references, asked) for service in asked.services]
        for file in files:
            for service, flow in zip(asked.services, checked, strict=True):
                yield self._row(file, service, flow, references)

    def _flow(self, service: str, references: Mapping[Kind, Value], asked: Asked) -> Flow:
        role = service_named(service).role
        if role not in (Role.PAINTER, Role.FINISHER):
            painters = ", ".join(s for s in SERVICES if SERVICES[s].role in (Role.PAINTER, Role.FINISHER))
            raise BadFlow(f"{service} changes no picture, so that there is nothing to judge. Choose of: {painters}.")
        step: dict[str, Any] = {"service": service, "params": dict(asked.params.get(service, {}))}
        if service in asked.algorithms:
            step["algorithm"] = asked.algorithms[service]
        steps, inputs = [step], {"portrait": Kind.PORTRAIT}
        kind = next((k for k, s in IMPLIED.items() if s == service), None)
        if kind is not None and kind in references:
            inputs[kind.value] = kind
        elif kind is Kind.SCENE:
            steps.insert(0, {"service": "scene", "params": dict(asked.params.get("scene", {}))})
        flow = Flow.parse({"inputs": inputs, "steps": steps, "seed": asked.seed, "verify": True})
        self._engine.plan(flow)
        return flow

    def _row(self, file: Path, service: str, flow: Flow, references: Mapping[Kind, Value]) -> Row:
        before = read_input(file.name, Kind.PORTRAIT, file.read_bytes())
        assert isinstance(before, Image)
        values = {"portrait": before, **{k.value: references[k] for k in flow.inputs.values() if k in references}}
        step = next(s for s in self._engine.plan(flow) if s.service == service)
        try:
            result = self._engine.run(flow, values)
        except GenkolError as error:
            return Row(file.name, service, step.algorithm, 0.0, None, str(error), before, None)
        after = read_image(result.picture)
        verdict, judging = self._recorder.take(service)
        seconds = max(0.0, result.outcome.seconds[step.id] - judging)
        return Row(file.name, service, step.algorithm, seconds, verdict, "", before, after)


def photographs(folder: Path) -> list[Path]:
    """Return the pictures of a folder that are no references, by name.

    Raises:
        BadFlow: there is none.
    """
    files = sorted(file for file in _pictures(folder) if _kind_of(file) is None)
    if not files:
        raise BadFlow(
            f"There is no photograph in {folder}. Give a folder with files that end in {', '.join(ENDINGS)}; those "
            f"whose names begin with {', '.join(f'{p}-' for p in PREFIXES)} are references."
        )
    return files


def _pictures(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise MissingInput(f"{folder} is no folder.", field="photos")
    return (file for file in folder.iterdir() if file.suffix.lower() in ENDINGS)


def _kind_of(file: Path) -> Kind | None:
    return PREFIXES.get(file.stem.partition("-")[0])


def _references(folder: Path, asked: Asked) -> dict[Kind, Value]:
    """Read the references of the services that are asked for: those given, or the folder's first of each kind."""
    chosen = dict(asked.references)
    for file in sorted(_pictures(folder)):
        kind = _kind_of(file)
        if kind is not None:
            chosen.setdefault(kind, file)
    given = set(asked.references)
    return {
        kind: _read(kind, file)
        for kind, file in chosen.items()
        if IMPLIED[kind] in asked.services and (kind in given or not asked.params.get(IMPLIED[kind], {}).get("look"))
    }


def _read(kind: Kind, file: Path) -> Value:
    try:
        return read_input(file.name, kind, file.read_bytes())
    except OSError as error:
        raise MissingInput(f"The {kind} {file} cannot be read: {error.strerror}.", field=kind.value) from error
