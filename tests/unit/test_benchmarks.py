"""The benchmarks' results are written where RESULTS.md expects them."""

from __future__ import annotations

from benchmarks.__main__ import BENCHMARKS, RESULTS, TABLES, main, with_section


def test_a_section_is_replaced_and_the_rest_stays():
    text = "# a\n<!-- x -->\nold\n<!-- /x -->\nb <!-- y --><!-- /y -->\n"
    assert with_section(text, "x", "new \\1") == "# a\n<!-- x -->\nnew \\1\n<!-- /x -->\nb <!-- y --><!-- /y -->\n"


def test_results_has_a_place_for_every_benchmark():
    text = RESULTS.read_text("utf-8")
    assert BENCHMARKS.keys() == TABLES.keys()
    for name in BENCHMARKS:
        assert with_section(text, name, "measured").count("measured\n<!-- /") == 1


def test_an_unknown_benchmark_is_named(capsys):
    assert main(["pipelin"]) == 2
    assert (
        capsys.readouterr().err
        == "No benchmark named pipelin. There is: pipeline, kol, planning, cache, landmarks, matte, engine, chaos.\n"
    )
