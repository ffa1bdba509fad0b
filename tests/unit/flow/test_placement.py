"""Where steps run: preference, spilling over, private inputs, budgets."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genkol.algorithm import Resources
from genkol.errors import FlowErrors, OverBudget, Overloaded, PrivateInput
from genkol.flow.arrangement import chosen
from genkol.flow.placement import LOCAL, Offer, Placement, Unavailable, tainted


@dataclass(frozen=True)
class Work:
    id: str = "try-on"
    key: str = "virtual-try-on/warp"
    resources: Resources = field(default_factory=lambda: Resources(seconds=2.0))
    verify: bool = False


@dataclass
class Sites:
    known: dict[str, list[Offer | Unavailable]] = field(default_factory=dict)

    def offers(self, key):
        return self.known.get(key, [Offer(LOCAL)])

    def cores(self, site):
        return None


def sites_of(offers, wish=None, private=(), remote=False, step=None):
    step = step or Work()
    found, _ = chosen([step], wish or Placement(), Sites({step.key: offers}), set(private), lambda key: remote)
    return found[step.id].sites


def test_the_preferred_site_runs_it_and_the_others_stand_by():
    assert sites_of([Offer("aws"), Offer(LOCAL)]) == (LOCAL, "aws")
    assert sites_of([Offer("aws"), Offer(LOCAL)], Placement(prefer=("aws",))) == ("aws", LOCAL)


def test_a_site_that_is_busy_for_long_is_left_for_one_that_is_done_sooner():
    busy = Offer(LOCAL, wait_s=9, seconds=2)
    assert sites_of([busy, Offer("aws", seconds=3)], Placement(spill_s=5)) == ("aws", LOCAL)
    assert sites_of([busy, Offer("aws", seconds=7)], Placement(spill_s=5)) == (LOCAL, "aws")


def test_a_site_that_has_not_learned_its_time_is_taken_to_be_like_those_that_have():
    step = Work(resources=Resources(seconds=60.0))
    there_first = Placement(prefer=("aws",), spill_s=5)
    assert sites_of([Offer(LOCAL, seconds=0.5), Offer("aws")], there_first, step=step) == ("aws", LOCAL)


def test_a_site_that_failed_lately_is_left_alone_and_when_all_did_the_answer_says_when():
    assert sites_of([Unavailable(LOCAL, 4), Offer("aws")]) == ("aws",)
    with pytest.raises(Overloaded, match=r"failed lately at aws, local\. Try again in 4 s") as caught:
        sites_of([Unavailable(LOCAL, 4), Unavailable("aws", 7)])
    assert caught.value.context["retry_after_s"] == 4
    with pytest.raises(Overloaded, match="runs nowhere"):
        sites_of([])


def test_a_private_input_stays_even_where_the_local_site_is_busy():
    offers = [Offer("aws"), Offer(LOCAL, wait_s=100)]
    assert sites_of(offers, Placement(prefer=("aws",)), private=["try-on"]) == (LOCAL,)


@pytest.mark.parametrize(
    ("offers", "remote", "why"),
    [
        ([Offer("aws")], False, "runs at aws only"),
        ([Unavailable("aws", 3), Offer("gcp")], False, "runs at aws, gcp only"),
        ([Offer(LOCAL)], True, "sends its inputs on"),
    ],
)
def test_a_private_input_that_would_leave_is_refused(offers, remote, why):
    with pytest.raises(FlowErrors, match=why) as caught:
        sites_of(offers, private=["try-on"], remote=remote)
    assert [type(error) for error in caught.value.errors] == [PrivateInput]
    assert caught.value.status == 403


def test_a_private_input_whose_local_site_failed_lately_waits_instead_of_leaving():
    with pytest.raises(Overloaded):
        sites_of([Unavailable(LOCAL, 4), Offer("aws")], private=["try-on"])


def test_what_is_made_of_a_private_input_is_private():
    sources = {
        "face": ["portrait"],
        "scene": [],
        "makeup": ["portrait", "face", "look"],
        "background": ["place", "makeup"],
        "tint": ["place", "scene"],
    }
    inputs = ["portrait", "look", "place"]
    assert tainted(("portrait",), inputs, sources) == {"face", "makeup", "background"}
    assert tainted(("look",), inputs, sources) == {"makeup", "background"}
    assert tainted(True, inputs, sources) == set(sources) - {"scene"}
    assert tainted(False, inputs, sources) == set()


def test_the_budget_counts_what_all_steps_cost():
    steps = [Work(id, f"hair-editing/{id}", Resources(price_usd=0.04)) for id in ("a", "b")]
    at, _ = chosen(steps, Placement(budget_usd=0.08), Sites(), set(), lambda key: False)
    assert set(at) == {"a", "b"}
    with pytest.raises(
        FlowErrors, match=r"would cost 0\.08 USD \(a 0\.04, b 0\.04\); the budget is 0\.05 USD"
    ) as caught:
        chosen(steps, Placement(budget_usd=0.05), Sites(), set(), lambda key: False)
    assert isinstance(caught.value.errors[0], OverBudget)


offers = st.lists(
    st.builds(
        Offer,
        st.sampled_from(["local", "aws", "gcp", "edge"]),
        wait_s=st.floats(0, 60),
        seconds=st.none() | st.floats(0, 60),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda offer: offer.site,
)
wishes = st.builds(Placement, prefer=st.permutations(["local", "aws"]).map(tuple), spill_s=st.floats(0, 30))


@given(offers, wishes)
def test_every_site_stands_in_the_order_once_and_the_first_is_never_much_later_than_another(offers, wish):
    order = sites_of(offers, wish, step=Work(resources=Resources(seconds=1.0)))
    assert sorted(order) == sorted(offer.site for offer in offers)
    learned = [offer.seconds for offer in offers if offer.seconds is not None] or [1.0]
    usual = sum(learned) / len(learned)
    done = {offer.site: offer.wait_s + (usual if offer.seconds is None else offer.seconds) for offer in offers}
    assert done[order[0]] <= min(done.values()) + wish.spill_s + 1e-6
