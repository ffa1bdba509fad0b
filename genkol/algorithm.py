"""The plugin contract: one class that does one service in one way.

    class LabTransfer(Algorithm):
        service = MAKEUP_TRANSFER
        name = "lab-transfer"
        effects = Effects(reads={Aspect.FACE}, writes={Aspect.FACE})

        class Params(Params):
            intensity: float = Field(0.6, ge=0, le=1, description="0 keeps the portrait.")

        def run(self, portrait, face, makeup, *, params, step) -> Layer: ...

The positional arguments of `run` are named as ports of the service; one with a default may be absent.
Heavy libraries (torch, diffusers, litert, onnxruntime, boto3) are imported in `setup`, never at the top
of the module: the Engine loads every class on a bare CPU.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from genkol.artifacts import Image
from genkol.errors import Cancelled
from genkol.services import Aspect, Service


class Params(BaseModel):
    """An algorithm's knobs. Each field has a default, bounds and a description for people."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def canonical(self) -> dict[str, Any]:
        """All values, defaults too, JSON-ready: equal settings give equal canonical params."""
        return self.model_dump(mode="json")


@dataclass(frozen=True, init=False)
class Effects:
    """Which aspects an algorithm looks at and which it changes; the order of steps follows from it."""

    reads: frozenset[Aspect]
    writes: frozenset[Aspect]

    def __init__(self, reads: Iterable[Aspect] = (), writes: Iterable[Aspect] = ()) -> None:
        object.__setattr__(self, "reads", frozenset(reads))
        object.__setattr__(self, "writes", frozenset(writes))


@dataclass(frozen=True)
class Resources:
    """What one run needs, as measured.

    Args:
        cpus: cores in use while it runs.
        gpus: share of one GPU, 0 for none.
        memory_mib: peak of the process with its weights loaded, at one megapixel.
        gpu_memory_mib: the same on the GPU.
        seconds: warm time at one megapixel on the machine in benchmarks/RESULTS.md.
        price_usd: what a run costs at a paid API, 0 for one's own machine.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory_mib: int = 512
    gpu_memory_mib: int = 0
    seconds: float = 0.1
    price_usd: float = 0.0


class Setup(Protocol):
    """What an algorithm may ask for when it is set up."""

    def weights(self, name: str) -> Path:
        """Return the verified file of a weight that the algorithm lists; fetches it where allowed.

        Raises:
            WeightsMissing: it is neither in the cache nor to be had.
            LicenceRefused: its licence forbids commercial use and the operator has not allowed that.
        """
        ...


@dataclass
class Step:
    """One run of an algorithm: its seed, its progress and whether it is still wanted.

    Args:
        id: the step's id in the plan.
        seed: non-negative; the same seed, inputs and params give the same result.
        on_progress: hears (fraction, preview).
        is_cancelled: asked at every `progress` call.
    """

    id: str = "step"
    seed: int = 0
    on_progress: Callable[[float, Image | None], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    _last: float = field(default=0.0, init=False)

    @cached_property
    def rng(self) -> np.random.Generator:
        """A generator for this run alone."""
        return np.random.default_rng(self.seed)

    def progress(self, fraction: float, preview: Image | None = None) -> None:
        """Say how far the run is, 0 to 1, never going back; a good place to be cancelled.

        Raises:
            Cancelled: the request is no longer wanted. Let it pass through.
        """
        if self.is_cancelled is not None and self.is_cancelled():
            raise Cancelled(f"The step {self.id!r} was cancelled.", step=self.id)
        self._last = min(1.0, max(self._last, fraction))
        if self.on_progress is not None:
            self.on_progress(self._last, preview)


class Algorithm(ABC):
    """One interchangeable way to do a service. One object serves one call at a time.

    Attributes:
        service: from the catalogue.
        name: kebab-case, unique in its service.
        version: part of a step's name; raise it when the same inputs give another result.
        effects: aspects read and written. For an analysis, `reads` says what makes it stale.
        resources: measured needs.
        weights: names in the weights catalogue.
        seeded: whether the result depends on the seed; False lets equal steps of different seeds share a name.
        general: False for one that does a part of what its service promises (recolouring is not dressing); such a
            one is never a service's default while there is another.
        Params: the knobs, a subclass of `genkol.algorithm.Params`.
    """

    service: ClassVar[Service]
    name: ClassVar[str]
    version: ClassVar[str] = "1"
    effects: ClassVar[Effects]
    resources: ClassVar[Resources] = Resources()
    weights: ClassVar[tuple[str, ...]] = ()
    seeded: ClassVar[bool] = True
    general: ClassVar[bool] = True
    Params: ClassVar[type[Params]] = Params

    def setup(self, setup: Setup) -> None:
        """Load weights and heavy libraries. Called once, before the first run."""

    @classmethod
    def check(cls, params: Any, given: frozenset[str]) -> str | None:
        """Say what is wrong with this use before anything runs, or None.

        Args:
            params: the checked `Params`.
            given: names of the ports that the flow fills.
        """
        return None

    @classmethod
    def asked_colour(cls, params: Any) -> tuple[int, int, int] | None:
        """Return the sRGB colour, 0 to 255, that the params ask for: the gates hold the result to it. None without one.

        Args:
            params: the checked `Params`.
        """
        return None

    @abstractmethod
    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work: the ports as positional arguments, then ``params`` and ``step`` by keyword.

        Returns:
            One value of the service's output kind.

        Raises:
            Unsuitable: the picture is good but this algorithm cannot work on it; say why.
        """

    @classmethod
    def key(cls) -> str:
        """``service/name``: how the registry, the API and the entry point call it."""
        return f"{cls.service.name}/{cls.name}"
