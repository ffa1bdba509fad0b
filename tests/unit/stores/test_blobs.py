"""Bytes are kept by name in a folder or in S3, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from genkol.errors import GenkolError
from genkol.stores.blobs import S3, Blobs, Folder, blobs_at
from genkol.stores.databases import Down


def test_bytes_come_back_until_they_are_deleted(blobs: Blobs) -> None:
    assert blobs.get("ab1") is None
    blobs.put("ab1", b"one")
    blobs.put("cd2", b"\x00" * 100_000)
    assert (blobs.get("ab1"), blobs.get("cd2")) == (b"one", b"\x00" * 100_000)
    blobs.delete(["ab1", "never there"])
    assert (blobs.get("ab1"), blobs.get("cd2")) == (None, b"\x00" * 100_000)


def test_what_is_old_is_listed(blobs: Blobs) -> None:
    blobs.put("ab1", b"one")
    assert list(blobs.older(3600)) == []
    assert list(blobs.older(-3600)) == ["ab1"]


def test_the_folder_is_its_owners(tmp_path: Path) -> None:
    Folder(tmp_path / "a").put("ab1", b"one")
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_down(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a file")
    with pytest.raises(Down):
        Folder(tmp_path / "a").put("ab1", b"one")


def test_a_bucket_that_does_not_answer_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with pytest.raises(Down, match="s3://nowhere"):
        S3("nowhere").get("ab1")


def test_a_bucket_that_does_not_exist_is_down(s3: S3) -> None:
    for use in (lambda: S3("not-there").get("ab1"), lambda: list(S3("not-there").older(0))):
        with pytest.raises(Down):
            assert use() is not None


def test_a_place_is_a_folder_or_a_bucket(tmp_path: Path) -> None:
    assert isinstance(blobs_at(str(tmp_path)), Folder)
    assert isinstance(blobs_at("s3://bucket/some/prefix/"), S3)
    for wrong in ("s3://", "https://bucket"):
        with pytest.raises(GenkolError, match="s3://BUCKET"):
            blobs_at(wrong)
