"""Every error that GenKOL raises, in one tree.

    GenkolError                     500  internal
      RequestError                  422  bad-request         the caller can mend it
        UnknownService              404  unknown-service
        UnknownAlgorithm            404  unknown-algorithm
        UnknownAsset                404  unknown-asset
        UnknownRequest              404  unknown-request     it is not worked on, or no longer
        BadFlow                     422  bad-flow            the flow is not of the right form
        BadParams                   422  bad-params
        MissingInput                422  missing-input
        AmbiguousInput              422  ambiguous-input
        UnfitInput                  422  unfit-input         a kind that the port does not take
        CyclicFlow                  422  cyclic-flow
        PrivateInput                403  private-input       it would leave the local site
        OverBudget                  422  over-budget
        FlowErrors                  *    flow-errors         several of the above, all at once
        BadImage                    422  bad-image
        UnsupportedImage            415  unsupported-image
        TooLarge                    413  too-large
        NotAcceptable               406  not-acceptable
        Unsuitable                  422  unsuitable          a good picture that this step cannot work on
          NoFace                    422  no-face
          NoPerson                  422  no-person
          Moderated                 422  moderated           a remote service's filter refused what it was given
      Refused                       403  refused
        LicenceRefused              403  licence-refused
      Conflict                      409  conflict
      Overloaded                    503  overloaded          carries ``retry_after_s``
      EngineLost                    503  engine-lost         carries ``retry_after_s``
      Cancelled                     499  cancelled
      StepFailed                    502  step-failed         names step, algorithm and site
        StepTimeout                 504  step-timeout
        GateFailed                  422  gate-failed         its result was measured and is not good enough
        RemoteFailed                502  remote-failed       a service outside the cluster failed or answered badly
          RemoteRefused             502  remote-refused      it does not accept the operator's credentials
          RemoteMissing             502  remote-missing      it has no such model in this region, or no longer
      WeightsError                  503  weights
        WeightsMissing              503  weights-missing
        WeightsCorrupt              503  weights-corrupt
      PluginError                   500  plugin              raised at start-up, never on a request

A message says what happened with the value, what was expected and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar


class GenkolError(Exception):
    """The root of the tree.

    Every argument reaches ``Exception.__init__`` so that an error keeps its type, text and context
    through pickle, and thereby through Ray.

    Attributes:
        code: kebab-case name, stable across releases; part of the HTTP API.
        status: HTTP status.
        context: JSON-ready facts about the error: ``field``, ``step``, ``value``, ...
    """

    code: ClassVar[str] = "internal"
    status: int = 500

    def __init__(self, message: str, context: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        self.message = message
        self.context: dict[str, Any] = {**(context or {}), **more}
        super().__init__(message, self.context)

    def __str__(self) -> str:
        return self.message

    def located(self, **more: Any) -> GenkolError:
        """Return the same error with more context; what is already known wins."""
        return type(self)(self.message, {**more, **self.context})


class RequestError(GenkolError):
    code = "bad-request"
    status = 422


class UnknownService(RequestError):
    code = "unknown-service"
    status = 404


class UnknownAlgorithm(RequestError):
    code = "unknown-algorithm"
    status = 404


class UnknownAsset(RequestError):
    code = "unknown-asset"
    status = 404


class UnknownRequest(RequestError):
    code = "unknown-request"
    status = 404


class BadFlow(RequestError):
    code = "bad-flow"


class BadParams(RequestError):
    code = "bad-params"


class MissingInput(RequestError):
    code = "missing-input"


class AmbiguousInput(RequestError):
    code = "ambiguous-input"


class UnfitInput(RequestError):
    code = "unfit-input"


class CyclicFlow(RequestError):
    code = "cyclic-flow"


class PrivateInput(RequestError):
    code = "private-input"
    status = 403


class OverBudget(RequestError):
    code = "over-budget"


class FlowErrors(RequestError):
    """All that is wrong with a flow. ``errors`` keeps them in the order of the steps."""

    code = "flow-errors"

    def __init__(self, message: str, context: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        super().__init__(message, context, **more)
        self.errors: tuple[RequestError, ...] = tuple(self.context.get("errors", ()))
        statuses = {error.status for error in self.errors}
        self.status = statuses.pop() if len(statuses) == 1 else 422

    @classmethod
    def of(cls, errors: Iterable[RequestError]) -> FlowErrors:
        found = tuple(errors)
        lines = "\n".join(f"- {error}" for error in found)
        noun = "error" if len(found) == 1 else "errors"
        return cls(f"The flow has {len(found)} {noun}:\n{lines}", errors=found)


class BadImage(RequestError):
    code = "bad-image"


class UnsupportedImage(RequestError):
    code = "unsupported-image"
    status = 415


class TooLarge(RequestError):
    code = "too-large"
    status = 413


class NotAcceptable(RequestError):
    code = "not-acceptable"
    status = 406


class Unsuitable(RequestError):
    code = "unsuitable"


class NoFace(Unsuitable):
    code = "no-face"


class NoPerson(Unsuitable):
    code = "no-person"


class Moderated(Unsuitable):
    """The filter of a remote service refused an input, or all that it had made of it."""

    code = "moderated"


class Refused(GenkolError):
    code = "refused"
    status = 403


class LicenceRefused(Refused):
    code = "licence-refused"


class Conflict(GenkolError):
    code = "conflict"
    status = 409


class Overloaded(GenkolError):
    """Too much work at once; ``context["retry_after_s"]`` says when to come back."""

    code = "overloaded"
    status = 503


class EngineLost(GenkolError):
    """The process that answered a request died; ``context["retry_after_s"]`` says when to come back."""

    code = "engine-lost"
    status = 503


class Cancelled(GenkolError):
    code = "cancelled"
    status = 499


class StepFailed(GenkolError):
    code = "step-failed"
    status = 502


class StepTimeout(StepFailed):
    code = "step-timeout"
    status = 504


class GateFailed(StepFailed):
    """A step's result breaks a gate; ``measured`` has the numbers, ``reasons`` the limits that are broken."""

    code = "gate-failed"
    status = 422


class RemoteFailed(StepFailed):
    """``context["repeatable"]`` says whether asking again cannot be paid for twice."""

    code = "remote-failed"


class RemoteRefused(RemoteFailed):
    code = "remote-refused"


class RemoteMissing(RemoteFailed):
    code = "remote-missing"


class WeightsError(GenkolError):
    code = "weights"
    status = 503


class WeightsMissing(WeightsError):
    code = "weights-missing"


class WeightsCorrupt(WeightsError):
    code = "weights-corrupt"


class PluginError(GenkolError):
    code = "plugin"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?``, or the list of what there is, for the end of a message."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"There is: {', '.join(names)}." if names else "There is none."
