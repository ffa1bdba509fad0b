"""A step is named by its content: the digest of all that decides its result. So is a finished picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def step_seed(flow_seed: int, step_id: str) -> int:
    """Derive a step's seed, so that two steps of a flow do not draw the same noise."""
    return int.from_bytes(hashlib.sha256(f"{flow_seed}/{step_id}".encode()).digest()[:4], "big")


def edition(version: str, weights: str) -> str:
    """Return what an algorithm is at a moment: of another edition, the same step may have another result.

    Args:
        version: the algorithm's.
        weights: digest of its weights.
    """
    return f"{version}+{weights[:16]}" if weights else version


def step_name(
    *,
    algorithm: str,
    version: str,
    weights: str,
    params: Mapping[str, Any],
    seed: int,
    inputs: Mapping[str, str],
    layers: Sequence[tuple[str, float]],
    canvas: str | None = None,
    verified: Sequence[str] | None = None,
    gate: str = "",
) -> str:
    """Return the SHA-256 (hex) name of a step's result.

    Args:
        algorithm: ``service/name``.
        version: the algorithm's.
        weights: digest of its weights.
        params: canonical.
        seed: of the run; 0 where the algorithm does not use one.
        inputs: port to the digest of an input, or the name of the step that makes it: names of names,
            so that a plan is named before anything has run.
        layers: names and strengths of the layers beneath, bottom first.
        canvas: the port whose picture they lie on. None: on none of them, as when a port gets another picture than
            the flow's portrait, be it one with the same pixels.
        verified: None, or that the gates judge the result: the names that it would have by each of the others that
            may try. The gates may choose another seed or algorithm, so that they are part of what decides.
        gate: digest of what the gates hold the result to, and by which weights; counts where they judge it.
    """
    content: dict[str, Any] = {
        "algorithm": algorithm,
        "version": version,
        "weights": weights,
        "params": params,
        "seed": seed,
        "inputs": inputs,
        "layers": [[name, strength] for name, strength in layers],
    }
    if layers:
        content["canvas"] = canvas
    if verified is not None:
        content["verified"] = [gate, *verified]
    return digest_of_json(content)


def digest_of_json(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of JSON-ready content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
