"""A server on this machine that answers as Amazon Bedrock Runtime does for Nova Canvas, well or badly."""

from __future__ import annotations

import base64
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import numpy as np
from PIL import Image as Pillow

SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=\w+/\d{8}/(?P<region>[\w-]+)/bedrock/aws4_request, "
    r"SignedHeaders=[\w;-]*host[\w;-]*, Signature=[0-9a-f]{64}"
)


@dataclass(frozen=True)
class Reply:
    """One answer: a status, a body, an error's code; after a delay, or drop by drop, or broken off."""

    status: int = 200
    body: bytes = b""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drip: bool = False
    cut: bool = False


Answering = Callable[[dict[str, Any]], Reply]


def failing(status: int, code: str, message: str, **more: Any) -> Answering:
    """An error as the rest-json protocol writes it."""
    return lambda request: Reply(status, json.dumps({"message": message}).encode(), code, **more)


def throttled(**headers: str) -> Answering:
    return failing(429, "ThrottlingException", "Too many requests, please wait before trying again.", headers=headers)


def answering(answer: Any, **more: Any) -> Answering:
    """A successful answer with this JSON."""
    return lambda request: Reply(body=json.dumps(answer).encode(), **more)


def png(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def pixels_of(text: str) -> np.ndarray:
    """Decode as strictly as the service: PNG, RGB."""
    picture = Pillow.open(io.BytesIO(base64.b64decode(text, validate=True)))
    assert (picture.format, picture.mode) == ("PNG", "RGB")
    return np.asarray(picture)


def painting(request: dict[str, Any]) -> Reply:
    """What the model does, roughly: the masked part in another colour, which the seed decides."""
    pictures, mask = painted(request)
    answer = {"images": [png(pictures)]}
    if request["taskType"] == "VIRTUAL_TRY_ON" and request["virtualTryOnParams"].get("returnMask"):
        answer["maskImage"] = png(mask)
    return Reply(body=json.dumps(answer).encode())


def painted(request: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and the mask, black where it was changed."""
    config = request["imageGenerationConfig"]
    rng = np.random.default_rng(config["seed"])
    if request["taskType"] == "VIRTUAL_TRY_ON":
        params = request["virtualTryOnParams"]
        source, garment = pixels_of(params["sourceImage"]), pixels_of(params["referenceImage"])
        _require_size(source), _require_size(garment)
        h, w = source.shape[:2]
        mask = np.full_like(source, 255)
        mask[int(0.4 * h) : int(0.9 * h), int(0.2 * w) : int(0.8 * w)] = 0
        colour = garment.reshape(-1, 3).mean(axis=0) * 0.5 + rng.integers(0, 60)
    else:
        params = request["outPaintingParams"]
        source, mask = pixels_of(params["image"]), pixels_of(params["maskImage"])
        _require_size(source)
        assert source.shape == mask.shape
        assert set(np.unique(mask)) <= {0, 255}
        mask = 255 - mask  # outpainting changes what is white
        colour = np.array([40, 90, 160]) + rng.integers(0, 60)
    return np.where(mask == 0, np.clip(colour, 0, 255), source).astype(np.uint8), mask


def _require_size(picture: np.ndarray) -> None:
    h, w = picture.shape[:2]
    assert h % 16 == w % 16 == 0
    assert min(h, w) >= 320
    assert h * w < 4_194_304
    assert max(h, w) <= 4 * min(h, w)


@dataclass
class BedrockServer:
    """The running server. `then` says how the next requests are answered; the last way stays."""

    url: str = ""
    ways: list[Answering] = field(default_factory=lambda: [painting])
    requests: list[dict[str, Any]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def then(self, *ways: Answering) -> None:
        self.ways = list(ways)

    @property
    def calls(self) -> int:
        """How often a picture was asked for: what would be charged for, had it been made."""
        return len(self.requests)

    def _reply(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        with self.lock:
            self.headers.append(headers)
            self.models.append(unquote(path.removeprefix("/model/").removesuffix("/invoke")))
            self.requests.append(request := json.loads(body))
            way = self.ways.pop(0) if len(self.ways) > 1 else self.ways[0]
        assert SIGNED.fullmatch(headers["authorization"])
        assert headers["content-type"] == headers["accept"] == "application/json"
        return way(request)


@contextmanager
def serving() -> Iterator[BedrockServer]:
    """Start a server on a free port of this machine, and stop it afterwards."""
    state = BedrockServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            reply = state._reply(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            time.sleep(reply.delay_s)
            try:
                self._send(reply)
            except OSError:
                self.close_connection = True  # the other side has left

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-type", "application/json")
            self.send_header("x-amzn-RequestId", "5e6c3f0a-1111-2222-3333-444455556666")
            if reply.code:
                self.send_header(
                    "x-amzn-ErrorType", f"{reply.code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
                )
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            if reply.cut:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                self.close_connection = True
            elif reply.drip:
                for k in range(len(reply.body)):
                    self.wfile.write(reply.body[k : k + 1])
                    self.wfile.flush()
                    time.sleep(0.05)
            else:
                self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
