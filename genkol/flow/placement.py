"""Where the steps of a plan run: the wish, what the sites offer, and the choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from genkol.algorithm import Resources
from genkol.errors import GenkolError, OverBudget, Overloaded, PrivateInput, RequestError

LOCAL = "local"
"""The site that a private input never leaves."""

SiteName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


class Placement(BaseModel):
    """Where a flow may run, and where it should."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prefer: tuple[SiteName, ...] = Field((LOCAL,), description="Sites in the order of preference; then all others.")
    spill_s: float = Field(
        5.0, ge=0, description="Preferred sites are left when the picture is done so many seconds earlier with others."
    )
    private: bool | tuple[str, ...] = Field(
        False, description="Inputs that never leave the local site, nor does anything made of them; true: all."
    )
    budget_usd: float | None = Field(None, ge=0, description="The most that the paid steps may cost together.")


@dataclass(frozen=True)
class Offer:
    """One site that can run an algorithm at this moment.

    Args:
        site: its name.
        wait_s: how long a call made now waits for its turn there.
        seconds: how long a run takes there, when that was learned.
        price_usd: what a run costs there, when it is not what the algorithm declares.
        replicas: how many calls run there at the same time.
    """

    site: str
    wait_s: float = 0.0
    seconds: float | None = None
    price_usd: float | None = None
    replicas: int = 1

    def applied_to(self, resources: Resources) -> Resources:
        """The declared needs with what is known better."""
        seconds = resources.seconds if self.seconds is None else self.seconds
        price = resources.price_usd if self.price_usd is None else self.price_usd
        return replace(resources, seconds=seconds, price_usd=price)


@dataclass(frozen=True)
class Unavailable:
    """A site that runs an algorithm but is left alone for now, because it failed lately."""

    site: str
    retry_after_s: float


class Places(Protocol):
    """What the sites offer."""

    def offers(self, key: str) -> Sequence[Offer | Unavailable]:
        """The sites where an algorithm (``service/name``) runs at this moment."""
        ...

    def cores(self, site: str) -> int | None:
        """How many steps can compute there at the same time, when that is known."""
        ...


class OneSite:
    """Everything runs here.

    Args:
        threads: how many steps at the same time.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads

    def offers(self, key: str) -> Sequence[Offer | Unavailable]:
        return (Offer(LOCAL),)

    def cores(self, site: str) -> int | None:
        return self._threads


class Placeable(Protocol):
    """What of a planned step matters here; `genkol.flow.plan.PlannedStep` is one."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def resources(self) -> Resources: ...
    @property
    def verify(self) -> bool: ...


def tainted(private: bool | Sequence[str], inputs: Sequence[str], sources: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the ids of the steps that see a private input, or what was made of one.

    Args:
        private: names of the private inputs; True: all.
        inputs: names of all inputs.
        sources: step to the inputs and steps that it takes, in an order in which each comes after those.
    """
    secret = set(inputs if private is True else private or ())
    for id, taken in sources.items():
        if secret & set(taken):
            secret.add(id)
    return secret - set(inputs)


def allowed(
    steps: Iterable[Placeable],
    places: Places,
    private: set[str],
    is_remote: Callable[[str], bool],
) -> tuple[dict[str, list[Offer]], list[RequestError]]:
    """Return the offers that each step may take, and what is wrong with those that may take none.

    Steps that see private inputs run at the local site, and not by algorithms that send them on.

    Args:
        steps: of the plan.
        places: what the sites offer.
        private: ids of the steps that see private inputs.
        is_remote: whether an algorithm (``service/name``) sends its inputs to a service outside the cluster.

    Raises:
        Overloaded: all sites of an algorithm failed lately; the message says when to come back.
    """
    faults: list[RequestError] = []
    found: dict[str, list[Offer]] = {}
    for step in steps:
        known = places.offers(step.key)
        if step.id in private:
            if is_remote(step.key) or (known and all(offer.site != LOCAL for offer in known)):
                faults.append(_would_leave(step, known))
                continue
            known = [offer for offer in known if offer.site == LOCAL]
        found[step.id] = [offer for offer in known if isinstance(offer, Offer)]
        if not found[step.id]:
            raise _none_left(step, known)
    return found, faults


def timed(offers: Sequence[Offer], seconds: float) -> list[Offer]:
    """Return the offers, each with the seconds of a run.

    Args:
        offers: of one algorithm; a site that has not learned them takes as long as those that have.
        seconds: where none has.
    """
    learned = [offer.seconds for offer in offers if offer.seconds is not None]
    usual = sum(learned) / len(learned) if learned else seconds
    return [replace(offer, seconds=usual if offer.seconds is None else offer.seconds) for offer in offers]


def by_preference(offers: Iterable[Offer], wish: Placement) -> list[Offer]:
    """Return the offers, the most preferred site first, and of those that nobody prefers the soonest."""

    def rank(offer: Offer) -> tuple[int, float, str]:
        place = wish.prefer.index(offer.site) if offer.site in wish.prefer else len(wish.prefer)
        return place, offer.wait_s + (offer.seconds or 0.0), offer.site

    return sorted(offers, key=rank)


def _would_leave(step: Placeable, known: Sequence[Offer | Unavailable]) -> PrivateInput:
    sites = sorted({offer.site for offer in known})
    where = f"{step.key} runs at {', '.join(sites)} only" if LOCAL not in sites else f"{step.key} sends its inputs on"
    return PrivateInput(
        f"The step {step.id!r} would take a private input away: {where}. "
        "Choose an algorithm that runs at the local site, or do not mark the input as private.",
        step=step.id,
        algorithm=step.key,
        expected=LOCAL,
    )


def _none_left(step: Placeable, known: Sequence[Offer | Unavailable]) -> GenkolError:
    waits = {offer.site: offer.retry_after_s for offer in known if isinstance(offer, Unavailable)}
    after = max(1.0, min(waits.values(), default=2.0))
    why = f"failed lately at {', '.join(sorted(waits))}" if waits else "runs nowhere at this moment"
    return Overloaded(
        f"The step {step.id!r} cannot run: {step.key} {why}. Try again in {after:.0f} s.",
        step=step.id,
        algorithm=step.key,
        retry_after_s=after,
    )


def over_budget(prices: Mapping[str, float], wish: Placement) -> list[RequestError]:
    """Return the fault when the steps cost more than the flow may.

    Args:
        prices: step to USD.
        wish: the policy.
    """
    prices = {id: price for id, price in prices.items() if price > 0}
    total = sum(prices.values())
    if wish.budget_usd is None or total <= wish.budget_usd:
        return []
    shown = ", ".join(f"{id} {price:.4g}" for id, price in sorted(prices.items(), key=lambda item: -item[1]))
    return [
        OverBudget(
            f"The flow would cost {total:.4g} USD ({shown}); the budget is {wish.budget_usd:.4g} USD. "
            "Choose cheaper algorithms, or raise the budget.",
            value=total,
            expected=wish.budget_usd,
        )
    ]
