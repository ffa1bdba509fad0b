"""What the user wants, as portable JSON: inputs by kind, steps, parameters and a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from genkol.artifacts import Kind
from genkol.errors import BadFlow, FlowErrors
from genkol.flow.placement import Placement

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Seed = Annotated[int, Field(ge=0, lt=2**63)]

INPUT_KINDS = tuple(k for k in Kind if k not in (Kind.FACE, Kind.PERSON, Kind.LAYER, Kind.PICTURE))
"""Kinds that a user may hand in."""


class FlowStep(BaseModel):
    """One thing to do. Whatever is left out is found by the Flow Generator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str = Field(description="A service of the catalogue, e.g. makeup-transfer.")
    id: Name | None = Field(None, description="Unique in the flow; the service's name when left out.")
    algorithm: str | None = Field(None, description="The service's default when left out.")
    params: dict[str, Any] = Field(default_factory=dict, description="The algorithm's parameters.")
    inputs: dict[str, str] = Field(
        default_factory=dict,
        description="Port to the name of an input or the id of a step; wired by kind when left out.",
    )
    after: tuple[str, ...] = Field((), description="Ids of steps whose work this one must see.")
    strength: float = Field(1.0, ge=0, le=1, description="How much of the layer is laid; 0 switches it off.")
    seed: Seed | None = Field(None, description="Derived from the flow's seed and the id when left out.")
    verify: bool | None = Field(None, description="Whether its result is measured; as the flow says when left out.")


class Flow(BaseModel):
    """A picture that is wanted.

    >>> flow = Flow.parse({"inputs": {"portrait": "portrait", "look": "makeup"},
    ...                    "steps": [{"service": "makeup-transfer"}]})
    >>> flow.inputs["look"].value
    'makeup'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    genkol: Literal[1] = Field(1, description="Version of this format.")
    inputs: dict[Name, Kind] = Field(description="Name to kind of each input; their values come beside the flow.")
    steps: tuple[FlowStep, ...] = ()
    seed: Seed = Field(0, description="The same flow, inputs and seed give the same picture.")
    placement: Placement | None = Field(None, description="Where it may run; as the operator says when left out.")
    verify: bool = Field(
        False, description="Measure what each step paints; what fails is made anew in another way, or refused."
    )

    @field_validator("inputs")
    @classmethod
    def _can_be_handed_in(cls, inputs: dict[str, Kind]) -> dict[str, Kind]:
        for name, kind in inputs.items():
            if kind not in INPUT_KINDS:
                raise ValueError(f"{name!r} is of kind {kind}; an input is one of: {', '.join(INPUT_KINDS)}")
        return inputs

    @classmethod
    def parse(cls, document: Any) -> Flow:
        """Return the flow of a JSON document (already loaded).

        Raises:
            FlowErrors: it is not of this form; every fault is listed.
        """
        flow, faults = cls.salvage(document)
        if faults or flow is None:
            raise FlowErrors.of(faults)
        return flow

    @classmethod
    def salvage(cls, document: Any) -> tuple[Flow | None, list[BadFlow]]:
        """Return what can be read of a document and all that is wrong with its form, so that faults of
        form and faults of meaning can be reported in one answer.
        """
        try:
            return cls.model_validate(document), []
        except ValidationError as error:
            faults = error.errors(include_url=False)
        try:
            rest = cls.model_validate(_without(document, [fault["loc"] for fault in faults]))
        except ValidationError:
            rest = None
        return rest, [_fault(fault) for fault in faults]

    def step_ids(self) -> tuple[str, ...]:
        """The id of each step: its own, or its service's name, numbered when that is taken."""
        taken = {step.id for step in self.steps if step.id}
        ids = []
        for step in self.steps:
            name, n = step.id or step.service, 2
            while step.id is None and name in taken:
                name, n = f"{step.service}-{n}", n + 1
            taken.add(name)
            ids.append(name)
        return tuple(ids)


def _fault(error: Mapping[str, Any]) -> BadFlow:
    where = ".".join(str(part) for part in error["loc"]) or "flow"
    given = repr(error.get("input"))
    shown = given if len(given) <= 80 else given[:77] + "..."
    return BadFlow(f"{where}: {worded(error).rstrip('.')} (got {shown}).", field=where)


def worded(fault: Mapping[str, Any]) -> str:
    """What pydantic says of a fault, as a sentence's end.

    >>> worded({"msg": "Value error, no look named 'smkoy'. Did you mean 'smoky'?"})
    "no look named 'smkoy'. Did you mean 'smoky'?"
    >>> worded({"msg": "Field required"})
    'Field required.'
    """
    text = str(fault["msg"]).removeprefix("Value error, ")
    return text if text.endswith((".", "?")) else f"{text}."


def _without(document: Any, places: Sequence[tuple[int | str, ...]]) -> Any:
    """A copy of the document without the faulty values: the field, or its step where a field is missing."""
    document = deepcopy(document)
    for place in sorted(places, key=lambda p: [str(part).zfill(6) for part in p], reverse=True):
        holder = document
        for depth, part in enumerate(place):
            inside = isinstance(holder, dict) and part in holder
            inside = inside or (isinstance(holder, list) and isinstance(part, int) and part < len(holder))
            if not inside:
                if place[0] == "steps" and depth == 2:
                    document["steps"][place[1]] = None
                break
            if depth == min(len(place) - 1, 2):
                del holder[part]
                break
            holder = holder[part]
    if isinstance(document, dict) and isinstance(document.get("steps"), list):
        document["steps"] = [step for step in document["steps"] if step is not None]
    return document


IMPLIED: Mapping[Kind, str] = {
    Kind.HAIRSTYLE: "hair-editing",
    Kind.GARMENT: "virtual-try-on",
    Kind.MAKEUP: "makeup-transfer",
    Kind.PRODUCT: "object-interaction",
    Kind.SCENE: "background",
}
"""The service that somebody wants who hands in such a reference."""


def implied_flow(
    inputs: Mapping[str, Kind],
    *,
    look: str | None = None,
    scene: str | None = None,
    algorithms: Mapping[str, str] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
) -> Flow:
    """Return the flow that the given inputs ask for by being there.

    Args:
        inputs: name to kind.
        look: a named makeup look, instead of a makeup reference.
        scene: a style of procedural scene, instead of a scene picture.
        algorithms: service to the algorithm that shall do it.
        params: service to parameters; a service that is named here becomes a step.
        seed: of the flow.
    """
    algorithms, settings = dict(algorithms or {}), {s: dict(p) for s, p in (params or {}).items()}
    if look is not None:
        settings.setdefault("makeup-transfer", {})["look"] = look
    if scene is not None:
        settings.setdefault("scene", {})["style"] = scene
    wanted = [service for kind, service in IMPLIED.items() if kind in inputs.values()]
    if "scene" in settings:
        wanted.append("background")
    wanted += [service for service in (*settings, *algorithms) if service not in wanted]
    steps = [
        {"service": s, "params": settings.get(s, {})} | ({"algorithm": algorithms[s]} if s in algorithms else {})
        for s in dict.fromkeys(wanted)
    ]
    return Flow.parse({"inputs": dict(inputs), "steps": steps, "seed": seed})
