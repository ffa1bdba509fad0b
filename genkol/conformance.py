"""The conformance suite: what every algorithm must keep, checked by running it.

For authors of algorithms, in one test:

    def test_my_algorithm_conforms():
        assert violations(MyAlgorithm, {"portrait": portrait, "makeup": reference}, setup) == []
"""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np

from genkol.algorithm import Algorithm, Setup, Step
from genkol.artifacts import PYTHON_TYPE, Image, Layer, Value, digest_of
from genkol.compose import compose, support
from genkol.errors import Cancelled, GenkolError, PluginError
from genkol.registry import check, ports_of

HEAVY = ("torch", "diffusers", "transformers", "boto3", "ai_edge_litert", "onnxruntime", "ray")
"""Libraries that importing an algorithm's module must not load."""


def violations(
    algorithm: type[Algorithm],
    inputs: Mapping[str, Value],
    setup: Setup,
    params: Mapping[str, Any] | None = None,
) -> list[str]:
    """Return what the algorithm breaks of the contract, a sentence each; empty when it conforms.

    Args:
        algorithm: the class.
        inputs: a value for each port that its `run` names (those with a default may be left out), on which
            it should succeed.
        setup: gives it its weights.
        params: other than the defaults.
    """
    try:
        check(algorithm)
    except PluginError as error:
        return [str(error)]
    missing = [use.port.name for use in ports_of(algorithm) if use.required and use.port.name not in inputs]
    if missing:
        return [f"The case has no value for {', '.join(missing)}."]
    return list(_Trial(algorithm, inputs, setup, dict(params or {})).faults())


@dataclass
class _Trial:
    """One algorithm on one case."""

    algorithm: type[Algorithm]
    inputs: Mapping[str, Value]
    setup: Setup
    params: Mapping[str, Any]
    heard: list[float] = field(default_factory=list)

    def faults(self) -> Iterator[str]:
        yield from _import_faults(self.algorithm)
        before = {name: digest_of(value) for name, value in self.inputs.items()}
        self.work = self.algorithm()
        self.work.setup(self.setup)
        first = self._run(seed=1, hear=self.heard.append)
        expected = PYTHON_TYPE[self.algorithm.service.output]
        if not isinstance(first, expected):
            yield f"`run` returned a {type(first).__name__}; {self.algorithm.service.name} gives a {expected.__name__}."
            return
        yield from self._result_faults(cast(Value, first), before)
        yield from self._progress_faults()
        yield from self._cancel_faults()
        yield from self._unsuitable_faults()
        if isinstance(first, Layer):
            yield from self._layer_faults(first)

    def _run(self, seed: int, hear: Callable[[float], None] = lambda f: None, **step: Any) -> Any:
        described = Step("trial", seed, on_progress=lambda fraction, preview: hear(fraction), **step)
        params = self.algorithm.Params.model_validate(dict(self.params))
        return self.work.run(**self.inputs, params=params, step=described)

    def _result_faults(self, first: Value, before: Mapping[str, str]) -> Iterator[str]:
        if {name: digest_of(value) for name, value in self.inputs.items()} != before:
            yield "`run` changed its inputs; copy an array before writing into it."
        if self.algorithm.seeded or digest_of(self._run(seed=2)) != digest_of(first):
            if digest_of(self._run(seed=1)) != digest_of(first):
                yield "The same inputs, params and seed gave another result; draw all chance from `step.rng`."
            elif not self.algorithm.seeded:
                yield "`seeded` is False, but another seed gave another result."
        if digest_of(pickle.loads(pickle.dumps(first))) != digest_of(first):  # noqa: S301 - our own bytes
            yield "The result does not survive pickle, by which it travels between replicas."

    def _progress_faults(self) -> Iterator[str]:
        if not self.heard:
            yield "`run` never calls `step.progress`, so that it cannot be watched or cancelled."
        if self.heard != sorted(self.heard):
            yield f"The progress goes back: {self.heard}."

    def _cancel_faults(self) -> Iterator[str]:
        try:
            self._run(seed=1, is_cancelled=lambda: True)
        except Cancelled:
            return
        yield "A cancelled run went on to its end; let `Cancelled` pass through."

    def _unsuitable_faults(self) -> Iterator[str]:
        grey = {
            name: Image(np.full_like(value.pixels, 128)) if isinstance(value, Image) else value
            for name, value in self.inputs.items()
        }
        params = self.algorithm.Params.model_validate(dict(self.params))
        try:
            self.work.run(**grey, params=params, step=Step("trial"))
        except GenkolError:
            return
        except Exception as error:  # whatever it raises is the finding
            yield f"Plain grey pictures raised {error!r}; raise Unsuitable with a reason, or work on them."

    def _layer_faults(self, layer: Layer) -> Iterator[str]:
        portrait = self.inputs["portrait"]
        assert isinstance(portrait, Image)
        changed = (compose(portrait, [layer]).pixels != portrait.pixels).any(axis=2)
        if (changed & ~support(layer, portrait.size)).any():
            yield "The layer changes pixels outside its support."
        if not changed.any():
            yield "The layer changes nothing on a case where it should."


def _import_faults(algorithm: type[Algorithm]) -> Iterator[str]:
    module = algorithm.__module__
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or module == "__main__":
        return
    if loaded := _heavy_of(module):
        yield f"Importing {module} loads {loaded}; import heavy libraries in `setup`."


@cache
def _heavy_of(module: str) -> str:
    """Return the heavy libraries that importing a module loads, as a fresh process sees it; empty when it fails."""
    code = f"import sys, {module}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
