"""The judge: measures a step's result and lets it pass, or not."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from genkol.algorithm import Algorithm, Setup
from genkol.artifacts import F32, F64, U8, Image, Layer
from genkol.errors import GateFailed
from genkol.evaluation.gates.limits import limits_for
from genkol.evaluation.gates.measure import measure
from genkol.evaluation.gates.trial import FaceEyes, SeenFace, Trial
from genkol.evaluation.gates.verdict import Verdict, verdict_on
from genkol.evaluation.metrics.identity import FaceEmbedder
from genkol.vision.face import FaceFinder
from genkol.vision.landmarks import landmarks_of, yaw_of
from genkol.vision.models import LiteModel
from genkol.weights import weights_digest

WEIGHTS = ("face-detection", "face-mesh", "face-recognition")
"""What the judge needs."""


def gate_digest(algorithm: type[Algorithm]) -> str:
    """Return a digest of what the judge holds the algorithm's results to, and of the weights that it sees by."""
    content = f"{limits_for(algorithm)!r} {weights_digest(WEIGHTS)}"
    return hashlib.sha256(content.encode()).hexdigest()


class Eyes:
    """Our own landmarks and dlib's embedding, one call at a time; models are loaded on first use.

    Args:
        setup: gives the weights.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._lock = threading.Lock()
        self._finder: FaceFinder | None = None
        self._embedder: FaceEmbedder | None = None

    def faces(self, pixels: U8) -> Sequence[SeenFace]:
        """Return every face, largest first."""
        with self._lock:
            if self._finder is None:
                files = (self._setup.weights(name) for name in WEIGHTS[:2])
                self._finder = FaceFinder(*(LiteModel(file, threads=1) for file in files))
            found = self._finder.faces(pixels)
        return [SeenFace(landmarks_of(face.mesh), yaw_of(face.mesh)) for face in found]

    def embedding(self, pixels: U8, landmarks: F32) -> F64:
        """Return the (128,) embedding of a face.

        Raises:
            WeightsMissing: dlib is not installed, or its weight is not to be had.
        """
        with self._lock:
            if self._embedder is None:
                self._embedder = FaceEmbedder(self._setup.weights(WEIGHTS[2]))
            return self._embedder(pixels, landmarks)


class Judge:
    """Keeps `genkol.perform.Gate`. May be asked from several threads.

    Args:
        eyes: finds and knows faces; `Judge.of` makes the usual ones.
    """

    def __init__(self, eyes: FaceEyes) -> None:
        self._eyes = eyes

    @classmethod
    def of(cls, setup: Setup) -> Judge:
        """The judge that gets its weights from `setup`, when it first needs them."""
        return cls(Eyes(setup))

    def judge(
        self, algorithm: type[Algorithm], arguments: Mapping[str, Any], params: Mapping[str, Any], result: Any
    ) -> Verdict:
        """Measure what an algorithm made.

        Args:
            algorithm: whose it is.
            arguments: port to value, as it got them.
            params: as it got them.
            result: what it returned; only layers and pictures are measured.
        """
        limits = limits_for(algorithm)
        if not isinstance(result, Layer | Image) or not isinstance(arguments.get("portrait"), Image):
            return Verdict(True, {})
        trial = Trial(algorithm, arguments, result, self._eyes, params)
        return verdict_on(measure(trial, [limit.metric for limit in limits]), limits)

    def require(
        self, algorithm: type[Algorithm], arguments: Mapping[str, Any], params: Mapping[str, Any], result: Any
    ) -> None:
        """Let a result pass.

        Raises:
            GateFailed: it breaks a limit; the message and the context have the numbers.
        """
        verdict = self.judge(algorithm, arguments, params, result)
        if not verdict.passed:
            measured = {name: None if value is None else round(value, 4) for name, value in verdict.measured.items()}
            raise GateFailed(f"{'; '.join(verdict.reasons)}.", measured=measured, reasons=list(verdict.reasons))
