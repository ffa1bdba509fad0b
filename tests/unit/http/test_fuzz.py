"""Whatever the document allows, and much that it does not, is answered as documented and never with 5xx."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from genkol.engine import Engine
from genkol.http.app import create_app
from genkol.http.pictures import ANSWERS
from genkol.pictures import write_image
from genkol.registry import Registry
from genkol.settings import Settings
from genkol.testing import FAKES, Failing, Slow, fake_engine, fake_portrait

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
STATUSES: set[int] = set()
FOLDER = tempfile.TemporaryDirectory()


@lru_cache(maxsize=1)
def engine() -> Engine:
    """All fakes but those that are made to fail or to wait."""
    return fake_engine(Registry([fake for fake in FAKES if fake not in (Failing, Slow)]))


@pytest.fixture(autouse=True, scope="module")
def _cleared() -> Iterator[None]:
    yield
    engine().dispatcher.close()
    FOLDER.cleanup()


APP = create_app(engine, settings=Settings(assets_dir=Path(FOLDER.name), max_request_bytes=1 << 20))
schema = schemathesis.openapi.from_asgi("/openapi.json", APP)
schema.config.generation.update(modes=list(GenerationMode))  # what the document allows, and what it does not
PICTURES = [write_image(fake_portrait(64, 80, seed=n), format) for n, format in enumerate(("png", "jpeg", "webp"))]
schemathesis.openapi.format("binary", st.sampled_from(PICTURES) | st.binary(max_size=200))
schemathesis.openapi.format("byte", st.sampled_from(PICTURES).map(lambda file: base64.b64encode(file).decode()))


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_documented(case: Case) -> None:
    case.call_and_validate(checks=CHECKS)


def _base64(file: bytes) -> str:
    return base64.b64encode(file).decode()


FILES = st.sampled_from([*PICTURES, *PICTURES, PICTURES[0][:200], b""]).map(lambda file: {"data": _base64(file)})
REFERENCES = dict.fromkeys(("makeup", "garment", "scene"), FILES)
LIKELY = st.fixed_dictionaries(
    {"inputs": st.fixed_dictionaries({"portrait": FILES}, optional=REFERENCES)},
    optional={
        "look": st.sampled_from(["rose", "plum", "none", "green"]),
        "scene_style": st.sampled_from(["studio", "beach", ""]),
        "seed": st.sampled_from([0, 7, 2**63 - 1, 2**63, -1, 1.5, True]),
        "algorithms": st.dictionaries(st.sampled_from(["upscaling", "hair-editing", "hats"]), st.just("double")),
        "params": st.dictionaries(
            st.sampled_from(["makeup-transfer", "scene"]),
            st.dictionaries(
                st.sampled_from(["intensity", "look", "x"]), st.sampled_from([0, 1.0, 2, None, "plum", []])
            ),
        ),
        "prompt": st.text(max_size=20),
    },
)


@given(LIKELY, st.sampled_from([*ANSWERS, "*/*", "image/*;q=0.1", "text/plain"]))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_likely_requests_answer_as_documented(body: dict[str, Any], accept: str) -> None:
    operation = schema["/v1/pictures"]["POST"]
    case = operation.Case(body=body, media_type="application/json")
    STATUSES.add(case.call_and_validate(checks=CHECKS, headers={"Accept": accept}).status_code)


def test_the_likely_requests_reached_the_pictures() -> None:
    assert {200, 406, 422} <= STATUSES


def test_the_document_names_every_route() -> None:
    documented = {operation.ok().label for operation in schema.get_all_operations()}
    assert {"POST /v1/pictures", "POST /v1/flows/validate", "POST /v1/assets", "GET /healthz"} <= documented
    assert len(documented) == 11
