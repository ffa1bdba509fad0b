"""The files in cluster/ are right, keep to serve_config.yaml, and mean to Ray's autoscaler what they say."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr
from ray.autoscaler.v2.instance_manager.config import AutoscalingConfig
from ray.autoscaler.v2.scheduler import ResourceDemandScheduler, SchedulingRequest
from ray.autoscaler.v2.utils import ResourceRequestUtil
from ray.core.generated.common_pb2 import LabelSelectorOperator

from deployments.manifests.check import check_files, check_texts
from deployments.manifests.documents import read
from deployments.manifests.groups import booked, groups_of
from genkol.algorithm import Algorithm, Effects, Resources, Step
from genkol.artifacts import Image, Layer
from genkol.registry import Registry, installed
from genkol.services import SERVICES, Aspect
from tests.deployments.manifests.planted import CLUSTER, ROOT, checked, registry, text

PLACED = {"label_selector", "num_cpus"}
"""What a cluster adds to the actor options of serve_config.yaml."""

SCALED = {"autoscaling_config", "max_replicas_per_node", "ray_actor_options"}
"""Which options of a deployment may differ: how many there are, and where."""


def service() -> dict[str, Any]:
    (found,) = (d for d in yaml.safe_load_all(text("rayservice.yaml")) if d["kind"] == "RayService")
    return found


def applications(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {application["name"]: application for application in config["applications"]}


def autoscaling() -> dict[str, Any]:
    """What Ray's own autoscaler makes of the groups."""
    return _derive_autoscaling_config_from_ray_cr(
        {"metadata": service()["metadata"], "spec": service()["spec"]["rayClusterConfig"]}
    )


def launched(
    resources: dict[str, float], selector: dict[str, str], count: int, available: dict[str, float] | None = None
) -> dict[str, int]:
    """Which nodes Ray's autoscaler starts for so many replicas, beside those that run always."""
    config = AutoscalingConfig(autoscaling(), skip_content_hash=True)
    conditions = [
        [(key, LabelSelectorOperator.LABEL_OPERATOR_IN, [value]) for key, value in selector.items()],
    ]
    demand = [ResourceRequestUtil.make(resources, label_selectors=conditions)] * count
    reply = ResourceDemandScheduler(event_logger=None).schedule(
        SchedulingRequest(
            disable_launch_config_check=True,
            node_type_configs=config.get_node_type_configs(),
            max_num_nodes=config.get_max_num_worker_nodes(),
            resource_requests=ResourceRequestUtil.group_by_count(demand),
            recoverable_resource_availabilities=available or {},
        )
    )
    return {each.instance_type: each.count for each in reply.to_launch}


def test_the_shipped_files_are_right() -> None:
    report = checked()
    assert report.findings == ()
    assert report.unchecked == ()
    assert report.expected == ("Secret genkol-redis (key password)",)
    assert check_files([CLUSTER / "hybrid.yaml", ROOT / "serve_config.yaml"], registry()).findings == ()


def test_the_cluster_runs_what_serve_config_runs() -> None:
    """Applications, their arguments and every option that is not about how many and where."""
    ours = applications(yaml.safe_load(service()["spec"]["serveConfigV2"]))
    theirs = applications(yaml.safe_load((ROOT / "serve_config.yaml").read_text("utf-8")))
    assert list(ours) == list(theirs)
    for name, application in theirs.items():
        for mine, other in zip(ours[name].pop("deployments"), application.pop("deployments"), strict=True):
            assert {k: v for k, v in mine.items() if k not in SCALED} == {
                k: v for k, v in other.items() if k not in SCALED
            }
            options, others = mine["ray_actor_options"], other["ray_actor_options"]
            assert {k: v for k, v in options.items() if k not in PLACED} == {
                k: v for k, v in others.items() if k not in PLACED
            }
            assert (
                mine["autoscaling_config"]["target_ongoing_requests"]
                == other["autoscaling_config"]["target_ongoing_requests"]
            )
        assert ours[name] == application


@pytest.mark.parametrize("config", ["serve_config.yaml", "cluster/rayservice.yaml"])
def test_every_deployment_says_how_many_replicas_how_much_of_a_gpu_and_how_long_a_queue(config: str) -> None:
    """Serve's own defaults are one replica for ever, and a queue without an end."""
    served = yaml.safe_load(
        (ROOT / config).read_text("utf-8") if config == "serve_config.yaml" else service()["spec"]["serveConfigV2"]
    )
    for name, application in applications(served).items():
        for deployment in application["deployments"]:
            scaling = deployment["autoscaling_config"]
            assert scaling["min_replicas"] < scaling["max_replicas"], name
            assert 0 < scaling["target_ongoing_requests"] <= deployment["max_ongoing_requests"], name
            assert 0 < deployment["max_queued_requests"] <= 128, name
            key = application["args"].get("algorithm")
            needed = installed(key).resources.gpus if key else 0.0
            assert deployment["ray_actor_options"].get("num_gpus", 0) >= needed, name


def test_every_light_algorithm_stands_on_the_cpu_group() -> None:
    ours = applications(yaml.safe_load(service()["spec"]["serveConfigV2"]))
    selectors = [d["ray_actor_options"]["label_selector"] for app in ours.values() for d in app["deployments"]]
    assert selectors == [{"genkol/site": "local", "genkol/pool": "cpu"}] * len(ours)


def test_ray_books_what_the_check_reckons_with() -> None:
    node_types = autoscaling()["available_node_types"]
    (document,) = [d for d in read(text("rayservice.yaml"), "x")[0] if d["kind"].text == "RayService"]
    found = groups_of(document.at("spec", "rayClusterConfig"))
    assert [group.name for group in found] == list(node_types) == ["headgroup", "cpu", "gpu", "spot"]
    for group in found:
        theirs = node_types[group.name]
        assert {k: v for k, v in booked(group.node).items() if v or k == "CPU"} == theirs["resources"]
        assert group.labels == theirs["labels"]
        if group.name != "headgroup":
            assert (group.least, group.most) == (theirs["min_workers"], theirs["max_workers"])
            assert group.priority == theirs["priority"]


def test_an_idle_cluster_has_two_nodes_for_the_engines_and_no_gpu() -> None:
    assert launched({"CPU": 1}, {"genkol/pool": "cpu"}, 0) == {"cpu": 2}


def test_the_fewest_replicas_of_all_applications_fit_on_the_two_nodes() -> None:
    config = yaml.safe_load(service()["spec"]["serveConfigV2"])
    deployments = [deployment for application in config["applications"] for deployment in application["deployments"]]
    booked_cpus = sum(d["autoscaling_config"]["min_replicas"] * d["ray_actor_options"]["num_cpus"] for d in deployments)
    per_node = autoscaling()["available_node_types"]["cpu"]["resources"]["CPU"]
    assert booked_cpus <= 2 * per_node


def test_spot_gpus_are_started_first_and_lasting_ones_when_there_are_no_more() -> None:
    selector = {"genkol/site": "local", "genkol/pool": "gpu"}
    assert launched({"CPU": 2, "GPU": 0.5}, selector, 4) == {"cpu": 2, "spot": 2}
    assert launched({"CPU": 2, "GPU": 0.5}, selector, 14) == {"cpu": 2, "spot": 6, "gpu": 1}


def test_a_lasting_gpu_is_started_where_spot_nodes_have_failed_to_come() -> None:
    selector = {"genkol/pool": "gpu"}
    assert launched({"CPU": 2, "GPU": 0.5}, selector, 2, {"spot": 0.5}) == {"cpu": 2, "gpu": 1}


def test_nothing_is_started_for_a_site_that_no_group_is_of() -> None:
    assert launched({"CPU": 1}, {"genkol/site": "aws"}, 1) == {"cpu": 2}


class FluxTryOn(Algorithm):
    """Stands for an algorithm that needs a GPU."""

    service = next(service for service in SERVICES.values() if service.name == "virtual-try-on")
    name = "flux2-klein"
    effects = Effects(reads={Aspect.CLOTHES}, writes={Aspect.CLOTHES})
    resources = Resources(cpus=2, gpus=0.5)

    def run(self, portrait: Image, garment: Image, *, params: Any, step: Step) -> Layer:
        raise NotImplementedError


def with_gpu_application() -> str:
    """The shipped file, with the application that it shows in a comment."""
    return re.sub(r"(?m)^(      )# ((?:- name: virtual-try-on\.flux|  )[^\n]*)$", r"\1\2", text("rayservice.yaml"))


def with_the_gpu_algorithm() -> Registry:
    return Registry([*registry(), FluxTryOn])


def test_the_gpu_application_in_the_comment_fits() -> None:
    shown = with_gpu_application()
    assert "\n      - name: virtual-try-on.flux2-klein\n" in shown
    assert check_texts([("r", shown), ("s", text("storage.yaml"))], with_the_gpu_algorithm()).findings == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "num_gpus: 0.5",
            "num_gpus: 0.25",
            "virtual-try-on/flux2-klein needs 0.5 of a GPU, but its replicas book 0.25",
        ),
        (
            "num_gpus: 0.5",
            "num_gpus: 2",
            "A replica books 2 CPU, 2 GPU, more than any node that it may stand on: gpu with",
        ),
        ("genkol/pool: gpu } }", "genkol/pool: cpu } }", "A replica books 2 CPU, 0.5 GPU, more than any node"),
        ("num_cpus: 2, num", "num_cpus: 12, num", "A replica books 12 CPU, 0.5 GPU, more than any node"),
        ("genkol/pool: gpu } }", "genkol/pool: '!in(cpu, gpu)' } }", "A replica books 2 CPU, 0.5 GPU, more than any"),
        ("genkol/pool: gpu } }", "genkol/pool: 'in(gpu' } }", "Invalid label selector value"),
        (
            "min_replicas: 0, max_replicas: 8",
            "min_replicas: 20, max_replicas: 20",
            "book 10 GPU, but there are at most 8",
        ),
    ],
)
def test_a_gpu_application_that_does_not_fit_is_told_why(old: str, new: str, said: str) -> None:
    before, after = with_gpu_application().split("- name: virtual-try-on.flux2-klein\n")
    assert old in after
    broken = before + "- name: virtual-try-on.flux2-klein\n" + after.replace(old, new, 1)
    findings = check_texts([("r", broken), ("s", text("storage.yaml"))], with_the_gpu_algorithm()).findings
    assert any(said in finding.message for finding in findings), [str(finding) for finding in findings]


def test_an_application_of_another_site_must_choose_that_site() -> None:
    shown = with_gpu_application().replace("virtual-try-on.flux2-klein\n", "virtual-try-on.flux2-klein@aws\n")
    shown = shown.replace(
        "algorithm: virtual-try-on/flux2-klein }", "algorithm: virtual-try-on/flux2-klein, site: aws }"
    )
    (finding,) = check_texts([("r", shown), ("s", text("storage.yaml"))], with_the_gpu_algorithm()).findings
    assert "The application is of the site 'aws', but this does not choose it: `genkol/site: aws`." in finding.message


def test_what_calls_a_paid_api_of_a_site_may_do_so_from_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FluxTryOn, "resources", Resources(price_usd=0.04))
    shown = with_gpu_application().replace("virtual-try-on.flux2-klein\n", "virtual-try-on.flux2-klein@aws\n")
    shown = shown.replace(
        "algorithm: virtual-try-on/flux2-klein }", "algorithm: virtual-try-on/flux2-klein, site: aws }"
    )
    assert check_texts([("r", shown), ("s", text("storage.yaml"))], with_the_gpu_algorithm()).findings == ()


def test_nothing_secret_stands_in_the_files() -> None:
    for file in CLUSTER.iterdir():
        shown = file.read_text("utf-8")
        assert (
            re.findall(r"(?i)(?:password|secret|token)[\w-]*: *[\"']?(?!\{|genkol|~|token|false)[^\s{\"'#]+", shown)
            == []
        )
        assert re.findall(r"AKIA|BEGIN [A-Z ]*PRIVATE KEY", shown) == []
