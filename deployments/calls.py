"""The calls of one request: which handle is called with what, and what stands for each step's value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import uuid4

from ray.serve.handle import DeploymentHandle, DeploymentResponse

from deployments.health import Health
from deployments.stored import Shortcut, Stored
from genkol.finish import Wanted
from genkol.flow.plan import Plan, PlannedStep, Wire
from genkol.perform import Call

FINISH = "finish"
"""What the last call is called where a step's id is due."""


class Handles(Protocol):
    """Where the dispatcher finds who does the work."""

    @property
    def health(self) -> Health:
        """What is learned of the places from the calls."""
        ...

    def has_replicas(self, key: str, site: str) -> bool:
        """Whether a replica of the algorithm runs at the site."""
        ...

    def host(self, key: str, site: str) -> DeploymentHandle:
        """The handle of an algorithm's application; `UnknownAlgorithm` when there is none."""
        ...

    def finisher(self) -> DeploymentHandle:
        """The handle of the finisher; `StepFailed` when there is none."""
        ...


@dataclass
class Calls:
    """See the module.

    Args:
        handles: who does the work.
        plan: what is to be done.
        inputs: name to reference, or to the text.
        wanted: what shall come back.
        cut: what of the plan is kept already, and is not called.
        responses: step to its latest call.
        id: of this request, among all that a replica works on.
    """

    handles: Handles
    plan: Plan
    inputs: Mapping[str, Any]
    wanted: Wanted
    cut: Shortcut = field(default_factory=Shortcut)
    responses: dict[str, DeploymentResponse] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """Those that are called, the most urgent first: their results are not kept."""
        return tuple(step for step in self.plan.start_order if step.id not in self.cut.cached)

    def send(self) -> None:
        """Make the call of every step, and of the finisher. Serve's router holds each back until its values exist."""
        for step in self.steps:
            self.handles.host(step.key, step.site)  # nothing is sent when somebody is not there
        for step in self.steps:
            self.call(step)
        self.call_finisher()

    def call(self, step: PlannedStep) -> None:
        """Call a step, at its first site."""
        host = self.handles.host(step.key, step.site)
        values = [self.source(wire) for wire in step.wires.values()] + [self._value(id) for id in step.sees]
        self.responses[step.id] = host.run.remote(Call.of(step, self.plan, self.id), *values)

    @property
    def finisher_needs(self) -> tuple[str, ...]:
        """Ids of the steps that the picture is composed of."""
        ends = [self.plan.portrait.source] if self.plan.portrait.is_step else []
        return (*ends, *self.plan.layers, *([self.plan.finish] if self.plan.finish else []))

    def call_finisher(self) -> None:
        """Have the picture composed of the values as they are called for now."""
        last = self._value(self.plan.finish) if self.plan.finish else None
        layers = [self._value(id) for id in self.plan.layers]
        portrait = self.source(self.plan.portrait)
        finisher = self.handles.finisher()
        self.responses[FINISH] = finisher.finish.remote(self.plan, self.wanted, portrait, last, *layers)

    def call_instead(self, choice: PlannedStep) -> None:
        """Let another one do a step, and call anew all who need its value: the calls they had fail with it.

        Nobody waits for those yet, as every step waits for the ends of what it needs.
        """
        stale = {choice.id}
        self.call(choice)
        for step in self.steps:
            if stale & set(step.needs):
                stale.add(step.id)
                self.take_back(step.id)
                self.call(step)
        self.take_back(FINISH)
        self.call_finisher()

    def forget(self, names: Collection[str]) -> list[str]:
        """Rely no longer on some kept results; return the ids of their steps, without those called meanwhile."""
        stored = {id: value for id, value in self.cut.stored.items() if value.name not in names}
        self.cut = replace(self.cut, stored=stored)
        return [step.id for step in self.plan if step.name in names and step.id not in self.responses]

    def missing(self, step: PlannedStep) -> list[str]:
        """Ids of what a step needs and nobody makes: it was not needed as long as the step's own result was kept."""
        return [need for need in step.needs if need not in self.responses and need not in self.cut.stored]

    def choice(self, id: str, by: str | None = None) -> PlannedStep:
        """A step as an algorithm (``service/name``) does it; when none is named as who made its kept result did, or as
        planned.
        """
        step = self.plan.step(id)
        by = by or self.cut.instead.get(id, step.key)
        return next(choice for choice in step.choices if choice.key == by)

    def source(self, wire: Wire) -> Any:
        """What stands for the value of a wire."""
        return self._value(wire.source) if wire.is_step else self.inputs[wire.source]

    def _value(self, id: str) -> DeploymentResponse | Stored:
        return self.cut.stored[id] if id in self.cut.stored else self.responses[id]

    def take_back(self, id: str) -> None:
        """Cancel a call; one that has ended takes no notice."""
        with suppress(Exception):  # one that could not be sent at all raises its reason once more
            self.responses[id].cancel()
