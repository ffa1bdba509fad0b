"""``genkol evaluate``: services on a folder of photographs, measured and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genkol.artifacts import Kind
from genkol.errors import BadFlow

if TYPE_CHECKING:
    from genkol.evaluation.report.mattes import MatteRow


def evaluate(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the report goes: one .html file.")],
    photos: Annotated[Path | None, typer.Option(help="Folder of photographs of persons.", show_default=False)] = None,
    services: Annotated[
        str,
        typer.Option(help="What to run on each of them, by commas: makeup-transfer,background.", show_default=False),
    ] = "",
    json_: Annotated[Path | None, typer.Option("--json", help="Also the numbers.", show_default=False)] = None,
    makeup: Annotated[Path | None, typer.Option(help="A makeup reference.", show_default=False)] = None,
    scene: Annotated[Path | None, typer.Option(help="A place.", show_default=False)] = None,
    garment: Annotated[Path | None, typer.Option(help="A flat photo of a garment.", show_default=False)] = None,
    hairstyle: Annotated[Path | None, typer.Option(help="A photo with the wanted hair.", show_default=False)] = None,
    product: Annotated[Path | None, typer.Option(help="A photo of a product.", show_default=False)] = None,
    algorithm: Annotated[
        list[str] | None, typer.Option(help="SERVICE=NAME: who shall do it.", show_default=False)
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="SERVICE.PARAM=VALUE, read as JSON.", show_default=False)
    ] = None,
    mattes: Annotated[
        Path | None, typer.Option(help="Folder of PNGs whose alpha is exact: how well is it found?", show_default=False)
    ] = None,
    compare: Annotated[
        list[str] | None, typer.Option(help="Also cut those out by u2net, as rembg does (176 MB).", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every picture.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a result breaks a gate.")] = False,
) -> None:
    """Run services on every photograph of a folder and report how good the results are.

    Files of the folder that begin with makeup-, background-, garment-, product- or hairstyle- are references.

    genkol evaluate --photos examples/photos --services makeup-transfer,background -o report.html --json report.json
    """
    from genkol.evaluation.report.page import page
    from genkol.evaluation.report.runs import Asked, Evaluation
    from genkol.evaluation.report.summary import summary

    given = {
        Kind.MAKEUP: makeup,
        Kind.SCENE: scene,
        Kind.GARMENT: garment,
        Kind.HAIRSTYLE: hairstyle,
        Kind.PRODUCT: product,
    }
    asked = Asked(
        services=[name.strip() for name in services.split(",") if name.strip()],
        references={kind: file for kind, file in given.items() if file is not None},
        algorithms=dict(_pair(text, "--algorithm SERVICE=NAME") for text in algorithm or ()),
        params=_params(set_ or []),
        seed=seed,
    )
    if (photos is None or not asked.services) and mattes is None:
        raise BadFlow("Nothing to evaluate: give --photos and --services, or --mattes, or all three.")
    for file in (output, json_):
        _require_place(file)
    evaluation, rows = Evaluation(), []
    cut = [] if mattes is None else _cut(mattes, compare or [], scene)
    try:
        for row in evaluation.rows(photos, asked) if photos is not None and asked.services else ():
            rows.append(row)
            typer.echo(f"{row.photo}  {row.service}/{row.algorithm}  {row.outcome}", err=True)
    finally:
        evaluation.close()
    report = summary(rows, evaluation.registry, cut)
    output.write_text(page(report, rows, cut), "utf-8")
    if json_ is not None:
        json_.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", "utf-8")
    for service in report["services"]:
        counts = ", ".join(f"{service[name]} {name}" for name in ("passed", "failed", "refused"))
        typer.echo(f"{service['service']}/{service['algorithm']}: {counts}")
    for who, errors in report["mattes"].items():
        said = (
            f"MSE {errors['mse_median']} median, {errors['mse_worst']} worst" if errors["measured"] else "none measured"
        )
        typer.echo(f"mattes by {who}: {said}, {errors['refused']} refused")
    if strict and any(row.outcome == "failed" for row in rows):
        raise typer.Exit(1)


def _cut(folder: Path, compare: list[str], scene: Path | None) -> list[MatteRow]:
    from genkol.evaluation.report.mattes import matte_rows, matters
    from genkol.pictures import read_image
    from genkol.weights import WeightsSetup, default_folder

    ground = None if scene is None else read_image(scene.read_bytes(), field="scene", max_side=2048)
    rows = []
    for row in matte_rows(folder, matters(WeightsSetup(default_folder()), compare), ground):
        rows.append(row)
        typer.echo(f"{row.photo} on {row.ground}  {row.by}  {'refused' if row.error is None else 'cut out'}", err=True)
    return rows


def _pair(text: str, form: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise BadFlow(f"{text!r} is not of the form {form}.")
    return name, value


def _params(settings: list[str]) -> dict[str, dict[str, Any]]:
    params: dict[str, dict[str, Any]] = {}
    for text in settings:
        place, value = _pair(text, "--set SERVICE.PARAM=VALUE")
        service, separator, name = place.partition(".")
        if not (separator and name):
            raise BadFlow(f"{text!r} is not of the form --set SERVICE.PARAM=VALUE.")
        params.setdefault(service, {})[name] = _value(value)
    return params


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _require_place(file: Path | None) -> None:
    if file is not None and not file.absolute().parent.is_dir():
        raise BadFlow(f"{file} cannot be written: the folder {file.absolute().parent} does not exist. Make it first.")
