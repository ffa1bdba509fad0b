"""An algorithm in an environment of its own is checked as far as one can see from outside."""

from __future__ import annotations

import pytest

from deployments.manifests.check import check_texts
from tests.deployments.manifests.planted import ROOT, registry

CONFIG = (ROOT / "serve_config.yaml").read_text("utf-8")
ENVIRONMENT = "runtime_env: { py_executable: /opt/lab/bin/python }"


def documented() -> str:
    """The application in docs/plugins.md."""
    text = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    return text.split("```yaml\n")[1].split("```")[0]


def found(application: str) -> list[str]:
    report = check_texts([("mine.yaml", CONFIG + application)], registry())
    return [finding.message for finding in report.findings]


def test_the_documented_application_of_a_plugin_passes() -> None:
    assert ENVIRONMENT in documented()
    assert found(documented()) == []


@pytest.mark.parametrize("mistaken", ["", "runtime_env: { env_vars: { A: b } }", "runtime_env: { py_exec: /x }"])
def test_without_an_environment_of_its_own_it_must_be_installed_here(mistaken: str) -> None:
    told = found(documented().replace(ENVIRONMENT, mistaken))
    assert any("No algorithm 'makeup-transfer/lab-transfer' is installed" in message for message in told)


def test_what_can_be_seen_from_here_is_checked_all_the_same() -> None:
    told = found(documented().replace("retiring: false", "retired: false"))
    assert told == ["There is no setting 'retired' here. Did you mean 'retiring'?"]
    [name] = found(documented().replace("name: makeup-transfer.lab-transfer", "name: lab-transfer"))
    assert "Name it 'makeup-transfer.lab-transfer'" in name
