"""One pipeline over two sites, one of which dies on the way: the picture comes all the same, and is the same.

    make demo-hybrid

Starts a Ray with two nodes on this machine: one is the local site, one stands for a cloud. Makeup and background run
at both; a flow that prefers the cloud is posted twice, and the second time the cloud's node is killed while it works.
Writes out/demo-hybrid.png.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from deployments.cluster import (
    Raylet,
    algorithms_of,
    deploy,
    local_ray,
    raylet,
    read_config,
    wait_until_healthy,
    wait_until_running,
)
from deployments.names import SITE_LABEL, Place
from examples.demo import OUT, PHOTOS, ROOT, DemoFailed, ask, free_port, picture_of

CLOUD = "cloud"
HERE = ("face-alignment/mesh", "person-parsing/light", "makeup-transfer/mesh", "background/composite")
THERE = ("makeup-transfer/mesh", "background/composite")
FLOW = ROOT / "examples" / "makeup-and-street.json"
INPUTS = {
    "portrait": PHOTOS / "person-halfbody-f-02.jpg",
    "makeup": PHOTOS / "makeup-f-purple-darkskin-02.jpg",
    "street": PHOTOS / "background-street-venice-09.jpg",
}
START_S = 300


def main() -> int:
    """Make the picture twice; returns the exit code."""
    OUT.mkdir(exist_ok=True)
    config = sites_config(free_port())
    url = f"http://127.0.0.1:{config.http_options.port}"
    flow = {**json.loads(FLOW.read_text("utf-8")), "placement": {"prefer": [CLOUD]}}
    print("Starting Ray Serve on a local node and on one that stands for a cloud", flush=True)
    with local_ray(labels={SITE_LABEL: "local"}), raylet(CLOUD) as cloud:
        deploy(config)
        wait_until_running({app.name for app in config.applications}, START_S)
        wait_until_healthy(url, len(HERE), START_S)
        try:
            calm = ask(url, flow, INPUTS)
            print_sites("Both sites are there", calm)
            answer = ask_while_it_dies(url, flow, cloud)
        except DemoFailed as error:
            print(error, file=sys.stderr)
            return 1
        print_sites("The cloud died while it worked", answer)
    (OUT / "demo-hybrid.png").write_bytes(picture_of(answer))
    if answer["report"]["digests"]["picture"] != calm["report"]["digests"]["picture"]:
        print("The pictures differ.", file=sys.stderr)
        return 1
    print(f"\nThe same picture, byte for byte: {Path('out/demo-hybrid.png')}")
    return 0


def sites_config(port: int) -> Any:
    """serve_config.yaml with few algorithms, each held to the nodes of its site."""
    config = read_config(ROOT / "serve_config.yaml", port=port, head_only=True)
    by_key = {app.args.get("algorithm"): app for app in config.applications}
    others = [app for app in config.applications if "algorithm" not in app.args]
    apps = [_at(app, "local", app.args, app.name) for app in [*others, *(by_key[key] for key in HERE)]]
    for key in THERE:
        apps.append(_at(by_key[key], CLOUD, {"algorithm": key, "site": CLOUD}, Place(key, CLOUD).application))
    assert set(algorithms_of(config)) >= set(HERE)
    return config.model_copy(update={"applications": apps})


def _at(app: Any, site: str, args: dict[str, Any], name: str) -> Any:
    [deployment] = app.deployments
    options = {**deployment.ray_actor_options.model_dump(exclude_unset=True), "label_selector": {SITE_LABEL: site}}
    held = type(deployment).model_validate({**deployment.model_dump(exclude_unset=True), "ray_actor_options": options})
    return app.model_copy(update={"name": name, "args": args, "deployments": [held]})


def ask_while_it_dies(url: str, flow: dict[str, Any], cloud: Raylet) -> dict[str, Any]:
    """Post the flow; kill the cloud's node when it has begun to work on it."""
    answers: list[dict[str, Any] | DemoFailed] = []

    def post() -> None:
        try:
            answers.append(ask(url, flow, INPUTS))
        except DemoFailed as error:
            answers.append(error)

    request = threading.Thread(target=post)
    request.start()
    time.sleep(0.5)
    cloud.kill()
    request.join()
    if isinstance(answers[0], DemoFailed):
        raise answers[0]
    return answers[0]


def print_sites(title: str, answer: dict[str, Any]) -> None:
    """Who did each step, where, and how long the picture took."""
    print(f"\n{title}: {answer['report']['seconds']:.2f} s")
    for step in answer["report"]["steps"]:
        print(f"  {step['id']:<26}{step['service']}/{step['algorithm']:<14}{step['site']:<8}{step['seconds']:>6.2f}")


if __name__ == "__main__":
    sys.exit(main())
