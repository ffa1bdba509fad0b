"""The image's file, read as Docker reads it: nothing is built here."""

from __future__ import annotations

import re
import subprocess
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatch

import pytest
import yaml

from tests.deployments.manifests.planted import CLUSTER, ROOT, text

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TARGETS = ("cpu", "gpu")


@dataclass
class Stage:
    """One ``FROM`` and what follows it."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [words for name, words in self.steps if name == instruction]


def stages() -> dict[str, Stage]:
    lines = [line for line in text("Dockerfile").splitlines() if not line.startswith("#")]
    found: dict[str, Stage] = {}
    for step in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        instruction, _, words = step.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = words.partition(" AS ")
            found[name] = Stage(base, name)
        elif instruction and found:
            list(found.values())[-1].steps.append((instruction, " ".join(words.split())))
    return found


def lineage(name: str) -> list[Stage]:
    """A stage and those that it is built on or copies from."""
    known = stages()
    stage, found = known[name], [known[name]]
    if stage.base in known:
        found += lineage(stage.base)
    for words in [*stage.all("COPY"), *stage.all("RUN")]:
        for source in re.findall(r"(?:--from=|[, ]from=)([\w-]+)", words):
            found += lineage(source)
    return found


def image(name: str) -> Stage:
    """What a target's image is: its own steps after those of the stages that it is built on."""
    known = stages()
    own = known[name]
    if own.base not in known:
        return own
    below = image(own.base)
    return Stage(below.base, name, [*below.steps, *own.steps])


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a file through: the last pattern that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.strip().lstrip("!")
        if not pattern or pattern.startswith("#"):
            continue
        fits = any(fnmatch(part, pattern) for part in (path, path.split("/")[0]))
        fits = fits or (pattern.startswith("**/") and any(fnmatch(p, pattern[3:]) for p in path.split("/")))
        sent = line.strip().startswith("!") if fits else sent
    return sent


def test_there_is_an_image_for_cpus_and_one_for_gpus_and_cpus_are_the_default() -> None:
    assert set(TARGETS) < set(stages())
    assert list(stages())[-1] == "cpu"
    assert "NVIDIA_VISIBLE_DEVICES=all" in stages()["gpu"].all("ENV")[0]


@pytest.mark.parametrize("target", TARGETS)
def test_it_runs_as_an_ordinary_user_and_says_how_it_is(target: str) -> None:
    stage = image(target)
    assert stage.all("USER") == ["1000:1000"]
    after = stage.steps[stage.steps.index(("USER", "1000:1000")) :]
    assert "RUN" not in [name for name, _ in after]
    assert not any("--chown" in words or "--chmod" in words for _, words in after)  # root's, whoever the user is
    assert len(stage.all("HEALTHCHECK")) == 1
    assert "/healthz" in stage.all("HEALTHCHECK")[0]
    assert yaml.safe_load(stage.all("CMD")[0]) == ["genkol", "serve", "--host", "0.0.0.0"]
    assert any("useradd --uid 1000" in words for each in lineage(target) for words in each.all("RUN"))


@pytest.mark.parametrize("target", TARGETS)
def test_it_holds_packages_and_neither_source_nor_caches(target: str) -> None:
    """The last stages copy one folder; what built it stays behind."""
    assert image(target).all("COPY") == [f"--from={target}-packages /opt/genkol /opt/genkol"]
    assert not any("pip" in words for words in image(target).all("RUN"))
    for stage in lineage(target):
        for words in stage.all("RUN"):
            assert ("pip" in words) == ("--mount=type=cache,target=/root/.cache/pip" in words)


@pytest.mark.parametrize("target", TARGETS)
def test_it_installs_the_wheel_at_the_versions_of_the_constraints(target: str) -> None:
    runs = [words for stage in lineage(target) for words in stage.all("RUN")]
    (install,) = [words for words in runs if "genkol-*.whl" in words]
    assert "pip install -c /constraints.txt" in install
    assert any("pip wheel --no-deps --wheel-dir /wheels ." in words for words in runs)
    env = " ".join(words for stage in lineage(target) for words in stage.all("ENV"))
    assert "RAY_AUTH_MODE=" in env


def test_the_packages_of_both_are_the_same_but_for_torch() -> None:
    torch = """"$(grep '^torch==' /constraints.txt)\""""
    first, other = stages()["cpu-packages"].all("RUN")[0], stages()["gpu-packages"]
    assert f'pip install --index-url "$TORCH_INDEX" {torch}' in first
    assert other.base == "cpu-packages"
    assert [words.partition("/.cache/pip ")[2] for words in other.all("RUN")] == [
        f"pip uninstall --yes torch && pip install -c /constraints.txt {torch}"
    ]


def test_every_step_is_one_that_a_shell_can_read() -> None:
    for stage in stages().values():
        for words in stage.all("RUN"):
            command = re.sub(r"--mount=\S+ ", "", words)
            subprocess.run(["sh", "-n", "-c", command], check=True, timeout=10)


def test_all_nodes_have_the_ray_of_the_constraints() -> None:
    (pinned,) = re.findall(r"(?m)^ray==(.*)$", (ROOT / "constraints.txt").read_text("utf-8"))
    assert f'rayVersion: "{pinned}"' in text("rayservice.yaml")
    assert "ray==" not in text("Dockerfile")


def test_what_it_copies_is_there_and_is_sent() -> None:
    copied = [words.split()[:-1] for stage in stages().values() for words in stage.all("COPY") if "--from" not in words]
    sources = [source for words in copied for source in words]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert is_sent(source)
        assert source != "."


def test_what_the_wheel_is_built_of_is_copied() -> None:
    copied = {source for words in stages()["wheel"].all("COPY") for source in words.split()[:-1]}
    build = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert needed | set(build["packages"]) | set(build["force-include"]) == copied


@pytest.mark.parametrize(
    "path", [".git/config", ".env", ".venv/bin/python", "dist/x.whl", "tests/conftest.py", "out/x"]
)
def test_what_is_not_named_is_not_sent(path: str) -> None:
    assert not is_sent(path)


@pytest.mark.parametrize("path", ["genkol/weights/catalogue.toml", "deployments/manifests/core.json", "pyproject.toml"])
def test_what_is_needed_is_sent(path: str) -> None:
    assert is_sent(path)
    assert not is_sent("genkol/__pycache__/x.pyc")


def test_nothing_secret_and_nothing_uncertain_goes_in() -> None:
    for stage in stages().values():
        assert stage.all("ADD") == []
        assert stage.base == "python:${PYTHON}-slim-bookworm" or stage.base in stages()
        for words in [*stage.all("ARG"), *stage.all("ENV")]:
            assert re.search(r"(?i)password|secret|token|key", words) is None


def test_the_manifests_name_the_images_that_the_file_builds() -> None:
    version = PROJECT["project"]["version"]
    built = set(re.findall(r"--target (\w+) -t (\S+) ", text("Dockerfile")))
    assert built == {(target, f"genkol:{version}-{target}") for target in TARGETS}
    named = {
        image for file in ("rayservice.yaml", "storage.yaml") for image in re.findall(r"(?m)image: (\S+)$", text(file))
    }
    assert named == {image for _, image in built}
    assert CLUSTER.is_dir()
