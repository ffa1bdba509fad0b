"""When steps would run, and in which order they had better start."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from genkol.flow.timetable import Job, Timetable, urgent_first

SITE = ("site",)


def end(jobs, **capacity):
    return Timetable(tuple(jobs), capacity).ends()


def test_steps_run_at_once_where_nothing_is_short_and_in_turn_where_it_is():
    jobs = [Job("a", seconds=2, uses=SITE), Job("b", seconds=3, uses=SITE), Job("c", {"a": 0, "b": 0}, 1, uses=SITE)]
    assert end(jobs) == {"a": 2, "b": 3, "c": 4}
    assert end(jobs, site=1) == {"a": 2, "b": 5, "c": 6}


def test_a_value_travels_and_a_place_is_busy_before_a_step_starts():
    jobs = [Job("a", seconds=2), Job("b", {"a": 4}, 1), Job("c", {"a": 0}, 1, ready_s=9)]
    assert end(jobs) == {"a": 2, "b": 7, "c": 10}


def test_a_step_that_takes_no_time_holds_nothing_up():
    jobs = [Job("a", uses=SITE), Job("b", {"a": 0}, uses=SITE), Job("c", {"b": 0}, 1, uses=SITE)]
    assert end(jobs, site=1) == {"a": 0, "b": 0, "c": 1}


def test_who_has_the_longest_way_to_the_end_goes_first():
    jobs = [Job("short", seconds=1), Job("head", seconds=1), Job("tail", {"head": 0}, 5), Job("far", {"short": 9}, 1)]
    assert [job.id for job in urgent_first(jobs)] == ["short", "head", "tail", "far"]
    jobs[3] = Job("far", {"short": 0}, 1)
    assert [job.id for job in urgent_first(jobs)] == ["head", "tail", "short", "far"]


def test_a_step_of_the_critical_path_does_not_wait_behind_one_that_is_not():
    aside = [Job(f"aside-{n}", seconds=1, uses=SITE) for n in range(4)]
    chain = [Job("one", seconds=2, uses=SITE), Job("two", {"one": 0}, 2, uses=SITE)]
    jobs = [*aside, *chain]
    assert Timetable(tuple(jobs), {"site": 2}).seconds == 6
    assert Timetable.best(jobs, {"site": 2}).seconds == 4


@st.composite
def graphs(draw, most=9):
    """Jobs, each after what it needs; all hold one of the site's cores."""
    n = draw(st.integers(1, most))
    jobs = []
    for i in range(n):
        needs = draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set()
        jobs.append(Job(str(i), {str(k): 0.0 for k in needs}, draw(st.integers(0, 9)), uses=SITE))
    return jobs


@given(graphs(), st.integers(1, 4))
def test_the_simulation_keeps_to_needs_and_cores_and_to_grahams_bound(jobs, cores):
    table = Timetable.best(jobs, {"site": cores})
    ends = table.ends()
    starts = {job.id: ends[job.id] - job.seconds for job in jobs}
    assert all(starts[job.id] >= ends[need] for job in jobs for need in job.needs)
    for moment in starts.values():
        assert sum(starts[j.id] <= moment < ends[j.id] for j in jobs) <= cores
    work = sum(job.seconds for job in jobs)
    least = max(table.critical_path, work / cores)
    assert least <= table.seconds <= work / cores + (1 - 1 / cores) * table.critical_path + 1e-9
    assert table.seconds <= 2 * least


@given(graphs(), st.integers(1, 4))
def test_the_chosen_order_is_never_worse_than_the_given_one(jobs, cores):
    capacity = {"site": cores}
    assert Timetable.best(jobs, capacity).seconds <= Timetable(tuple(jobs), capacity).seconds


@given(graphs())
def test_every_step_comes_after_what_it_needs(jobs):
    seen = set()
    for job in urgent_first(jobs):
        assert set(job.needs) <= seen
        seen.add(job.id)
    assert seen == {job.id for job in jobs}
