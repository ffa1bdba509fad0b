"""From what was asked to a flow and its values; every mistake of the request in one error."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from genkol.artifacts import PYTHON_TYPE, Image, Kind, Value
from genkol.engine import Engine
from genkol.errors import BadFlow, BadImage, FlowErrors, RequestError, did_you_mean
from genkol.flow.flow import INPUT_KINDS, Flow, implied_flow
from genkol.http.schemas import PictureOptions
from genkol.http.uploads import Asked, Raw
from genkol.inputs import digests_of, read_input
from genkol.pictures import Limits
from genkol.stores.assets import AssetStore

_WISHES = ("look", "scene_style", "algorithms", "params")


@dataclass(frozen=True)
class Wish:
    """A flow and the values of its inputs, ready to run."""

    flow: Flow
    values: Mapping[str, Value]


def understand(asked: Asked, engine: Engine, assets: AssetStore) -> Wish:
    """Return the flow that is asked for and its values; takes as long as decoding the pictures.

    Raises:
        FlowErrors: all that is wrong: the form of the request, each picture, the flow.
    """
    reading = _Reading(assets, list(asked.faults))
    inputs = dict(asked.inputs)
    if asked.options is None:
        raise FlowErrors.of(reading.faults)
    if asked.options.prompt is not None:
        inputs["prompt"] = Raw(kind=Kind.PROMPT, text=asked.options.prompt)
    flow = _flow(asked.options, inputs, reading)
    values = {name: reading.value(name, kind, raw) for name, (kind, raw) in _kinds(flow, inputs, reading).items()}
    if flow is None:
        raise FlowErrors.of(reading.faults)
    if reading.faults:
        engine.plan(flow, values, tuple(reading.faults))
        raise FlowErrors.of(reading.faults)
    digests_of(values)  # each value keeps its own: taken here, it does not hold up the event loop
    return Wish(flow, values)


def _flow(options: PictureOptions, inputs: Mapping[str, Raw], reading: _Reading) -> Flow | None:
    if options.flow is not None:
        for name in _WISHES:
            if getattr(options, name):
                reading.faults.append(
                    BadFlow(f"{name!r} has no meaning beside a flow. Write it into the flow's steps.", field=name)
                )
        document = options.flow if options.seed is None else options.flow | {"seed": options.seed}
        flow, faults = Flow.salvage(document)
        reading.faults += faults
        return flow
    kinds = {name: kind for name, raw in inputs.items() if (kind := _own_kind(name, raw)) is not None}
    try:
        return implied_flow(
            kinds,
            look=options.look,
            scene=options.scene_style,
            algorithms=options.algorithms,
            params=options.params,
            seed=options.seed or 0,
        )
    except FlowErrors as error:
        reading.faults += error.errors
        return None


def _own_kind(name: str, raw: Raw) -> Kind | None:
    """The kind that an input states, or that its name is."""
    return raw.kind or next((kind for kind in INPUT_KINDS if kind.value == name), None)


def _kinds(flow: Flow | None, inputs: Mapping[str, Raw], reading: _Reading) -> dict[str, tuple[Kind, Raw]]:
    """Each input with its kind; those that have none are faults."""
    found = {}
    for name, raw in inputs.items():
        declared = flow.inputs.get(name) if flow is not None else None
        kind = declared or _own_kind(name, raw)
        if declared and raw.kind and declared is not raw.kind:
            reading.faults.append(
                BadFlow(f"The input {name!r} is {raw.kind} here but {declared} in the flow. Mend one.", field=name)
            )
        if kind is None:
            known = sorted({*INPUT_KINDS, *(flow.inputs if flow else ())})
            reading.faults.append(
                BadFlow(f"{name[:100]!r} is no kind of input. {did_you_mean(name[:100], known)}", field=name[:100])
            )
            continue
        found[name] = kind, raw
    return found


@dataclass
class _Reading:
    """Turns raw inputs into values and keeps what goes wrong."""

    assets: AssetStore
    faults: list[RequestError] = field(default_factory=list)

    def value(self, name: str, kind: Kind, raw: Raw) -> Value:
        """Return the value; in place of a bad one a blank, so that the rest can still be checked."""
        try:
            return self._read(name, kind, raw)
        except RequestError as error:
            located = error.located(field=name)
            assert isinstance(located, RequestError)
            self.faults.append(located)
        return "" if PYTHON_TYPE[kind] is str else Image(np.full((1, 1, 3), 255, np.uint8))

    def _read(self, name: str, kind: Kind, raw: Raw) -> Value:
        if raw.asset is not None:
            return read_input(name, kind, self.assets.get(raw.asset))
        if raw.base64 is not None:
            return read_input(name, kind, _decoded(name, raw.base64))
        if raw.text is not None or raw.data is None:
            return read_input(name, kind, raw.text or "")
        if PYTHON_TYPE[kind] is str:
            return read_input(name, kind, _text(name, raw.data))
        Limits.current().check_bytes(raw.size, name)
        return read_input(name, kind, raw.data)


def _decoded(name: str, text: str) -> bytes:
    """Return the bytes of base64 text or of a data URL."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage(
            f"The picture in {name!r} is no base64 ({error}). Send the file's bytes in standard base64.", field=name
        ) from error


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadFlow(f"The input {name!r} is a prompt: give UTF-8 text.", field=name) from error
