"""Sites are chosen so that the whole picture is done soonest under the policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genkol.algorithm import Resources
from genkol.errors import FlowErrors
from genkol.flow.arrangement import FINISH, AtOnce, chosen
from genkol.flow.placement import LOCAL, Offer, Placement

CHAIN = {"a": [], "b": ["a"], "c": ["b"], FINISH: ["c"]}


@dataclass(frozen=True)
class Work:
    id: str
    resources: Resources = field(default_factory=lambda: Resources(seconds=2.0))
    verify: bool = False

    @property
    def key(self):
        return f"scene/{self.id}"


@dataclass
class Sites:
    known: dict[str, list[Offer]]
    at_most: int | None = None

    def offers(self, key):
        return self.known[key.partition("/")[2]]

    def cores(self, site):
        return self.at_most


@dataclass(frozen=True)
class Slow(AtOnce):
    """Every value is on its way for so many seconds."""

    way_s: float = 0.0

    def travel_s(self, source, here, there):
        return 0.0 if here == there else self.way_s


def arranged(offers, sources, wish=None, way_s=0.0, private=(), cores=None):
    works = [Work(id) for id in sources if id != FINISH]
    places = Sites(offers, cores)
    return chosen(works, wish or Placement(), places, set(private), lambda key: False, sources, Slow(way_s=way_s))


def sites(*asked, **options):
    found, _ = arranged(*asked, **options)
    return "".join({LOCAL: "l", "aws": "A"}[choice.sites[0]] for choice in found.values())


def both(local=2.0, aws=2.0, wait=0.0):
    return [Offer(LOCAL, wait, local), Offer("aws", 0.0, aws)]


def test_a_chain_stays_together_where_its_values_take_longer_than_is_won():
    offers = {"a": [Offer(LOCAL, 0, 2.0)], "b": both(local=8.0), "c": [Offer(LOCAL, 0, 2.0)]}
    soonest = Placement(spill_s=0)
    assert sites(offers, CHAIN, soonest, way_s=0.5) == "lAl"
    assert sites(offers, CHAIN, soonest, way_s=4.0) == "lll"


def test_steps_are_not_drawn_to_a_fast_site_whose_result_comes_back_late():
    offers = {"a": both(aws=1.0), "b": [Offer(LOCAL, 0, 2.0)], "c": [Offer(LOCAL, 0, 2.0)]}
    assert sites(offers, CHAIN, Placement(spill_s=0), way_s=3.0) == "lll"


def test_a_whole_chain_leaves_for_another_site_when_that_wins_what_no_step_alone_would():
    offers = {id: both(local=4.0, aws=1.0) for id in "abc"}
    assert sites(offers, CHAIN, Placement(spill_s=5), way_s=1.0) == "AAA"
    assert sites(offers, CHAIN, Placement(spill_s=5), way_s=4.0) == "lll"


def test_a_step_off_the_critical_path_stays_where_it_is_preferred_however_long_its_queue():
    sources = {"long": [], "aside": [], FINISH: ["long", "aside"]}
    offers = {"long": [Offer(LOCAL, 0, 60.0)], "aside": both(wait=30.0)}
    assert sites(offers, sources, Placement(spill_s=1)) == "ll"
    offers["long"] = [Offer(LOCAL, 0, 10.0)]
    assert sites(offers, sources, Placement(spill_s=1)) == "lA"


def test_two_steps_that_want_one_replica_share_the_sites():
    @dataclass(frozen=True)
    class Same(Work):
        @property
        def key(self):
            return "scene/same"

    works = [Same("a"), Same("b")]
    found, table = chosen(works, Placement(spill_s=0), Sites({"same": both(aws=2.5)}), set(), lambda key: False)
    assert {choice.sites[0] for choice in found.values()} == {LOCAL, "aws"}
    assert table.seconds == pytest.approx(2.5)
    roomy = Sites({"same": [Offer(LOCAL, 0, 2.0, replicas=2), Offer("aws", 0, 2.5)]})
    found, _ = chosen(works, Placement(spill_s=0), roomy, set(), lambda key: False)
    assert {choice.sites[0] for choice in found.values()} == {LOCAL}


def test_a_soon_end_never_costs_more_than_the_budget_but_the_preferred_sites_are_refused_for_it():
    paid = Offer("aws", 0, 1.0, price_usd=0.5)
    offers = {"a": [Offer(LOCAL, 30.0, 2.0), paid]}
    only = {"a": [], FINISH: ["a"]}
    assert sites(offers, only, Placement(spill_s=1)) == "A"
    assert sites(offers, only, Placement(spill_s=1, budget_usd=0.4)) == "l"
    with pytest.raises(FlowErrors, match=r"would cost 0\.5 USD"):
        sites(offers, only, Placement(prefer=("aws",), spill_s=1, budget_usd=0.4))


def test_the_timetable_ends_with_the_picture_at_the_local_site():
    offers = {id: [Offer("aws", 0, 2.0)] for id in "abc"}
    _, table = arranged(offers, CHAIN, way_s=3.0)
    assert table.ends() == {"a": 2, "b": 4, "c": 6, FINISH: 9}


offer = st.builds(Offer, st.just(""), wait_s=st.integers(0, 9), seconds=st.integers(0, 9), replicas=st.integers(1, 2))


@st.composite
def situations(draw):
    ids = "abcd"[: draw(st.integers(1, 4))]
    sources = {id: sorted(draw(st.sets(st.sampled_from(["photo", *ids[:i]])))) for i, id in enumerate(ids)}
    sources[FINISH] = list(ids)
    offers = {
        id: [
            Offer(site, o.wait_s, o.seconds, None, o.replicas)
            for site, o in zip([LOCAL, "aws"], draw(pair), strict=True)
        ]
        for id in ids
    }
    return offers, sources


pair = st.tuples(offer, offer)


@settings(max_examples=150)
@given(situations(), st.integers(0, 6), st.integers(0, 6), st.none() | st.integers(1, 3))
def test_no_plan_is_left_for_one_that_is_not_sooner_and_none_moves_for_nothing(situation, spill_s, way_s, cores):
    offers, sources = situation

    def seconds(at):
        only = {id: [o for o in offers[id] if o.site == site] for id, site in at.items()}
        return arranged(only, sources, way_s=way_s, cores=cores)[1].seconds

    found, table = arranged(offers, sources, Placement(spill_s=spill_s), way_s=way_s, cores=cores)
    at = {id: choice.sites[0] for id, choice in found.items()}
    stay = seconds(dict.fromkeys(at, LOCAL))
    assert table.seconds == pytest.approx(seconds(at))
    assert table.seconds == stay if set(at.values()) == {LOCAL} else table.seconds + spill_s < stay
    moved = [id for id in at if at[id] == "aws"]
    assert all(seconds({**at, id: LOCAL}) > table.seconds for id in moved)


@settings(max_examples=60)
@given(situations(), st.integers(0, 6))
def test_without_a_policy_the_plan_is_at_most_half_as_long_again_as_the_best_of_all(situation, way_s):
    offers, sources = situation
    _, table = arranged(offers, sources, Placement(spill_s=0), way_s=way_s)
    every = [
        arranged(
            {id: [o for o in offers[id] if o.site == site] for id, site in zip(offers, at, strict=True)},
            sources,
            way_s=way_s,
        )[1].seconds
        for at in product([LOCAL, "aws"], repeat=len(offers))
    ]
    assert table.seconds <= 1.5 * min(every)
    alone = [min(here, key=lambda o: o.wait_s + o.seconds) for here in offers.values()]
    only = {id: [offer] for id, offer in zip(offers, alone, strict=True)}
    assert table.seconds <= arranged(only, sources, way_s=way_s)[1].seconds + 1e-6
