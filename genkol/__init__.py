"""GenKOL composes campaign pictures of a virtual KOL out of modular AI services.

The public surface for users and authors of algorithms; the Engine is `genkol.engine.Engine`.
"""

from genkol import errors
from genkol.algorithm import Algorithm, Effects, Params, Resources, Setup, Step
from genkol.artifacts import Face, Hand, Image, Kind, Layer, Person, Value
from genkol.services import SERVICES, Aspect, Port, Role, Service

__version__ = "0.1.0"

__all__ = [
    "SERVICES",
    "Algorithm",
    "Aspect",
    "Effects",
    "Face",
    "Hand",
    "Image",
    "Kind",
    "Layer",
    "Params",
    "Person",
    "Port",
    "Resources",
    "Role",
    "Service",
    "Setup",
    "Step",
    "Value",
    "errors",
]
