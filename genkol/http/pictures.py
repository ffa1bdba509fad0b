"""POST /v1/pictures: one call, one picture."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from genkol.dispatch import OnEvent, Outcome, nobody
from genkol.engine import Engine, Result
from genkol.errors import UnknownRequest
from genkol.finish import LayerReport, Wanted
from genkol.http import openapi
from genkol.http.dependencies import AssetsHere, EngineHere, SettingsHere
from genkol.http.events import EVENTS, streamed
from genkol.http.middleware import REQUEST_ID
from genkol.http.negotiation import negotiate
from genkol.http.uploads import Asked, read_request
from genkol.http.waiting import while_wanted
from genkol.http.wishes import understand
from genkol.stores.assets import AssetStore

router = APIRouter(prefix="/v1", tags=["pictures"])

FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}
OPENRASTER = "image/openraster"
JSON = "application/json"
ANSWERS = (*FORMATS, OPENRASTER, JSON, EVENTS)
"""What a picture may be answered as, the default first."""


@router.post("/pictures", response_class=Response, responses=openapi.PICTURES, openapi_extra=openapi.PICTURE_BODY)
async def make_picture(
    request: Request,
    engine: EngineHere,
    settings: SettingsHere,
    assets: AssetsHere,
    swatches: Annotated[bool, Query(description="Each layer as a PNG in the JSON answer.")] = False,
    timeout_s: Annotated[float | None, Query(ge=1, description="Longest time; the server has one, too.")] = None,
) -> Response:
    """Make a picture of a portrait and references.

    Each reference implies its service (a `makeup` photo: makeup-transfer, a `scene`: background); a `flow`
    says it in full. The answer's form follows `Accept`; `text/event-stream` tells of each step as it goes. All
    mistakes of a request come in one answer. One that sends an `X-Request-Id` can be stopped under it by `DELETE`.
    """
    answer = negotiate(", ".join(request.headers.getlist("accept")), ANSWERS)
    wanted = Wanted(
        FORMATS.get(answer, "png"), layers=answer == OPENRASTER, swatches=swatches and answer in (JSON, EVENTS)
    )
    asked = await read_request(request, settings)

    def work(on_event: OnEvent = nobody) -> Coroutine[Any, Any, Result]:
        made = _made(asked, engine, assets, wanted, on_event)
        return engine.running.tracked(request.scope["genkol.request_id"], made)

    longest_s = min(timeout_s or math.inf, settings.request_timeout_s)
    if answer == EVENTS:
        return await streamed(request, work, _described, longest_s)
    result = await while_wanted(request, work(), longest_s)
    headers = {
        "X-Genkol-Seed": str(result.plan.seed),
        "X-Genkol-Digest": result.outcome.finished.digest,
        "Server-Timing": _server_timing(result.outcome),
        "Vary": "Accept",
    }
    if answer == JSON:
        return JSONResponse(await asyncio.to_thread(_described, result), headers=headers)
    body = result.outcome.finished.ora if answer == OPENRASTER else result.picture
    return Response(body, media_type=answer, headers=headers)


@router.delete("/pictures/{request_id}", status_code=204, response_class=Response, responses=openapi.problems(404, 422))
async def stop_picture(request_id: Annotated[str, Path(pattern=REQUEST_ID.pattern)], engine: EngineHere) -> None:
    """Stop a picture that is being made: its steps end, and who asked for it is answered `499 cancelled`."""
    if not await engine.running.stop(request_id):
        raise UnknownRequest(
            f"No picture is being made under the request id {request_id!r}. It may be done; else send the id that "
            "was sent as X-Request-Id.",
            value=request_id,
        )


async def _made(asked: Asked, engine: Engine, assets: AssetStore, wanted: Wanted, on_event: OnEvent) -> Result:
    wish = await asyncio.to_thread(understand, asked, engine, assets)
    return await engine.arun(wish.flow, wish.values, wanted, on_event)


def _server_timing(outcome: Outcome) -> str:
    """The Server-Timing header: milliseconds of each step and of all."""
    times = {**outcome.seconds, "total": outcome.total_seconds}
    return ", ".join(f"{step};dur={seconds * 1000:.1f}" for step, seconds in times.items())


def _described(result: Result) -> dict[str, Any]:
    finished = result.outcome.finished
    return {
        "picture": {
            "media_type": finished.media_type,
            "data": base64.b64encode(finished.picture).decode(),
            "width": finished.width,
            "height": finished.height,
            "digest": finished.digest,
        },
        "layers": [_layer(layer) for layer in finished.layers],
        "plan": result.plan.to_json(),
        "report": result.report(),
    }


def _layer(layer: LayerReport) -> dict[str, Any]:
    swatch = {"swatch": base64.b64encode(layer.swatch).decode()} if layer.swatch else {}
    return {
        "step": layer.step,
        "title": layer.title,
        "strength": layer.strength,
        "box": list(layer.box),
        "changed_pixels": layer.changed,
        "digest": layer.digest,
        **swatch,
    }
