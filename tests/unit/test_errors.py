"""Every error keeps its type, text and context on its way between processes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import pytest

from genkol import errors
from genkol.errors import BadParams, FlowErrors, GenkolError, MissingInput, UnknownService


def tree(root: type[GenkolError]) -> Iterator[type[GenkolError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


CLASSES = sorted(set(tree(GenkolError)), key=lambda c: c.__name__)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_survives_pickle(kind: type[GenkolError], protocol: int) -> None:
    error = kind("The size is 3; 4 was expected. Give 4.", {"value": 3}, expected=4)
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is kind
    assert str(again) == str(error) == "The size is 3; 4 was expected. Give 4."
    assert again.context == {"value": 3, "expected": 4}
    assert (again.code, again.status) == (kind.code, error.status)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_an_error_can_be_located_and_copied(kind: type[GenkolError]) -> None:
    located = copy.copy(kind("No.", step="first").located(step="second", site="local"))
    assert type(located) is kind
    assert located.context == {"step": "first", "site": "local"}


def test_each_class_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in CLASSES]
    assert len(set(codes)) == len(codes)


def test_the_tree_at_the_top_of_the_module_is_the_tree() -> None:
    for kind in CLASSES:
        line = next(line for line in (errors.__doc__ or "").splitlines() if line.split()[:1] == [kind.__name__])
        assert line.split()[2] == kind.code
        assert line.split()[1] in (str(kind.status), "*")


def test_several_faults_travel_as_one_with_the_status_that_they_share() -> None:
    several = FlowErrors.of([BadParams("a is 9.", field="a"), MissingInput("No portrait.")])
    again = pickle.loads(pickle.dumps(several))
    assert str(again) == "The flow has 2 errors:\n- a is 9.\n- No portrait."
    assert [type(error) for error in again.errors] == [BadParams, MissingInput]
    assert again.status == 422
    assert FlowErrors.of([UnknownService("x")]).status == 404
