"""An algorithm told by its description: all that planning needs of it, without its code.

Who plans and who runs may be two processes with different software. The replica that runs an algorithm describes it;
whoever plans rebuilds a class from that when it has no such code itself, or that of another release.
"""

from __future__ import annotations

import inspect
import re
from abc import ABCMeta
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from genkol.algorithm import Algorithm, Effects, Params, Remote, Resources
from genkol.errors import StepFailed
from genkol.registry import check, ports_of
from genkol.services import Aspect, service_named
from genkol.weights import weights_digest


class Description(BaseModel):
    """What there is to know of an algorithm before it runs.

    Args:
        service, name, version, effects, resources, seeded, general, remote: see `Algorithm`.
        about: its docstring.
        ports: those that `run` takes, in its order; True for those it cannot do without.
        weights: digest of them.
        params: JSON Schema of the parameters.
        defaults: of all parameters.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    name: str
    version: str
    about: str
    ports: Mapping[str, bool]
    reads: tuple[Aspect, ...]
    writes: tuple[Aspect, ...]
    resources: Resources
    weights: str
    seeded: bool
    general: bool
    remote: Remote | None
    params: dict[str, Any]
    defaults: dict[str, Any]

    @classmethod
    def of(cls, algorithm: type[Algorithm]) -> Description:
        """Describe a class."""
        return cls(
            service=algorithm.service.name,
            name=algorithm.name,
            version=algorithm.version,
            about=inspect.getdoc(algorithm) or "",
            ports={use.port.name: use.required for use in ports_of(algorithm)},
            reads=tuple(sorted(algorithm.effects.reads)),
            writes=tuple(sorted(algorithm.effects.writes)),
            resources=algorithm.resources,
            weights=weights_of(algorithm),
            seeded=algorithm.seeded,
            general=algorithm.general,
            remote=algorithm.remote,
            params=algorithm.Params.model_json_schema(),
            defaults=algorithm.Params().canonical(),
        )


class Described(Algorithm):
    """Base of the classes that are rebuilt. Their `weights` are empty: those, and their licences, are the host's."""

    description: ClassVar[Description]


def weights_of(algorithm: type[Algorithm], digest: Callable[[tuple[str, ...]], str] = weights_digest) -> str:
    """Return the digest of an algorithm's weights; empty when it has none.

    Args:
        algorithm: whose.
        digest: of names in the catalogue.
    """
    if issubclass(algorithm, Described):
        return algorithm.description.weights
    return digest(algorithm.weights) if algorithm.weights else ""


def fitting(own: type[Algorithm] | None, description: Description) -> type[Algorithm]:
    """Return the class to plan with: one's own when it is what is described, else one that is rebuilt.

    Raises:
        PluginError: the description keeps no contract.
    """
    if own is not None and Description.of(own).model_dump_json() == description.model_dump_json():
        return own
    return rebuilt(description)


def rebuilt(description: Description) -> type[Algorithm]:
    """Return a class that plans as the described one does. It cannot run, its `check` finds nothing, and it needs its
    `resources` whatever the parameters are.

    Raises:
        PluginError: the description keeps no contract.
    """
    body = {
        "__doc__": description.about,
        "__module__": __name__,
        "description": description,
        "service": service_named(description.service),
        "name": description.name,
        "version": description.version,
        "effects": Effects(description.reads, description.writes),
        "resources": description.resources,
        "seeded": description.seeded,
        "general": description.general,
        "remote": description.remote,
        "Params": _params(description),
        "run": _run(description.ports),
    }
    return check(ABCMeta("Described", (Described,), body))


class _Published(Params):
    """Parameters that are checked by a JSON Schema."""

    model_config = ConfigDict(protected_namespaces=())
    published: ClassVar[dict[str, Any]]

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return cls.published


def _params(description: Description) -> type[Params]:
    properties = description.params.get("properties", {})
    fields: dict[str, Any] = {}
    for name, default in description.defaults.items():
        schema = {**properties.get(name, {}), "$defs": description.params.get("$defs", {})}
        about = str(schema.get("description") or name)
        fields[name] = (Annotated[Any, AfterValidator(_valid(schema))], Field(default, description=about))
    params = create_model("Params", __base__=_Published, **fields)
    params.published = description.params
    return params


def _valid(schema: Mapping[str, Any]) -> Callable[[Any], Any]:
    """A validator of one parameter. What a schema refers to must stand in it: nothing is fetched."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import best_match  # type: ignore[import-untyped]
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validator = Draft202012Validator(schema, registry=Registry())

    def valid(value: Any) -> Any:
        try:
            fault = best_match(validator.iter_errors(value))
        except (Unresolvable, re.error) as error:
            raise ValueError(f"its JSON Schema cannot be used: {error}") from error
        if fault is not None:
            raise ValueError(fault.message)
        return value

    return valid


def _run(ports: Mapping[str, bool]) -> Callable[..., Any]:
    def run(self: Algorithm, *args: Any, **kwargs: Any) -> Any:
        raise StepFailed(f"{self.key()} is known by its description alone. Its replicas run it.")

    kinds = inspect.Parameter
    parameters = [kinds("self", kinds.POSITIONAL_OR_KEYWORD)]
    # Those without a default come first in Python, in whatever order they are told.
    for name, required in sorted(ports.items(), key=lambda port: not port[1]):
        parameters.append(kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=kinds.empty if required else None))
    parameters += [kinds(name, kinds.KEYWORD_ONLY) for name in ("params", "step")]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run
