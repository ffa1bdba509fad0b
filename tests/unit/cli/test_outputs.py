from __future__ import annotations

import pytest

from genkol.cli.outputs import Outputs, Produced
from genkol.errors import RequestError

PRODUCED = Produced(b"picture", b"layers", {"seconds": 1.5})


def test_only_what_was_asked_for_is_written(tmp_path):
    Outputs(tmp_path / "a.png", report=tmp_path / "a.json").write(PRODUCED)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "a.png": b"picture",
        "a.json": b'{\n  "seconds": 1.5\n}\n',
    }


def test_when_one_file_cannot_be_written_none_is(tmp_path):
    """The report's folder went away while the picture was made."""
    (tmp_path / "gone").mkdir()
    outputs = Outputs(tmp_path / "a.png", report=tmp_path / "gone" / "a.json")
    outputs.check()
    (tmp_path / "gone").rmdir()
    with pytest.raises(RequestError, match=r"cannot be written: No such file or directory\."):
        outputs.write(PRODUCED)
    assert list(tmp_path.iterdir()) == []


def test_one_file_for_two_things_is_refused(tmp_path):
    with pytest.raises(RequestError, match="need a file each, but two are the same"):
        Outputs(tmp_path / "a.png", layers=tmp_path / "a.png").check()


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(RequestError, match="is a folder"):
        Outputs(tmp_path / "a.png").check()
