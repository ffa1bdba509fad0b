from __future__ import annotations

import json

import pytest


def test_a_file_that_is_given_must_be_there(run):
    done = run("plan", "--portrait", "p.jpg", "--look", "rose")
    assert (done.exit_code, done.stderr) == (2, "p.jpg cannot be read: No such file or directory.\n")


def test_a_flow_is_planned_without_its_files(run, tmp_path):
    """Level by level, and the layers bottom first."""
    flow = tmp_path / "flow.json"
    flow.write_text('{"inputs": {"portrait": "portrait"}, "steps": [{"service": "background"}, {"service": "scene"}]}')
    done = run("plan", "--flow", flow)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["level", "step", "algorithm", "takes", "on", "top", "of"]
    assert lines[1].split()[:3] == ["1", "scene", "flat"]
    assert lines[2].split()[:2] == ["person-parsing", "fake"]
    assert lines[3].split()[:3] == ["2", "background", "backdrop"]
    assert "Layers, bottom first: background." in done.stdout


def test_json_is_the_plan_of_the_api(run, files, server):
    arguments = ["plan", "--portrait", files["portrait"], "--look", "rose", "--json"]
    here, there = (json.loads(run(*arguments, *more).stdout) for more in ([], ["--server", server]))
    for plan in (here, there):
        plan.pop("estimate")  # the server has learned from other tests, and has seen neither the files nor their sizes
        for step in plan["steps"]:
            del step["name"], step["seconds"]
    assert here == there


@pytest.mark.parametrize("where", ["here", "there"])
def test_all_errors_come_at_once(run, tmp_path, server, where):
    flow = tmp_path / "flow.json"
    flow.write_text(
        '{"inputs": {"portrait": "portrait"}, "steps": [{"service": "bakground"}, '
        '{"service": "makeup-transfer", "params": {"look": "rose", "intensty": 1}}], "sed": 1}'
    )
    done = run("plan", "--flow", flow, *([] if where == "here" else ["--server", server]))
    assert done.exit_code == 2
    assert "No service named 'bakground'. Did you mean 'background'?" in done.stderr
    assert "makeup-transfer/tint has no parameter 'intensty'. Did you mean 'intensity'?" in done.stderr
    assert "sed: Extra inputs are not permitted (got 1)." in done.stderr
