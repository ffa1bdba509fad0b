"""docs/http-api.md names every endpoint and every error, and its examples are right."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fastapi import FastAPI
from pydantic import TypeAdapter

from genkol import errors
from genkol.errors import GenkolError
from genkol.flow.flow import Flow
from genkol.http.openapi import PICTURE_BODY
from genkol.http.problems import _HTTP_CODES
from genkol.http.schemas import PictureRequest, Problem

PAGE = Path(__file__).parents[3].joinpath("docs/http-api.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3})", PAGE, re.MULTILINE))


def test_every_endpoint_is_named(app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in PAGE, (method, path)


def test_every_error_code_is_named_with_its_status() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, GenkolError)]
    for kind in classes:
        assert ROWS.get(kind.code) == str(kind("").status), kind.code
    assert set(_HTTP_CODES.values()) <= set(ROWS)
    assert set(ROWS) == {kind.code for kind in classes} | {"not-found", "method-not-allowed", "unsupported-media-type"}


def test_every_field_of_a_request_is_named(app: FastAPI) -> None:
    form = PICTURE_BODY["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    for field in {*form, *PictureRequest.model_fields} - {"inputs"}:
        assert f"`{field}`" in PAGE, field


def test_the_problem_that_is_shown_is_one() -> None:
    (shown,) = [block for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if '"/problems/' in block]
    problem = Problem.model_validate_json(shown)
    assert problem.detail == f"The flow has {len(problem.errors)} errors:\n" + "\n".join(
        f"- {error.detail}" for error in problem.errors
    )


def test_the_flow_that_is_shown_can_be_planned() -> None:
    (shown,) = [block for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if '"placement"' in block]
    flow = Flow.parse(json.loads(shown))
    assert flow.placement is not None
    assert flow.placement.private == ("portrait",)


def test_the_requests_that_are_shown_are_of_the_right_form() -> None:
    (body,) = re.findall(r"<<JSON\n(.*?)JSON\n", PAGE, re.DOTALL)
    asked = PictureRequest.model_validate_json(re.sub(r'"\$\(.*\)"', '"AA=="', body))
    assert (asked.look, asked.scene_style, asked.seed) == ("glam", "sunset", 7)


def test_the_examples_of_the_openapi_document_are_of_the_right_form() -> None:
    examples = PICTURE_BODY["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        TypeAdapter(PictureRequest).validate_json(json.dumps(example["value"]))
