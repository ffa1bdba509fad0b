"""Algorithms are checked once, when they register."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pytest

from genkol.algorithm import Algorithm, Effects, Params, Remote, Resources
from genkol.errors import PluginError, UnknownAlgorithm, UnknownService
from genkol.registry import GROUP, Registry, check, ports_of
from genkol.services import FACE_ALIGNMENT, MAKEUP_TRANSFER, Aspect
from tests.unit.flow.planning import algorithm, usual

FACE = {Aspect.FACE}
REMOTE = Remote("Somebody's cloud", terms="https://example.org/terms", prices="https://example.org/prices, today")


def makeup(signature: str = "portrait, face, makeup=None", **more: Any) -> type[Algorithm]:
    return algorithm(MAKEUP_TRANSFER, signature, FACE, FACE, **more)


def faults(candidate: Any) -> str:
    with pytest.raises(PluginError) as caught:
        check(candidate)
    return str(caught.value)


def test_every_builtin_comes_in_by_the_entry_points() -> None:
    keys = {a.key() for a in Registry.from_entry_points()}
    assert keys >= {
        "face-alignment/mesh",
        "person-parsing/light",
        "makeup-transfer/mesh",
        "scene/procedural",
        "background/composite",
    }
    assert keys == {entry.name for entry in entry_points(group=GROUP)}


def test_a_port_with_a_default_is_optional() -> None:
    assert {use.port.name: use.required for use in ports_of(makeup())} == {
        "portrait": True,
        "face": True,
        "makeup": False,
    }


def test_a_wrong_argument_name_is_refused_with_the_right_one() -> None:
    assert "`run` takes 'makup', which makeup-transfer has no port for. Rename it 'makeup'." in faults(
        makeup("portrait, makup")
    )


def test_every_fault_of_a_class_is_listed() -> None:
    class Knobs(Params):
        depth: int

    text = faults(makeup("portrait", name="Not Kebab", version=2, Params=Knobs, resources=None))
    for part in (
        "`name` must be kebab-case like 'lab-transfer', not 'Not Kebab'.",
        "`version` must be a str, not 2.",
        "`resources` must be a Resources, not None.",
        "every field of `Params` needs a good default: ('depth',)",
        "the parameter 'depth' needs a description for people.",
    ):
        assert part in text


def test_a_painter_that_changes_nothing_and_an_analysis_that_changes_something_are_refused() -> None:
    assert "`effects.writes` is empty" in faults(algorithm(MAKEUP_TRANSFER))
    assert "must be empty for an analysis, not ['face']" in faults(algorithm(FACE_ALIGNMENT, "picture", (), FACE))


def test_params_and_step_come_by_keyword() -> None:
    class Wrong(Algorithm):
        service, name, effects = MAKEUP_TRANSFER, "wrong", Effects(FACE, FACE)

        def run(self, portrait: Any, params: Any) -> Any: ...

    text = faults(Wrong)
    assert "`run` must take `params` by keyword" in text
    assert "`run` must take `step` by keyword" in text


@pytest.mark.parametrize("thing", [None, 3, object, "genkol"])
def test_what_is_no_algorithm_is_refused(thing: Any) -> None:
    assert "is not a subclass of genkol.Algorithm" in faults(thing)


def test_two_classes_of_one_name_are_refused_and_one_class_twice_is_not() -> None:
    registry, one = Registry(), makeup()
    registry.register(one)
    registry.register(one)
    with pytest.raises(PluginError, match="Two algorithms are named 'makeup-transfer/fake'"):
        registry.register(makeup())


def test_the_default_is_the_one_with_the_fewest_needs() -> None:
    big = makeup(name="big", resources=Resources(gpus=0.5))
    paid = makeup(name="paid", resources=Resources(price_usd=0.04))
    slow = makeup(name="slow", resources=Resources(seconds=9))
    fast = makeup(name="fast", resources=Resources(seconds=0.1))
    part = makeup(name="part", general=False, resources=Resources(seconds=0.01))
    names = [a.name for a in Registry([big, paid, part, slow, fast]).of("makeup-transfer")]
    assert names == ["fast", "slow", "paid", "big", "part"]


def test_what_sends_its_inputs_elsewhere_is_the_default_only_where_there_is_no_other() -> None:
    free = makeup(name="free", remote=REMOTE, resources=Resources(seconds=0.01))
    part = makeup(name="part", general=False, resources=Resources(gpus=1))
    assert [a.name for a in Registry([free, part]).of("makeup-transfer")] == ["part", "free"]
    assert Registry([free]).algorithm("makeup-transfer") is free


def test_remote_is_a_description_of_the_service() -> None:
    assert "`remote` must be a Remote or None, not True" in faults(makeup(remote=True))


def test_unknown_names_get_the_nearest() -> None:
    registry = usual()
    with pytest.raises(UnknownService, match=r"No service named 'makeup'. (Did you mean|There is)"):
        registry.algorithm("makeup")
    with pytest.raises(UnknownAlgorithm, match=r"Did you mean 'mesh'\?"):
        registry.algorithm("makeup-transfer", "mash")


def test_a_removed_algorithm_is_gone() -> None:
    registry = usual()
    registry.remove("makeup-transfer/mesh")
    with pytest.raises(UnknownAlgorithm, match="No algorithm is installed for makeup-transfer"):
        registry.algorithm("makeup-transfer")


def test_an_entry_point_that_fails_to_import_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("makeup-transfer/x", "genkol.nowhere:X", GROUP)
    monkeypatch.setattr("genkol.registry.entry_points", lambda group: [broken])
    with pytest.raises(
        PluginError, match=r"The entry point 'makeup-transfer/x' \(genkol.nowhere:X\) cannot be imported"
    ):
        Registry.from_entry_points()


def test_no_entry_point_at_all_says_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genkol.registry.entry_points", lambda group: [])
    with pytest.raises(PluginError, match="install the package"):
        Registry.from_entry_points()
