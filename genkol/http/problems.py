"""Errors as RFC 9457 problem documents: all of them at once, nothing of the server's inside."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from genkol.errors import (
    EngineLost,
    FlowErrors,
    GenkolError,
    Overloaded,
    RequestError,
    StepFailed,
    StepTimeout,
    WeightsError,
)

MEDIA_TYPE = "application/problem+json"

PUBLIC = (
    "field", "step", "service", "algorithm", "site", "value", "expected", "known", "candidates", "weight", "licence",
    "retry_after_s", "measured", "reasons", "tries", "repeatable",
)  # fmt: skip
"""What of an error's context leaves the server; the rest may hold paths."""

MAX_ERRORS = 100
"""Most errors listed in one answer."""

_MAX_DETAIL = 2000
_HTTP_CODES = {413: "too-large", 415: "unsupported-media-type", 422: "bad-request"}


def install(app: FastAPI) -> None:
    """Let every error of the application be answered as a problem."""
    app.add_exception_handler(GenkolError, _on_genkol_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


def problem(error: GenkolError, scope: Scope) -> Response:
    """Return the answer to an error; a collection of one is answered as that one."""
    scope["genkol.error"] = error  # for the log
    found, one = flattened(error), head(error)
    headers = {}
    if isinstance(one, Overloaded | EngineLost):
        headers["Retry-After"] = str(max(1, math.ceil(float(one.context.get("retry_after_s", 1)))))
    return _answer(scope, one.status, one.code, public_detail(one), [_item(e) for e in found], headers)


def head(error: GenkolError) -> GenkolError:
    """The error that names an answer: a collection of one is that one."""
    found = flattened(error)
    return found[0] if len(found) == 1 else error


def unexpected(scope: Scope) -> Response:
    """Return the answer to an exception that nobody expected."""
    return problem(GenkolError("unexpected"), scope)


def flattened(error: GenkolError) -> tuple[GenkolError, ...]:
    """The single errors in an error."""
    return error.errors if isinstance(error, FlowErrors) and error.errors else (error,)


def public_detail(error: GenkolError) -> str:
    """What may be said of an error to a stranger; causes inside the server are in its log."""
    if error.status < 500 or isinstance(error, Overloaded | EngineLost | StepTimeout):
        return _short(error.message)
    if isinstance(error, StepFailed):
        who = f"The step {error.context.get('step', '?')!r} ({error.context.get('algorithm', '?')})"
        return f"{who} failed inside the server. Try again; its operator finds the cause by the request id."
    if isinstance(error, WeightsError):
        return (
            "The model weights that this request needs are not ready on this server. "
            "Its operator can fetch them with `genkol weights fetch`."
        )
    return "The server failed unexpectedly. Try again; its operator finds the cause by the request id."


def _on_genkol_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GenkolError)
    return problem(error, request.scope)


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "-"))
    detail = _http_detail(request, error)
    item = {"code": code, "status": error.status_code, "detail": detail}
    return _answer(request.scope, error.status_code, code, detail, [item], error.headers or {})


def _http_detail(request: Request, error: HTTPException) -> str:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {_short(request.url.path, 200)!r}. GET /openapi.json lists what there is."
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "the documented methods")
        return f"{_short(request.url.path, 200)!r} does not take {request.method}. Use {allowed}."
    return _short(str(error.detail))


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(FlowErrors.of(_validation_faults(error)), request.scope)


def _validation_faults(error: RequestValidationError) -> Iterable[RequestError]:
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"])
        yield RequestError(f"{where}: {fault['msg']}.", field=where, value=repr(fault.get("input"))[:200])


def _item(error: GenkolError) -> dict[str, Any]:
    facts = {name: _json_ready(error.context[name]) for name in PUBLIC if error.context.get(name) is not None}
    return {"code": error.code, "status": error.status, "detail": public_detail(error), **facts}


def _json_ready(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return repr(value)[:200]
    return value


def _short(text: str, most: int = _MAX_DETAIL) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _answer(
    scope: Scope, status: int, code: str, detail: str, errors: list[dict[str, Any]], headers: Mapping[str, str]
) -> Response:
    body = {
        "type": f"/problems/{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "instance": _short(str(scope.get("path", "")), 200),
        "request_id": scope.get("genkol.request_id", ""),
        "errors": errors[:MAX_ERRORS],
    }
    # ASCII alone: what somebody sent may hold characters that UTF-8 cannot.
    return Response(json.dumps(body), status, dict(headers), MEDIA_TYPE)
