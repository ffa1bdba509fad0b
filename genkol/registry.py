"""Algorithms come in by entry points, are checked once, and are found by service and name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from genkol.algorithm import Algorithm, Effects, Params, Remote, Resources
from genkol.errors import PluginError, UnknownAlgorithm, did_you_mean
from genkol.services import SERVICES, Port, Role, service_named

GROUP = "genkol.algorithms"
"""The entry-point group of algorithms."""

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class PortUse:
    """A port that an algorithm takes, and whether it can do without."""

    port: Port
    required: bool


def ports_of(algorithm: type[Algorithm]) -> tuple[PortUse, ...]:
    """The ports that the algorithm's `run` names, in its order."""
    uses = []
    for parameter in _positional(algorithm):
        port = algorithm.service.port(parameter.name)
        if port is not None:
            uses.append(PortUse(port, required=parameter.default is inspect.Parameter.empty))
    return tuple(uses)


def check(algorithm: Any) -> type[Algorithm]:
    """Return the class when it keeps the contract of `Algorithm`.

    Raises:
        PluginError: it does not; the message lists every fault and its mend.
    """
    if not (inspect.isclass(algorithm) and issubclass(algorithm, Algorithm)):
        raise PluginError(f"{algorithm!r} is not a subclass of genkol.Algorithm.")
    faults = list(_faults(algorithm))
    if faults:
        lines = "\n".join(f"- {fault}" for fault in faults)
        raise PluginError(f"The algorithm {algorithm.__module__}.{algorithm.__qualname__} cannot be used:\n{lines}")
    return algorithm


class Registry:
    """The algorithms that the Engine knows, by ``service/name``."""

    def __init__(self, algorithms: Iterable[type[Algorithm]] = ()) -> None:
        self._algorithms: dict[str, type[Algorithm]] = {}
        for algorithm in algorithms:
            self.register(algorithm)

    @classmethod
    def from_entry_points(cls) -> Registry:
        """Load every installed algorithm.

        Raises:
            PluginError: one cannot be imported or breaks the contract, or none is installed.
        """
        registry = cls()
        for entry in entry_points(group=GROUP):
            registry.register(_loaded(entry))
        if not registry._algorithms:
            raise PluginError(
                f"No entry point of group {GROUP!r} was found. Copied source has none: install the package "
                "(pip install genkol, or pip install -e . in a checkout)."
            )
        return registry

    def register(self, algorithm: type[Algorithm]) -> None:
        """Add one algorithm.

        Raises:
            PluginError: it breaks the contract, or another class has its name.
        """
        key = check(algorithm).key()
        known = self._algorithms.get(key, algorithm)
        if known is not algorithm:
            raise PluginError(
                f"Two algorithms are named {key!r}: {known.__module__}.{known.__qualname__} and "
                f"{algorithm.__module__}.{algorithm.__qualname__}. Rename one."
            )
        self._algorithms[key] = algorithm

    def remove(self, key: str) -> None:
        """Forget an algorithm; nothing happens when it is not known."""
        self._algorithms.pop(key, None)

    def __iter__(self) -> Iterator[type[Algorithm]]:
        return iter(sorted(self._algorithms.values(), key=lambda a: (a.service.stage, a.key())))

    def __len__(self) -> int:
        return len(self._algorithms)

    def of(self, service: str) -> tuple[type[Algorithm], ...]:
        """All algorithms of a service, the default first: the one with the fewest needs runs everywhere. Those that
        send their inputs elsewhere come last.
        """
        found = (a for a in self._algorithms.values() if a.service.name == service)
        return tuple(sorted(found, key=_needs))

    def algorithm(self, service: str, name: str | None = None) -> type[Algorithm]:
        """Return the named algorithm, or the service's default.

        Raises:
            UnknownService: there is no such service.
            UnknownAlgorithm: the service has none of that name, or none at all.
        """
        found = self.of(service_named(service).name)
        if not found:
            have = sorted({a.service.name for a in self._algorithms.values()})
            raise UnknownAlgorithm(
                f"No algorithm is installed for {service}. Services that have one: {', '.join(have) or 'none'}.",
                service=service,
                value=name,
            )
        if name is None:
            return found[0]
        for algorithm in found:
            if algorithm.name == name:
                return algorithm
        names = [a.name for a in found]
        raise UnknownAlgorithm(
            f"No algorithm named {name!r} for {service}. {did_you_mean(name, names)}",
            service=service,
            value=name,
            known=names,
        )


def installed(key: str) -> type[Algorithm]:
    """Load one installed algorithm, and no other.

    Args:
        key: ``service/name``.

    Raises:
        PluginError: no entry point has that name, or it cannot be imported or breaks the contract.
    """
    entries = entry_points(group=GROUP)
    for entry in entries:
        if entry.name == key:
            return _loaded(entry)
    raise PluginError(
        f"The algorithm {key!r} is not installed here: no entry point of group {GROUP!r} has that name. "
        f"{did_you_mean(key, {entry.name for entry in entries})}",
        value=key,
    )


def _needs(algorithm: type[Algorithm]) -> tuple[bool, bool, float, float, float, str]:
    r = algorithm.resources
    return algorithm.remote is not None, not algorithm.general, r.gpus, r.price_usd, r.seconds, algorithm.name


def _loaded(entry: EntryPoint) -> type[Algorithm]:
    try:
        algorithm = check(entry.load())
    except PluginError:
        raise
    except Exception as error:  # a plugin's import may raise anything
        raise PluginError(f"The entry point {entry.name!r} ({entry.value}) cannot be imported: {error!r}.") from error
    if algorithm.key() != entry.name:
        raise PluginError(f"The entry point {entry.name!r} leads to {algorithm.key()!r}. Name it {algorithm.key()!r}.")
    return algorithm


def _positional(algorithm: type[Algorithm]) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(algorithm.run).parameters.values())[1:]
    return [p for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]


def _faults(algorithm: type[Algorithm]) -> Iterator[str]:
    for attribute, kind in (("name", str), ("version", str), ("effects", Effects), ("resources", Resources)):
        if not isinstance(getattr(algorithm, attribute, None), kind):
            yield f"`{attribute}` must be a {kind.__name__}, not {getattr(algorithm, attribute, None)!r}."
    remote: Any = algorithm.remote
    if not isinstance(remote, Remote | None):
        yield f"`remote` must be a Remote or None, not {remote!r}."
    if inspect.isabstract(algorithm):
        yield "`run` is missing."
    name = getattr(algorithm, "name", None)
    if isinstance(name, str) and not _KEBAB.fullmatch(name):
        yield f"`name` must be kebab-case like 'lab-transfer', not {name!r}."
    service = getattr(algorithm, "service", None)
    if service is None or SERVICES.get(getattr(service, "name", "")) != service:
        yield f"`service` must be one of genkol.services: {', '.join(SERVICES)}; not {service!r}."
        return
    yield from _run_faults(algorithm)
    yield from _effect_faults(algorithm)
    yield from _param_faults(algorithm)


def _run_faults(algorithm: type[Algorithm]) -> Iterator[str]:
    parameters = inspect.signature(algorithm.run).parameters
    ports = [port.name for port in algorithm.service.ports]
    for parameter in _positional(algorithm):
        if parameter.name not in ports:
            close = get_close_matches(parameter.name, ports, n=1)
            mend = f"Rename it {close[0]!r}." if close else f"The ports are: {', '.join(ports)}."
            yield f"`run` takes {parameter.name!r}, which {algorithm.service.name} has no port for. {mend}"
    for name in ("params", "step"):
        if name not in parameters or parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY:
            yield f"`run` must take `{name}` by keyword: def run(self, ..., *, params, step)."


def _effect_faults(algorithm: type[Algorithm]) -> Iterator[str]:
    effects = getattr(algorithm, "effects", None)
    if not isinstance(effects, Effects):
        return
    if algorithm.service.role is Role.PAINTER and not effects.writes:
        yield "`effects.writes` is empty, but a layer changes something: name the aspects."
    if algorithm.service.role is Role.ANALYSIS and effects.writes:
        yield f"`effects.writes` must be empty for an analysis, not {[a.value for a in sorted(effects.writes)]}."


def _param_faults(algorithm: type[Algorithm]) -> Iterator[str]:
    knobs: Any = algorithm.Params
    if not (inspect.isclass(knobs) and issubclass(knobs, Params)):
        yield f"`Params` must be a subclass of genkol.Params, not {knobs!r}."
        return
    try:
        knobs()
    except ValidationError as error:
        yield f"every field of `Params` needs a good default: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}."
    for name, field in knobs.model_fields.items():
        if not field.description:
            yield f"the parameter {name!r} needs a description for people."
