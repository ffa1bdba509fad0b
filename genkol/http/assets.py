"""/v1/assets: pictures uploaded once, used by digest."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from genkol.artifacts import PYTHON_TYPE, Image, Kind
from genkol.errors import RequestError
from genkol.http import openapi
from genkol.http.dependencies import AssetsHere, SettingsHere
from genkol.http.multipart import read_parts
from genkol.inputs import CUT_OUTS
from genkol.pictures import Limits, read_image
from genkol.settings import Settings
from genkol.stores.assets import Asset, AssetStore

router = APIRouter(prefix="/v1/assets", tags=["assets"])

Name = Annotated[str, Path(description="SHA-256 of the asset, lower-case hex.")]


@router.post(
    "",
    status_code=201,
    responses={201: openapi.answer("AssetAnswer", "The asset."), **openapi.problems(413, 415, 422)},
    openapi_extra=openapi.ASSET_BODY,
)
async def upload_asset(
    request: Request,
    assets: AssetsHere,
    settings: SettingsHere,
    kind: Annotated[Kind | None, Query(description="Transparency is kept for a garment or product alone.")] = None,
) -> JSONResponse:
    """Keep a picture. It is decoded and encoded anew: metadata and whatever else the file held is gone."""
    if kind is not None and PYTHON_TYPE[kind] is not Image:
        raise RequestError(f"An asset is a picture, which {kind.value!r} is not. Leave the kind out.", field="kind")
    data, size = await _file(request, settings)
    asset = await asyncio.to_thread(_kept, assets, data, size, kind, settings)
    location = {"Location": request.url_for("fetch_asset", digest=asset.digest).path}
    body = {"media_type": "image/png", **vars(asset)}
    return JSONResponse(body, 201, headers=location)


@router.get(
    "/{digest}",
    response_class=Response,
    responses={
        200: {
            "description": "The picture.",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        },
        **openapi.problems(404),
    },
)
def fetch_asset(digest: Name, assets: AssetsHere) -> Response:
    """The picture as PNG."""
    return Response(assets.get(digest), media_type="image/png")


@router.delete("/{digest}", status_code=204, response_class=Response, responses=openapi.problems(404))
def delete_asset(digest: Name, assets: AssetsHere) -> Response:
    """Forget a picture."""
    assets.delete(digest)
    return Response(status_code=204)


async def _file(request: Request, settings: Settings) -> tuple[bytes, int]:
    """Return the uploaded bytes, cut where they are too many, and how many there were."""
    header, limit = request.headers.get("content-type", ""), settings.max_image_bytes
    if header.split(";")[0].strip().lower() != "multipart/form-data":
        data = await request.body()
        return data, len(data)
    parts = await read_parts(request.stream(), header, max_parts=8, max_part_bytes=limit)
    if len(parts) != 1:
        raise RequestError(f"An upload is one file, not {len(parts)} parts. Send one field named 'file'.", field="file")
    return parts[0].data, parts[0].size


def _kept(assets: AssetStore, data: bytes, size: int, kind: Kind | None, settings: Settings) -> Asset:
    Limits.current().check_bytes(size, "file")
    keep_alpha = kind is None or kind in CUT_OUTS
    return assets.put(read_image(data, field="file", keep_alpha=keep_alpha, max_side=settings.work_side))
