"""GenKOL's own rules: every algorithm exists, is named as the Engine looks for it, and finds a node that it fits on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from deployments.cluster import has_own_environment
from deployments.engine import EngineArgs
from deployments.finisher import FinisherArgs
from deployments.host import HostArgs, HostSettings
from deployments.manifests.documents import Finding, Node
from deployments.manifests.groups import SITE, Group, matches
from deployments.manifests.serving import options, refused, replicas
from deployments.names import FINISHER, HOST, LOCAL, Place
from genkol.algorithm import Algorithm
from genkol.errors import did_you_mean
from genkol.registry import Registry


@dataclass(frozen=True)
class Kind:
    """What one of our import paths deploys.

    Args:
        deployment: its name.
        args: the model of the application's `args`.
    """

    deployment: str
    args: type[BaseModel]


HOSTNAME = "kubernetes.io/hostname"

ENGINE_APP, FINISHER_APP, HOST_APP = "deployments.engine:app", "deployments.finisher:app", "deployments.host:app"
KINDS = {
    ENGINE_APP: Kind("Engine", EngineArgs),
    FINISHER_APP: Kind(FINISHER, FinisherArgs),
    HOST_APP: Kind(HOST, HostArgs),
}


def placement(config: Node, groups: Sequence[Group], registry: Registry) -> Iterator[Finding]:
    """Tell what keeps the applications of a config from running as GenKOL.

    Args:
        config: of Ray Serve.
        groups: the nodes that there are; none where that is not known.
        registry: the algorithms that are installed.
    """
    algorithms = {algorithm.key(): algorithm for algorithm in registry}
    for application in config["applications"]:
        yield from _application(application, algorithms)
        for deployment in application["deployments"]:
            yield from _finds_room(deployment, _site_of(application, algorithms), groups)
    yield from _of_the_whole(config)
    if groups:
        yield from _in_a_cluster(config, groups)
        yield from _sum_fits(config, groups)


def _site_of(application: Node, algorithms: Mapping[str, type[Algorithm]]) -> str | None:
    """The site whose nodes the replicas must stand on; what calls a paid API may do so from anywhere."""
    place = Place.of(application["name"].text) if application["import_path"].text == HOST_APP else None
    if place is None or (place.key in algorithms and algorithms[place.key].resources.price_usd > 0):
        return None
    return place.site


def _application(application: Node, algorithms: dict[str, type[Algorithm]]) -> Iterator[Finding]:
    path = application["import_path"]
    kind = KINDS.get(path.text)
    if kind is None:
        hint = did_you_mean(path.text, KINDS)
        if path.text.startswith("deployments") or hint.startswith("Did"):
            yield path.finding(f"There is no application {path.text!r}. {hint}")
        return
    for deployment in application["deployments"]:
        if deployment["name"].text != kind.deployment:
            yield deployment["name"].finding(
                f"{path.text} has no deployment {deployment['name'].text!r}. It is called {kind.deployment!r}."
            )
    yield from _fields(application["args"], kind.args)
    if path.text == HOST_APP:
        yield from _host(application, algorithms)
    if (path.text == ENGINE_APP) != bool(application["route_prefix"].text):
        told = (
            "needs `route_prefix: /`" if path.text == ENGINE_APP else "takes `route_prefix: null`: the Engine calls it"
        )
        yield application["route_prefix"].finding(f"The application {application['name'].text!r} {told}.")


def _fields(node: Node, model: type[BaseModel]) -> Iterator[Finding]:
    """Like pydantic, but with the names that there are."""
    fields = model.model_fields
    for key, child in node.items():
        if key not in fields:
            yield child.finding(f"There is no setting {key!r} here. {did_you_mean(key, fields)}")
    known = {key: value for key, value in node.mapping.items() if key in fields}
    yield from refused(model, Node(node.source, known, node.path))


def _host(application: Node, algorithms: dict[str, type[Algorithm]]) -> Iterator[Finding]:
    key, name = application.at("args", "algorithm"), application["name"]
    site = application.at("args", "site").text or LOCAL
    algorithm = algorithms.get(key.text)
    if key.text and algorithm is None and not _is_elsewhere(application):
        yield key.finding(f"No algorithm {key.text!r} is installed. {did_you_mean(key.text, algorithms)}")
    expected = Place(key.text, site).application
    if key.text and name.text != expected:
        yield name.finding(
            f"The application {name.text!r} hosts {key.text} at {site}, but the Engine finds algorithms by name. "
            f"Name it {expected!r}."
        )
    deployment = options(application, HOST)
    yield from _fields(deployment["user_config"], HostSettings)
    gpus = deployment.at("ray_actor_options", "num_gpus").number or 0
    if algorithm is not None and algorithm.resources.gpus > gpus:
        yield deployment["ray_actor_options"].finding(
            f"{key.text} needs {algorithm.resources.gpus:g} of a GPU, but its replicas book {gpus:g}. "
            f"Set `num_gpus: {algorithm.resources.gpus:g}`."
        )


def _is_elsewhere(application: Node) -> bool:
    """Whether the algorithm's code is in an environment that cannot be looked into from here."""
    own = options(application, HOST).at("ray_actor_options", "runtime_env")
    return any(has_own_environment(env.mapping) for env in (application["runtime_env"], own))


def _of_the_whole(config: Node) -> Iterator[Finding]:
    applications = list(config["applications"])
    for path in (ENGINE_APP, FINISHER_APP):
        found = [each for each in applications if each["import_path"].text == path]
        if len(found) != 1:
            told = "is missing" if not found else f"stands here {len(found)} times"
            yield config["applications"].finding(
                f"`import_path: {path}` {told}. Exactly one application has it, as in serve_config.yaml."
            )
    taken: set[str] = set()
    for each in applications:
        if each["name"].text in taken:
            yield each["name"].finding(f"Another application is called {each['name'].text!r} already.")
        taken.add(each["name"].text)


def _in_a_cluster(config: Node, groups: Sequence[Group]) -> Iterator[Finding]:
    host = config.at("http_options", "host")
    if host.text in ("127.0.0.1", "localhost", "::1"):
        yield host.finding(f"{host.text} is reached from within its own pod alone. Set 0.0.0.0.")
    for application in config["applications"]:
        if application["import_path"].text == ENGINE_APP:
            engine = options(application, KINDS[ENGINE_APP].deployment)
            yield from _spread(engine, groups)


def _spread(engine: Node, groups: Sequence[Group]) -> Iterator[Finding]:
    """Whether the Engines stand on different machines."""
    least, _ = replicas(engine)
    if least < 2:
        yield engine.finding("With one Engine, the loss of its node ends the service. Keep at least 2 replicas.")
        return
    if engine["max_replicas_per_node"].number != 1:
        yield engine.finding("Both Engines may stand on one node and be lost with it. Set max_replicas_per_node: 1.")
    for group in groups:
        if _selected(engine.at("ray_actor_options", "label_selector"), group) and not _on_own_machines(group):
            yield group.pod.finding(
                f"Two pods of {group.name!r}, an Engine on each, may stand on one machine. Add a "
                f"topologySpreadConstraint with `topologyKey: {HOSTNAME}` and `whenUnsatisfiable: DoNotSchedule`."
            )


def _on_own_machines(group: Group) -> bool:
    spreads = any(
        each["topologyKey"].text == HOSTNAME and each["whenUnsatisfiable"].text == "DoNotSchedule"
        for each in group.pod["topologySpreadConstraints"]
    )
    terms = group.pod.at("affinity", "podAntiAffinity")["requiredDuringSchedulingIgnoredDuringExecution"]
    return spreads or any(term["topologyKey"].text == HOSTNAME for term in terms)


def _finds_room(deployment: Node, site: str | None, groups: Sequence[Group]) -> Iterator[Finding]:
    actor = deployment["ray_actor_options"]
    gpus = actor["num_gpus"].number or 0
    if gpus > 1 and gpus % 1:
        yield actor["num_gpus"].finding(f"{gpus} GPUs cannot be had: a share below 1, or a whole number.")
    if not groups:
        return
    selector = actor["label_selector"]
    chosen = [group for group in groups if _selected(selector, group)]
    if not selector.mapping:
        yield actor.finding(f"The replicas may stand on any node. Say where: `label_selector: {{{SITE}: ...}}`.")
    elif not chosen:
        yield selector.finding(f"No group has these labels. There is: {_shown(groups)}.")
    elif site is not None and not all(group.labels.get(SITE) == site for group in chosen):
        yield selector.finding(
            f"The application is of the site {site!r}, but this does not choose it: `{SITE}: {site}`."
        )
    elif not any(_fits(actor, group) for group in chosen):
        yield actor.finding(
            f"A replica books {_wants(actor)}, more than any node that it may stand on: {_room(chosen)}."
        )
    else:
        yield from _spread_fits(deployment, [group for group in chosen if _fits(actor, group)])


def _selected(selector: Node, group: Group) -> bool:
    return all(matches(condition.text, group.labels.get(key)) for key, condition in selector.items())


def _wanted(actor: Node) -> dict[str, float]:
    wants = {"CPU": 1.0 if actor["num_cpus"].number is None else actor["num_cpus"].number}
    wants |= {"GPU": actor["num_gpus"].number or 0.0, "memory": actor["memory"].number or 0.0}
    return wants | {key: amount.number or 0.0 for key, amount in actor["resources"].items()}


def _fits(actor: Node, group: Group) -> bool:
    return all(amount <= group.books.get(key, 0.0) for key, amount in _wanted(actor).items())


def _spread_fits(deployment: Node, chosen: Sequence[Group]) -> Iterator[Finding]:
    each = deployment["max_replicas_per_node"]
    least, most = replicas(deployment)
    nodes = sum(group.most for group in chosen)
    if each.number and max(least, most) > each.number * nodes:
        yield each.finding(
            f"{max(least, most)} replicas, {each.value} on a node, need more than the {nodes} nodes that there can be "
            f"({', '.join(group.name for group in chosen)})."
        )


def _sum_fits(config: Node, groups: Sequence[Group]) -> Iterator[Finding]:
    """Whether the fewest replicas of all have room when every group is as large as it may be."""
    for what in ("CPU", "GPU"):
        needed: dict[tuple[int, ...], float] = {}
        for application in config["applications"]:
            for deployment in application["deployments"]:
                actor = deployment["ray_actor_options"]
                chosen = tuple(n for n, group in enumerate(groups) if _selected(actor["label_selector"], group))
                needed[chosen] = needed.get(chosen, 0.0) + replicas(deployment)[0] * _wanted(actor)[what]
        for chosen, amount in needed.items():
            room = sum(groups[n].books[what] * groups[n].most for n in chosen)
            if chosen and amount > room + 1e-9:
                yield config["applications"].finding(
                    f"The fewest replicas for {', '.join(groups[n].name for n in chosen)} book {amount:g} {what}, "
                    f"but there are at most {room:g}. Raise `maxReplicas`, or book less."
                )


def _wants(actor: Node) -> str:
    return _amounts(_wanted(actor))


def _room(groups: Sequence[Group]) -> str:
    return "; ".join(f"{group.name} with {_amounts(group.books)}" for group in groups)


def _amounts(resources: Mapping[str, float]) -> str:
    shown = [
        f"{amount / 2**30:.3g} GiB of memory" if key == "memory" else f"{amount:g} {key}"
        for key, amount in resources.items()
        if amount
    ]
    return ", ".join(shown)


def _shown(groups: Sequence[Group]) -> str:
    return "; ".join(
        f"{group.name} with {', '.join(f'{key}: {value}' for key, value in group.labels.items()) or 'none'}"
        for group in groups
    )
