"""``verify`` on a real cluster: a bad picture is made anew, by others, or refused; never handed out."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import numpy as np
import pytest

from genkol.artifacts import Image
from genkol.perform import TRIES, retry_seed
from genkol.pictures import read_image, write_image
from tests.acceptance.conftest import Cluster

pytestmark = [pytest.mark.ray, pytest.mark.weights]

SEED, BLUE = 5, (40, 90, 180)


@pytest.fixture(autouse=True)
def judged(cluster: Cluster) -> None:
    if not cluster.has_weights:
        pytest.skip("the gates look for faces, and the light weights are not here (genkol weights fetch)")


@pytest.fixture(scope="module")
def garment() -> bytes:
    """A blue garment without a print on white."""
    pixels = np.full((96, 96, 3), 255, np.uint8)
    pixels[16:80, 16:80] = BLUE
    return write_image(Image(pixels))


def post(cluster: Cluster, portrait: bytes, garment: bytes, *steps: dict[str, Any], accept: str, verify: bool) -> Any:
    files = {"portrait": portrait, "garment": garment}
    body = {
        "flow": {"inputs": {name: name for name in files}, "steps": steps, "verify": verify},
        "inputs": {name: {"data": base64.b64encode(data).decode()} for name, data in files.items()},
    }
    return httpx.post(f"{cluster.url}/v1/pictures", json=body, headers={"Accept": accept}, timeout=120, trust_env=False)


def ask(cluster: Cluster, portrait: bytes, garment: bytes, *more: str, verify: bool = True, **params: Any) -> Any:
    """Have the portrait dressed by whoever is the default, then more; return the answer and who painted how often."""
    dressed = {"service": "virtual-try-on", "params": params, "seed": SEED}
    later = [{"service": service, "algorithm": "fake"} for service in more]
    before = len(cluster.lines())
    answer = post(cluster, portrait, garment, dressed, *later, accept="application/json", verify=verify)
    return answer, [line.removeprefix("dressed:") for line in cluster.lines()[before:] if line.startswith("dressed")]


def picture_of(answer: httpx.Response) -> Image:
    assert answer.status_code == 200, answer.text
    return read_image(base64.b64decode(answer.json()["picture"]["data"]))


def test_unverified_the_bad_picture_is_handed_out(cluster: Cluster, portrait: bytes, garment: bytes) -> None:
    """What the others must catch is really bad."""
    answer, painted = ask(cluster, portrait, garment, verify=False)
    assert picture_of(answer).pixels[0, 0].tolist() == [200, 30, 30]
    assert painted == [f"{SEED} virtual-try-on.fake"]


def test_another_seed_is_tried_in_the_same_replica(cluster: Cluster, portrait: bytes, garment: bytes) -> None:
    second = retry_seed(SEED, 1)
    answer, painted = ask(cluster, portrait, garment, good_seeds=[second])
    assert (picture_of(answer).pixels == BLUE).all()
    assert painted == [f"{SEED} virtual-try-on.fake", f"{second} virtual-try-on.fake"]


def test_then_the_next_algorithm_and_who_comes_later_stands_on_its_layer(
    cluster: Cluster, portrait: bytes, garment: bytes
) -> None:
    answer, painted = ask(cluster, portrait, garment, "upscaling", good_name="second")
    picture = picture_of(answer)
    assert picture.size == tuple(2 * side for side in read_image(portrait).size)
    assert (picture.pixels == BLUE).all()
    assert [line.split()[1] for line in painted] == ["virtual-try-on.fake"] * TRIES + ["virtual-try-on.second"]
    done = {step["service"]: step["algorithm"] for step in answer.json()["report"]["steps"]}
    assert done == {"virtual-try-on": "second", "upscaling": "fake"}


def test_when_nobody_passes_the_request_is_refused_with_the_measured_reason(
    cluster: Cluster, portrait: bytes, garment: bytes
) -> None:
    answer, painted = ask(cluster, portrait, garment, "upscaling")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    [problem] = answer.json()["errors"]
    assert (problem["code"], problem["step"], problem["tries"]) == ("gate-failed", "virtual-try-on", TRIES)
    assert problem["algorithm"] == "virtual-try-on/fake"
    assert problem["measured"]["garment_de"] > 50
    assert "the colour difference of the worn garment from its photo (dE) is" in problem["reasons"][0]
    assert "at most 6 passes" in problem["detail"]
    assert "virtual-try-on/second on local) was refused (3 seeds were tried)" in problem["detail"]
    names = [line.split()[1] for line in painted]
    assert names == ["virtual-try-on.fake"] * TRIES + ["virtual-try-on.second"] * TRIES


def test_one_whom_the_user_named_is_not_replaced(cluster: Cluster, portrait: bytes, garment: bytes) -> None:
    named = {"service": "virtual-try-on", "algorithm": "fake", "params": {"good_name": "second"}, "verify": True}
    answer = post(cluster, portrait, garment, named, accept="image/png", verify=False)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "gate-failed"
