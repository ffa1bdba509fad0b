"""``genkol services | algorithms | matrix``: what there is, and what fits what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genkol.cli import options

if TYPE_CHECKING:
    from rich.table import Table


def services(server: options.Server = None, as_json: options.AsJson = False) -> None:
    """List what can be done to a picture."""
    found = _document("services", server)
    _show(found, services_table(found["services"]), as_json=as_json)


def algorithms(
    service: Annotated[str | None, typer.Argument(help="Only those of one service, with all their settings.")] = None,
    server: options.Server = None,
    as_json: options.AsJson = False,
) -> None:
    """List who can do it, and with which settings."""
    from genkol.services import service_named

    found = _document("algorithms", server)
    if service is not None:
        known = service_named(service).name
        found = {"algorithms": [a for a in found["algorithms"] if a["service"] == known]}
        if not found["algorithms"]:
            typer.echo(f"No algorithm is installed for {service}.")
            return
    tables = [algorithms_table(found["algorithms"])]
    if service is not None:
        tables += [table(algorithm) for algorithm in found["algorithms"] for table in (ports_table, params_table)]
    _show(found, *tables, as_json=as_json)


def matrix(
    dependency: Annotated[
        bool, typer.Option("--dependency", help="Instead: which step must see another's work.")
    ] = False,
    server: options.Server = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what fits where: each kind of picture against each place that takes one."""
    found = _document("compatibility", server)
    table = dependency_table(found["dependency"]) if dependency else compatibility_table(found["compatibility"])
    _show(found["dependency" if dependency else "compatibility"], table, as_json=as_json)


def _document(what: str, server: str | None) -> dict[str, Any]:
    if server is not None:
        from genkol.cli import remote

        return remote.catalogue(server, what)
    from genkol import catalogue
    from genkol.registry import Registry

    document: dict[str, Any] = getattr(catalogue, what)(Registry.from_entry_points())
    return document


def _show(document: Any, *tables: Table, as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    console = Console(highlight=False)
    for number, table in enumerate(tables):
        if number:
            console.print()
        console.print(table)


def services_table(found: Sequence[Mapping[str, Any]]) -> Table:
    """Services by stage: what goes in, what comes out, who does it."""
    table = _table("service", "takes", "gives", "algorithms", "what it does")
    for service in found:
        takes = ", ".join(port["name"] for port in service["ports"])
        table.add_row(
            service["name"], takes, service["output"], ", ".join(service["algorithms"]) or "-", service["description"]
        )
    return table


def algorithms_table(found: Sequence[Mapping[str, Any]]) -> Table:
    """Algorithms: what each changes and about how long it takes."""
    table = _table("algorithm", "changes", "seconds", "what it does")
    for algorithm in found:
        name = f"{algorithm['service']}/{algorithm['name']}"
        changes = ", ".join(algorithm["effects"]["writes"]) or "-"
        table.add_row(name, changes, f"{algorithm['resources']['seconds']:.2f}", algorithm["description"])
    return table


def ports_table(algorithm: Mapping[str, Any]) -> Table:
    """What one algorithm takes."""
    table = _table(f"{algorithm['name']} takes", "kind", "must be there")
    for port in algorithm["ports"]:
        table.add_row(port["name"], port["kind"], "yes" if port["required"] else "no")
    return table


def params_table(algorithm: Mapping[str, Any]) -> Table:
    """The settings of one algorithm, as `--set` takes them."""
    table = _table("--set", "default", "allowed", "what it does")
    schema = algorithm["params"]
    for name, knob in schema.get("properties", {}).items():
        default = json.dumps(knob.get("default"))
        table.add_row(
            f"{algorithm['service']}.{name}",
            default,
            allowed(knob, schema.get("$defs", {})),
            knob.get("description", ""),
        )
    return table


def allowed(knob: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Say in words which values a property of a JSON Schema takes.

    >>> allowed({"type": "number", "minimum": 0, "maximum": 1}, {})
    '0 to 1'
    >>> allowed({"anyOf": [{"enum": ["soft", "bold"]}, {"type": "null"}]}, {})
    'soft, bold; or null'
    """
    if "anyOf" in knob:
        return "; or ".join(allowed(choice, definitions) for choice in knob["anyOf"])
    if "$ref" in knob:
        return allowed(definitions[knob["$ref"].rpartition("/")[2]], definitions)
    if "enum" in knob or "const" in knob:
        return ", ".join(str(value) for value in knob.get("enum", [knob.get("const")]))
    low = knob.get("minimum", knob.get("exclusiveMinimum"))
    high = knob.get("maximum", knob.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return str(knob.get("type", "anything"))


def compatibility_table(found: Mapping[str, Mapping[str, bool]]) -> Table:
    """One row for each kind: the ports that take it."""
    table = _table("kind", "fits")
    for kind, columns in found.items():
        table.add_row(kind, ", ".join(port for port, fits in columns.items() if fits) or "-")
    return table


def dependency_table(found: Mapping[str, Mapping[str, Sequence[str]]]) -> Table:
    """One row for each pair with an edge: the later must see the earlier one's work; else one row of dashes."""
    table = _table("earlier", "later", "because both touch")
    for earlier, row in found.items():
        for later, aspects in row.items():
            table.add_row(earlier, later, ", ".join(aspects))
    if not table.row_count:
        table.add_row("-", "-", "-")
    return table


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    return table
