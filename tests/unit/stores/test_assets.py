"""Uploaded pictures are kept by digest, within bounds, and nothing else is."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from genkol.errors import TooLarge, UnknownAsset
from genkol.pictures import read_image
from genkol.stores.assets import FolderStore
from genkol.testing import fake_portrait


def stored(root: Path) -> set[str]:
    return {file.name for file in root.iterdir() if file.name != ".lock"}


def put_many(root: Path, first: int) -> list[str]:
    store = FolderStore(root, 200_000)
    return [store.put(fake_portrait(seed=first + n % 5)).digest for n in range(10)]


def test_what_is_put_is_got_under_the_digest_of_its_bytes(tmp_path: Path) -> None:
    store, image = FolderStore(tmp_path / "a", 1 << 20), fake_portrait()
    asset = store.put(image)
    data = store.get(asset.digest)
    assert asset.digest == hashlib.sha256(data).hexdigest()
    assert (asset.size_bytes, asset.width, asset.height) == (len(data), 128, 160)
    assert read_image(data).digest == image.digest


def test_the_same_picture_is_kept_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, 1 << 20)
    assert store.put(fake_portrait()) == store.put(fake_portrait())
    assert len(stored(tmp_path)) == 1


def test_the_folder_is_its_owners(tmp_path: Path) -> None:
    FolderStore(tmp_path / "a", 1 << 20).put(fake_portrait())
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    size = FolderStore(tmp_path / "one", 1 << 20).put(fake_portrait()).size_bytes
    store = FolderStore(tmp_path / "a", int(size * 3.5))
    digests = [store.put(fake_portrait(seed=n)).digest for n in range(3)]
    for age, digest in enumerate(digests):
        os.utime(tmp_path / "a" / f"{digest}.png", (1000 + age, 1000 + age))
    store.get(digests[0])  # used: now the youngest
    new = store.put(fake_portrait(seed=9)).digest
    assert stored(tmp_path / "a") == {f"{d}.png" for d in (digests[0], digests[2], new)}


def test_a_picture_that_does_not_fit_at_all_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, 70_000)
    kept = store.put(fake_portrait()).digest
    with pytest.raises(TooLarge, match="the asset folder holds 70,000"):
        store.put(fake_portrait(400, 400))
    assert stored(tmp_path) == {f"{kept}.png"}


def test_what_is_deleted_is_gone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, 1 << 20)
    digest = store.put(fake_portrait()).digest
    store.delete(digest)
    with pytest.raises(UnknownAsset, match="No asset"):
        store.get(digest)
    with pytest.raises(UnknownAsset):
        store.delete(digest)


@pytest.mark.parametrize("name", ["", "../secret", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "/etc/passwd", "\0"])
def test_a_name_that_is_no_digest_is_unknown(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    store = FolderStore(tmp_path / "a", 1 << 20)
    for use in (store.get, store.delete):
        with pytest.raises(UnknownAsset):
            use(name)
    assert (tmp_path / "secret.png").exists()


def test_leftovers_of_dead_processes_are_removed(tmp_path: Path) -> None:
    old, fresh = tmp_path / "a.part", tmp_path / "b.part"
    for file in (old, fresh):
        file.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    FolderStore(tmp_path, 1 << 20).put(fake_portrait())
    assert (old.exists(), fresh.exists()) == (False, True)


def test_several_processes_share_a_folder(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        digests = [d for found in pool.map(put_many, [tmp_path] * 2, [0, 3]) for d in found]
    files = stored(tmp_path)
    assert files <= {f"{digest}.png" for digest in digests}
    assert sum((tmp_path / file).stat().st_size for file in files) <= 200_000
    for file in files:
        data = (tmp_path / file).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file.removesuffix(".png")
