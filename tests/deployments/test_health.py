"""The circuit breaker of each place, and what its calls take."""

from __future__ import annotations

import pytest

from deployments.health import FIRST_PAUSE_S, LONGEST_PAUSE_S, LOSSES, PROBE_S, Health
from deployments.names import Place
from tests.clock import Clock

HERE, THERE = Place("background/composite", "local"), Place("background/composite", "aws")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


def lose(health: Health, place: Place, times: int = 1) -> None:
    for _ in range(times):
        health.began(place)
        health.lost(place)


def test_a_place_is_left_alone_after_losses_in_a_row_and_others_are_not(health: Health) -> None:
    lose(health, THERE, LOSSES - 1)
    assert health.closed_in_s(THERE) == 0
    lose(health, THERE)
    assert health.closed_in_s(THERE) == FIRST_PAUSE_S
    assert health.closed_in_s(HERE) == 0


def test_a_success_or_an_error_of_the_step_itself_starts_the_count_anew(health: Health) -> None:
    for end in (lambda: health.done(THERE, 1.0), lambda: health.answered(THERE)):
        lose(health, THERE, LOSSES - 1)
        health.began(THERE)
        end()
        lose(health, THERE, LOSSES - 1)
        assert health.closed_in_s(THERE) == 0


def test_after_the_pause_one_call_probes_and_its_success_closes_the_breaker(health: Health, clock: Clock) -> None:
    lose(health, THERE, LOSSES)
    clock.now += FIRST_PAUSE_S
    assert health.closed_in_s(THERE) == 0
    health.began(THERE)
    assert health.closed_in_s(THERE) == PROBE_S, "no second probe beside the first"
    health.done(THERE, 1.0)
    assert health.closed_in_s(THERE) == 0
    lose(health, THERE, LOSSES - 1)
    assert health.closed_in_s(THERE) == 0


def test_a_lost_probe_doubles_the_pause_up_to_a_limit(health: Health, clock: Clock) -> None:
    lose(health, THERE, LOSSES)
    pauses = []
    for _ in range(7):
        clock.now += health.closed_in_s(THERE)
        lose(health, THERE)
        pauses.append(health.closed_in_s(THERE))
    assert pauses[:2] == [2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_a_probe_that_is_taken_back_lets_the_next_call_probe(health: Health, clock: Clock) -> None:
    lose(health, THERE, LOSSES)
    clock.now += FIRST_PAUSE_S
    health.began(THERE)
    health.dropped(THERE)
    assert health.closed_in_s(THERE) == 0


def test_the_wait_grows_with_the_calls_that_run_and_falls_with_the_replicas(health: Health) -> None:
    assert health.wait_s(HERE, 1, 2.0) == 0
    for _ in range(4):
        health.began(HERE)
    assert health.wait_s(HERE, 1, 2.0) == 8
    assert health.wait_s(HERE, 2, 2.0) == 4
    health.done(HERE, 1.0)
    assert health.seconds(HERE) == 1.0
    assert health.wait_s(HERE, 1, 2.0) == 3
