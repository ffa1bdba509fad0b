"""What Ray raises becomes what a caller can act on."""

from __future__ import annotations

import pickle

import pytest
from ray.exceptions import (
    ActorDiedError,
    ObjectLostError,
    ObjectReconstructionFailedError,
    OwnerDiedError,
    RayTaskError,
    TaskCancelledError,
)
from ray.serve._private.common import DeploymentID
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException

from deployments.failures import RETRY_AFTER_S, typed
from genkol.errors import Cancelled, GenkolError, NoFace, Overloaded, StepFailed

PLACE = {"step": "makeup", "algorithm": "makeup-transfer/mesh", "site": "local"}


def of(error: BaseException) -> GenkolError:
    return typed(error, **PLACE)


def wrapped(error: Exception) -> RayTaskError:
    """The error as it comes from a replica."""
    return RayTaskError("run", "Traceback ...", error).as_instanceof_cause()


def lost_object(kind: type) -> Exception:
    return kind("ab" * 28, None, "")


def test_an_algorithm_s_own_error_is_taken_out_of_its_wrapping_and_placed() -> None:
    error = of(wrapped(NoFace("No face in the portrait.", found=0)))
    assert type(error) is NoFace
    assert str(error) == "No face in the portrait."
    assert error.context == {"found": 0, **PLACE}


def test_what_the_replica_said_of_the_place_wins() -> None:
    error = of(wrapped(StepFailed("The step 'face' failed.", step="face")))
    assert error.context["step"] == "face"


def test_a_foreign_error_names_the_step_and_its_cause() -> None:
    error = of(wrapped(ValueError("the brush broke")))
    assert type(error) is StepFailed
    assert str(error) == "The step 'makeup' (makeup-transfer/mesh on local) failed: ValueError: the brush broke"
    assert "lost" not in error.context


@pytest.mark.parametrize(
    "loss",
    [
        ActorDiedError(),
        lost_object(OwnerDiedError),
        lost_object(ObjectReconstructionFailedError),
        RayServeException("upstream crash"),
    ],
    ids=lambda loss: type(loss).__name__,
)
@pytest.mark.parametrize("wrap", [False, True], ids=["bare", "wrapped"])
def test_a_loss_of_machinery_is_told_apart_from_an_error_of_the_step(loss: Exception, wrap: bool) -> None:
    error = of(wrapped(loss) if wrap else loss)
    assert type(error) is StepFailed
    assert error.context["lost"] is True
    if wrap and isinstance(loss, ObjectLostError):
        assert error.context["input_lost"] is True
        assert str(error).startswith("The step 'makeup' (makeup-transfer/mesh on local) cannot have one of its inputs")
    else:
        assert error.context == {**PLACE, "lost": True}
        assert str(error).startswith("The step 'makeup' (makeup-transfer/mesh on local) was lost: ")


@pytest.mark.parametrize(("told", "expected"), [(7.0, 7.0), (None, RETRY_AFTER_S)])
def test_back_pressure_says_when_to_come_back(told: float | None, expected: float) -> None:
    error = of(BackPressureError(3, 3, 503, told))
    assert type(error) is Overloaded
    assert error.context["retry_after_s"] == expected
    assert "makeup-transfer/mesh" in str(error)


def test_a_removed_application_is_a_failed_step() -> None:
    error = of(DeploymentUnavailableError(DeploymentID("AlgorithmHost", "makeup-transfer.mesh")))
    assert type(error) is StepFailed
    assert "removed or failed to deploy" in str(error)


def test_a_cancelled_call_is_cancelled() -> None:
    assert type(of(TaskCancelledError())) is Cancelled


def test_a_typed_error_travels_on() -> None:
    error = of(wrapped(ValueError("x")))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.context) == (type(error), str(error), error.context)
