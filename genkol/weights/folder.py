"""The folder of the weights on this machine: every file verified, fetched once, and its licence minded."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from genkol.errors import LicenceRefused, WeightsCorrupt, WeightsError, WeightsMissing
from genkol.settings import settings
from genkol.weights.archives import sha256_of
from genkol.weights.catalogue import Weight, catalogue, weight_named
from genkol.weights.fetch import explain, fetch, quoted, what_to_do
from genkol.weights.progress import bars

log = logging.getLogger("genkol.weights")


class WeightsFolder:
    """``<root>/<name>/<first 12 of the SHA-256>-<file>``; safe to share among processes and machines.

    A file is hashed when it comes and when its size or time has changed; beside it lies
    ``<file>.verified``, which spares hashing it at every use.

    Args:
        root: created when something is fetched; may be read-only when all is there.
        offline: never fetch.
        allow_noncommercial: hand out weights whose licence forbids commercial use.
        known: the weights by name; None means the catalogue.
    """

    def __init__(
        self,
        root: Path,
        *,
        offline: bool = False,
        allow_noncommercial: bool = False,
        known: Mapping[str, Weight] | None = None,
    ) -> None:
        self.root = root
        self.known = catalogue() if known is None else known
        self.offline = offline
        self.allow_noncommercial = allow_noncommercial

    def place(self, weight: Weight) -> Path:
        """Return where a weight's file lies or would lie."""
        return self.root / weight.name / weight.filename

    def has(self, name: str) -> bool:
        """Whether the file is there; says nothing about its content."""
        return self.place(weight_named(name, self.known)).is_file()

    def path(self, name: str) -> Path:
        """Return the verified file of a weight that is here already.

        Raises:
            WeightsMissing: it is not here.
            WeightsCorrupt: the file's content is not the catalogue's.
            LicenceRefused: its licence forbids commercial use and the operator has not allowed it.
        """
        weight = weight_named(name, self.known)
        self._mind_the_licence(weight)
        file = self.place(weight)
        if not file.is_file():
            raise WeightsMissing(
                f"The weight {name!r} is not in {self.root}. {what_to_do([weight], self.place)}",
                weight=name,
                path=str(file),
            )
        if not _known_good(file, weight):
            self.verify(name)
        return file

    def ensure(self, name: str) -> Path:
        """Return the verified file of a weight, fetching it first where it is missing or broken.

        Raises:
            WeightsMissing: it is not here, and is not to be had or must not be fetched (offline).
            WeightsCorrupt: what the sources hold is not the catalogue's.
            LicenceRefused: its licence forbids commercial use and the operator has not allowed it.
        """
        return self.ensure_all([name])[0]

    def ensure_all(self, names: Iterable[str]) -> list[Path]:
        """The same for several weights: an archive that they share is downloaded once.

        Raises:
            WeightsError: what went wrong, for every weight that is not here in the end.
        """
        weights = [weight_named(name, self.known) for name in names]
        for weight in weights:
            self._mind_the_licence(weight)
        if not all(_known_good(self.place(weight), weight) for weight in weights):
            self._fetch_missing(weights)
        return [self.path(weight.name) for weight in weights]

    def verify(self, name: str) -> Path:
        """Hash the file anew, whatever was known of it.

        Raises:
            WeightsMissing: it is not here.
            WeightsCorrupt: names the digest found and the one expected.
        """
        weight = weight_named(name, self.known)
        file = self.place(weight)
        if not file.is_file():
            raise WeightsMissing(
                f"The weight {name!r} is not in {self.root}. {what_to_do([weight], self.place)}", weight=name
            )
        found = sha256_of(file)
        if found != weight.sha256:
            with suppress(OSError):
                _marker(file).unlink(missing_ok=True)
            raise WeightsCorrupt(
                f"The weight {name!r} in {file} has SHA-256 {found}, {weight.sha256} expected. "
                f"Run `genkol weights fetch {name}` to replace it.",
                weight=name,
                found=found,
                expected=weight.sha256,
            )
        _remember(file, weight)
        return file

    def _fetch_missing(self, weights: Sequence[Weight]) -> None:
        if self.offline:
            self._refuse_offline(weights)
            return
        self.root.mkdir(parents=True, exist_ok=True)
        # One lock for the folder: weights of different names share archives.
        with _alone(self.root), bars() as on_progress:
            missing = [weight for weight in weights if not self._is_good(weight)]
            failures = fetch(missing, self.place, self.root / ".downloads", on_progress)
            for weight in missing:
                if weight.name not in failures:
                    _remember(self.place(weight), weight)
                    log.info("the weight %s is in %s", weight.name, self.place(weight))
        if failures:
            raise explain([weight for weight in missing if weight.name in failures], failures, self.place)

    def _refuse_offline(self, weights: Sequence[Weight]) -> None:
        absent = [weight for weight in weights if not self.place(weight).is_file()]
        if absent:
            raise WeightsMissing(
                f"GENKOL_OFFLINE forbids fetching {quoted(absent)}, not in {self.root}. "
                f"Unset it where there is a network. {what_to_do(absent, self.place)}",
                weights=[weight.name for weight in absent],
            )

    def _is_good(self, weight: Weight) -> bool:
        if _known_good(self.place(weight), weight):
            return True
        try:
            self.verify(weight.name)
        except WeightsError:
            return False
        return True

    def refuse_by_licence(self, name: str) -> None:
        """Raise `LicenceRefused` when the weight may not be used here; nothing is fetched or read."""
        self._mind_the_licence(weight_named(name, self.known))

    def _mind_the_licence(self, weight: Weight) -> None:
        if not weight.commercial and not self.allow_noncommercial:
            raise LicenceRefused(
                f"The licence of the weight {weight.name!r} ({weight.licence}) forbids commercial use: "
                f"{weight.licence_note} Set GENKOL_ALLOW_NONCOMMERCIAL=1 if your use is allowed by it.",
                weight=weight.name,
                licence=weight.licence,
            )


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep other processes from fetching into the folder."""
    lock = FileLock(root / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.warning("another process is fetching weights into %s; waiting for it", root)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _marker(file: Path) -> Path:
    return file.with_name(file.name + ".verified")


def _facts(file: Path, weight: Weight) -> dict[str, object]:
    stat = file.stat()
    return {"sha256": weight.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _known_good(file: Path, weight: Weight) -> bool:
    try:
        return bool(json.loads(_marker(file).read_text("utf-8")) == _facts(file, weight))
    except (OSError, ValueError):
        return False


def _remember(file: Path, weight: Weight) -> None:
    with suppress(OSError):  # a read-only folder: it is hashed again by the next process
        _marker(file).write_text(json.dumps(_facts(file, weight)), "utf-8")


class WeightsSetup:
    """What `Algorithm.setup` is given: the weights of one folder, fetched on first use.

    Args:
        allowed: the names that the algorithm lists; None allows all.
    """

    def __init__(self, folder: WeightsFolder | None = None, allowed: Iterable[str] | None = None) -> None:
        self._folder = folder if folder is not None else default_folder()
        self._allowed = None if allowed is None else tuple(allowed)

    def weights(self, name: str) -> Path:
        """Return the verified file of a weight; the first call fetches all that the algorithm lists.

        Raises:
            WeightsMissing: it is neither in the folder nor to be had, or the algorithm does not list it.
            WeightsCorrupt: the content is not the catalogue's.
            LicenceRefused: its licence forbids commercial use and the operator has not allowed it.
        """
        if self._allowed is not None and name not in self._allowed:
            raise WeightsMissing(
                f"The algorithm asks for the weight {name!r} but lists {', '.join(self._allowed) or 'none'}; "
                "add it to the class's `weights`.",
                weight=name,
            )
        return dict(zip(self._allowed or (name,), self._folder.ensure_all(self._allowed or (name,)), strict=True))[name]


def default_folder() -> WeightsFolder:
    """The folder that the settings name, with their switches."""
    said = settings()
    return WeightsFolder(said.weights_dir, offline=said.offline, allow_noncommercial=said.allow_noncommercial)
