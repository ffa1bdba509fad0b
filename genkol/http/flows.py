"""POST /v1/flows/validate: the plan of a flow, or all that is wrong with it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from genkol.engine import Engine
from genkol.errors import TooLarge
from genkol.http import openapi
from genkol.http.dependencies import EngineHere
from genkol.http.uploads import MAX_TEXT, read_json

router = APIRouter(prefix="/v1", tags=["flows"])


@router.post(
    "/flows/validate",
    responses={200: openapi.answer("PlanAnswer", "The plan."), **openapi.problems(403, 404, 413, 415, 422, 503)},
    openapi_extra=openapi.FLOW_BODY,
)
async def validate_flow(request: Request, engine: EngineHere) -> JSONResponse:
    """Return the plan of a flow: completed, wired, ordered. Runs nothing.

    Faults of form and of meaning come together in one answer.
    """
    media_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, f"The body is {media_type[:100]!r}. Send the flow as application/json.")
    body = await request.body()
    if len(body) > MAX_TEXT:
        raise TooLarge(f"The flow has {len(body):,} bytes; at most {MAX_TEXT:,} are taken. Shorten it.", field="body")
    return JSONResponse(await asyncio.to_thread(_plan, engine, body))


def _plan(engine: Engine, body: bytes) -> dict[str, object]:
    return engine.plan_document(read_json(body, "body")).to_json()
