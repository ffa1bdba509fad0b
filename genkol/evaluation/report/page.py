"""The report as one HTML file: tables and contact sheets, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import cv2
import numpy as np

from genkol.artifacts import U8, Image
from genkol.evaluation.report.mattes import MatteRow
from genkol.evaluation.report.runs import Row
from genkol.pictures import write_image
from genkol.pictures.formats import format_named

THUMBNAIL = 420
"""Longest side of an embedded picture, pixels."""

VIOLET = np.array([120, 0, 200], np.float32)
"""What lies beneath a cut-out, 8-bit levels."""

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#1c1c1e;background:#faf9f7}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2.2rem}
table{border-collapse:collapse;background:#fff}th,td{padding:.3rem .7rem;border:1px solid #e0ddd8;text-align:right}
th:first-child,td:first-child{text-align:left}th{font-weight:600;background:#f3f1ee}
.sheet{display:flex;flex-wrap:wrap;gap:14px;align-items:flex-start;margin:.6rem 0 1.4rem}
figure{margin:0;width:260px}figure img{width:100%;display:block;border-radius:4px}
figcaption{font-size:.82rem;color:#555;padding-top:.25rem;overflow-wrap:anywhere}
.passed{color:#1b7f3b}.failed{color:#b3261e}.refused{color:#9a6700}.bad{background:#fdecea}
.none{aspect-ratio:3/4;background:#efedea;border-radius:4px}
"""


def page(report: Mapping[str, Any], rows: Sequence[Row], mattes: Sequence[MatteRow] = ()) -> str:
    """Return the HTML.

    Args:
        report: what `summary` says.
        rows: of which it says it.
        mattes: the same, of what was cut out.
    """
    photos = len({row.photo for row in rows})
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>GenKOL: evaluation</title>",
        f"<style>{STYLE}</style></head><body><h1>Evaluation on {photos} photographs</h1>",
        _services(report["services"]) if rows else "",
        *(_metrics(service) for service in report["services"]),
        *_mattes(report["mattes"], mattes),
        "<h2>Contact sheets</h2>" if rows else "",
        *(_sheet(photo, [row for row in rows if row.photo == photo]) for photo in dict.fromkeys(r.photo for r in rows)),
        "</body></html>",
    ]
    return "\n".join(parts)


def _services(services: Iterable[Mapping[str, Any]]) -> str:
    cells = (
        [f"{s['service']}/{s['algorithm']}", s["photos"], s["passed"], s["failed"], s["refused"], _said(s["seconds"])]
        for s in services
    )
    return _table(["service", "photographs", "passed", "failed", "refused", "seconds (median)"], cells)


def _metrics(service: Mapping[str, Any]) -> str:
    rows = [
        [m["what"], m["measured"], _said(m["median"]), _said(m["worst"]), _bound(m)]
        for m in service["metrics"].values()
    ]
    title = f"<h2>{escape(service['service'])}/{escape(service['algorithm'])}</h2>"
    return title + _table(["metric", "measured", "median", "worst", "passes"], rows)


def _mattes(report: Mapping[str, Any], rows: Sequence[MatteRow]) -> list[str]:
    """Return the table of those who cut out, and a sheet of each picture, on violet so that every rim shows."""
    if not rows:
        return []
    names = ("mse_median", "mse_worst", "sad_median", "sad_worst", "gradient_median", "gradient_worst")
    table = _table(
        ["cut out by", "measured", "refused", *(name.replace("_", ", ") for name in names)],
        ([who, m["measured"], m["refused"], *(_said(m[name]) for name in names)] for who, m in report.items()),
    )
    pictures = dict.fromkeys((row.photo, row.ground) for row in rows)
    sheets = [_matte_sheet([row for row in rows if (row.photo, row.ground) == one]) for one in pictures]
    return ["<h2>Mattes against exact alphas</h2>", table, *sheets]


def _matte_sheet(rows: Iterable[MatteRow]) -> str:
    return f"<div class=sheet>{''.join(_figure(_cut(row), _matte_caption(row)) for row in rows)}</div>"


def _cut(row: MatteRow) -> Image | None:
    if row.alpha is None:
        return None
    alpha = row.alpha[..., None]
    return Image(np.rint(row.picture.pixels * alpha + VIOLET * (1 - alpha)).clip(0, 255).astype(np.uint8))


def _matte_caption(row: MatteRow) -> str:
    said = row.refusal if row.error is None else f"MSE {row.error.mse:.5f}, SAD {row.error.sad:.2f}"
    return f"{escape(row.by)}, {escape(row.photo)} on {row.ground}<br>{escape(said)}"


def _bound(metric: Mapping[str, Any]) -> str:
    return f"at most {metric['most']:g}" if metric["most"] is not None else f"at least {metric['least']:g}"


def _said(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else f"{value:.3g}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _sheet(photo: str, rows: Sequence[Row]) -> str:
    figures = [_figure(rows[0].before, escape(photo)), *(_figure(row.after, _caption(row)) for row in rows)]
    return f"<div class=sheet>{''.join(figures)}</div>"


def _figure(picture: Image | None, caption: str) -> str:
    shown = "<div class=none></div>" if picture is None else f'<img alt="" src="{_embedded(picture)}">'
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"


def _caption(row: Row) -> str:
    why = list(row.verdict.reasons) if row.verdict else [row.refusal]
    text = "".join(f"<br>{escape(reason)}" for reason in why if reason)
    return (
        f"{escape(row.service)}/{escape(row.algorithm)} <b class={row.outcome}>{row.outcome}</b>"
        f"{f' {row.seconds:.2f} s' if row.verdict else ''}{text}"
    )


def _embedded(picture: Image) -> str:
    scale = min(1.0, THUMBNAIL / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small: Any = cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA)
    pixels: U8 = small
    return "data:image/jpeg;base64," + base64.b64encode(write_image(Image(pixels), format_named("jpeg"))).decode()
