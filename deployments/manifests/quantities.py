"""Quantities of Kubernetes: 500m, 2, 4Gi."""

from __future__ import annotations

import math
import re
from typing import Any

_FACTORS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?")


def quantity(value: Any) -> float | None:
    """Return what a quantity stands for, or None when it is none.

    >>> quantity("500m"), quantity("2Gi"), quantity(3), quantity("1e3"), quantity("4GB")
    (0.5, 2147483648.0, 3.0, 1000.0, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    found = _FORM.fullmatch(value if isinstance(value, str) else repr(value))
    if found is None:
        return None
    number, suffix, exponent = found.groups()
    try:
        amount = float(number) * (10.0 ** int(exponent) if exponent else _FACTORS[suffix or ""])
    except OverflowError:
        return None
    return amount if math.isfinite(amount) else None
