"""Every error is answered as problem+json, and tells nothing of the server's inside."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from genkol import errors
from genkol.errors import BadParams, FlowErrors, GenkolError, Overloaded, StepFailed, TooLarge, WeightsMissing
from genkol.http.problems import problem

SCOPE = {"type": "http", "path": "/v1/pictures", "genkol.request_id": "abc"}


def tree(root: type[GenkolError] = GenkolError) -> Iterator[type[GenkolError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def body(answer: Response) -> dict[str, object]:
    return json.loads(answer.body)


@pytest.mark.parametrize("kind", list(dict.fromkeys(tree())), ids=lambda kind: kind.code)
def test_each_class_of_the_tree_has_its_status_and_code(kind: type[GenkolError]) -> None:
    answer = problem(kind("What happened.", field="portrait", path="/srv/secret"), SCOPE)
    told = body(answer)
    assert answer.media_type == "application/problem+json"
    assert answer.status_code == told["status"] == kind("").status
    assert told["code"] == kind.code
    assert told["type"] == f"/problems/{kind.code}"
    assert (told["instance"], told["request_id"]) == ("/v1/pictures", "abc")
    assert "secret" not in answer.body.decode()
    (error,) = told["errors"]
    assert (error["code"], error["field"]) == (kind.code, "portrait")


def test_several_errors_of_one_status_share_it() -> None:
    answer = problem(FlowErrors.of([TooLarge("a"), TooLarge("b")]), SCOPE)
    assert answer.status_code == 413
    assert [error["detail"] for error in body(answer)["errors"]] == ["a", "b"]


def test_errors_of_several_statuses_are_422() -> None:
    assert problem(FlowErrors.of([TooLarge("a"), BadParams("b")]), SCOPE).status_code == 422


def test_an_overload_says_when_to_come_back() -> None:
    assert problem(Overloaded("Busy.", retry_after_s=2.2), SCOPE).headers["retry-after"] == "3"
    assert problem(Overloaded("Busy."), SCOPE).headers["retry-after"] == "1"


def test_a_failed_step_names_itself_but_not_its_cause() -> None:
    error = StepFailed("RuntimeError: /srv/model.bin", step="makeup", algorithm="makeup-transfer/x", site="local")
    told = body(problem(error, SCOPE))
    assert told["detail"] == (
        "The step 'makeup' (makeup-transfer/x) failed inside the server. "
        "Try again; its operator finds the cause by the request id."
    )
    assert told["errors"][0]["site"] == "local"


def test_missing_weights_do_not_tell_the_folder() -> None:
    answer = problem(WeightsMissing("The weight 'x' is not in /home/me/.cache.", weight="x"), SCOPE)
    assert "/home" not in answer.body.decode()
    assert body(answer)["errors"][0]["weight"] == "x"


def test_what_utf8_or_json_cannot_hold_is_answered_all_the_same() -> None:
    answer = problem(BadParams("no \ud800 here", value=float("nan"), known=[object()]), SCOPE)
    assert body(answer)["errors"][0]["value"] == "nan"


def test_long_messages_are_cut() -> None:
    assert len(problem(BadParams("x" * 100_000), SCOPE).body) < 6000


async def test_404_and_405_are_problems(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    wrong = await client.put("/v1/pictures")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
    assert wrong.headers["allow"] == "POST"
    assert {missing.headers["content-type"], wrong.headers["content-type"]} == {"application/problem+json"}


async def test_another_media_type_is_415(client: httpx.AsyncClient) -> None:
    for path in ("/v1/pictures", "/v1/flows/validate"):
        answer = await client.post(path, content=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_all_wrong_query_values_are_listed(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post("/v1/pictures?swatches=perhaps", files={"portrait": portrait})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.swatches")


async def test_a_failing_algorithm_is_502_without_its_text(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post(
        "/v1/pictures", files={"portrait": portrait}, data={"algorithms": '{"object-interaction": "failing"}'}
    )
    assert (answer.status_code, answer.json()["code"]) == (502, "step-failed")
    assert answer.json()["errors"][0]["algorithm"] == "object-interaction/failing"
    assert "private" not in answer.text


async def test_an_unexpected_exception_is_500_without_a_trace(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret")

    app.state.get_engine = broken
    answer = await client.get("/healthz", headers={"x-request-id": "trace-me"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "trace-me"
    (record,) = [record for record in caplog.records if record.name == "genkol.http"]
    line = vars(record)
    assert (line["request_id"], line["status"], line["error"]) == ("trace-me", 500, "ZeroDivisionError")
    assert record.exc_info is not None
