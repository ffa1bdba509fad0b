"""The gates: what the result of each service must keep, and the judge who measures it."""

from genkol.evaluation.gates.judge import Judge, gate_digest
from genkol.evaluation.gates.limits import LIMITS, Limit, limits_for
from genkol.evaluation.gates.verdict import Verdict, verdict_on

__all__ = ["LIMITS", "Judge", "Limit", "Verdict", "gate_digest", "limits_for", "verdict_on"]
