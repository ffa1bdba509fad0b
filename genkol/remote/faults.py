"""Amazon's errors as GenKOL's: what happened, with which value, and what to do; nothing that is secret.

No word of the service is passed on where it refuses credentials: its texts name the account, the user or, for a
wrong signature, the signed headers with the session token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from genkol.errors import (
    GenkolError,
    Moderated,
    Overloaded,
    RemoteFailed,
    RemoteMissing,
    RemoteRefused,
    StepTimeout,
    TooLarge,
)

RETRY_AFTER_S = 15
"""When to come back, where the service does not say."""

_BUSY = {
    "ThrottlingException",
    "TooManyRequestsException",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "ModelNotReadyException",
}
_REFUSED = {
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
}
_NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "TokenRetrievalError",
    "NoAuthTokenError",
    "ProfileNotFound",
    "ConfigParseError",
    "ConfigNotFound",
    "MetadataRetrievalError",
    "SSOError",
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
    "RefreshWithMFAUnsupportedError",
    "InvalidConfigError",
}
_UNSENT = {"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"}
_LATE = {"ReadTimeoutError", "ConnectTimeoutError"}

_BLOCKED = re.compile(r"blocked by our content filters|Responsible AI", re.IGNORECASE)
_NO_MODEL = re.compile(r"model identifier is invalid|on-demand throughput|end of its life|Legacy", re.IGNORECASE)
_LARGE = re.compile(r"too large|exceed\w* (the )?(max|limit|allowed)|maximum (allowed )?(size|length)", re.IGNORECASE)
_PRIVATE = re.compile(r"arn:\S+|\b\d{12}\b|\bA[A-Z]{3}[A-Z0-9]{16}\b|[A-Za-z0-9+/=_-]{24,}")


@dataclass(frozen=True)
class Place:
    """Where a call went: the model's id or ARN, and the region."""

    model: str
    region: str

    @property
    def name(self) -> str:
        """The model without the account's number, which an ARN holds."""
        return self.model.rsplit("/", 1)[-1]

    def __str__(self) -> str:
        return f"{self.name} of Amazon Bedrock in {self.region}"


def repeatable(error: Exception) -> bool:
    """Whether the same call may be made again without the risk of paying twice.

    So it is where the connection was never made, and where the service said that it did not begin.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in names:
        return _status(error) in (429, 503) or _code(error) in _BUSY
    return bool(names & _UNSENT)


def translated(error: Exception, place: Place) -> GenkolError:
    """Return the GenKOL error for what boto3 raised.

    Busy (also after all attempts) is `Overloaded`, late `StepTimeout`, refused credentials `RemoteRefused`, no such
    model `RemoteMissing`, a content filter `Moderated`, an over-large picture `TooLarge`, all else `RemoteFailed`.
    """
    if isinstance(error, GenkolError):
        return error
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in names:
        return _answered(error, place)
    facts: dict[str, Any] = {"value": type(error).__name__, "repeatable": repeatable(error)}
    if names & _NO_CREDENTIALS:
        return RemoteRefused(
            f"There are no working AWS credentials for {place} ({type(error).__name__}). Give the process a role, a "
            "profile or the AWS_* variables of boto3's standard chain.",
            facts,
        )
    if "NoRegionError" in names:
        return RemoteMissing(
            f"No AWS region is set for {place.name}. Set GENKOL_BEDROCK_REGION or AWS_REGION to one that has the "
            "model.",
            facts,
        )
    if names & _LATE:
        return StepTimeout(
            f"{place} did not answer in time ({type(error).__name__}). Try again later"
            + ("." if facts["repeatable"] else "; the picture may have been charged."),
            facts,
        )
    what = "could not be made" if facts["repeatable"] else "broke off"
    return RemoteFailed(
        f"The call to {place} {what} ({type(error).__name__}). Check the network, the proxy and "
        "GENKOL_BEDROCK_ENDPOINT_URL.",
        facts,
    )


def _answered(error: Exception, place: Place) -> GenkolError:
    """The error for an answer of the service, by its code, then its text, then its HTTP status."""
    code, status, said = _code(error), _status(error), _said(error)
    facts: dict[str, Any] = {"value": code, "aws_request_id": _request_id(error), "repeatable": repeatable(error)}
    if _BLOCKED.search(said):
        what = "the prompt" if "text prompt" in said else "a picture"
        return Moderated(f"{place} refused {what}: its content filter blocks it. Use another one.", facts)
    if code in _REFUSED or status in (401, 403):
        return RemoteRefused(
            f"{place} refused the credentials ({code}). Allow bedrock:InvokeModel for this model and grant the "
            "account access to it; see docs/cloud.md.",
            facts,
        )
    if status == 404 or _NO_MODEL.search(said):
        gone = " It has reached the end of its life there." if "end of its life" in said else ""
        return RemoteMissing(
            f"There is no {place} ({code}).{gone} Set GENKOL_BEDROCK_REGION and GENKOL_BEDROCK_MODEL to a Nova "
            "Canvas model that the account may use, or name another algorithm.",
            facts,
        )
    if code in _BUSY or status in (429, 503):
        wait = _retry_after(error)
        return Overloaded(
            f"{place} has no room for another picture ({code}, tried {_attempts(error)} times). Try again in {wait} s, "
            "have the quota raised, or name another algorithm.",
            facts,
            retry_after_s=wait,
        )
    if status == 413 or _LARGE.search(said):
        return TooLarge(f"A picture is too large for {place}: {said} Use a smaller `size`.", facts)
    if code == "ModelTimeoutException" or status in (408, 504):
        return StepTimeout(f"{place} did not finish the picture in time ({code}). Try again later.", facts)
    return RemoteFailed(f"{place} failed with {status} {code}: {said or 'no reason given.'}", facts)


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) or "unknown"


def _status(error: Any) -> int:
    return int(_metadata(error).get("HTTPStatusCode", 0))


def _metadata(error: Any) -> dict[str, Any]:
    return dict(error.response.get("ResponseMetadata", {}))


def _said(error: Any) -> str:
    """The service's own words, short, without account numbers, names of resources or anything like a key."""
    text = _PRIVATE.sub("...", str(error.response.get("Error", {}).get("Message", "")))
    return text if len(text) <= 200 else text[:197] + "..."


def _request_id(error: Any) -> str:
    """The id that Amazon's support asks for."""
    return str(_metadata(error).get("RequestId", ""))[:64]


def _attempts(error: Any) -> int:
    return int(_metadata(error).get("RetryAttempts", 0)) + 1


def _retry_after(error: Any) -> int:
    said = str(_metadata(error).get("HTTPHeaders", {}).get("retry-after", ""))
    return min(int(said), 600) if said.isdigit() else RETRY_AFTER_S
