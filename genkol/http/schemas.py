"""What goes over the wire: requests that are checked, answers that are documented."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from genkol.artifacts import Kind
from genkol.flow.flow import INPUT_KINDS, Flow, Name

MAX_INPUTS = 32
"""Most inputs of one request."""

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256, lower-case hex.")]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]


def _handed_in(kind: Kind) -> Kind:
    if kind not in INPUT_KINDS:
        raise ValueError(f"{kind.value!r} cannot be handed in; an input is one of: {', '.join(INPUT_KINDS)}")
    return kind


InputKind = Annotated[
    Kind, AfterValidator(_handed_in), WithJsonSchema({"type": "string", "enum": [kind.value for kind in INPUT_KINDS]})
]


class InputValue(BaseModel):
    """One input: exactly one of `data`, `asset` and `text`."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"oneOf": [{"required": [name]} for name in ("data", "asset", "text")]}
    )

    kind: InputKind | None = Field(None, description="The input's name when left out and the name is a kind.")
    data: str | None = Field(
        None, description="A picture file, base64; a data URL is taken too.", json_schema_extra={"format": "byte"}
    )
    asset: Digest | None = Field(None, description="Digest of a picture uploaded to POST /v1/assets.")
    text: str | None = Field(None, description="The text of a prompt.")

    @model_validator(mode="after")
    def _one_source(self) -> InputValue:
        if sum(value is not None for value in (self.data, self.asset, self.text)) != 1:
            raise ValueError("give exactly one of data, asset and text")
        return self


class PictureOptions(BaseModel):
    """How the picture shall be made: a flow, or what the inputs imply with some wishes."""

    model_config = ConfigDict(extra="forbid")

    flow: dict[str, Any] | None = Field(
        None, description="A Flow. Without one, each reference that is given implies its service."
    )
    look: str | None = Field(None, description="A named makeup look instead of a makeup reference.")
    scene_style: str | None = Field(None, description="A style of procedural scene instead of a scene picture.")
    algorithms: dict[str, str] = Field(default_factory=dict, description="Service to the algorithm that shall do it.")
    params: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Service to its parameters.")
    prompt: str | None = Field(None, description="What is wanted, in words: an input of kind prompt.")
    seed: Seed | None = Field(None, description="The same request and seed give the same picture; 0 when left out.")


class PictureRequest(PictureOptions):
    """A picture that is wanted, with its inputs."""

    inputs: dict[Name, InputValue] = Field(max_length=MAX_INPUTS, description="Name to input.")


class ErrorItem(BaseModel):
    """One thing that is wrong."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(description="Stable across releases; see docs/http-api.md.")
    status: int
    detail: str = Field(description="What happened, what was expected, what to do.")
    field: str | None = Field(None, description="The input or parameter it is about.")
    step: str | None = Field(None, description="The step of the flow it is about.")


class Problem(BaseModel):
    """An error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    request_id: str
    errors: list[ErrorItem]


class Picture(BaseModel):
    """The finished picture."""

    media_type: str
    data: str = Field(description="The file, base64.")
    width: int
    height: int
    digest: Digest


class PictureLayer(BaseModel):
    """What one step painted."""

    step: str
    title: str
    strength: float
    box: list[int] = Field(min_length=4, max_length=4, description="Left, top, right, bottom, portrait pixels.")
    changed_pixels: int
    digest: Digest
    swatch: str | None = Field(None, description="PNG with transparency of the box, base64; with ?swatches=true.")


class PictureAnswer(BaseModel):
    """The picture with all that is known of its making."""

    picture: Picture
    layers: list[PictureLayer]
    plan: dict[str, Any]
    report: dict[str, Any]


class PlannedStepAnswer(BaseModel):
    """One step of a plan."""

    id: str
    service: str
    algorithm: str
    version: str
    site: str
    fallback_sites: list[str] = Field(description="Where it runs when the site is lost, in this order.")
    params: dict[str, Any]
    seed: int
    strength: float
    inputs: dict[str, str] = Field(description="Port to input:NAME or step:ID.")
    sees: list[str] = Field(description="Layers that lie on the portrait this step gets.")
    needs: list[str]
    derived: bool = Field(description="Whether the Flow Generator added it.")
    verify: bool = Field(description="Whether its result is measured.")
    others: list[str] = Field(description="Algorithms that try when the gates refuse its result.")
    seconds: float = Field(description="Expected of its run.")
    name: str = Field(description="Digest of all that decides the result; empty without the inputs' values.")


class PlanAnswer(BaseModel):
    """A flow made executable."""

    inputs: dict[str, Kind]
    portrait: str
    steps: list[PlannedStepAnswer]
    levels: list[list[str]] = Field(description="Steps that may run at the same time, level after level.")
    layers: list[str]
    finish: str | None
    seed: int
    estimate: dict[str, float | None] = Field(
        description="seconds until the picture is there, critical_path_seconds of the longest chain, work_seconds of "
        "all steps, price_usd, and error: how far the seconds of the plans before were off, as a share."
    )


class AssetAnswer(BaseModel):
    """A stored picture."""

    digest: Digest
    media_type: str
    size_bytes: int
    width: int
    height: int


class Health(BaseModel):
    """The server is alive."""

    status: str
    version: str
    algorithms: int = Field(description="How many are installed.")


class ServicesAnswer(BaseModel):
    """The catalogue of services."""

    services: list[dict[str, Any]]


class AlgorithmsAnswer(BaseModel):
    """The installed algorithms."""

    algorithms: list[dict[str, Any]]


class AlgorithmAnswer(BaseModel):
    """One installed algorithm."""

    model_config = ConfigDict(extra="allow")

    service: str
    name: str
    version: str
    description: str
    default: bool
    params: dict[str, Any] = Field(description="JSON Schema of the parameters.")


class CompatibilityAnswer(BaseModel):
    """The two matrices."""

    compatibility: dict[str, dict[str, bool]] = Field(description="Kind to service.port to whether it fits.")
    dependency: dict[str, dict[str, list[str]]] = Field(
        description="[a][b]: the aspects for which algorithm b must see a's work."
    )


BY_NAME: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        Flow,
        PictureRequest,
        Problem,
        PictureAnswer,
        PlanAnswer,
        AssetAnswer,
        Health,
        ServicesAnswer,
        AlgorithmsAnswer,
        AlgorithmAnswer,
        CompatibilityAnswer,
    )
}
"""The models that the OpenAPI document names."""
