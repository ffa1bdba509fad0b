"""What GenKOL refuses of a cluster's groups and of the settings that it is given."""

from __future__ import annotations

import pytest

from tests.deployments.manifests.planted import checked, said

FAULTS = {
    "head works": (
        'num-cpus: "0"',
        'num-cpus: "2"',
        [
            "headGroupSpec.rayStartParams: The head takes work (2 CPUs): work that kills it "
            'takes the whole cluster along. Set `rayStartParams.num-cpus: "0"`.',
        ],
    ),
    "no auth": (
        "    authOptions: { mode: token }\n",
        "",
        [
            "authOptions: Say whether Ray's own doors need a token: `authOptions: {mode: token}`.",
        ],
    ),
    "spot last": (
        "        priority: 20",
        "        priority: 5",
        [
            "workerGroupSpecs[2].priority: The spot group 'spot' has priority 5 and 'gpu', which "
            "costs more, has 10: the autoscaler starts the highest first. Give the spot group "
            "more.",
        ],
    ),
    "gpu without toleration": (
        "            tolerations:\n              - &on_gpus { key: nvidia.com/gpu, operator: "
        "Exists, effect: NoSchedule }",
        "            tolerations:\n              - &on_gpus { key: nvidia.com/gpus, operator: "
        "Exists, effect: NoSchedule }",
        [
            "workerGroupSpecs[1].template.spec: The group asks for a GPU but does not tolerate "
            "the taint nvidia.com/gpu that keeps others off such nodes. Add the toleration {key: "
            "nvidia.com/gpu, operator: Exists, effect: NoSchedule}.",
            "workerGroupSpecs[2].template.spec: The group asks for a GPU but does not tolerate "
            "the taint nvidia.com/gpu that keeps others off such nodes. Add the toleration {key: "
            "nvidia.com/gpu, operator: Exists, effect: NoSchedule}.",
        ],
    ),
    "spot without toleration": (
        "              - { key: genkol/market, value: spot, effect: NoSchedule }\n",
        "",
        [
            "workerGroupSpecs[2].template.spec: The group is labelled genkol/market: spot but "
            "does not tolerate that taint: its pods find no node. Add the toleration {key: "
            "genkol/market, value: spot, effect: NoSchedule}.",
        ],
    ),
    "node selector": (
        "nodeSelector: { genkol/pool: gpu, genkol/market: spot }",
        "nodeSelector: { genkol/pool: cpu, genkol/market: spot }",
        [
            'workerGroupSpecs[2].template.spec.nodeSelector["genkol/pool"]: The group\'s nodes '
            "are chosen by genkol/pool 'cpu', but its Ray label says 'gpu'. Make the two equal.",
        ],
    ),
    "setting": (
        "  GENKOL_OFFLINE:",
        "  GENKOL_OFLINE:",
        [
            "data.GENKOL_OFLINE: GenKOL has no setting 'OFLINE' (after GENKOL_). Did you mean 'OFFLINE'?",
        ],
    ),
    "value of a setting": (
        '  GENKOL_REQUEST_TIMEOUT_S: "120"',
        '  GENKOL_REQUEST_TIMEOUT_S: "soon"',
        [
            "data.GENKOL_REQUEST_TIMEOUT_S: 'soon' cannot be GENKOL_REQUEST_TIMEOUT_S: Input "
            "should be a valid number, unable to parse string as a number.",
        ],
    ),
    "setting out of bounds": (
        '  GENKOL_REQUEST_TIMEOUT_S: "120"',
        '  GENKOL_REQUEST_TIMEOUT_S: "-1"',
        [
            "data.GENKOL_REQUEST_TIMEOUT_S: '-1' cannot be GENKOL_REQUEST_TIMEOUT_S: Input should be greater than 0.",
        ],
    ),
    "setting of a container": (
        "{ name: HOME, value: /tmp }",
        "{ name: GENKOL_ASSET_DIR, value: /tmp }",
        [
            "headGroupSpec.template.spec.containers[0].env[0].name: GenKOL has no setting "
            "'ASSET_DIR' (after GENKOL_). Did you mean 'ASSETS_DIR'? (The same in N more places, "
            "by an alias.)",
        ],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_told_where_and_how_to_mend_it(fault: str) -> None:
    old, new, expected = FAULTS[fault]
    assert [said(finding) for finding in checked(old, new).findings] == expected
