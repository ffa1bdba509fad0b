"""Applications are named after what they host, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deployments.names import Place

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (Place("makeup-transfer/mesh"), "makeup-transfer.mesh"),
        (Place("virtual-try-on/flux2-klein", "aws"), "virtual-try-on.flux2-klein@aws"),
    ],
)
def test_a_place_and_its_application_s_name_lead_to_each_other(place: Place, name: str) -> None:
    assert place.application == name
    assert Place.of(name) == place


@pytest.mark.parametrize(
    "name", ["engine", "finisher", "a.b.c", "makeup-transfer/mesh", "makeup.mesh@", ".mesh", "A.b"]
)
def test_another_name_is_no_place(name: str) -> None:
    assert Place.of(name) is None


def test_every_algorithm_in_the_shipped_config_stands_under_its_name() -> None:
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    hosts = [app for app in config["applications"] if "algorithm" in app["args"]]
    assert [app["name"] for app in hosts] == [Place(app["args"]["algorithm"]).application for app in hosts]
    assert len(hosts) >= 5
