"""Which site each step of a plan gets, so that the whole is done soonest under the policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from genkol.algorithm import Resources
from genkol.errors import FlowErrors
from genkol.flow.placement import LOCAL, Offer, Placeable, Placement, Places, allowed, by_preference, over_budget, timed
from genkol.flow.timetable import Job, Timetable, urgent_first

FINISH = "(finish)"
"""The job that composes the picture, at the local site; no step can be called so."""

At = Mapping[str, str]
"""Step to site."""


class Knowledge(Protocol):
    """What is known of the steps of a plan and of their values."""

    def seconds(self, step: Placeable, site: str) -> float | None:
        """How long a step runs at a site; None when that was not learned."""
        ...

    def travel_s(self, source: str, here: str, there: str) -> float:
        """How long an input, or what a step made, is on its way from one site to another."""
        ...

    @property
    def rest_s(self) -> float:
        """How long composing and encoding take."""
        ...


@dataclass(frozen=True)
class AtOnce:
    """Nothing was learned, and nothing takes time but the steps."""

    rest_s: float = 0.0

    def seconds(self, step: Placeable, site: str) -> float | None:
        return None

    def travel_s(self, source: str, here: str, there: str) -> float:
        return 0.0


AT_ONCE = AtOnce()


@dataclass(frozen=True)
class Chosen:
    """Where a step runs.

    Args:
        sites: the first of them runs it, the others when that one is lost, in this order.
        resources: what a run needs at the first.
    """

    sites: tuple[str, ...]
    resources: Resources


def chosen(
    steps: Sequence[Placeable],
    wish: Placement,
    places: Places,
    private: set[str],
    is_remote: Callable[[str], bool],
    sources: Mapping[str, Sequence[str]] | None = None,
    known: Knowledge = AT_ONCE,
) -> tuple[dict[str, Chosen], Timetable]:
    """Choose the sites of each step, and say when the steps would run.

    Each step gets the site that it prefers, unless the picture is done `spill_s` earlier with another choice: then
    those steps leave their site without which it would not be. What costs more than the budget is refused.

    Args:
        steps: of the plan, each after all that it needs.
        wish: the policy.
        places: what the sites offer.
        private: ids of the steps that see private inputs; see `genkol.flow.placement.allowed`.
        is_remote: whether an algorithm (``service/name``) sends its inputs to a service outside the cluster.
        sources: step to the inputs and steps whose values it takes, and under `FINISH` those of the picture.
        known: what was learned.

    Raises:
        FlowErrors: a private input would leave, or the budget does not reach; every such fault is listed.
        Overloaded: all sites of an algorithm failed lately; the message says when to come back.
    """
    offers, faults = allowed(steps, places, private, is_remote)
    placed = [step for step in steps if step.id in offers]
    offered = {step.id: _timed(step, offers[step.id], known) for step in placed}
    arrangement = Arrangement(placed, offered, places.cores, sources or {}, known)
    at = arrangement.best(wish)
    faults.extend(over_budget(arrangement.prices(at), wish))
    if faults:
        raise FlowErrors.of(faults)
    found = {}
    for step in placed:
        first = offered[step.id][at[step.id]]
        others = [offer.site for offer in by_preference(offered[step.id].values(), wish) if offer is not first]
        found[step.id] = Chosen((first.site, *others), first.applied_to(step.resources))
    return found, arrangement.timetable(at)


@dataclass(frozen=True)
class Arrangement:
    """The steps of a plan and the offers that each may take; see `chosen`."""

    steps: Sequence[Placeable]
    offers: Mapping[str, Mapping[str, Offer]]
    cores: Callable[[str], int | None]
    sources: Mapping[str, Sequence[str]]
    known: Knowledge

    def best(self, wish: Placement) -> At:
        """The preferred sites, unless others let the picture be done `spill_s` earlier."""
        preferred = {id: by_preference(offers.values(), wish)[0].site for id, offers in self.offers.items()}
        alone = all(len(offers) == 1 for offers in self.offers.values())
        if alone or self._seconds(preferred) <= wish.spill_s:  # nothing can be so much earlier
            return preferred
        others = [at for at in self._others() if not over_budget(self.prices(at), wish)]
        soonest = min(others, key=self._seconds, default=preferred)
        if self._seconds(soonest) + wish.spill_s >= self._seconds(preferred):
            return preferred
        return self._fewest_moves(preferred, soonest, wish)

    def prices(self, at: At) -> dict[str, float]:
        """What the steps cost at these sites, USD."""
        return {s.id: self.offers[s.id][at[s.id]].applied_to(s.resources).price_usd for s in self.steps}

    def timetable(self, at: At) -> Timetable:
        """When all is done at these sites, and then the picture."""
        jobs = [self._job(step, self.offers[step.id][at[step.id]], at) for step in self.steps]
        finish = Job(FINISH, self._needs(FINISH, LOCAL, at), self.known.rest_s)
        return Timetable.best([*jobs, finish], self._capacity)

    @cached_property
    def _capacity(self) -> dict[str, int]:
        replicas = {_place(s, o.site): o.replicas for s in self.steps for o in self.offers[s.id].values()}
        sites = {site for offers in self.offers.values() for site in offers}
        return replicas | {site: cores for site in sites if (cores := self.cores(site)) is not None}

    def _seconds(self, at: At) -> float:
        return self.timetable(at).seconds

    def _others(self) -> list[At]:
        """Choices worth a look: each step where it ends earliest, each where it would alone, and as much as may be at
        one site.
        """
        earliest = self._each_ends_earliest()
        alone = {id: min(all_.values(), key=_alone_s).site for id, all_ in self.offers.items()}
        sites = {site for offers in self.offers.values() for site in offers}
        together = [
            {id: site if site in self.offers[id] else earliest[id] for id in earliest} for site in sorted(sites)
        ]
        return [earliest, alone, *together]

    def _each_ends_earliest(self) -> At:
        """One after the other, the most urgent first, where each ends earliest (HEFT; see `genkol.flow.timetable`)."""
        mean = {id: sum(o.seconds or 0.0 for o in all_.values()) / len(all_) for id, all_ in self.offers.items()}
        jobs = [Job(s.id, self._needs(s.id, LOCAL, {}), mean[s.id]) for s in self.steps]
        steps = {step.id: step for step in self.steps}
        at: dict[str, str] = {}
        done: list[Job] = []
        for job in urgent_first(jobs):
            step = steps[job.id]
            ends = {}
            for offer in self.offers[step.id].values():
                tried = (*done, self._job(step, offer, at))
                ends[offer.site] = Timetable(tried, self._capacity).ends()[step.id]
            at[step.id] = min(ends, key=lambda site: (ends[site], site))
            done.append(self._job(step, self.offers[step.id][at[step.id]], at))
        return at

    def _fewest_moves(self, preferred: At, soonest: At, wish: Placement) -> At:
        """Take back, one after the other, what leaves its site without making the picture any sooner."""
        at, limit = dict(soonest), self._seconds(soonest) + 1e-9
        for step in self.steps:
            back = {**at, step.id: preferred[step.id]}
            if self._seconds(back) <= limit and not over_budget(self.prices(back), wish):
                at = back
        return at

    def _job(self, step: Placeable, offer: Offer, at: At) -> Job:
        ready_s = max(offer.wait_s, self._inputs_s(step.id, offer.site))
        uses = (_place(step, offer.site), offer.site)
        return Job(step.id, self._needs(step.id, offer.site, at), max(0.0, offer.seconds or 0.0), ready_s, uses)

    def _needs(self, id: str, site: str, at: At) -> dict[str, float]:
        made = [source for source in self.sources.get(id, ()) if source in self.offers]
        return {source: self.known.travel_s(source, at.get(source, site), site) for source in made}

    def _inputs_s(self, id: str, site: str) -> float:
        given = [source for source in self.sources.get(id, ()) if source not in self.offers]
        return max((self.known.travel_s(source, LOCAL, site) for source in given), default=0.0)


def _alone_s(offer: Offer) -> float:
    return offer.wait_s + (offer.seconds or 0.0)


def _timed(step: Placeable, offers: Sequence[Offer], known: Knowledge) -> dict[str, Offer]:
    """By site, each offer with the seconds of a run there: learned of such pictures, else of all, else declared."""
    learned = {offer.site: known.seconds(step, offer.site) for offer in offers}
    offers = [offer if (s := learned[offer.site]) is None else replace(offer, seconds=s) for offer in offers]
    return {offer.site: offer for offer in timed(offers, step.resources.seconds)}


def _place(step: Placeable, site: str) -> str:
    return f"{step.key}@{site}"
