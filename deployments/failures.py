"""What Ray and Serve raise, in the words of `genkol.errors`."""

from __future__ import annotations

from typing import Any

from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    ObjectStoreFullError,
    OutOfDiskError,
    OutOfMemoryError,
    RayActorError,
    RaySystemError,
    RayTaskError,
    RuntimeEnvSetupError,
    TaskCancelledError,
    WorkerCrashedError,
)
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException

from genkol.errors import Cancelled, GenkolError, Overloaded, StepFailed

RETRY_AFTER_S = 2.0
"""When to come back after back pressure for which Serve names no time."""

LOST = (
    RayActorError,
    ObjectLostError,
    NodeDiedError,
    WorkerCrashedError,
    LocalRayletDiedError,
    OutOfMemoryError,
    ObjectStoreFullError,
    OutOfDiskError,
    RaySystemError,
    RuntimeEnvSetupError,
    RayServeException,
)
"""The machinery failed, not the step: another replica or site may do better."""


def typed(error: BaseException, step: str, algorithm: str, site: str) -> GenkolError:
    """Return what a step's failure is to the caller, naming the step, its algorithm and its site.

    Losses of infrastructure also arrive wrapped in a `RayTaskError`, as any error of the step does: hence the
    cause is looked at, and losses are tested for before it counts as the step's own error.
    """
    place: dict[str, Any] = {"step": step, "algorithm": algorithm, "site": site}
    cause = _cause(error)
    who = f"The step {step!r} ({algorithm} on {site})"
    if isinstance(cause, GenkolError):
        return cause.located(**place)
    if isinstance(cause, BackPressureError):
        after = cause.retry_after_s or RETRY_AFTER_S
        text = f"Too many calls of {algorithm} on {site} are waiting. Try again in {after:g} s."
        return Overloaded(text, place, retry_after_s=after)
    if isinstance(cause, DeploymentUnavailableError):
        return StepFailed(f"{who} cannot run: its application was removed or failed to deploy.", place, lost=True)
    if isinstance(cause, TaskCancelledError):
        return Cancelled(f"{who} was cancelled.", place)
    if isinstance(cause, ObjectLostError) and cause is not error:  # bare, it would be what the step itself made
        text = f"{who} cannot have one of its inputs: {_line(cause)}. Try again."
        return StepFailed(text, place, lost=True, input_lost=True)
    if isinstance(cause, LOST):
        return StepFailed(f"{who} was lost: {_line(cause)}. Try again.", place, lost=True)
    return StepFailed(f"{who} failed: {type(cause).__name__}: {_line(cause)}", place)


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, RayTaskError) and isinstance(error.cause, BaseException):
        error = error.cause
    return error


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."
