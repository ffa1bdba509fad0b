from __future__ import annotations

import os
import subprocess
import sys

from tests.unit.weights.conftest import MODEL

# huggingface_hub reads HF_ENDPOINT when it is imported: a fresh process, as an operator's.
SCRIPT = """
import sys
from pathlib import Path
from genkol.errors import GenkolError
from genkol.weights import Weight, WeightsFolder
from genkol.weights.catalogue import HuggingFaceSource

source = HuggingFaceSource("someone/tiny", sys.argv[2], "onnx/model.bin")
weight = Weight("tiny", "A model.", sys.argv[3], 1048576, "MIT", "Said so.", True, True, (source,))
try:
    print(WeightsFolder(Path(sys.argv[1]), known={"tiny": weight}).ensure("tiny"))
except GenkolError as error:
    print(type(error).__name__, error)
"""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def run(site, root, sha: str, revision: str = COMMIT) -> str:
    hub = {"HF_ENDPOINT": site.url, "HF_HOME": str(root / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment = {**os.environ, **hub, "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(root / "w"), revision, sha]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def serve(site, sha: str) -> None:
    path = f"/someone/tiny/resolve/{COMMIT}/onnx/model.bin"
    site.files[path] = MODEL
    site.headers[path] = {"X-Repo-Commit": COMMIT, "ETag": f'"{sha}"'}


def test_a_file_of_a_repository_is_fetched_from_the_users_endpoint_and_verified(site, tmp_path):
    import hashlib
    from pathlib import Path

    sha = hashlib.sha256(MODEL).hexdigest()
    serve(site, sha)
    file = Path(run(site, tmp_path, sha))
    assert file.read_bytes() == MODEL
    assert list((tmp_path / "w/.downloads").iterdir()) == []


def test_another_content_is_refused(site, tmp_path):
    serve(site, "e" * 64)
    said = run(site, tmp_path, "f" * 64)
    assert said.startswith("WeightsCorrupt")
    assert "f" * 64 in said


def test_an_absent_file_is_named(site, tmp_path):
    said = run(site, tmp_path, "f" * 64)
    assert said.startswith("WeightsMissing")
    assert "someone/tiny@0123456789ab (Hugging Face)" in said
