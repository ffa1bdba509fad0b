"""How soon a call that found every replica full asks again."""

from __future__ import annotations

from collections.abc import Mapping

ROUTING: Mapping[str, float] = {"initial_backoff_s": 0.01, "max_backoff_s": 0.1}
"""`request_router_config` of all deployments. Serve's own half a second at most is longer than many a step: a queue of
calls waits for the clock while the replicas idle. Two calls a replica ask at a time, however many wait; each asking
costs some milliseconds of processor time, so that much less than this would be dear.
"""
