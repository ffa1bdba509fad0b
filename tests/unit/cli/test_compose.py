from __future__ import annotations

import json
import signal
import subprocess
import sys
import zipfile

import pytest
from PIL import Image as Pillow

from genkol.settings import Settings


def read(path):
    """Format and size of a picture file."""
    with Pillow.open(path) as picture:
        return picture.format, picture.size


def test_the_picture_the_layers_and_the_report_are_written(run, files, out):
    done = run(
        "compose", "--portrait", files["portrait"], "--makeup", files["makeup"], "--scene", files["scene"],
        "--seed", 5, "-o", out / "a.png", "--layers", out / "a.ora", "--report", out / "a.json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert read(out / "a.png") == ("PNG", (128, 160))
    assert zipfile.ZipFile(out / "a.ora").read("mimetype") == b"image/openraster"
    report = json.loads((out / "a.json").read_text())
    assert report["seed"] == 5
    assert report["seconds"] > 0
    assert {step["id"] for step in report["steps"]} >= {"makeup-transfer", "background", "face-alignment"}
    for step in report["steps"]:
        assert {"id", "service", "algorithm", "site", "seconds", "cached"} <= step.keys()
    assert set(report["digests"]) >= {"inputs", "picture", "layers"}
    assert sorted(p.name for p in out.iterdir()) == ["a.json", "a.ora", "a.png"]


@pytest.mark.parametrize(("name", "format"), [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.webp", "WEBP")])
def test_the_ending_chooses_the_format(run, files, out, name, format):
    assert run("compose", "--portrait", files["portrait"], "--look", "rose", "-o", out / name).exit_code == 0
    assert read(out / name) == (format, (128, 160))


def test_the_same_arguments_give_the_same_file(run, files, out):
    for name in ("a.png", "b.png"):
        done = run("compose", "--portrait", files["portrait"], "--scene-name", "beach", "-o", out / name)
        assert done.exit_code == 0, done.output
    assert (out / "a.png").read_bytes() == (out / "b.png").read_bytes()


def test_all_errors_come_at_once_with_exit_code_2_and_nothing_is_written(run, files, out):
    done = run(
        "compose", "--portrait", out / "absent.png", "--look", "ros", "--set", "makeup-transfer.intensity=2",
        "--algorithm", "background=nope", "--scene", files["scene"], "-o", out / "a.png",
    )  # fmt: skip
    assert done.exit_code == 2
    assert "The flow has 4 errors" in done.stderr
    assert f"{out / 'absent.png'} cannot be read: No such file or directory." in done.stderr
    assert "intensity = 2: Input should be less than or equal to 1." in done.stderr
    assert "No algorithm named 'nope' for background. There is: backdrop." in done.stderr
    assert "Traceback" not in done.output
    assert list(out.iterdir()) == []


def test_a_file_that_is_no_picture_is_named(run, files, out):
    files["portrait"].write_text("hello")
    done = run("compose", "--portrait", files["portrait"], "-o", out / "a.png")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{files['portrait']}: The file in 'portrait' is no picture")


def test_a_step_that_fails_leaves_the_old_picture_alone(run, files, out):
    (out / "a.png").write_text("old")
    done = run(
        "compose", "--portrait", files["portrait"], "--algorithm", "object-interaction=failing", "-o", out / "a.png"
    )
    assert done.exit_code == 2
    assert "The step 'object-interaction' (object-interaction/failing on local) failed" in done.stderr
    assert (out / "a.png").read_text() == "old"
    assert [p.name for p in out.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.gif", "no picture is written as .gif. Choose one of: .png, .jpg, .jpeg, .webp."),
        ("none/a.png", "there is no folder"),
    ],
)
def test_a_picture_that_cannot_be_written_is_refused_before_the_work(run, files, out, name, text):
    done = run("compose", "--portrait", files["portrait"], "-o", out / name)
    assert done.exit_code == 2
    assert text in done.stderr


def test_without_a_terminal_each_step_gets_one_line(run, files, out):
    done = run("compose", "--portrait", files["portrait"], "--look", "rose", "-o", out / "a.png")
    assert "makeup-transfer (tint): 0." in done.stderr
    assert done.stdout.startswith(f"{out / 'a.png'}: 128 x 160 pixels in ")


def test_quiet_says_nothing(run, files, out):
    done = run("compose", "-q", "--portrait", files["portrait"], "--look", "rose", "-o", out / "a.png")
    assert (done.exit_code, done.output) == (0, "")


def test_a_flow_takes_files_by_kind_and_by_name(run, files, out):
    flow = out / "flow.json"
    flow.write_text(
        json.dumps(
            {
                "inputs": {"face": "portrait", "red": "makeup", "blue": "makeup"},
                "steps": [
                    {"service": "makeup-transfer", "inputs": {"makeup": "red"}, "params": {"intensity": 0.25}},
                    {"service": "makeup-transfer", "id": "again", "inputs": {"makeup": "blue"}},
                ],
            }
        )
    )
    done = run(
        "compose", "--flow", flow, "--portrait", files["portrait"], "--input", f"red={files['makeup']}",
        "--input", f"blue={files['scene']}", "-o", out / "a.png", "--report", out / "a.json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    layers = [layer["step"] for layer in json.loads((out / "a.json").read_text())["layers"]]
    assert layers == ["makeup-transfer", "again"]


def test_an_input_that_got_no_file_is_named(run, files, out):
    flow = out / "flow.json"
    flow.write_text('{"inputs": {"face": "portrait", "red": "makeup"}, "steps": [{"service": "makeup-transfer"}]}')
    done = run("compose", "--flow", flow, "--input", f"fase={files['portrait']}", "-o", out / "a.png")
    assert done.exit_code == 2
    assert "Nothing came for the input 'face' (portrait). Give --input face=FILE." in done.stderr
    assert "--input fase: the flow has no input of that name. Did you mean 'face'?" in done.stderr


def test_what_was_made_before_is_not_made_again_where_the_operator_keeps_results(run, files, out, monkeypatch):
    cache = Settings(cache_url=f"sqlite:///{out}/cache/index.sqlite")
    monkeypatch.setattr("genkol.cli.local.settings", lambda: cache)
    first, again = (
        run("compose", "--portrait", files["portrait"], "--look", "rose", "-o", out / name, "--report", out / "r.json")
        for name in ("a.png", "b.png")
    )
    assert "makeup-transfer (tint): cached" not in first.output
    assert "makeup-transfer (tint): cached" in again.output
    assert (out / "a.png").read_bytes() == (out / "b.png").read_bytes()
    assert {step["cached"] for step in json.loads((out / "r.json").read_text())["steps"]} == {True}


def test_control_c_ends_it_with_130_and_writes_nothing(files, out):
    """A real process, interrupted while a step of a minute runs."""
    code = (
        # A shell's background job inherits a SIGINT that is ignored.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from genkol.engine import Engine; from genkol.testing import fake_engine; from genkol.cli import main\n"
        "Engine.in_process = fake_engine; main()"
    )
    command = [sys.executable, "-c", code, "compose", "--portrait", files["portrait"], "--look", "rose"]
    command += ["--set", "object-interaction.seconds=60", "-o", out / "a.png"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        lines = iter(running.stderr.readline, "")
        assert any("makeup-transfer" in line for line in lines)
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
        assert running.stderr.read() == "Stopped. Nothing was written.\n"
    assert list(out.iterdir()) == []


def test_a_server_gives_the_same_files_as_this_process(run, files, out, server):
    arguments = ["compose", "--portrait", files["portrait"], "--makeup", files["makeup"], "--scene-name", "beach"]
    for name, more in (("here", []), ("there", ["--server", server])):
        done = run(
            *arguments, *more, "-o", out / f"{name}.webp", "--layers", out / f"{name}.ora",
            "--report", out / f"{name}.json",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
    assert (out / "here.webp").read_bytes() == (out / "there.webp").read_bytes()
    assert (out / "here.ora").read_bytes() == (out / "there.ora").read_bytes()
    here, there = (json.loads((out / f"{name}.json").read_text()) for name in ("here", "there"))
    assert here["digests"] == there["digests"]
    assert here.keys() == there.keys()


def test_a_servers_errors_are_all_told(run, files, out, server):
    done = run(
        "compose", "--server", server, "--portrait", files["portrait"], "--look", "ros",
        "--algorithm", "background=nope", "-o", out / "a.png",
    )  # fmt: skip
    assert done.exit_code == 2
    assert "The server found 2 errors:" in done.stderr
    assert "No algorithm named 'nope' for background." in done.stderr
    assert list(out.iterdir()) == []


def test_a_server_that_is_not_there_is_named(run, files, out):
    done = run("compose", "--server", "127.0.0.1:9", "--portrait", files["portrait"], "-o", out / "a.png")
    assert done.exit_code == 2
    assert done.stderr.startswith("http://127.0.0.1:9 does not answer")


@pytest.mark.weights
def test_the_installed_command_makes_a_picture(shipped_photos, tmp_path):
    """The real program, the real algorithms, a shipped photograph."""
    command = [sys.executable, "-c", "from genkol.cli import main; main()", "compose", "--quiet"]
    command += ["--portrait", str(shipped_photos / "person-halfbody-f-02.jpg"), "--look", "rose"]
    done = subprocess.run([*command, "-o", str(tmp_path / "a.jpg")], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    assert read(tmp_path / "a.jpg") == ("JPEG", (934, 1401))
