"""The catalogue: what can be done (services), what goes in (ports), and what may be touched (aspects)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from genkol.artifacts import Kind
from genkol.errors import UnknownService, did_you_mean


class Aspect(StrEnum):
    """A part of a picture that a step may read or write. Aspects order the steps of a flow.

    FACE, HAIR, CLOTHES, HANDS: how that part looks (colour, texture). FOREGROUND: the light and tone of
    the subject as a whole. BACKGROUND: all that is not the subject. SILHOUETTE: outlines, of the subject
    and of its parts; who writes it makes landmarks and mattes stale. FRAME: the size of the picture.
    """

    FACE = "face"
    HAIR = "hair"
    CLOTHES = "clothes"
    HANDS = "hands"
    FOREGROUND = "foreground"
    BACKGROUND = "background"
    SILHOUETTE = "silhouette"
    FRAME = "frame"


class Role(StrEnum):
    """What a service's output is for."""

    SOURCE = "source"  # makes an input of the flow: a portrait, a scene
    ANALYSIS = "analysis"  # reads a picture; added to a flow by the Flow Generator
    PAINTER = "painter"  # paints a layer
    FINISHER = "finisher"  # takes the composed picture as a whole, last


@dataclass(frozen=True)
class Port:
    """One argument of a service.

    Args:
        name: the argument's name in `Algorithm.run`.
        kind: what it takes; the compatibility matrix says which kinds fit.
        of: the port whose picture this analysis is of, for `face` and `person` ports.
        description: one line for people.
    """

    name: str
    kind: Kind
    of: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Service:
    """What can be done, whichever algorithm does it.

    Args:
        name: kebab-case.
        stage: the canonical order of steps that touch the same aspect; lower paints first.
        output: the one kind that comes out.
        ports: what may go in. An algorithm takes those that it names in `run`.
        description: one line for people.
    """

    name: str
    stage: int
    output: Kind
    ports: tuple[Port, ...]
    description: str

    @property
    def role(self) -> Role:
        if self.output is Kind.LAYER:
            return Role.PAINTER
        if self.output in (Kind.FACE, Kind.PERSON):
            return Role.ANALYSIS
        return Role.FINISHER if self.output is Kind.PICTURE else Role.SOURCE

    def port(self, name: str) -> Port | None:
        return next((port for port in self.ports if port.name == name), None)


_PICTURE = Port("picture", Kind.PICTURE, description="Any picture.")
_PORTRAIT = Port("portrait", Kind.PORTRAIT, description="The portrait with the layers that this step must see.")
_FACE = Port("face", Kind.FACE, of="portrait", description="The face in the portrait.")
_PERSON = Port("person", Kind.PERSON, of="portrait", description="The parts of the person in the portrait.")
_PROMPT = Port("prompt", Kind.PROMPT, description="What is wanted, in words.")

IDENTITY = Service("identity", 0, Kind.PORTRAIT, (_PROMPT,), "Make the base portrait of a virtual KOL from words.")
SCENE = Service("scene", 0, Kind.SCENE, (_PROMPT,), "Make a place for the KOL to stand in.")
FACE_ALIGNMENT = Service(
    "face-alignment", 10, Kind.FACE, (_PICTURE,), "Find the face: 68 landmarks, a mesh and the aligned crop."
)
PERSON_PARSING = Service(
    "person-parsing",
    10,
    Kind.PERSON,
    (_PICTURE,),
    "Find the subject and its parts: matte, hair, skin, clothes, pose, hands.",
)
HAIR_EDITING = Service(
    "hair-editing",
    20,
    Kind.LAYER,
    (
        _PORTRAIT,
        _FACE,
        _PERSON,
        Port("hairstyle", Kind.HAIRSTYLE, description="A photo with the wanted hair."),
        Port("hairstyle_person", Kind.PERSON, of="hairstyle", description="The parts of the person in it."),
        _PROMPT,
    ),
    "Change the colour or the style of the hair.",
)
VIRTUAL_TRY_ON = Service(
    "virtual-try-on",
    30,
    Kind.LAYER,
    (
        _PORTRAIT,
        _FACE,
        _PERSON,
        Port("garment", Kind.GARMENT, description="A flat photo of the garment."),
        _PROMPT,
    ),
    "Dress the person in a garment.",
)
MAKEUP_TRANSFER = Service(
    "makeup-transfer",
    40,
    Kind.LAYER,
    (
        _PORTRAIT,
        _FACE,
        _PERSON,
        Port("makeup", Kind.MAKEUP, description="A photo of a face that wears the makeup."),
        Port("makeup_face", Kind.FACE, of="makeup", description="The face in it."),
        _PROMPT,
    ),
    "Put the makeup of a reference face, or a named look, on the face.",
)
OBJECT_INTERACTION = Service(
    "object-interaction",
    70,  # after the background, which would wipe out what stands beside the person
    Kind.LAYER,
    (_PORTRAIT, _FACE, _PERSON, Port("product", Kind.PRODUCT, description="A photo of the product."), _PROMPT),
    "Let the person hold or stand beside a product.",
)
BACKGROUND = Service(
    "background",
    60,
    Kind.LAYER,
    (_PORTRAIT, _FACE, _PERSON, Port("scene", Kind.SCENE, description="The new place."), _PROMPT),
    "Put the person in another place, in its light.",
)
UPSCALING = Service("upscaling", 90, Kind.PICTURE, (_PORTRAIT,), "Enlarge the finished picture.")

SERVICES: Mapping[str, Service] = {
    service.name: service
    for service in (
        IDENTITY,
        SCENE,
        FACE_ALIGNMENT,
        PERSON_PARSING,
        HAIR_EDITING,
        VIRTUAL_TRY_ON,
        MAKEUP_TRANSFER,
        OBJECT_INTERACTION,
        BACKGROUND,
        UPSCALING,
    )
}


def service_named(name: str) -> Service:
    """Return the service, or raise `UnknownService` with the nearest name."""
    if name not in SERVICES:
        raise UnknownService(
            f"No service named {name!r}. {did_you_mean(name, SERVICES)}", value=name, known=sorted(SERVICES)
        )
    return SERVICES[name]


def services_with(role: Role) -> Iterator[Service]:
    """The services of one role, in stage order."""
    return (s for s in sorted(SERVICES.values(), key=lambda s: s.stage) if s.role is role)
