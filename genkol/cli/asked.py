"""From the arguments of a command to a flow's document and the files that go with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genkol.artifacts import Kind, Value
from genkol.errors import BadFlow, BadImage, FlowErrors, MissingInput, RequestError, did_you_mean
from genkol.flow.flow import INPUT_KINDS, Flow, implied_flow

Parts = Mapping[str, str]
Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Asked:
    """What somebody wants.

    Args:
        document: the flow as JSON, not yet checked.
        given: name of an input to its file, or to the text of a prompt.
    """

    document: Any
    given: Mapping[str, str] = field(default_factory=dict)


def asked(
    *,
    pictures: Mapping[Kind, Path | None],
    named: Iterable[str] | None = None,
    flow: Path | None = None,
    look: str | None = None,
    scene_name: str | None = None,
    algorithms: Iterable[str] | None = None,
    settings: Iterable[str] | None = None,
    seed: int | None = None,
) -> Asked:
    """Return what the arguments ask for.

    Args:
        pictures: kind to the file that was given for it.
        named: each ``NAME=FILE``.
        flow: a file with a flow; None means the flow that the pictures imply.
        look: a named makeup look.
        scene_name: a style of painted scene.
        algorithms: each ``SERVICE=NAME``.
        settings: each ``SERVICE.PARAM=VALUE``.
        seed: None leaves the flow's own.

    Raises:
        FlowErrors: arguments are not of their form, or the file is no JSON.
    """
    files = {kind: str(path) for kind, path in pictures.items() if path is not None}
    inputs = pairs("--input", "NAME=FILE", named)
    chosen, params = pairs("--algorithm", "SERVICE=NAME", algorithms), params_of(settings)
    if look is not None:
        params = _with(params, "makeup-transfer", "look", look)
    if scene_name is not None:
        params = _with(params, "scene", "style", scene_name)
    if flow is not None:
        document = changed(_document(flow), chosen, params, seed)
        return Asked(document, {**_by_kind(document, files), **inputs})
    given = {**{kind.value: file for kind, file in files.items()}, **inputs}
    kinds = {name: Kind(name) for name in given if name in INPUT_KINDS}
    implied = implied_flow(kinds, algorithms=chosen, params=params, seed=seed or 0)
    return Asked(implied.model_dump(mode="json", exclude_defaults=True), given)


def pairs(option: str, form: str, texts: Iterable[str] | None) -> dict[str, str]:
    """Return ``A=B`` texts as a dict.

    Raises:
        FlowErrors: some have no equals sign.
    """
    split = [text.partition("=") for text in texts or ()]
    faults = [BadFlow(f"{option} {''.join(s)!r} is not of the form {form}.") for s in split if not (s[0] and s[2])]
    if faults:
        raise FlowErrors.of(faults)
    return {name: value for name, _, value in split}


def params_of(texts: Iterable[str] | None) -> dict[str, dict[str, Any]]:
    """Return ``SERVICE.PARAM=VALUE`` texts as service to parameters; a value that is JSON is read as JSON.

    >>> params_of(["makeup-transfer.intensity=0.5", "scene.style=sunset"])
    {'makeup-transfer': {'intensity': 0.5}, 'scene': {'style': 'sunset'}}
    """
    found: dict[str, dict[str, Any]] = {}
    for place, value in pairs("--set", "SERVICE.PARAM=VALUE", texts).items():
        service, _, param = place.partition(".")
        if not (service and param):
            raise FlowErrors.of([BadFlow(f"--set {place + '=' + value!r} is not of the form SERVICE.PARAM=VALUE.")])
        found.setdefault(service, {})[param] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _with(params: Settings, service: str, name: str, value: Any) -> dict[str, dict[str, Any]]:
    merged = {s: dict(p) for s, p in params.items()}
    merged.setdefault(service, {})[name] = value
    return merged


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FlowErrors.of([BadFlow(f"The flow {path} cannot be read: {error.strerror}.")]) from error
    except ValueError as error:
        raise FlowErrors.of([BadFlow(f"The flow {path} is no JSON: {error}.")]) from error


def changed(document: Any, algorithms: Parts, params: Settings, seed: int | None) -> Any:
    """Return a flow's document with other algorithms and parameters; a service (or step id) that it has
    no step for is added as a step. What is no flow comes back as it was, for the check to report.
    """
    if not isinstance(document, dict) or not isinstance(document.get("steps", []), list):
        return document
    steps = [dict(step) if isinstance(step, dict) else step for step in document.get("steps", [])]
    for name in dict.fromkeys([*algorithms, *params]):
        meant = [s for s in steps if isinstance(s, dict) and name in (s.get("id"), s.get("service"))]
        if not meant:
            meant = [{"service": name}]
            steps += meant
        for step in meant:
            if name in params:
                step["params"] = {**step.get("params", {}), **params[name]}
            if name in algorithms:
                step["algorithm"] = algorithms[name]
    return {**document, "steps": steps} | ({} if seed is None else {"seed": seed})


def _by_kind(document: Any, files: Mapping[Kind, str]) -> dict[str, str]:
    """Give each file to the input of the flow that is of its kind."""
    inputs = document.get("inputs", {}) if isinstance(document, dict) else {}
    inputs = inputs if isinstance(inputs, dict) else {}
    given, faults = {}, []
    for kind, file in files.items():
        fitting = [name for name, of in inputs.items() if of == kind.value]
        name = kind.value if kind.value in fitting else fitting[0] if len(fitting) == 1 else None
        if name is None:
            have = f"several ({', '.join(fitting)}): use --input NAME={file}" if fitting else "none"
            faults.append(BadFlow(f"--{kind.value} {file}: of inputs of kind {kind.value} the flow has {have}."))
        else:
            given[name] = file
    if faults:
        raise FlowErrors.of(faults)
    return given


def read_values(flow: Flow, given: Mapping[str, str]) -> tuple[dict[str, Value], list[RequestError]]:
    """Return the value of each input, and all that is wrong with them."""
    values: dict[str, Value] = {}
    faults: list[RequestError] = []
    for name, kind in flow.inputs.items():
        try:
            values[name] = _read(name, kind, given)
        except RequestError as error:
            faults.append(error)
    return values, [*faults, *check_given(flow.inputs, given)]


def check_given(kinds: Mapping[str, Kind], given: Mapping[str, str]) -> Iterator[RequestError]:
    """Yield an error for each file that came for no input of the flow."""
    for name in given:
        if name not in kinds:
            hint = did_you_mean(name, kinds)
            yield BadFlow(f"--input {name}: the flow has no input of that name. {hint}", field=name)


def _read(name: str, kind: Kind, given: Mapping[str, str]) -> Value:
    from genkol.inputs import read_input

    if name not in given:
        raise MissingInput(f"Nothing came for the input {name!r} ({kind}). Give --input {name}=FILE.", field=name)
    if kind is Kind.PROMPT:
        return read_input(name, kind, given[name])
    data = file_bytes(name, Path(given[name]))
    try:
        return read_input(name, kind, data)
    except RequestError as error:
        raise type(error)(f"{given[name]}: {error}", error.context) from error


def file_bytes(name: str, path: Path) -> bytes:
    """Return a file's content.

    Raises:
        BadImage: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadImage(f"{path} cannot be read: {error.strerror}.", field=name) from error
