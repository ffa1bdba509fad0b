"""The most urgent work goes first, and waiting for a turn holds no thread."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest

from genkol.turns import Turns


@pytest.fixture
def turns():
    made = Turns(1)
    yield made
    made.close()


def test_of_what_waits_the_most_urgent_goes_first(turns):
    done, go = [], threading.Event()
    first = turns.submit(go.wait)
    rest = [turns.submit(lambda n=n: done.append(n), (n,)) for n in (3, 1, 2)]
    go.set()
    for work in (first, *rest):
        work.result(5)
    assert done == [1, 2, 3]


def test_what_a_result_makes_possible_is_not_overtaken_by_what_waits(turns):
    done, go = [], threading.Event()
    first = turns.submit(go.wait)
    aside = turns.submit(lambda: done.append("aside"), (2,))
    first.add_done_callback(lambda _: turns.submit(lambda: done.append("next"), (1,)))
    go.set()
    aside.result(5)
    assert done == ["next", "aside"]


def test_one_that_waits_for_another_of_its_kind_leaves_the_threads_to_others():
    turns, go = Turns(2), threading.Event()
    held = turns.submit(go.wait, uses="algorithm")
    waits = turns.submit(lambda: "mine", (0,), uses="algorithm")
    assert turns.submit(lambda: "free", (9,)).result(5) == "free"
    assert not waits.done()
    go.set()
    assert (held.result(5), waits.result(5)) == (True, "mine")
    turns.close()


def test_an_error_is_told_and_the_thread_goes_on(turns):
    with pytest.raises(ZeroDivisionError):
        turns.submit(lambda: 1 / 0, uses="it").result(5)
    assert turns.submit(lambda: 2, uses="it").result(5) == 2


def test_cancelled_work_is_never_begun_and_closing_cancels_what_waits(turns):
    go, begun = threading.Event(), []
    held = turns.submit(go.wait)
    taken_back, waits = turns.submit(lambda: begun.append(1)), turns.submit(lambda: begun.append(2))
    assert taken_back.cancel()
    closing = threading.Thread(target=turns.close)
    closing.start()
    with pytest.raises(CancelledError):
        waits.result(5)
    go.set()
    closing.join(5)
    assert held.result(5)
    assert begun == []
