"""Amazon Bedrock's InvokeModel: paid for at most once, over in bounded time, and silent about secrets.

- Credentials come from boto3's standard chain (environment, profile, SSO, role, ...), never from GenKOL's settings.
- botocore repeats a throttled call, slower each time (mode `adaptive`). What may already have been paid for, such
  as a call whose answer did not come in time, is never repeated.
- The call is made in a thread of its own, so that a cancelled or late one is left at once, however slowly the
  other side drips.
- botocore's DEBUG records hold the signature, the session token and the picture: they are switched off.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from genkol.errors import Cancelled, RemoteFailed, StepTimeout, TooLarge
from genkol.remote.faults import Place, repeatable, translated
from genkol.settings import Settings

MOST_BYTES = 25_000_000
"""Of a request's and of an answer's body, by the service model of bedrock-runtime (shape ``Body``)."""
CONNECT_TIMEOUT_S = 5.0
_POLL_S = 0.2
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Bedrock:
    """One model at Bedrock Runtime.

    Args:
        settings: the operator's: model, region, endpoint, attempts and timeout.

    Raises:
        RemoteMissing: no region is set.
        RemoteRefused: the profile or the credentials of the standard chain are broken.
        RemoteFailed: the endpoint would send pictures unencrypted.
    """

    def __init__(self, settings: Settings) -> None:
        _check_endpoint(settings.bedrock_endpoint_url)
        self._timeout_s = settings.bedrock_timeout_s
        self._here = threading.local()
        self.place = Place(settings.bedrock_model, settings.bedrock_region or "the default region")
        try:
            self._client = _client(settings)
        except Exception as error:
            raise translated(error, self.place) from None
        self.place = Place(settings.bedrock_model, self._client.meta.region_name)
        # Its name is more specific than that of botocore's own handlers, so that it is asked before them; the other
        # comes after the rate limiter, which may have waited for seconds.
        self._client.meta.events.register("needs-retry.bedrock-runtime.InvokeModel", self._before_retry)
        self._client.meta.events.register_last("before-send", self._before_send)

    def invoke(self, request: Mapping[str, Any], waiting: Callable[[float], None]) -> bytes:
        """Send one request and return the body of the answer.

        Args:
            request: the model's own JSON.
            waiting: hears the seconds since the start, several times a second; what it raises ends the call.

        Raises:
            TooLarge: the request is.
            Overloaded, Moderated, StepTimeout, RemoteFailed, RemoteRefused, RemoteMissing: as `faults` says.
        """
        body = json.dumps(request).encode()
        if len(body) > MOST_BYTES:
            raise TooLarge(
                f"The request to {self.place.name} has {len(body):,} bytes; Amazon Bedrock takes {MOST_BYTES:,}. "
                "Use a smaller `size`, or smaller pictures.",
                value=len(body),
                expected=MOST_BYTES,
            )
        call = _Call()
        thread = threading.Thread(target=self._perform, args=(call, body), name="genkol-bedrock", daemon=True)
        thread.start()
        self._await(call, waiting)
        if call.error is not None:
            # From None: a foreign error's text may hold an account's number or a signature.
            raise translated(call.error, self.place) from None
        return call.answer

    def _await(self, call: _Call, waiting: Callable[[float], None]) -> None:
        started = time.monotonic()
        try:
            while not call.over.wait(_POLL_S):
                seconds = time.monotonic() - started
                waiting(seconds)
                if seconds > self._timeout_s:
                    raise StepTimeout(
                        f"{self.place} did not answer within {self._timeout_s:g} s. Try again later, or raise "
                        "GENKOL_BEDROCK_TIMEOUT_S; the picture may have been charged.",
                        value=self._timeout_s,
                        repeatable=False,
                    )
        finally:
            call.left.set()

    def _perform(self, call: _Call, body: bytes) -> None:
        self._here.call = call
        try:
            answer = self._client.invoke_model(
                modelId=self.place.model, body=body, contentType="application/json", accept="application/json"
            )
            call.answer = self._read(answer["body"])
        except Exception as error:  # it is raised again where the call is awaited
            call.error = error
        finally:
            call.over.set()

    def _read(self, body: Any) -> bytes:
        """Read to the very end, for botocore notices only there that an answer was broken off."""
        parts, count = [], 0
        for part in body.iter_chunks(1 << 20):
            parts.append(part)
            count += len(part)
            if count > MOST_BYTES:
                raise RemoteFailed(
                    f"{self.place} answered with more than {MOST_BYTES:,} bytes. Try another algorithm; the picture "
                    "may have been charged.",
                    value=count,
                    expected=MOST_BYTES,
                    repeatable=False,
                )
        return b"".join(parts)

    def _before_send(self, **_: Any) -> None:
        if self._here.call.left.is_set():
            raise Cancelled("The call was left.")

    def _before_retry(self, operation: Any, response: Any, caught_exception: Exception | None, **_: Any) -> None:
        """End the call here, rather than let botocore repeat what is no longer wanted or may have been paid for."""
        from botocore.exceptions import ClientError

        if self._here.call.left.is_set():
            raise Cancelled("The call was left.")
        if caught_exception is not None:
            if not repeatable(caught_exception):
                raise caught_exception
        elif response is not None and response[0].status_code >= 300:
            error = ClientError(response[1], operation.name)
            if not repeatable(error):
                raise error


@dataclass
class _Call:
    """One call between the thread that makes it and the one that waits for it.

    Args:
        over: set when the answer or the error is there.
        left: set when nobody waits any more.
    """

    over: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    answer: bytes = b""
    error: Exception | None = None


def _client(settings: Settings) -> Any:
    import boto3
    from botocore.config import Config

    for name in ("boto3", "botocore", "urllib3"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
    config = Config(
        connect_timeout=min(CONNECT_TIMEOUT_S, settings.bedrock_timeout_s),
        read_timeout=settings.bedrock_timeout_s,
        retries={"mode": "adaptive", "total_max_attempts": settings.bedrock_attempts},
        user_agent_extra="genkol",
    )
    return boto3.Session().client(
        "bedrock-runtime",
        region_name=settings.bedrock_region,
        endpoint_url=settings.bedrock_endpoint_url,
        config=config,
    )


def _check_endpoint(url: str | None) -> None:
    if url is None:
        return
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise RemoteFailed(
            f"GENKOL_BEDROCK_ENDPOINT_URL is {parts.scheme}://{parts.hostname}: pictures of people are sent over "
            "https alone. Give an https address.",
            value=parts.scheme,
            expected="https",
        )
