"""All checks of some files, all findings at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deployments.manifests.documents import Finding, Node, Source, read
from deployments.manifests.environment import environment
from deployments.manifests.groups import groups, groups_of
from deployments.manifests.kinds import filled, is_checked, misfits
from deployments.manifests.launcher import is_launcher, launcher
from deployments.manifests.objects import objects, pod_templates, ray_cluster, references
from deployments.manifests.operator import operator
from deployments.manifests.pods import pod_template
from deployments.manifests.selectors import selectors
from deployments.manifests.serving import misconfigured, serve_config
from genkol.registry import Registry


@dataclass(frozen=True)
class Report:
    """What a check has found.

    Args:
        findings: by file and line; empty when all is well.
        documents: what was read.
        unchecked: documents of kinds that there is no schema for.
        expected: what must be in the cluster because no file has it.
    """

    findings: tuple[Finding, ...]
    documents: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()


def check_files(paths: Iterable[Path], registry: Registry | None = None) -> Report:
    """Check files together, so that one may name what another has.

    Args:
        paths: Kubernetes manifests, configs of Ray Serve, files for `ray up`.
        registry: the algorithms that are installed; None finds them.
    """
    texts: list[tuple[str, str]] = []
    findings: list[Finding] = []
    for path in paths:
        try:
            texts.append((str(path), path.read_text("utf-8")))
        except OSError as error:
            findings.append(Node(Source(str(path)), None).finding(f"It cannot be read: {error.strerror}."))
        except UnicodeDecodeError:
            findings.append(Node(Source(str(path)), None).finding("It is no text in UTF-8."))
    return check_texts(texts, registry, findings)


def check_texts(
    texts: Iterable[tuple[str, str]], registry: Registry | None = None, findings: Sequence[Finding] = ()
) -> Report:
    """Check texts as `check_files` does; each is a file's name and what stands in it."""
    found = list(findings)
    documents: list[Node] = []
    for file, text in texts:
        read_documents, unreadable = read(text, file)
        found += unreadable
        documents += [filled(document) for document in read_documents]
        if not read_documents and not unreadable:
            found.append(Node(Source(file), None).finding("There is nothing in this file."))
    known = Registry.from_entry_points() if registry is None else registry
    for document in documents:
        found += _document(document, known)
    wrong, expected = references(documents)
    wrong += selectors(documents)
    unchecked = [document.source.name for document in documents if _is_strange(document)]
    return Report(
        tuple(_merged([*found, *wrong])),
        tuple(document.source.name or "config" for document in documents),
        tuple(unchecked),
        tuple(expected),
    )


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """By file and line; what an alias repeats is told once."""
    same: dict[Finding, list[Finding]] = {}
    for finding in findings:
        same.setdefault(replace(finding, path=""), []).append(finding)
    merged = []
    for first, *more in same.values():
        places = len({each.path for each in more} - {first.path})
        times = "once more" if places == 1 else f"in {places} more places"
        told = f" (The same {times}, by an alias.)" if places else ""
        merged.append(replace(first, message=first.message + told))
    return sorted(merged, key=lambda each: (each.file, each.line))


def _is_strange(document: Node) -> bool:
    return bool(document["kind"].text) and not is_checked(document)


def _document(document: Node, registry: Registry) -> Iterator[Finding]:
    from deployments.manifests.placement import placement

    if not isinstance(document.value, dict):
        yield document.finding("This is no mapping, and so no document of Kubernetes, Ray Serve or `ray up`.")
    elif is_launcher(document):
        yield from launcher(document)
    elif "applications" in document.mapping and "kind" not in document.mapping:
        yield from misconfigured(document)
        yield from placement(document, (), registry)
    else:
        yield from _manifest(document, registry)


def _manifest(document: Node, registry: Registry) -> Iterator[Finding]:
    from deployments.manifests.placement import placement

    yield from misfits(document)
    if not is_checked(document):
        return
    yield from objects(document)
    yield from environment(document)
    cluster = ray_cluster(document)
    if not cluster.mapping:
        return
    for template in pod_templates(document):
        yield from pod_template(template)
    yield from operator(document)
    yield from groups(cluster)
    if document["kind"].text == "RayService":
        config, findings = serve_config(document)
        yield from findings
        if config is not None:
            yield from placement(config, groups_of(cluster), registry)
