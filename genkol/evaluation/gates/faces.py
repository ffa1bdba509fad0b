"""What is measured of the face: that it is the same one, in its shape, and to be seen."""

from __future__ import annotations

from genkol.evaluation.gates.trial import LOST, Trial
from genkol.evaluation.metrics.identity import identity_distance
from genkol.evaluation.metrics.landmarks import hidden_share, landmark_drift


def identity(trial: Trial) -> float | None:
    """Both chips are cut at the same place: where the face has moved, the drift says so."""
    if trial.faces is None:
        return None
    before, after = trial.faces
    if after is None:
        return LOST
    if after is before:
        return 0.0
    one, other = (trial.eyes.embedding(pixels, before.landmarks) for pixels in (trial.before, trial.after))
    return identity_distance(one, other)


def drift(trial: Trial) -> float | None:
    """How far the landmarks moved; of a face that is turned away nothing is asked."""
    if trial.faces is None:
        return None
    before, after = trial.faces
    if after is None:
        return LOST
    return landmark_drift(before.landmarks, after.landmarks) if before.frontal else None


def hidden(trial: Trial) -> float | None:
    """How much of the face something lies over."""
    if trial.faces is None or not trial.faces[0].frontal:
        return None
    return hidden_share(trial.faces[0].landmarks, trial.opacity)
