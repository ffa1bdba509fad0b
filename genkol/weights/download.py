"""Downloading one archive over HTTP so that an interrupted download goes on where it stopped."""

from __future__ import annotations

import json
import shutil
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import certifi
import httpx

from genkol.errors import WeightsMissing
from genkol.weights.progress import OnProgress

MAX_FAILURES = 5
"""Failures in a row, without one new byte between them, after which a download is given up."""
BACKOFF_S = 0.5
MAX_BACKOFF_S = 8.0
_RETRIED = frozenset({408, 416, 425, 429, 500, 502, 503, 504})
_NEEDS_CLIENT = frozenset({401, 403, 407})


class ClientNeeded(Exception):
    """The package client itself must download: it has credentials or a network set-up that we have not."""


@dataclass(frozen=True)
class Network:
    """What the package client's configuration says about the way out.

    Args:
        cafile: the certificates to trust instead of the system's.
        extra_cafile: certificates to trust as well.
        proxy: URL of the proxy; None leaves it to the environment (HTTPS_PROXY, NO_PROXY).
        timeout_s: longest silence of the server.
        needs_client: why only the package client can download, or "".
    """

    cafile: Path | None = None
    extra_cafile: Path | None = None
    proxy: str | None = None
    timeout_s: float = 30.0
    needs_client: str = ""

    def client(self) -> httpx.Client:
        try:
            context = ssl.create_default_context(cafile=self.cafile)
            for more in (None if self.cafile else certifi.where(), self.extra_cafile):
                if more:
                    context.load_verify_locations(more)
        except OSError as error:
            raise ClientNeeded(f"the certificates that it is set to trust cannot be read: {error}") from error
        return httpx.Client(verify=context, proxy=self.proxy, timeout=self.timeout_s, follow_redirects=True)


def download(url: str, target: Path, network: Network, on_progress: OnProgress, label: str) -> None:
    """Bring a URL (http, https or file) to `target`, going on with an earlier attempt where the server allows.

    What has come so far lies in ``<target>.part``, with the URL and the server's validator beside it,
    and survives the process.

    Raises:
        ClientNeeded: refused without the package client's credentials or network set-up.
        WeightsMissing: the server cannot be reached or has no such file.
    """
    if urlsplit(url).scheme == "file":
        shutil.copyfile(unquote(urlsplit(url).path), target)
        return
    if network.needs_client:
        raise ClientNeeded(network.needs_client)
    part = _Part(url, target)
    with network.client() as client:
        failures = 0
        while not _attempt(client, part, on_progress, label):
            failures = 0 if part.grew else failures + 1
            if failures >= MAX_FAILURES:
                raise WeightsMissing(f"{_host(url)} does not answer or breaks off: {part.problem}.")
            time.sleep(min(MAX_BACKOFF_S, BACKOFF_S * 2**failures))
    part.finish()


def _host(url: str) -> str:
    """The server's name alone: a URL may carry credentials."""
    return urlsplit(url).hostname or "the server"


class _Part:
    """What has come so far of one URL."""

    def __init__(self, url: str, target: Path) -> None:
        self.url, self.target = url, target
        self.path = target.with_name(target.name + ".part")
        self.notes = target.with_name(target.name + ".part.json")
        self.problem = ""
        self.grew = False

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self) -> str | None:
        """The ETag or date under which the part was begun; None when it is of no use."""
        try:
            notes = json.loads(self.notes.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        # Signed URLs change their query from one day to the next, the file does not.
        same = notes.get("url") == self.url.partition("?")[0]
        return str(notes["validator"]) if same and notes.get("validator") and self.size else None

    def restart(self, response: httpx.Response) -> None:
        etag = response.headers.get("etag", "")
        # RFC 9110, 13.1.5: If-Range takes strong validators only.
        strong = etag if etag and not etag.startswith("W/") else response.headers.get("last-modified", "")
        self.path.write_bytes(b"")
        self.notes.write_text(json.dumps({"url": self.url.partition("?")[0], "validator": strong}), "utf-8")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)

    def finish(self) -> None:
        self.path.replace(self.target)
        self.notes.unlink(missing_ok=True)


def _attempt(client: httpx.Client, part: _Part, on_progress: OnProgress, label: str) -> bool:
    """Try once; True when the file is whole. What can be retried is noted in `part.problem`."""
    before, validator = part.size, part.validator()
    part.grew = False
    headers = {"Accept-Encoding": "identity"}  # a compressed answer would not match the ranges
    if validator is not None:
        headers |= {"Range": f"bytes={before}-", "If-Range": validator}
    try:
        with client.stream("GET", part.url, headers=headers) as response:
            if not _accepted(response, part, before if validator is not None else 0):
                return False
            _receive(response, part, on_progress, label)
    except (httpx.TransportError, ssl.SSLError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error) or isinstance(error, httpx.ProxyError):
            raise ClientNeeded(str(error)) from error
        part.problem = str(error) or type(error).__name__
        part.grew = part.size > before
        return False
    return True


def _accepted(response: httpx.Response, part: _Part, asked_from: int) -> bool:
    status = response.status_code
    if status in _NEEDS_CLIENT:
        raise ClientNeeded(f"{_host(part.url)} answers {status}")
    if status == 206 and response.headers.get("content-range", "").startswith(f"bytes {asked_from}-"):
        return True
    if status == 200:
        part.restart(response)
        return True
    if status in _RETRIED or status == 206:
        if status in (206, 416):  # our part and the server's file do not fit
            part.drop()
        part.problem = f"it answers {status}"
        return False
    raise WeightsMissing(f"{_host(part.url)} answers {status} for {Path(urlsplit(part.url).path).name}.")


def _receive(response: httpx.Response, part: _Part, on_progress: OnProgress, label: str) -> None:
    done = part.size
    length = response.headers.get("content-length")
    total = done + int(length) if length else None
    with part.path.open("ab") as file:
        for chunk in response.iter_raw():  # as it comes: what a break cuts off is lost at most
            file.write(chunk)
            done += len(chunk)
            on_progress(label, done, total)
