"""Whatever stands in a file, the check answers in findings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.manifests.check import check_texts
from tests.deployments.manifests.planted import registry, text

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from([10**30, "1" * 400, float("inf"), float("nan")])
    | st.sampled_from(["", "0", "-1", "4Gi", "a b", "/", "{", "in(", "local", "deployments.host:app", "é\n- x"])
    | st.text(max_size=6)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, child in children for found in paths(child, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


GOOD = [document for name in ("rayservice.yaml", "storage.yaml") for document in yaml.safe_load_all(text(name))]
SERVICE = next(document for document in GOOD if document["kind"] == "RayService")
CONFIG = yaml.safe_load(SERVICE["spec"]["serveConfigV2"])
LAUNCHER = yaml.safe_load(text("hybrid.yaml"))


def answer(*documents: Any) -> None:
    shown = yaml.dump_all(documents, Dumper=yaml.CSafeDumper, allow_unicode=True)
    report = check_texts([("f.yaml", shown)], registry())
    assert all(finding.file == "f.yaml" and finding.line > 0 and finding.message for finding in report.findings)


def everywhere(value: Any, kinds: tuple[type, ...], new: Any) -> Any:
    """Every value of these types replaced."""
    if isinstance(value, dict):
        return {key: everywhere(each, kinds, new) for key, each in value.items()}
    if isinstance(value, list):
        return [everywhere(each, kinds, new) for each in value]
    return new if type(value) in kinds else value


EXTREMES = [float("inf"), float("nan"), 10**30, -1, 0, 1e300, "1" * 400, "-1", "", "in(", "{", None, True, [], {}, [{}]]


@pytest.mark.parametrize("extreme", EXTREMES, ids=lambda value: repr(value)[:8])
@pytest.mark.parametrize("kinds", [(int, float), (str, bool)], ids=str)
def test_an_extreme_in_every_place_at_once(kinds: tuple[type, ...], extreme: Any) -> None:
    kept = {"apiVersion": SERVICE["apiVersion"], "kind": "RayService"}
    config = everywhere(CONFIG, kinds, extreme)
    spec = everywhere(SERVICE["spec"], kinds, extreme) | {"serveConfigV2": yaml.dump(config, Dumper=yaml.CSafeDumper)}
    answer({**kept, "metadata": {"name": "x"}, "spec": spec})
    kept_config = {"serveConfigV2": SERVICE["spec"]["serveConfigV2"]}
    answer({**kept, "metadata": {"name": "x"}, "spec": everywhere(SERVICE["spec"], kinds, extreme) | kept_config})
    answer({**SERVICE, "spec": {**SERVICE["spec"], "serveConfigV2": yaml.dump(config, Dumper=yaml.CSafeDumper)}})
    answer(everywhere(LAUNCHER, kinds, extreme))


@unhurried
@given(st.text(max_size=80) | st.text("[]{}:-&*!|>?#,'\"\n\t ab01%@`", max_size=60))
def test_any_text(garbage: str) -> None:
    check_texts([("f.yaml", garbage)], registry())


@unhurried
@given(
    values, st.sampled_from(["RayService", "RayCluster", "NetworkPolicy", "PodDisruptionBudget", "Job", "ConfigMap"])
)
def test_any_value_as_the_spec_of_a_kind(spec: Any, kind: str) -> None:
    versions = {d["kind"]: d["apiVersion"] for d in GOOD} | {"RayCluster": "ray.io/v1"}
    answer({"apiVersion": versions[kind], "kind": kind, "metadata": spec, "spec": spec, "data": spec})


@unhurried
@given(st.data())
def test_any_value_in_any_place_of_a_good_document(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(GOOD))
    path = data.draw(st.sampled_from(paths(document)))
    answer(replaced(document, path, data.draw(values)))


@unhurried
@given(st.data())
def test_any_value_in_any_place_of_the_config_of_serve(data: st.DataObject) -> None:
    config = replaced(CONFIG, data.draw(st.sampled_from(paths(CONFIG))), data.draw(values))
    answer(replaced(SERVICE, ("spec", "serveConfigV2"), yaml.dump(config, Dumper=yaml.CSafeDumper)))
    answer(config)


@unhurried
@given(st.data())
def test_any_value_in_any_place_of_a_launcher(data: st.DataObject) -> None:
    answer(replaced(LAUNCHER, data.draw(st.sampled_from(paths(LAUNCHER))), data.draw(values)))
