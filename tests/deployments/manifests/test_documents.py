"""YAML keeps its lines, and what is no YAML is told in words."""

from __future__ import annotations

import pytest

from deployments.manifests.documents import read, show_path


def only(text: str) -> str:
    _, (finding,) = read(text, "f.yaml")
    return str(finding)


def test_every_value_knows_its_line() -> None:
    (first, second), findings = read("a:\n  b: 1\n  c: [x,\n    y]\n---\nkind: K\nmetadata:\n  name: n\n", "f.yaml")
    assert findings == []
    assert first.source.line(("a", "b")) == 2
    assert first.source.line(("a", "c", 1)) == 4
    assert second.source.line(("metadata", "name")) == 8
    assert second.source.line(("metadata", "labels", "x")) == 7
    assert second.source.name == "K/n"


def test_a_text_in_a_document_has_the_lines_of_its_file() -> None:
    (outer,), _ = read("kind: K\nspec:\n  config: |\n    a: 1\n    b:\n      c: 2\n", "f.yaml")
    (inner,), _ = read(outer.at("spec", "config").text, "f.yaml", under=outer.at("spec", "config"))
    assert str(inner.at("b", "c").finding("Why.")) == "f.yaml:6: K spec.config.b.c: Why."


def test_aliases_and_merges_are_written_out() -> None:
    (node,), findings = read("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: [*x]\n", "f.yaml")
    assert findings == []
    assert node.value == {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}, "c": [{"p": 1, "q": 2}]}


def test_what_stands_before_a_mistake_is_read() -> None:
    nodes, (finding,) = read("kind: A\n---\nkind: [B\n---\nkind: C\n", "f.yaml")
    assert [node["kind"].text for node in nodes] == ["A"]
    assert str(finding).startswith("f.yaml:4: This is no YAML: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: The key 'a' stands here twice. Keep one of them."),
        ("x: &x [*x]\n", "f.yaml:1: x[0]: This alias stands within what it refers to. Write the value out."),
        ("on: 1\n", "f.yaml:1: The key 'on' is no text. Put it in quotes."),
        ("? [a]\n: 1\n", "f.yaml:1: The key 'a list or mapping' is no text. Put it in quotes."),
        ("a: !mine 1\n", "f.yaml:1: a: '1' cannot be read as !mine. Put it in quotes."),
        ("a: 0x" + "f" * 9000 + "\n", "f.yaml:1: a: '0xfff"),
        ("a: *x\n", "f.yaml:1: This is no YAML: found undefined alias 'x'."),
        ("a: \x00\n", "f.yaml:1: This is no YAML: unacceptable character #x0000: special characters are not allowed"),
        ("[" * 20_000, "f.yaml:1: This is nested too deeply to be read."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(text: str, said: str) -> None:
    assert only(text).startswith(said)


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    laughs = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9))
    assert "it holds more than 200000 values" in only(laughs)


def test_dates_stay_text_as_in_kubernetes() -> None:
    (node,), _ = read("v: 2026-11-22\n", "f.yaml")
    assert node.value == {"v": "2026-11-22"}


def test_paths_are_shown_as_people_write_them() -> None:
    assert show_path(("a", 0, "b-c", "d/e.f")) == 'a[0].b-c["d/e.f"]'
