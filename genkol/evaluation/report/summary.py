"""What the rows say together, as JSON-ready data."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from genkol.algorithm import Algorithm
from genkol.evaluation.gates import Limit, limits_for
from genkol.evaluation.metrics.matte import MatteError
from genkol.evaluation.report.mattes import MatteRow
from genkol.evaluation.report.runs import Row
from genkol.registry import Registry

MATTE_ERRORS = tuple(field.name for field in fields(MatteError))


def summary(rows: Sequence[Row], registry: Registry, mattes: Sequence[MatteRow] = ()) -> dict[str, Any]:
    """Return the report as JSON.

    ``services`` has counts, and each metric's median, worst and limit; ``rows`` all that was measured; ``mattes`` the
    errors of who cut out, where that was asked.
    """
    services = dict.fromkeys((row.service, row.algorithm) for row in rows)
    return {
        "services": [
            _of_service(registry.algorithm(*key), [r for r in rows if (r.service, r.algorithm) == key])
            for key in services
        ],
        "rows": [_row(row) for row in rows],
        "mattes": {who: _of_matter([m for m in mattes if m.by == who]) for who in dict.fromkeys(m.by for m in mattes)},
    }


def _of_matter(rows: Sequence[MatteRow]) -> dict[str, Any]:
    errors = [asdict(row.error) for row in rows if row.error is not None]
    return {
        "measured": len(errors),
        "refused": len(rows) - len(errors),
        **{f"{name}_median": _median([e[name] for e in errors]) for name in MATTE_ERRORS},
        **{f"{name}_worst": round(max(e[name] for e in errors), 5) if errors else None for name in MATTE_ERRORS},
        "rows": [_matte_row(row) for row in rows],
    }


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 5) if values else None


def _matte_row(row: MatteRow) -> dict[str, Any]:
    error = None if row.error is None else {name: round(value, 5) for name, value in asdict(row.error).items()}
    return {"photo": row.photo, "ground": row.ground, "error": error, "refusal": row.refusal}


def _of_service(algorithm: type[Algorithm], rows: Sequence[Row]) -> dict[str, Any]:
    outcomes = [row.outcome for row in rows]
    times = [row.seconds for row in rows if row.verdict is not None]
    return {
        "service": algorithm.service.name,
        "algorithm": algorithm.name,
        "photos": len(rows),
        **{name: outcomes.count(name) for name in ("passed", "failed", "refused")},
        "seconds": round(statistics.median(times), 3) if times else None,
        "metrics": {limit.metric: _of_metric(limit, rows) for limit in limits_for(algorithm)},
    }


def _of_metric(limit: Limit, rows: Sequence[Row]) -> dict[str, Any]:
    found = [row.verdict.measured.get(limit.metric) for row in rows if row.verdict is not None]
    values = [value for value in found if value is not None]
    worst = (min(values) if limit.least is not None else max(values)) if values else None
    return {
        "what": limit.what,
        "most": limit.most,
        "least": limit.least,
        "measured": len(values),
        "median": finite(statistics.median(values)) if values else None,
        "worst": None if worst is None else finite(worst),
    }


def _row(row: Row) -> dict[str, Any]:
    measured: Mapping[str, float | None] = row.verdict.measured if row.verdict else {}
    return {
        "photo": row.photo,
        "service": row.service,
        "algorithm": row.algorithm,
        "outcome": row.outcome,
        "seconds": round(row.seconds, 4),
        "measured": {name: None if value is None else finite(value) for name, value in measured.items()},
        "reasons": list(row.verdict.reasons) if row.verdict else [row.refusal],
    }


def finite(value: float) -> float | str:
    """The value for JSON, which has no infinity: a face that was lost."""
    return round(value, 5) if math.isfinite(value) else "lost"
