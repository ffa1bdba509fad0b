"""Files for `ray up`: Ray's own schema, and what GenKOL expects of the nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployments.manifests.documents import Finding, Node
from deployments.manifests.groups import SITE
from genkol.errors import did_you_mean

STARTS = ("head_start_ray_commands", "worker_start_ray_commands")
_SECRET = re.compile(r"(AKIA|ASIA)[0-9A-Z]{16}|-----BEGIN|(PASSWORD|SECRET|TOKEN)=['\"]?[^\s$'\"]", re.IGNORECASE)


def is_launcher(document: Node) -> bool:
    """Whether the document is for `ray up`."""
    return "provider" in document.mapping and "kind" not in document.mapping


def launcher(document: Node) -> Iterator[Finding]:
    """Tell what Ray refuses of the file, and where nodes would bear no site."""
    from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # comes with Ray

    schema = _schema()
    for error in Draft7Validator(schema).iter_errors(document.value):
        node = _placed(document, error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = error.schema.get("properties", {})
            for key in error.instance.keys() - known.keys():
                yield node[key].finding(f"Ray has no field {key!r} here. {did_you_mean(key, known)}")
        else:
            yield node.finding(f"{error.message[:300]}: Ray refuses it.")
    yield from _addresses(document["provider"])
    yield from _starts(document)
    yield from _secrets(document)


def _schema() -> dict[str, Any]:
    import ray.autoscaler

    folder = Path(ray.autoscaler.__file__).parent
    found: dict[str, Any] = json.loads((folder / "ray-schema.json").read_text("utf-8"))
    return found


def _placed(node: Node, path: Any) -> Node:
    for part in path:
        node = list(node)[part] if isinstance(part, int) else node[part]
    return node


def _addresses(provider: Node) -> Iterator[Finding]:
    if provider["type"].text != "local":
        return
    for key in ("head_ip", "worker_ips"):
        if not provider[key] and not provider["coordinator_address"].text:
            yield provider.finding(f"The provider 'local' needs `{key}`. Add it.")
    taken = {provider["head_ip"].text}
    for address in provider["worker_ips"]:
        if address.text in taken:
            yield address.finding(f"{address.text} stands here twice. Each machine is one node.")
        taken.add(address.text)


def _starts(document: Node) -> Iterator[Finding]:
    for key in STARTS:
        commands = [command for command in document[key] if "ray start" in command.text]
        if not commands:
            yield document[key].finding(f"Nothing in `{key}` starts Ray.")
        for command in commands:
            if "--labels" not in command.text:
                yield command.finding(
                    f"The node would bear no labels, and no algorithm finds it. Add `--labels {SITE}=...` or a "
                    "`--labels-file`."
                )
            if key == STARTS[0] and "--num-cpus=0" not in command.text:
                yield command.finding("The head takes work: what kills it takes the cluster along. Add --num-cpus=0.")


def _secrets(node: Node) -> Iterator[Finding]:
    if _SECRET.search(node.text):
        yield node.finding("A secret stands in the file, for everybody to read. Take it out and fetch it on the node.")
    for child in [*node, *(value for _, value in node.items())]:
        yield from _secrets(child)
