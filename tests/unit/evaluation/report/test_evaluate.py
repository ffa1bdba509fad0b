"""``genkol evaluate``: a self-contained report with numbers, whatever the files and messages are called."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from genkol.artifacts import F32, F64, U8, Image
from genkol.errors import BadFlow, MissingInput
from genkol.evaluation import cli
from genkol.evaluation.gates import Judge
from genkol.evaluation.gates.trial import SeenFace
from genkol.evaluation.report import runs
from genkol.evaluation.report.page import page
from genkol.evaluation.report.runs import Asked, Evaluation, photographs
from genkol.evaluation.report.summary import summary
from genkol.pictures import write_image
from genkol.testing import fake_portrait, fake_registry


class Blind:
    """Sees no face."""

    def faces(self, pixels: U8) -> Sequence[SeenFace]:
        return []

    def embedding(self, pixels: U8, landmarks: F32) -> F64:
        raise AssertionError("There is no face to know.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two portraits, one of them oddly named, and references."""
    for name, seed in (("anna.png", 1), ("<b>&.png", 2), ("makeup-rose.png", 3), ("garment-a.png", 4)):
        (tmp_path / name).write_bytes(write_image(fake_portrait(seed=seed)))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.fixture
def evaluation() -> Evaluation:
    return Evaluation(fake_registry(), Judge(Blind()))


def test_references_are_no_photographs(folder: Path) -> None:
    assert [file.name for file in photographs(folder)] == ["<b>&.png", "anna.png"]


def test_each_service_runs_on_each_photograph(folder: Path, evaluation: Evaluation) -> None:
    asked = Asked(
        ["makeup-transfer", "background", "virtual-try-on", "object-interaction"],
        algorithms={"object-interaction": "failing"},
    )
    rows = list(evaluation.rows(folder, asked))
    assert [(row.photo, row.service) for row in rows[:4]] == [("<b>&.png", s) for s in asked.services]
    outcomes = {row.service: row.outcome for row in rows}
    assert outcomes["makeup-transfer"] == outcomes["background"] == "passed"
    assert outcomes["object-interaction"] == "refused"
    tried = rows[2]
    assert tried.verdict is not None
    assert tried.verdict.measured["coverage"] == 1
    report = summary(rows, evaluation.registry)
    json.dumps(report, allow_nan=False)
    dressing = report["services"][2]
    assert (dressing["photos"], dressing["metrics"]["coverage"]["least"]) == (2, 0.98)
    evaluation.close()


def test_the_page_holds_all_it_shows_and_escapes_what_it_says(folder: Path, evaluation: Evaluation) -> None:
    asked = Asked(["makeup-transfer", "object-interaction"], algorithms={"object-interaction": "failing"})
    rows = list(evaluation.rows(folder, asked))
    text = page(summary(rows, evaluation.registry), rows)
    assert "&lt;b&gt;&amp;.png" in text
    assert "<b>&" not in text
    assert len(re.findall(r'src="data:image/jpeg;base64,', text)) == 4
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert "RuntimeError" in text


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        (Asked(["person-parsing"]), BadFlow, "changes no picture"),
        (Asked(["makeup-transfer"], {runs.Kind.MAKEUP: Path("gone.png")}), MissingInput, "gone.png cannot be read"),
    ],
)
def test_what_cannot_be_evaluated_is_said_at_once(
    folder: Path, evaluation: Evaluation, asked: Asked, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        list(evaluation.rows(folder, asked))


def test_an_empty_folder_is_named(tmp_path: Path, evaluation: Evaluation) -> None:
    with pytest.raises(BadFlow, match="There is no photograph"):
        list(evaluation.rows(tmp_path, Asked(["background"])))
    with pytest.raises(MissingInput, match="is no folder"):
        photographs(tmp_path / "none")


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(cli.evaluate)
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return done.exit_code, done.output


def test_the_command_writes_both_files(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "Evaluation", lambda: Evaluation(fake_registry(), Judge(Blind())))
    html, numbers = tmp_path / "report.html", tmp_path / "report.json"
    given = ["--photos", str(folder), "--set", "makeup-transfer.intensity=0.2"]
    code, said = run(*given, "--services", "makeup-transfer, background", "-o", str(html), "--json", str(numbers))
    assert code == 0
    assert "makeup-transfer/tint: 2 passed, 0 failed, 0 refused" in said
    assert html.read_text("utf-8").startswith("<!doctype html>")
    assert len(json.loads(numbers.read_text("utf-8"))["rows"]) == 4


def test_strict_tells_by_its_exit_code_that_a_gate_was_broken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "Evaluation", lambda: Evaluation(fake_registry(), Judge(Blind())))
    given = ["--photos", str(folder), "--services", "virtual-try-on", "-o", str(tmp_path / "r.html")]
    halves = np.full((90, 90, 3), (20, 20, 220), np.uint8)
    halves[:, 50:] = (200, 60, 20)  # the fake tailor paints the mean of both, which is the colour of neither
    cv2.imwrite(str(tmp_path / "garment-halves.png"), halves)
    given += ["--garment", str(tmp_path / "garment-halves.png")]
    assert run(*given)[0] == 0
    assert run(*given, "--strict")[0] == 1


@pytest.mark.parametrize(
    ("option", "value"), [("--set", "intensity=3"), ("--algorithm", "makeup-transfer"), ("--json", "none/at/all.json")]
)
def test_a_malformed_option_is_refused_before_anything_runs(folder: Path, option: str, value: str) -> None:
    with pytest.raises(BadFlow, match=r"is not of the form|does not exist"):
        run("--photos", str(folder), "--services", "background", "-o", str(folder / "r.html"), option, value)


@pytest.mark.weights
def test_two_shipped_photographs_make_a_report_that_passes(photo: Callable[..., Image], tmp_path: Path) -> None:
    pytest.importorskip("dlib", reason="the extra `evaluation` (dlib-bin) is not installed")
    for name in ("person-halfbody-f-02.jpg", "person-halfbody-m-01.jpg", "makeup-f-natural-01.jpg"):
        (tmp_path / name).write_bytes(write_image(photo(name, 800), "jpeg"))
    evaluation = Evaluation()
    rows = list(evaluation.rows(tmp_path, Asked(["makeup-transfer", "background"])))
    evaluation.close()
    assert [row.outcome for row in rows] == ["passed"] * 4
    for row in rows:
        assert row.verdict is not None
        assert row.verdict.measured["outside"] == 0
        assert 0 < (row.verdict.measured["identity"] or 0) < 0.45
