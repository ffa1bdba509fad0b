"""The example flows can be planned, and the demo's sheet can be drawn."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image as Pillow
from typer.testing import CliRunner

from examples import demo, demo_hybrid
from examples.steps import steps_sheet, variants_sheet
from genkol.cli.app import app
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.pictures import read_image, write_image
from genkol.testing import fake_engine, fake_portrait

EXAMPLES = Path(demo.__file__).parent
ROOT = EXAMPLES.parent
FLOWS = sorted(EXAMPLES.glob("*.json"))


def test_there_are_examples():
    assert demo_hybrid.FLOW in FLOWS
    assert len(FLOWS) >= 3


@pytest.mark.parametrize("flow", FLOWS, ids=lambda path: path.stem)
def test_each_can_be_planned_and_is_listed(flow):
    done = CliRunner().invoke(app, ["plan", "--flow", str(flow)])
    assert done.exit_code == 0, done.output
    assert f"]({flow.name})" in (EXAMPLES / "README.md").read_text("utf-8")


def test_every_photograph_is_credited():
    credits = (EXAMPLES / "photos" / "SOURCES.md").read_text("utf-8")
    photos = [path.name for path in (EXAMPLES / "photos").iterdir() if path.name != "SOURCES.md"]
    assert len(photos) >= 10
    assert [name for name in photos if f"`{name}`" not in credits] == []
    assert sum(path.stat().st_size for path in (EXAMPLES / "photos").iterdir()) < 6_000_000


@pytest.mark.parametrize("variant", demo.VARIANTS, ids=lambda variant: variant.title)
def test_the_demos_inputs_are_those_of_its_flow_and_it_starts_all_that_is_needed(variant, tmp_path):
    flow = Flow.parse(variant.document())
    assert flow.inputs.keys() == variant.files.keys()
    assert max(read_image(variant.files["portrait"].read_bytes()).size) >= 800
    (tmp_path / "flow.json").write_text(json.dumps(variant.document()))
    planned = CliRunner().invoke(app, ["plan", "--flow", str(tmp_path / "flow.json"), "--json"])
    assert planned.exit_code == 0, planned.output
    needed = {f"{step['service']}/{step['algorithm']}" for step in json.loads(planned.stdout)["steps"]}
    assert needed == set(demo.algorithms_needed())
    hosted = yaml.safe_load((ROOT / "serve_config.yaml").read_text("utf-8"))["applications"]
    assert needed <= {app["args"].get("algorithm") for app in hosted}


def test_the_variants_stand_side_by_side():
    pictures = [(title, write_image(fake_portrait())) for title in ("one", "two", "three")]
    sheet = variants_sheet(pictures)
    assert sheet.width == 2 * 56 + 3 * (460 + 28) - 28


def test_the_demo_waits_until_as_many_algorithms_are_there_as_it_starts(tmp_path, monkeypatch):
    started = 3
    monkeypatch.setattr(demo, "START_S", 10)
    told = iter([started - 1, started])
    asked = []

    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(next(told))
            body = json.dumps({"algorithms": asked[-1]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with (
        HTTPServer(("127.0.0.1", 0), Health) as server,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        demo.wait_until_up(f"http://127.0.0.1:{server.server_port}", process, tmp_path / "log", started)
        server.shutdown()
        process.kill()
    assert asked == [started - 1, started]


def test_the_demo_says_why_its_server_ended(tmp_path):
    log = tmp_path / "log"
    log.write_text("no such port\n")
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
        with pytest.raises(demo.DemoFailed, match=r"exit code 3(.|\n)*no such port"):
            demo.wait_until_up("http://127.0.0.1:9", process, log, 1)


def test_the_sheet_shows_before_each_layer_and_after(tmp_path):
    portrait = fake_portrait()
    (tmp_path / "portrait.png").write_bytes(write_image(portrait))
    flow = Flow.parse(
        {
            "inputs": {"portrait": "portrait"},
            "steps": [{"service": "makeup-transfer", "params": {"look": "rose"}}, {"service": "hair-editing"}],
        }
    )
    result = fake_engine().run(flow, {"portrait": portrait}, Wanted(swatches=True))
    layers = [
        {"step": x.step, "title": x.title, "box": list(x.box), "changed_pixels": x.changed}
        | ({"swatch": base64.b64encode(x.swatch).decode()} if x.swatch else {})
        for x in result.outcome.finished.layers
    ]
    answer = {
        "picture": {"data": base64.b64encode(result.picture).decode()},
        "layers": layers,
        "report": result.report(),
    }
    sheet = steps_sheet(answer, {"portrait": tmp_path / "portrait.png"})
    columns = 2 + len(layers)
    assert sheet.width == 2 * 56 + columns * (400 + 28) - 28
    middle = np.asarray(sheet)[150:650]
    cells = [middle[:, 56 + n * 428 : 456 + n * 428].astype(int) for n in range(columns)]
    shown = np.asarray(Pillow.fromarray(portrait.pixels).resize((400, 500), Pillow.Resampling.LANCZOS)).astype(int)
    assert np.abs(cells[0] - shown)[2:-2, 2:-2].mean() < 8, "the first cell is the portrait"
    assert np.abs(cells[0] - cells[-1]).mean() > 1, "the last one shows the change"
    assert cells[1].std() < cells[2].std(), "hair comes first; a layer that changes nothing leaves the pale shade"
