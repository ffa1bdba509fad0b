"""The shipped files, with a fault planted in them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from deployments.manifests.check import Report, check_texts
from deployments.manifests.documents import Finding
from genkol.registry import Registry

ROOT = Path(__file__).parents[3]
CLUSTER = ROOT / "cluster"


@cache
def registry() -> Registry:
    return Registry.from_entry_points()


@cache
def text(name: str) -> str:
    return (CLUSTER / name).read_text("utf-8")


def checked(old: str = "", new: str = "", file: str = "rayservice.yaml") -> Report:
    """Check the shipped manifests with the first `old` of one file replaced."""
    assert old in text(file), f"{old!r} does not stand in {file}: plant the fault elsewhere"
    texts = [(name, text(name)) for name in ("rayservice.yaml", "storage.yaml")]
    return check_texts([(name, t.replace(old, new, 1) if name == file else t) for name, t in texts], registry())


def said(finding: Finding) -> str:
    """``path: message``, with the two longest beginnings of a path and the number of repetitions left out."""
    path = finding.path.removeprefix("spec.rayClusterConfig.").removeprefix("spec.serveConfigV2.")
    return re.sub(r"in \d+ more places", "in N more places", f"{path}: {finding.message}")
