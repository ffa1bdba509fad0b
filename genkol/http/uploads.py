"""A request for a picture as it came: a form or JSON, read whole, its mistakes collected."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pydantic_core
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from genkol.artifacts import Kind
from genkol.errors import BadFlow, RequestError, TooLarge
from genkol.http.multipart import Part, read_parts
from genkol.http.schemas import MAX_INPUTS, PictureOptions, PictureRequest
from genkol.settings import Settings

MAX_TEXT = 1 << 18
"""Longest text field or flow, bytes."""

_TEXTS = ("look", "scene_style", "seed")
_DOCUMENTS = ("flow", "algorithms", "params")


@dataclass(frozen=True)
class Raw:
    """One input as it came; one of `data`, `base64`, `text` and `asset` is there.

    Args:
        kind: as stated, or None.
        data: the bytes of a form's part.
        size: of that part before it was cut, bytes.
    """

    kind: Kind | None = None
    data: bytes | None = None
    size: int = 0
    base64: str | None = None
    text: str | None = None
    asset: str | None = None


@dataclass(frozen=True)
class Asked:
    """A request for a picture, read but not yet understood.

    Args:
        inputs: by name.
        options: None when they cannot be read at all.
        faults: what is wrong so far.
    """

    inputs: Mapping[str, Raw]
    options: PictureOptions | None
    faults: list[RequestError] = field(default_factory=list)


async def read_request(request: Request, settings: Settings) -> Asked:
    """Read the body of a request for a picture.

    Raises:
        RequestError: it is neither a readable form nor JSON.
        TooLarge: too many parts.
        HTTPException: 415, another media type.
    """
    header = request.headers.get("content-type", "")
    media_type = header.split(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        limit = max(settings.max_image_bytes, MAX_TEXT)
        parts = await read_parts(request.stream(), header, max_parts=2 * MAX_INPUTS, max_part_bytes=limit)
        return _of_form(parts)
    if media_type == "application/json":
        return await asyncio.to_thread(_of_json, await request.body())
    raise HTTPException(
        415, f"The body is {media_type[:100] or 'of no media type'!r}. Send multipart/form-data or application/json."
    )


def read_json(data: bytes, what: str) -> Any:
    """Return a JSON document.

    Raises:
        RequestError: it is none; lone surrogates, NaN and deep nesting are refused too.
    """
    try:
        return pydantic_core.from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise RequestError(f"{what} is no JSON: {error}. Send a JSON document in UTF-8.", field=what) from error


def _of_form(parts: list[Part]) -> Asked:
    inputs: dict[str, Raw] = {}
    document: dict[str, Any] = {}
    faults: list[RequestError] = []
    for part in parts:
        if part.name in inputs or part.name in document:
            faults.append(BadFlow(f"The field {part.name!r} came twice. Send each once.", field=part.name))
        elif part.name in (*_TEXTS, *_DOCUMENTS):
            try:
                document[part.name] = _option(part)
            except RequestError as error:
                faults.append(error)
        else:
            inputs[part.name] = Raw(data=part.data, size=part.size)
    options, more = _salvaged(PictureOptions, document)
    return Asked(inputs, options, faults + more)


def _option(part: Part) -> Any:
    """Return the value of a form's text field."""
    if part.size > MAX_TEXT:
        raise TooLarge(
            f"The field {part.name!r} has {part.size:,} bytes; at most {MAX_TEXT:,} are taken.", field=part.name
        )
    if part.name in _DOCUMENTS:
        return read_json(part.data, part.name)
    try:
        text = part.data.decode()
    except UnicodeDecodeError as error:
        raise RequestError(f"The field {part.name!r} is no UTF-8 text.", field=part.name) from error
    # Anything else is told apart, and explained, by the schema.
    return int(text) if part.name == "seed" and text.isascii() and text.isdigit() and len(text) < 20 else text


def _of_json(body: bytes) -> Asked:
    document = read_json(body, "body")
    if not isinstance(document, dict):
        raise RequestError('The body must be a JSON object like {"inputs": {...}}.', field="body")
    _check_bulk(document, len(body))
    wanted, faults = _salvaged(PictureRequest, document)
    if not isinstance(wanted, PictureRequest):
        return Asked({}, None, faults)
    inputs = {
        name: Raw(kind=value.kind, base64=value.data, text=value.text, asset=value.asset)
        for name, value in wanted.inputs.items()
    }
    return Asked(inputs, wanted, faults)


def _check_bulk(document: dict[str, Any], size: int) -> None:
    """Refuse a large document that is not large for its pictures: checking it would take for ever."""
    inputs = document.get("inputs")
    values = list(inputs.values()) if isinstance(inputs, dict) else []
    if len(values) > MAX_INPUTS:
        raise TooLarge(f"The request has {len(values)} inputs; at most {MAX_INPUTS} are taken.", field="inputs")
    pictures = sum(len(v["data"]) for v in values if isinstance(v, dict) and isinstance(v.get("data"), str))
    if size - pictures > MAX_TEXT:
        raise TooLarge(
            f"The request has {size - pictures:,} bytes besides its pictures; at most {MAX_TEXT:,} are taken.",
            field="body",
        )


def _salvaged(
    model: type[PictureOptions], document: dict[str, Any]
) -> tuple[PictureOptions | None, list[RequestError]]:
    """Return what can be read of a document, and all that is wrong with its form."""
    try:
        return model.model_validate(document), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    faults = [_form_fault(".".join(str(part) for part in fault["loc"]), fault["msg"]) for fault in found]
    rest = _without(document, {fault["loc"] for fault in found})
    if model is PictureRequest:
        rest.setdefault("inputs", {})
    try:
        return model.model_validate(rest), faults
    except ValidationError:
        return None, faults


def _form_fault(where: str, message: str) -> RequestError:
    return RequestError(f"{where}: {message}.", field=where)


def _without(document: dict[str, Any], places: set[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return the document without the faulty options, and without the faulty ones of its inputs."""
    single = {place[1] for place in places if place[0] == "inputs" and len(place) > 1}
    whole = {place[0] for place in places if place[0] != "inputs" or len(place) == 1}
    rest = {name: value for name, value in document.items() if name not in whole}
    if single and isinstance(rest.get("inputs"), dict):
        rest["inputs"] = {name: value for name, value in rest["inputs"].items() if name not in single}
    return rest
