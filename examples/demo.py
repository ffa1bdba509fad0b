"""A campaign of one virtual KOL through a real local Ray Serve cluster and real HTTP.

    make demo

Starts `genkol serve` on a free port, posts a portrait three times, each time with another makeup, hair, garment,
product and place, and stops it. Writes out/demo.png; out/demo-steps.png, the portrait, each layer, the picture; and
out/demo-variants.png, the same KOL in three variants.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from examples.steps import steps_sheet, variants_sheet
from genkol.engine import Engine
from genkol.flow.flow import Flow

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT / "examples" / "photos"
OUT = ROOT / "out"

FLOW = json.loads((ROOT / "examples" / "full-kol.json").read_text("utf-8"))


@dataclass(frozen=True)
class Variant:
    """One picture. Args: hair: its colour; the others: names of photographs."""

    title: str
    hair: str
    makeup: str
    garment: str
    product: str
    place: str

    @property
    def files(self) -> dict[str, Path]:
        """The photographs, by the name of their input."""
        names = {
            "portrait": "person-halfbody-f-01.jpg",
            "makeup": f"makeup-{self.makeup}.jpg",
            "garment": f"garment-{self.garment}.png",
            "product": f"product-{self.product}.png",
            "place": f"background-{self.place}.jpg",
        }
        return {name: PHOTOS / file for name, file in names.items()}

    def document(self) -> dict[str, Any]:
        """The flow as it is posted."""
        own = {"hair-editing": {"colour": self.hair}}
        steps = [
            {**step, "params": {**step.get("params", {}), **own.get(step["service"], {})}} for step in FLOW["steps"]
        ]
        return {**FLOW, "steps": steps}


VARIANTS = (
    Variant("Copper hair, in town", "copper", "f-natural-01", "tshirt-wave", "juice-green", "street-canal-02"),
    Variant("Black hair, at sunset", "black", "f-light-03", "tshirt-red", "juice-orange", "street-venice-09"),
    Variant("Blond, in a loft", "blond", "f-natural-01", "hoodie-blue", "juice-green", "loft-01"),
)
SIDE = 1024
"""Longest side of the pictures, pixels."""
START_S = 300
STOP_S = 60


def main() -> int:
    """Make the pictures; returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.perf_counter()
    OUT.mkdir(exist_ok=True)
    try:
        with serving(free_port()) as url:
            up = time.perf_counter()
            with ThreadPoolExecutor(len(VARIANTS)) as pool:  # at once: the steps of one fill the gaps of another
                answers = list(pool.map(lambda variant: ask(url, variant.document(), variant.files), VARIANTS))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except DemoFailed as error:
        print(error, file=sys.stderr)
        return 1
    answer = answers[0]
    (OUT / "demo.json").write_text(json.dumps(answer["report"], indent=2) + "\n", "utf-8")
    (OUT / "demo.png").write_bytes(picture_of(answer))
    steps_sheet(answer, VARIANTS[0].files).save(OUT / "demo-steps.png")
    pictures = [(variant.title, picture_of(each)) for variant, each in zip(VARIANTS, answers, strict=True)]
    variants_sheet(pictures).save(OUT / "demo-variants.png")
    print_seconds([each["report"] for each in answers], start=up - started, all=time.perf_counter() - started)
    return 0


class DemoFailed(Exception):
    """What went wrong, in words."""


def picture_of(answer: dict[str, Any]) -> bytes:
    """The encoded picture."""
    return base64.b64decode(answer["picture"]["data"])


def ask(url: str, flow: dict[str, Any], inputs: Mapping[str, Path]) -> dict[str, Any]:
    """Post a flow and its pictures; return the JSON answer with picture, layers, plan and report."""
    answer = httpx.post(
        f"{url}/v1/pictures",
        params={"swatches": "true"},
        headers={"Accept": "application/json"},
        data={"flow": json.dumps(flow)},
        files={name: path.read_bytes() for name, path in inputs.items()},
        timeout=120,
        trust_env=False,
    )
    if not answer.is_success:
        raise DemoFailed(f"The server answered {answer.status_code}:\n{json.dumps(answer.json(), indent=2)}")
    found: dict[str, Any] = answer.json()
    return found


@contextmanager
def serving(port: int) -> Iterator[str]:
    """Yield the address of a GenKOL that runs meanwhile, with the algorithms that the flow needs."""
    needed = algorithms_needed()
    command = [str(Path(sys.executable).with_name("genkol")), "serve", "--port", str(port)]
    command += [f"--only={key}" for key in needed]
    log = OUT / "demo-server.log"
    print(f"Starting Ray Serve with {len(needed)} algorithms of serve_config.yaml", flush=True)
    # A session of its own: Ctrl-C reaches the server once, from here.
    with log.open("wb") as file:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "GENKOL_WORK_SIDE": str(SIDE)},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(url, server, log, len(needed))
        yield url
    finally:
        stop(server)


def wait_until_up(url: str, server: subprocess.Popen[bytes], log: Path, algorithms: int) -> None:
    """Wait until so many algorithms are there.

    Raises:
        DemoFailed: the server ended, or took too long; its last words are in the text.
    """
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            health = httpx.get(f"{url}/healthz", timeout=5, trust_env=False)
            if health.is_success and health.json()["algorithms"] >= algorithms:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    last = "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])
    why = "is not ready" if server.poll() is None else f"ended with exit code {server.returncode}"
    raise DemoFailed(f"genkol serve {why}. It said, in {log}:\n{last}")


def algorithms_needed() -> list[str]:
    """SERVICE/ALGORITHM of each step of the plan."""
    plan = Engine.in_process().plan(Flow.parse(FLOW))
    return list(dict.fromkeys(step.key for step in plan))


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop the server and whatever it started, politely at first."""
    family = descendants(server.pid)
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    _, left = psutil.wait_procs(family, timeout=5)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=5)


def descendants(pid: int) -> list[psutil.Process]:
    """All processes below one."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def print_seconds(reports: Sequence[dict[str, Any]], start: float, all: float) -> None:
    """A small table: each step of the first picture, the pictures, the start of the cluster."""
    rows = [(step["id"], f"{step['service']}/{step['algorithm']}", step["seconds"]) for step in reports[0]["steps"]]
    width = max(len(name) for name, _, _ in rows) + 2
    print(f"\n{'step':<{width}}{'algorithm':<28}{'seconds':>8}")
    for name, algorithm, seconds in rows:
        print(f"{name:<{width}}{algorithm:<28}{seconds:>8.2f}")
    print()
    for number, report in enumerate(reports, start=1):
        print(f"{f'picture {number}, all at once':<{width + 28}}{report['seconds']:>8.2f}")
    print(f"{'starting the cluster':<{width + 28}}{start:>8.1f}")
    print(f"{'all':<{width + 28}}{all:>8.1f}")
    for name in ("demo.png", "demo-steps.png", "demo-variants.png"):
        print(os.path.relpath(OUT / name))


if __name__ == "__main__":
    sys.exit(main())
