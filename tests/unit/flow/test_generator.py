"""The Flow Generator completes, wires, checks and orders."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkol.algorithm import Effects, Step
from genkol.artifacts import Image, Kind, Layer, Value
from genkol.compose import compose
from genkol.errors import FlowErrors
from genkol.flow.flow import Flow, implied_flow
from genkol.flow.matrices import hazards
from genkol.flow.plan import Plan
from genkol.perform import Call, perform
from genkol.registry import Registry
from genkol.services import FACE_ALIGNMENT, PERSON_PARSING, SCENE, Aspect, Role
from tests.unit.flow.planning import INPUTS, PAINTERS, SHAPE, Analyse, Intense, algorithm, generator, mark, usual

PORTRAIT = {"portrait": "portrait"}


def errors_of(document: dict[str, object], **more: object) -> list[str]:
    with pytest.raises(FlowErrors) as caught:
        generator().plan(Flow.parse(document), **more)  # type: ignore[arg-type]
    return [f"{error.code}: {error}" for error in caught.value.errors]


def test_adds_the_analyses_that_steps_need_and_shares_them() -> None:
    plan = generator().plan(implied_flow({"portrait": Kind.PORTRAIT, "makeup": Kind.MAKEUP, "scene": Kind.SCENE}))
    assert sorted(s.id for s in plan if s.derived) == ["face-alignment", "face-alignment-of-makeup", "person-parsing"]
    assert plan.step("makeup-transfer").wires["person"] == plan.step("background").wires["person"]


def test_independent_steps_share_a_level() -> None:
    plan = generator().plan(implied_flow({"portrait": Kind.PORTRAIT, "makeup": Kind.MAKEUP, "scene": Kind.SCENE}))
    assert ("makeup-transfer", "background") in plan.levels or ("background", "makeup-transfer") in plan.levels


def test_a_changed_silhouette_makes_analyses_stale_and_makeup_does_not() -> None:
    plan = generator().plan(implied_flow(INPUTS))
    assert plan.step("makeup-transfer").wires["face"].source == "face-alignment"
    assert plan.step("face-alignment").sees == ("virtual-try-on",)
    assert plan.step("person-parsing").sees == ()
    assert plan.step("person-parsing-2").sees == ("virtual-try-on",)
    assert plan.step("background").wires["person"].source == "person-parsing-2"
    assert "makeup-transfer" not in plan.step("background").sees


def test_an_analysis_of_a_reference_sees_no_layer() -> None:
    plan = generator().plan(implied_flow(INPUTS))
    assert plan.step("face-alignment-of-makeup").sees == ()


def test_the_stage_orders_the_layers_whatever_the_flow_says_first() -> None:
    steps = [{"service": "background"}, {"service": "makeup-transfer"}, {"service": "virtual-try-on"}]
    plan = generator().plan(Flow.parse({"inputs": INPUTS, "steps": steps}))
    assert plan.layers == ("virtual-try-on", "makeup-transfer", "background")


def test_after_overrules_the_stage_and_is_seen() -> None:
    steps = [{"service": "makeup-transfer", "after": ["background"]}, {"service": "background"}]
    inputs = {k: INPUTS[k] for k in ("portrait", "makeup", "scene")}
    plan = generator().plan(Flow.parse({"inputs": inputs, "steps": steps}))
    assert plan.layers == ("background", "makeup-transfer")
    assert plan.step("makeup-transfer").sees == ("background",)


def test_two_steps_of_one_service_paint_in_the_order_of_the_flow() -> None:
    steps = [{"service": "makeup-transfer", "id": "b"}, {"service": "makeup-transfer", "id": "a"}]
    plan = generator().plan(Flow.parse({"inputs": {**PORTRAIT, "makeup": "makeup"}, "steps": steps}))
    assert plan.layers == ("b", "a")
    assert plan.step("a").sees == ("b",)


def test_a_finisher_sees_every_layer() -> None:
    plan = generator().plan(implied_flow(INPUTS, params={"upscaling": {}}))
    assert plan.finish == "upscaling"
    assert plan.step("upscaling").sees == plan.layers


def test_an_analysis_step_in_the_flow_says_how_the_portrait_is_analysed() -> None:
    registry = Registry(
        [
            *usual(),
            algorithm(FACE_ALIGNMENT, "picture", SHAPE, name="other", Params=Intense, work=Analyse.face),
        ]
    )
    flow = implied_flow(
        {"portrait": Kind.PORTRAIT, "makeup": Kind.MAKEUP},
        algorithms={"face-alignment": "other"},
        params={"face-alignment": {"intensity": 0.25}},
    )
    plan = generator(registry).plan(flow)
    assert plan.step("face-alignment").key == "face-alignment/other"
    assert plan.step("face-alignment").params == {"intensity": 0.25}
    assert plan.step("face-alignment-of-makeup").key == "face-alignment/mesh"


def test_an_analysis_that_nobody_needs_still_runs() -> None:
    plan = generator().plan(Flow.parse({"inputs": PORTRAIT, "steps": [{"service": "face-alignment"}]}))
    assert [step.id for step in plan] == ["face-alignment"]


def test_the_portrait_may_come_from_a_step() -> None:
    steps = [{"service": "identity"}, {"service": "background"}]
    plan = generator().plan(Flow.parse({"inputs": {"prompt": "prompt", "scene": "scene"}, "steps": steps}))
    assert str(plan.portrait) == "step:identity"
    assert "identity" in plan.step("background").needs


def test_every_mistake_is_reported_in_one_answer() -> None:
    found = errors_of(
        {
            "inputs": PORTRAIT,
            "steps": [
                {"service": "makeup-transfr"},
                {"service": "virtual-try-on"},
                {"service": "background", "inputs": {"scne": "portrait"}, "params": {"wrong": 1}},
            ],
        }
    )
    assert len(found) == 5
    assert "unknown-service: No service named 'makeup-transfr'. Did you mean 'makeup-transfer'?" in found
    assert any(e.startswith("missing-input: virtual-try-on/fake needs 'garment'") for e in found)
    assert any(e.startswith("unfit-input: background has no port 'scne'. Did you mean 'scene'?") for e in found)
    assert any(e.startswith("bad-params: background/composite has no parameter 'wrong'.") for e in found)
    assert any("add a step of service 'scene'" in e for e in found)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"inputs": {}, "steps": [{"service": "makeup-transfer"}]}, "missing-input: The flow has no portrait."),
        ({"inputs": {"a": "portrait", "b": "portrait"}, "steps": []}, "ambiguous-input: The port 'portrait'"),
        (
            {"inputs": {**PORTRAIT, "s": "scene", "t": "scene"}, "steps": [{"service": "background"}]},
            "ambiguous-input: The port 'scene' (scene) could take any of: s, t.",
        ),
        (
            {"inputs": {**PORTRAIT, "g": "garment"}, "steps": [{"service": "background", "inputs": {"scene": "g"}}]},
            "unfit-input: The port 'scene' takes a scene, but 'g' is of kind garment.",
        ),
        (
            {"inputs": {**PORTRAIT, "g": "garment"}, "steps": []},
            "bad-flow: The input 'g' (garment) is used by no step.",
        ),
        (
            {"inputs": PORTRAIT, "steps": [{"service": "background", "id": "portrait"}]},
            "bad-flow: 'portrait' names both an input and a step.",
        ),
        (
            {"inputs": PORTRAIT, "steps": [{"service": "scene", "id": "x"}, {"service": "background", "id": "x"}]},
            "bad-flow: 2 steps have the id 'x'.",
        ),
        (
            {
                "inputs": {**PORTRAIT, "makeup": "makeup", "scene": "scene"},
                "steps": [
                    {"service": "makeup-transfer", "id": "m", "after": ["b"]},
                    {"service": "background", "id": "b", "after": ["m"]},
                ],
            },
            "cyclic-flow: The steps need each other in a circle:",
        ),
        (
            {"inputs": PORTRAIT, "steps": [{"service": "makeup-transfer", "after": ["makup-transfer"]}]},
            "missing-input: `after` names 'makup-transfer', which is no step. Did you mean 'makeup-transfer'?",
        ),
        (
            {"inputs": PORTRAIT, "steps": [{"service": "makeup-transfer", "algorithm": "mush"}]},
            "unknown-algorithm: No algorithm named 'mush' for makeup-transfer. Did you mean 'mesh'?",
        ),
        (
            {"inputs": PORTRAIT, "steps": [{"service": "hair-editing"}]},
            "unknown-algorithm: No algorithm is installed for hair-editing.",
        ),
    ],
)
def test_a_faulty_flow_is_refused_with_the_mend(document: dict[str, object], message: str) -> None:
    assert any(error.startswith(message) for error in errors_of(document)), errors_of(document)


def test_a_parameter_of_another_algorithm_names_that_one() -> None:
    registry = Registry([*usual(), algorithm(SCENE, "", name="tuned", Params=Intense)])
    flow = Flow.parse(
        {
            "inputs": PORTRAIT,
            "steps": [
                {"service": "scene", "algorithm": "procedural", "params": {"intensity": 1}},
                {"service": "background"},
            ],
        }
    )
    with pytest.raises(FlowErrors, match=r"has no parameter 'intensity'. scene/tuned has: choose it by `algorithm`\."):
        generator(registry).plan(flow)


def test_a_value_that_is_missing_or_unasked_is_named() -> None:
    document = {"inputs": {**PORTRAIT, "scene": "scene"}, "steps": [{"service": "background"}]}
    found = errors_of(document, digests={"portrait": "0", "scne": "1"})
    assert "missing-input: No value came for the input 'scene' (scene)." in found
    assert "bad-flow: A value came for 'scne', which is no input of the flow. Did you mean 'scene'?" in found


def test_a_name_changes_with_all_that_decides_the_result_and_with_nothing_else() -> None:
    def names(seed: int = 0, strength: float = 1.0, portrait: str = "p", look: float = 0.5) -> dict[str, str]:
        steps = [{"service": "virtual-try-on", "strength": strength}, {"service": "makeup-transfer"}]
        flow = Flow.parse(
            {"inputs": {k: INPUTS[k] for k in ("portrait", "makeup", "garment")}, "steps": steps, "seed": seed}
        )
        return {s.id: s.name for s in generator().plan(flow, {"portrait": portrait, "makeup": "m", "garment": "g"})}

    base = names()
    assert base == names()
    assert {k for k, v in names(portrait="q").items() if v != base[k]} == set(base) - {"face-alignment-of-makeup"}
    weaker = {k for k, v in names(strength=0.5).items() if v != base[k]}
    assert weaker == {"face-alignment", "person-parsing-2", "makeup-transfer"}
    assert names(seed=1)["person-parsing"] == base["person-parsing"]
    assert names(seed=1)["virtual-try-on"] != base["virtual-try-on"]


aspects = st.frozensets(st.sampled_from(list(Aspect)), max_size=3)
effects = st.tuples(aspects, aspects.filter(bool))


@st.composite
def planned(draw: st.DrawFn) -> tuple[Plan, Registry, dict[str, Effects]]:
    """A valid flow of up to six painters with any effects and any acyclic `after`."""
    analysis_reads = draw(aspects)
    registry = Registry(
        [
            algorithm(FACE_ALIGNMENT, "picture", analysis_reads, work=Analyse.face, seeded=False),
            algorithm(PERSON_PARSING, "picture", draw(aspects), work=Analyse.person, seeded=False),
        ]
    )
    painters = {}
    for service in PAINTERS:
        reads, writes = draw(effects)
        ports = "portrait" + draw(st.sampled_from(["", ", face", ", person", ", face, person"]))
        painters[service.name] = algorithm(service, ports, reads, writes, work=mark)
        registry.register(painters[service.name])
    names = draw(st.lists(st.sampled_from([s.name for s in PAINTERS]), min_size=1, max_size=6))
    steps = []
    for i, name in enumerate(names):
        after = draw(st.lists(st.sampled_from([f"s{j}" for j in range(i)]), max_size=2, unique=True)) if i else []
        steps.append({"id": f"s{i}", "service": name, "after": after, "strength": draw(st.sampled_from([1.0, 0.5]))})
    flow = Flow.parse({"inputs": PORTRAIT, "steps": steps, "seed": draw(st.integers(0, 99))})
    return generator(registry).plan(flow, {"portrait": "0"}), registry, {n: p.effects for n, p in painters.items()}


@given(planned())
@settings(max_examples=150, deadline=None)
def test_any_valid_flow_gives_an_acyclic_plan_in_which_every_hazard_is_ordered(
    case: tuple[Plan, Registry, dict[str, Effects]],
) -> None:
    plan, registry, effects_of = case
    place = {step.id: i for i, step in enumerate(plan)}
    assert all(place[need] < place[step.id] for step in plan for need in step.needs)
    for early, late in itertools.combinations(plan.layers, 2):
        one, other = plan.step(early), plan.step(late)
        read = effects_of[other.service].reads
        for wire in other.wires.values():
            if wire.is_step:
                read |= registry.algorithm(*plan.step(wire.source).key.split("/")).effects.reads
        if hazards(effects_of[one.service], Effects(read, effects_of[other.service].writes)):
            assert early in other.sees
    for step in plan:
        for seen in step.sees:
            assert set(plan.step(seen).sees) <= set(step.sees), "what a step sees is closed downwards"
        if step.role is Role.ANALYSIS:
            consumers = [s for s in plan if step.id in s.needs]
            assert all(set(step.sees) <= set(s.sees) for s in consumers), "nobody paints beneath what was analysed"


@given(planned(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_running_in_any_order_that_the_plan_allows_gives_the_same_picture(
    case: tuple[Plan, Registry, dict[str, Effects]], random: object
) -> None:
    plan, registry, _ = case
    rng = np.random.default_rng(plan.seed)
    portrait = Image(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    assert _run(plan, registry, portrait, random).digest == _run(plan, registry, portrait, None).digest


def _run(plan: Plan, registry: Registry, portrait: Image, random: object) -> Image:
    values: dict[str, Value] = {"portrait": portrait}
    waiting = list(plan)
    while waiting:
        ready = [step for step in waiting if all(need in values for need in step.needs)]
        step = random.choice(ready) if random is not None else ready[0]  # type: ignore[attr-defined]
        waiting.remove(step)
        arguments = [values[w.source] for w in step.wires.values()] + [values[id] for id in step.sees]
        work = registry.algorithm(*step.key.split("/"))()
        values[step.id] = perform(work, Call.of(step, plan), arguments, Step(step.id, step.seed))
    layers = [layer for id in plan.layers if isinstance(layer := values[id], Layer)]
    return compose(portrait, layers, [plan.step(id).strength for id in plan.layers])
