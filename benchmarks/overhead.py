"""What the Engine costs beside a bare chain of four Ray Serve deployments that pass the same picture.

python -m benchmarks engine

Both get the same JPEG of 1024 x 1024 by HTTP, decode it, put it into the object store, have it passed through four
deployments of one replica each, and answer with an encoded picture, by the same functions. The Engine plans, names and
watches the steps beside that, and composes their layers in one more deployment; the algorithms do nothing. The two
are measured in turn, request by request and then burst by burst, in one run.
"""

from __future__ import annotations

import http.client
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from PIL import Image as Pillow

from benchmarks import serving
from genkol.artifacts import Image
from genkol.compose import compose
from genkol.pictures import read_image, write_image

PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "person-halfbody-f-02.jpg"
SIDE = 1024
AT_ONCE = 16
ROUNDS = 30
BURSTS = 5
PER_BURST = 32
FORMATS = ("jpeg", "png")
BOUNDARY = "idle"


@dataclass(frozen=True)
class Way:
    """One way to ask for a picture, as the bytes of a request."""

    path: str
    body: bytes
    headers: dict[str, str]


def run() -> dict[str, Any]:
    """Measure and print. Targets: time at most 1.25 times, throughput at least 0.85 times that of the bare chain."""
    photo = picture()
    with serving.idle_algorithms() as idle, tempfile.TemporaryDirectory() as folder:
        apps = [bare_app(), serving.engine(), serving.finisher(), *(serving.host(each.key()) for each in idle)]
        with serving.serving(*apps) as url:
            formats = {format: compared(url, photo, format, idle) for format in FORMATS}
            side_by_side = together(url, photo)
            # Only now: one Engine more would cost the others time.
            env = {"GENKOL_CACHE_URL": f"sqlite:///{folder}/index.sqlite"}
            serving.start(port_of(url), [*apps, serving.engine(name="keeping", route="/keeping", env=env)])
            first, again = twice(url, photo)
    found = {
        "edges": edges(photo),
        "formats": formats,
        "side_by_side": side_by_side,
        "first": first,
        "again": again,
        "side": SIDE,
        "rounds": ROUNDS,
    }
    print(table(found))
    return {"engine": found}


def bare_app() -> dict[str, Any]:
    """The application of the bare chain."""
    return {
        "name": "bare",
        "route_prefix": "/bare",
        "import_path": "benchmarks.bare:app",
        "args": {},
    }


def picture() -> bytes:
    """A photograph, square, as JPEG."""
    with Pillow.open(PHOTO) as photo:
        square = photo.convert("RGB").crop((0, 0, min(photo.size), min(photo.size))).resize((SIDE, SIDE))
    file = io.BytesIO()
    square.save(file, "JPEG", quality=92)
    return file.getvalue()


def compared(url: str, photo: bytes, format: str, idle: Sequence[Any]) -> dict[str, float]:
    """Of both: median seconds one at a time, pictures a second at once, and processor seconds of each picture."""
    ways = {
        "bare": Way(f"/bare/{format}", photo, {"Content-Type": "image/jpeg"}),
        "engine": asked(photo, chain(idle), format),
    }
    for way in ways.values():
        list(at_once(url, way, AT_ONCE))
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    connection = connected(url)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            seconds[name].append(timed(lambda way=way: ask(connection, way)))
    for _ in range(BURSTS):
        for name, way in ways.items():
            before = cluster_cpu_s()
            took = timed(lambda way=way: list(at_once(url, way, PER_BURST)))
            rates[name].append(PER_BURST / took)
            cpu[name].append((cluster_cpu_s() - before) / PER_BURST)
    time_ratio = statistics.median(e / b for e, b in zip(seconds["engine"], seconds["bare"], strict=True))
    rate_ratio = statistics.median(e / b for e, b in zip(rates["engine"], rates["bare"], strict=True))
    return {
        **{f"{name}_s": statistics.median(each) for name, each in seconds.items()},
        **{f"{name}_rate": statistics.median(each) for name, each in rates.items()},
        **{f"{name}_cpu_s": statistics.median(each) for name, each in cpu.items()},
        "time_ratio": time_ratio,
        "rate_ratio": rate_ratio,
    }


def together(url: str, photo: bytes) -> float:
    """Seconds for two steps of 1 s that do not see each other."""
    way, connection = asked(photo, two_seconds(), "jpeg"), connected(url)
    return statistics.median(timed(lambda: ask(connection, way)) for _ in range(3))


def twice(url: str, photo: bytes) -> tuple[float, float]:
    """Seconds for the same two steps by an Engine that keeps pictures, and for the same request again."""
    way, connection = asked(photo, two_seconds(), "jpeg", "/keeping"), connected(url)
    first = timed(lambda: ask(connection, way))
    time.sleep(1.0)  # it is written in the background
    return first, statistics.median(timed(lambda: ask(connection, way)) for _ in range(9))


def two_seconds() -> dict[str, Any]:
    """Two steps of 1 s that do not see each other."""
    services = ("hair-editing", "makeup-transfer")
    return flow([{"service": service, "algorithm": "idle", "params": {"seconds": 1.0}} for service in services])


def port_of(url: str) -> int:
    """The port of an address."""
    return int(url.rpartition(":")[2])


def chain(idle: Sequence[Any]) -> dict[str, Any]:
    """Four steps, each of which stands on those before it."""
    services = [each.service.name for each in idle if each.service.name != "makeup-transfer"]
    return flow([{"service": service, "algorithm": "idle"} for service in services])


def flow(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """A flow on one portrait."""
    return {"genkol": 1, "inputs": {"portrait": "portrait"}, "steps": steps}


def asked(photo: bytes, document: dict[str, Any], format: str, prefix: str = "") -> Way:
    """The form with which an Engine is asked."""
    parts = [
        ('name="flow"', json.dumps(document).encode()),
        ('name="portrait"; filename="portrait.jpg"\r\nContent-Type: image/jpeg', photo),
    ]
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"
        for head, data in parts
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Accept": f"image/{format}"}
    return Way(f"{prefix}/v1/pictures", body + f"--{BOUNDARY}--\r\n".encode(), headers)


def connected(url: str) -> http.client.HTTPConnection:
    """A connection that is kept: opening one is no part of what is measured."""
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)


def ask(connection: http.client.HTTPConnection, way: Way) -> bytes:
    """The picture; anything but 200 ends the measurement."""
    connection.request("POST", way.path, way.body, way.headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{way.path} answered {answer.status}: {body[:500]!r}")
    return body


def at_once(url: str, way: Way, count: int) -> Iterator[bytes]:
    """So many requests, `AT_ONCE` at a time."""

    def several(share: int) -> list[bytes]:
        connection = connected(url)
        return [ask(connection, way) for _ in range(share)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for bodies in pool.map(several, [count // AT_ONCE] * AT_ONCE):
            yield from bodies


def cluster_cpu_s() -> float:
    """Processor seconds of all processes of the cluster so far."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def timed(work: Callable[[], Any]) -> float:
    """Seconds by the clock."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def edges(photo: bytes) -> dict[str, float]:
    """Processor milliseconds in this process of what is no dispatching: both decode and encode, the Engine composes,
    and names the picture twice.
    """
    image = read_image(photo)
    works: dict[str, Callable[[], Any]] = {
        "decode": lambda: read_image(photo),
        "digest": lambda: Image(image.pixels).digest,
        "compose": lambda: compose(image, []),
        **{f"encode {format}": lambda format=format: write_image(image, format) for format in FORMATS},
    }
    return {name: 1000 * cpu_s(work) for name, work in works.items()}


def cpu_s(work: Callable[[], Any], times: int = 5) -> float:
    """Processor seconds of a call, warm."""
    work()
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def table(found: dict[str, Any]) -> str:
    """The section of RESULTS.md."""
    rows = []
    for format, of in found["formats"].items():
        rows += [
            f"| one at a time, {format}, s | {of['bare_s']:.3f} | {of['engine_s']:.3f} | {of['time_ratio']:.2f} |",
            f"| {AT_ONCE} at once, {format}, pictures/s | {of['bare_rate']:.1f} | {of['engine_rate']:.1f} "
            f"| {of['rate_ratio']:.2f} |",
            f"| processor, {format}, s | {of['bare_cpu_s']:.3f} | {of['engine_cpu_s']:.3f} "
            f"| {of['engine_cpu_s'] / of['bare_cpu_s']:.2f} |",
        ]
    share = found["again"] / found["first"]
    parts = ", ".join(f"{name} {ms:.0f} ms" for name, ms in found["edges"].items())
    return "\n".join(
        [
            f"| {found['side']} px, medians of {found['rounds']} and {BURSTS} | bare chain | Engine | ratio |",
            "|---|---:|---:|---:|",
            *rows,
            "",
            f"Two steps of 1 s that do not see each other: {found['side_by_side']:.2f} s. The same request again, "
            f"by an Engine that keeps pictures: {found['again']:.3f} s, {share:.1%} of the first.",
            "",
            f"Of a picture's processor time in either way: {parts} (composing and two digests: the Engine alone).",
        ]
    )


if __name__ == "__main__":
    run()
