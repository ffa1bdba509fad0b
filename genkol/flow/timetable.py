"""When the steps of a plan start and end, and in which order they had better start.

The simulation is list scheduling: whenever something is free, of the steps that can start the first in the order
does. The order is that of the upward rank (Topcuoglu, Hariri, Wu: Performance-effective and low-complexity task
scheduling for heterogeneous computing, IEEE TPDS 13(3), 2002): who has the longest way to the end goes first.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from genkol.flow.schedule import critical_path


@dataclass(frozen=True)
class Job:
    """One step as the timetable sees it.

    Args:
        id: the step's.
        needs: the jobs whose values it takes, each with the seconds that the value travels.
        seconds: that it runs.
        ready_s: when its place and its inputs are there.
        uses: what it holds one of while it runs: a replica, a core.
    """

    id: str
    needs: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    ready_s: float = 0.0
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timetable:
    """Jobs in an order in which each comes after all that it needs, and how many there are of what they use.

    Args:
        jobs: in the order in which they start when several can.
        capacity: of what the jobs use; what is not named here is never short.
    """

    jobs: tuple[Job, ...] = ()
    capacity: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def best(cls, jobs: Sequence[Job], capacity: Mapping[str, int]) -> Timetable:
        """The most urgent first, unless the given order ends sooner: list scheduling has its anomalies."""
        given, urgent = cls(tuple(jobs), capacity), cls(urgent_first(jobs), capacity)
        return given if given.seconds < urgent.seconds else urgent

    @property
    def seconds(self) -> float:
        """When the last job has ended."""
        return max(self.ends().values(), default=0.0)

    @property
    def critical_path(self) -> float:
        """The longest chain of runs, as if nothing were short and nothing had to travel."""
        return critical_path({j.id: j.needs for j in self.jobs}, {j.id: j.seconds for j in self.jobs})

    def with_seconds(self, seconds: Mapping[str, float]) -> Timetable:
        """The same, with the times that some jobs really took."""
        return replace(self, jobs=tuple(replace(j, seconds=seconds.get(j.id, j.seconds)) for j in self.jobs))

    def ends(self) -> dict[str, float]:
        """Job to the seconds after which it has ended."""
        travels: dict[str, list[float]] = {job.id: [0.0] for job in self.jobs}
        for job in self.jobs:
            for need, travel in job.needs.items():
                travels[need].append(travel)
        end: dict[str, float] = {}
        free, waiting, running = dict(self.capacity), list(self.jobs), list[tuple[float, tuple[str, ...]]]()
        moments = sorted({job.ready_s for job in self.jobs})
        while waiting:
            now = heapq.heappop(moments)
            while running and running[0][0] <= now:
                _count(free, heapq.heappop(running)[1], 1)
            for job in tuple(waiting):
                if _can_start(job, now, end, free):
                    waiting.remove(job)
                    _count(free, job.uses, -1)
                    end[job.id] = now + job.seconds
                    heapq.heappush(running, (end[job.id], job.uses))
                    for travel in travels[job.id]:
                        heapq.heappush(moments, end[job.id] + travel)
        return end


def urgent_first(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Return the jobs by upward rank, the highest first; each comes after all that it needs.

    Args:
        jobs: in an order in which each comes after all that it needs.
    """
    rank: dict[str, float] = {}
    behind: dict[str, float] = {}
    for job in reversed(jobs):
        rank[job.id] = job.seconds + behind.get(job.id, 0.0)
        for need, travel in job.needs.items():
            behind[need] = max(behind.get(need, 0.0), travel + rank[job.id])
    return tuple(sorted(jobs, key=lambda job: -rank[job.id]))  # stable: of equals the earlier one stays before


def _can_start(job: Job, now: float, end: Mapping[str, float], free: Mapping[str, int]) -> bool:
    if job.ready_s > now or any(need not in end or end[need] + travel > now for need, travel in job.needs.items()):
        return False
    return all(free.get(one, 1) > 0 for one in job.uses)


def _count(free: dict[str, int], uses: Sequence[str], by: int) -> None:
    for one in uses:
        if one in free:
            free[one] += by
