"""What a group's Ray books, and which conditions its labels answer."""

from __future__ import annotations

import pytest

from deployments.manifests.documents import read
from deployments.manifests.groups import MANY, booked, groups_of, matches
from deployments.manifests.quantities import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", 0.5), (2, 2.0), (0.5, 0.5), ("1.5", 1.5), (".5", 0.5), ("4Gi", 4.0 * 2**30), ("1M", 1e6),
        ("1e3", 1000.0),
        ("-1", -1.0), ("1E", 1e18), ("1Ei", 2.0**60),
        ("4GB", None), ("", None), ("a", None), (True, None), (None, None), ([], None), (float("nan"), None),
        ("1e999", None), (10**400, None),
    ],
)  # fmt: skip
def test_quantities_are_read_as_kubernetes_does(text: object, value: float | None) -> None:
    assert quantity(text) == value


@pytest.mark.parametrize(
    ("condition", "value", "answers"),
    [
        ("cpu", "cpu", True), ("cpu", "gpu", False), ("cpu", None, False),
        ("!cpu", "gpu", True), ("!cpu", "cpu", False), ("!cpu", None, True),
        ("in(cpu, gpu)", "gpu", True), ("in(cpu,gpu)", "gpu", True), ("in(cpu)", None, False),
        ("!in(cpu, gpu)", "gpu", False), ("!in(cpu, gpu)", "spot", True), ("in(cpu", "cpu", False),
    ],
)  # fmt: skip
def test_a_label_answers_a_condition_as_in_ray(condition: str, value: str | None, answers: bool) -> None:
    assert matches(condition, value) is answers


GROUP = """
groupName: g
%s
template: {spec: {containers: [{name: w, resources: {%s}}]}}
"""


@pytest.mark.parametrize(
    ("own", "resources", "books"),
    [
        ("", "limits: {cpu: 1500m, memory: 2Gi}", {"CPU": 2, "GPU": 0, "memory": 2 * 2**30}),
        ("", "requests: {cpu: 3}", {"CPU": 3, "GPU": 0, "memory": 0}),
        ("", "limits: {cpu: 4, nvidia.com/gpu: 2}", {"CPU": 4, "GPU": 2, "memory": 0}),
        ("rayStartParams: {num-cpus: '1', num-gpus: '0'}", "limits: {cpu: 4, nvidia.com/gpu: 2}",
         {"CPU": 1, "GPU": 0, "memory": 0}),
        ("resources: {CPU: '6', tape: '3'}", "limits: {cpu: 4}", {"CPU": 6, "GPU": 0, "memory": 0, "tape": 3}),
        ("""rayStartParams: {resources: '"{\\"tape\\": 2}"'}""", "limits: {cpu: 4}",
         {"CPU": 4, "GPU": 0, "memory": 0, "tape": 2}),
        ("rayStartParams: {resources: no json}", "limits: {cpu: 4}", {"CPU": 4, "GPU": 0, "memory": 0}),
    ],
)  # fmt: skip
def test_a_group_books_what_ray_start_would(own: str, resources: str, books: dict[str, float]) -> None:
    (node,), findings = read(GROUP % (own, resources), "f.yaml")
    assert findings == []
    assert booked(node) == books


def test_several_hosts_of_a_replica_are_several_nodes_and_no_limit_is_many() -> None:
    (cluster,), _ = read(
        "headGroupSpec: {rayStartParams: {}}\n"
        "workerGroupSpecs: [{groupName: a, minReplicas: 1, maxReplicas: 2, numOfHosts: 4}, {groupName: b}]\n",
        "f.yaml",
    )
    head, first, second = groups_of(cluster)
    assert (head.name, first.least, first.most, second.most) == ("headgroup", 4, 8, MANY)
