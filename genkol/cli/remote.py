"""Flows that a running GenKOL runs, over HTTP."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image as Pillow

from genkol.artifacts import Image, Kind
from genkol.cli.asked import Asked, check_given, file_bytes
from genkol.cli.outputs import Produced
from genkol.cli.progress import err_console, seconds_table, waiting
from genkol.errors import FlowErrors, GenkolError, Overloaded, RequestError
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.pictures import write_image

TIMEOUT = httpx.Timeout(300.0, connect=10.0)
OPENRASTER = "image/openraster"


class ServerError(GenkolError):
    """What a server answered instead of what it was asked for, or that it did not answer."""

    code = "server"
    status = 502


def run(server: str, asked: Asked, wanted: Wanted, quiet: bool) -> Produced:
    """Have a server make the picture.

    Raises:
        FlowErrors: files cannot be read.
        ServerError: the server refused or failed; all that it said is in the text.
    """
    form = {"data": {"flow": json.dumps(asked.document)}, "files": _parts(asked)}
    with _client(server) as client, waiting(f"{server} is at work", quiet):
        answer = _mapping(_ask(client, "POST", "/v1/pictures", "application/json", **form))
        ora = _ask(client, "POST", "/v1/pictures", OPENRASTER, **form).content if wanted.layers else b""
    if not quiet:
        err_console().print(seconds_table(answer["report"]))
    return Produced(_encoded(answer["picture"]["data"], wanted.format), ora, answer["report"])


def _encoded(text: str, format: str) -> bytes:
    """The picture of a JSON answer, which is a PNG and so exact, in the wanted format."""
    data = base64.b64decode(text)
    if format == "png":
        return data
    pixels = np.array(Pillow.open(io.BytesIO(data)).convert("RGB"))
    return write_image(Image(pixels), format)


def plan(server: str, asked: Asked) -> dict[str, Any]:
    """Return the plan as the server sees it.

    Raises:
        ServerError: all that is wrong with the flow.
    """
    with _client(server) as client:
        return _mapping(_ask(client, "POST", "/v1/flows/validate", "application/json", json=asked.document))


def catalogue(server: str, what: str) -> dict[str, Any]:
    """Return the server's `services`, `algorithms` or `compatibility`.

    Raises:
        ServerError: it does not answer.
    """
    with _client(server) as client:
        return _mapping(_ask(client, "GET", f"/v1/{what}", "application/json"))


def _parts(asked: Asked) -> dict[str, tuple[str, bytes]]:
    flow, _ = Flow.salvage(asked.document)  # what is wrong with it, the server says
    kinds: Mapping[str, Kind] = flow.inputs if flow is not None else {}
    parts: dict[str, tuple[str, bytes]] = {}
    faults: list[RequestError] = list(check_given(kinds, asked.given))
    for name, given in asked.given.items():
        try:
            prompt = kinds.get(name) is Kind.PROMPT
            parts[name] = (name, given.encode() if prompt else file_bytes(name, Path(given)))
        except RequestError as error:
            faults.append(error)
    if faults:
        raise FlowErrors.of(faults)
    return parts


def _client(server: str) -> httpx.Client:
    return httpx.Client(base_url=server if "://" in server else f"http://{server}", timeout=TIMEOUT)


def _ask(client: httpx.Client, method: str, path: str, accept: str, **body: Any) -> httpx.Response:
    try:
        answer = client.request(method, path, headers={"Accept": accept}, **body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerError(
            f"{client.base_url} does not answer ({_cause(error)}). Check the address, and whether `genkol serve` runs."
        ) from error
    if answer.is_success:
        return answer
    raise _refusal(answer)


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__


def _refusal(answer: httpx.Response) -> GenkolError:
    """The server's problem document as one error; of several, each on a line."""
    try:
        problem = answer.json()
        details = [item["detail"] for item in problem["errors"]] or [problem["detail"]]
    except (ValueError, KeyError, TypeError):
        return ServerError(f"{answer.url} answered {answer.status_code}, but not as GenKOL does. Is it one?")
    lines = "\n".join(f"- {detail}" for detail in details)
    text = details[0] if len(details) == 1 else f"The server found {len(details)} errors:\n{lines}"
    retry = answer.headers.get("Retry-After")
    return Overloaded(f"{text} Try again in {retry} s.") if retry else ServerError(text, problem=problem)


def _mapping(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ServerError(f"{answer.url} did not answer with a JSON object. Is a GenKOL running there?")
    return document
