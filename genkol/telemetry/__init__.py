"""What an operator sees of requests: metrics, log lines and traces.

The Engine's dispatcher is wrapped (`Watched`); what it hears of one dispatch becomes a `Story`, and everything else
is told from stories. Where nobody listens nothing is wrapped and nothing is paid.
"""

from genkol.telemetry.metrics import ALL, Meter, Metric
from genkol.telemetry.sampler import Sampler, of_cache
from genkol.telemetry.telemetry import SILENT, Telemetry, Watched
from genkol.telemetry.tracing import Tracing, tracing_of_environment

__all__ = [
    "ALL",
    "SILENT",
    "Meter",
    "Metric",
    "Sampler",
    "Telemetry",
    "Tracing",
    "Watched",
    "of_cache",
    "tracing_of_environment",
]
