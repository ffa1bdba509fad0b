from __future__ import annotations

import json

import pytest

from genkol import catalogue
from genkol.services import SERVICES
from genkol.testing import fake_registry


def test_every_service_and_its_algorithms_are_listed(run):
    text = run("services").stdout
    for name in SERVICES:
        assert name in text
    assert "tint" in text


def test_the_settings_of_a_service_are_listed_as_the_option_takes_them(run):
    text = " ".join(run("algorithms", "makeup-transfer").stdout.split())
    assert "makeup-transfer.intensity 0.5 0 to 1 0 keeps the portrait" in text
    assert "none, rose, plum" in text
    assert "backdrop" not in text


def test_an_unknown_service_gets_a_suggestion(run):
    done = run("algorithms", "makeup-transfr")
    assert (done.exit_code, done.stderr) == (
        2,
        "No service named 'makeup-transfr'. Did you mean 'makeup-transfer'?\n",
    )


@pytest.mark.parametrize("command", ["services", "algorithms"])
def test_json_is_what_the_api_says(run, server, command):
    here = json.loads(run(command, "--json").stdout)
    there = json.loads(run(command, "--json", "--server", server).stdout)
    assert here == there == getattr(catalogue, command)(fake_registry())


def test_the_matrices_are_shown(run):
    fits = json.loads(run("matrix", "--json").stdout)
    assert fits["garment"]["virtual-try-on.garment"] is True
    assert fits["garment"]["background.scene"] is False
    assert json.loads(run("matrix", "--dependency", "--json").stdout)["virtual-try-on/tailor"][
        "background/backdrop"
    ] == ["silhouette"]
    assert "silhouette" in run("matrix", "--dependency").stdout
