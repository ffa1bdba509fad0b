"""The Engine: algorithms register with it, it plans flows and has them run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from genkol.algorithm import Algorithm
from genkol.artifacts import Value
from genkol.dispatch import Dispatcher, InProcess, OnEvent, Outcome, nobody
from genkol.errors import FlowErrors, RequestError
from genkol.evaluation.gates import Judge, gate_digest
from genkol.finish import Wanted
from genkol.flow.flow import Flow
from genkol.flow.generator import FlowGenerator
from genkol.flow.placement import OneSite, Placement, Places
from genkol.flow.plan import Plan, PlannedStep
from genkol.inputs import check_values, digests_of
from genkol.kept import Keeper
from genkol.registry import Registry
from genkol.running import Running
from genkol.settings import settings
from genkol.weights import WeightsSetup, default_folder, weights_digest

A_PICTURE = Wanted()
"""A PNG and nothing beside it."""


@dataclass(frozen=True)
class Result:
    """A plan and what running it gave."""

    plan: Plan
    outcome: Outcome
    inputs: Mapping[str, str]

    @property
    def picture(self) -> bytes:
        """The encoded picture."""
        return self.outcome.finished.picture

    def _done(self) -> Iterator[PlannedStep]:
        """The steps as they were done: by another algorithm where the gates refused the first one, at another site
        where the first one was lost, in another version where it was swapped meanwhile.
        """
        versions = dict(self.outcome.finished.versions)
        for step in self.plan:
            by = self.outcome.instead.get(step.id, step.key)
            done = next(choice for choice in step.choices if choice.key == by)
            yield replace(
                done,
                sites=(self.outcome.sites.get(step.id, done.site),),
                version=versions.get(step.id, done.version),
            )

    def _names(self) -> dict[str, str]:
        """Step to the name of its result, for those that are what was planned."""
        swapped = {step for step, _ in self.outcome.finished.versions}
        for step in self.plan:
            if swapped.intersection(step.needs):
                swapped.add(step.id)
        return {step.id: step.name for step in self.plan if step.id not in swapped}

    def report(self) -> dict[str, Any]:
        """What happened, JSON-ready: seconds, steps, layers, seed and digests."""
        outcome, finished = self.outcome, self.outcome.finished
        return {
            "seconds": round(outcome.total_seconds, 4),
            "seed": self.plan.seed,
            "width": finished.width,
            "height": finished.height,
            "frame": list(finished.frame),
            "steps": [
                {
                    "id": step.id,
                    "service": step.service,
                    "algorithm": step.algorithm,
                    "version": step.version,
                    "site": step.site,
                    "seconds": round(outcome.seconds.get(step.id, 0.0), 4),
                    "cached": step.id in outcome.cached,
                }
                for step in self._done()
            ],
            "layers": [
                {
                    "step": layer.step,
                    "title": layer.title,
                    "strength": layer.strength,
                    "box": list(layer.box),
                    "changed_pixels": layer.changed,
                }
                for layer in finished.layers
            ],
            "digests": {
                "inputs": dict(self.inputs),
                "steps": self._names(),
                "layers": {layer.step: layer.digest for layer in finished.layers},
                "picture": finished.digest,
            },
        }


class Engine:
    """Plans flows and runs them.

    Args:
        registry: the algorithms there are.
        dispatcher: runs the plans.
        places: what the sites offer; everything runs here when left out.
        running: knows what is worked on; of this Engine alone when left out.

    >>> engine = Engine.in_process()                                        # doctest: +SKIP
    >>> result = engine.run(flow, {"portrait": portrait, "makeup": makeup})  # doctest: +SKIP
    """

    def __init__(
        self,
        registry: Registry,
        dispatcher: Dispatcher,
        places: Places | None = None,
        running: Running | None = None,
    ) -> None:
        self.registry = registry
        self.running = running or Running()
        self.dispatcher = dispatcher
        self._places = places or OneSite()
        self._generator = FlowGenerator(
            registry,
            weights_digest=weights_digest,
            gate=_licence_gate,
            max_steps=settings().max_steps,
            gate_digest=gate_digest,
        )

    @classmethod
    def in_process(cls, registry: Registry | None = None, keeper: Keeper | None = None) -> Engine:
        """An Engine that runs every installed algorithm in threads of this process.

        Args:
            registry: other algorithms than those installed.
            keeper: keeps the steps' results for the next run; without one nothing is kept.
        """
        registry = registry or Registry.from_entry_points()
        setup = WeightsSetup(default_folder())
        return cls(registry, InProcess(registry, setup, gate=Judge.of(setup), keeper=keeper))

    def plan(
        self,
        flow: Flow,
        values: Mapping[str, Value] | None = None,
        faults: tuple[RequestError, ...] = (),
    ) -> Plan:
        """Return the plan of a flow; with the inputs' values, its steps are named by their content.

        Raises:
            FlowErrors: the flow cannot be run; every fault is listed, `faults` among them.
            Overloaded: an algorithm has no site that works at this moment.
        """
        if values is not None:
            check_values(flow.inputs, values)
        plan = self._generator.plan(flow, None if values is None else digests_of(values), faults)
        return plan.placed(flow.placement or _usual_placement(), self._places, self._is_remote)

    def _is_remote(self, key: str) -> bool:
        return self.registry.algorithm(*key.split("/")).remote is not None

    def plan_document(self, document: Any) -> Plan:
        """Return the plan of a flow's JSON document; faults of form and of meaning come in one answer.

        Raises:
            FlowErrors: every fault is listed.
        """
        flow, faults = Flow.salvage(document)
        if flow is None:
            raise FlowErrors.of(faults)
        return self.plan(flow, faults=tuple(faults))

    async def arun(
        self,
        flow: Flow,
        values: Mapping[str, Value],
        wanted: Wanted = A_PICTURE,
        on_event: OnEvent = nobody,
    ) -> Result:
        """Plan the flow and run it; cancelling the task cancels the steps.

        Raises:
            FlowErrors: it cannot be run.
            GenkolError: a step failed; the context names it.
        """
        plan = self.plan(flow, values)
        outcome = await self.dispatcher.dispatch(plan, values, wanted, on_event)
        return Result(plan, outcome, digests_of(values))

    def run(
        self,
        flow: Flow,
        values: Mapping[str, Value],
        wanted: Wanted = A_PICTURE,
        on_event: OnEvent = nobody,
    ) -> Result:
        """`arun` for callers that have no event loop."""
        return asyncio.run(self.arun(flow, values, wanted, on_event))


def _usual_placement() -> Placement:
    """Where a flow runs that does not say it itself."""
    said = settings()
    return Placement(prefer=said.prefer_sites, spill_s=said.spill_s, private=said.private_inputs)


def _licence_gate(algorithm: type[Algorithm]) -> None:
    folder = default_folder()
    for name in algorithm.weights:
        folder.refuse_by_licence(name)
