"""What the edge promises still holds behind Serve's proxy: ids, log lines, hostile files."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
import ray

from tests.acceptance.conftest import Cluster, flow_of

pytestmark = pytest.mark.ray

HOSTILE = Path(__file__).parents[2].parent / "shared" / "data" / "hostile"


def engine_log() -> str:
    """What the Engine's replicas have logged."""
    session = Path(ray._private.worker._global_node.get_logs_dir_path())  # type: ignore[attr-defined]
    return "".join(path.read_text() for path in session.glob("serve/replica_engine_Engine_*.log"))


def engine_lines(request_id: str) -> list[dict[str, Any]]:
    """The lines of a request."""
    lines = [json.loads(line) for line in engine_log().splitlines()]
    return [line for line in lines if line.get("request_id") == request_id]


def test_a_request_keeps_one_id_through_answer_and_log(cluster: Cluster, portrait: bytes) -> None:
    answer = httpx.post(
        f"{cluster.url}/v1/pictures",
        files={"portrait": ("a secret name.png", portrait)},
        headers={"X-Request-Id": "campaign-7.a"},
        timeout=60,
        trust_env=False,
    )
    assert answer.headers.get_list("x-request-id") == ["campaign-7.a"]
    end = time.monotonic() + 10
    while not (ours := [line for line in engine_lines("campaign-7.a") if "bytes_out" in line]):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert [(o["path"], o["status"]) for o in ours] == [("/v1/pictures", 200)]
    assert "secret" not in engine_log()


def test_an_id_that_no_log_line_could_name_is_still_one_and_the_same(cluster: Cluster) -> None:
    """The proxy takes any id over; the problem names the one that is in the log."""
    answer = httpx.get(f"{cluster.url}/v1/nothing", headers={"X-Request-Id": "two words"}, timeout=60, trust_env=False)
    assert answer.headers.get_list("x-request-id") == ["two words"]
    assert answer.json()["request_id"] == "two words"


def hostile() -> list[dict[str, Any]]:
    manifest = HOSTILE / "manifest.json"
    return json.loads(manifest.read_text())["files"] if manifest.is_file() else []


@pytest.mark.shared
@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the hostile files are not here (../shared/data/hostile)")
def test_every_hostile_file_gets_what_its_manifest_says(cluster: Cluster, portrait: bytes) -> None:
    """With a step behind it; the Engine's memory stays bounded and the next request is served at once."""
    engine = next(p for p in psutil.process_iter() if "ServeReplica:engine:Engine" in " ".join(p.cmdline()))
    flow = json.dumps(flow_of({"service": "makeup-transfer", "params": {"level": 3}}))
    wrong = []
    for case in hostile():
        media_type = case.get("content_type_to_send") or "image/jpeg"
        answer = httpx.post(
            f"{cluster.url}/v1/pictures",
            files={"portrait": (case["file"], (HOSTILE / case["file"]).read_bytes(), media_type)},
            data={"flow": flow},
            timeout=10,
            trust_env=False,
        )
        if answer.status_code not in case["http"]:
            wrong.append(f"{case['file']}: {answer.status_code} {answer.text[:200]}")
        elif answer.status_code >= 400 and "Traceback" in answer.text:
            wrong.append(f"{case['file']} shows a stack trace")
    assert wrong == []
    assert engine.memory_info().rss < 500 << 20
    assert cluster.post(flow_of(), portrait).status_code == 200
