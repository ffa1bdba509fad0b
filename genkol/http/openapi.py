"""What the OpenAPI document says beyond what the signatures do: bodies, forms of answers, problems."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.datastructures import State

from genkol.artifacts import PYTHON_TYPE
from genkol.flow.flow import INPUT_KINDS
from genkol.http.problems import MEDIA_TYPE
from genkol.http.schemas import BY_NAME

_REF = "#/components/schemas/{model}"
_BINARY = {"type": "string", "format": "binary"}
_TITLES = {
    403: "A licence forbids it.",
    404: "There is no such service, algorithm or asset.",
    406: "None of the accepted media types can be answered.",
    413: "Too large: the request, a file, a picture or a flow.",
    415: "A media type or picture format that is not taken.",
    422: "The request cannot be done; every mistake is listed in `errors`.",
    500: "The server failed unexpectedly.",
    502: "A step failed.",
    503: "Too busy (come back after Retry-After), or model weights are missing.",
    504: "The picture was not done in time.",
}
_STEPS = [{"service": "makeup-transfer", "params": {"intensity": 0.7}}]
_FLOW = {"inputs": {"portrait": "portrait", "makeup": "makeup"}, "steps": _STEPS, "seed": 7}
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4//8/AwAI/AL+p5qgoAAAAABJRU5ErkJggg=="


class Api(FastAPI):
    """A FastAPI application whose document also holds the schemas that are named by reference.

    It can be pickled: `State` as such cannot be read back, its `__getattr__` never ends on an empty object.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "state": dict(self.state._state)}

    def __setstate__(self, content: dict[str, Any]) -> None:
        self.__dict__.update(content, state=State(content["state"]))

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            _drop_foreign_errors(document)
            _, definitions = models_json_schema([(m, "validation") for m in BY_NAME.values()], ref_template=_REF)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in definitions.get("$defs", {}).items():
                schemas.setdefault(name, schema)
        assert self.openapi_schema is not None
        return self.openapi_schema


def _drop_foreign_errors(document: dict[str, Any]) -> None:
    """Remove the form of validation errors that FastAPI would answer with; here they are problems."""
    for path in document["paths"].values():
        for operation in path.values():
            said = operation["responses"].get("422", {}).get("content", {})
            if "application/json" in said:
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(name, None)


def ref(model: str) -> dict[str, str]:
    """A reference to one of `genkol.http.schemas`."""
    assert model in BY_NAME
    return {"$ref": _REF.format(model=model)}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of an operation, for `responses`."""
    return {
        status: {"description": _TITLES[status], "content": {MEDIA_TYPE: {"schema": ref("Problem")}}}
        for status in (*statuses, 500)
    }


def answer(model: str, description: str) -> dict[str, Any]:
    """A JSON answer, for `responses`."""
    return {"description": description, "content": {"application/json": {"schema": ref(model)}}}


_PICTURE_HEADERS = {
    "X-Genkol-Seed": {"schema": {"type": "integer"}, "description": "The seed that was used."},
    "X-Genkol-Digest": {"schema": {"type": "string"}, "description": "SHA-256 of the picture's pixels."},
    "Server-Timing": {"schema": {"type": "string"}, "description": "Milliseconds of each step and in total."},
}
_FORMS = ("image/png", "image/jpeg", "image/webp", "image/openraster")
_EVENTS = (
    "Events `step` (`step`, `state`: started, progress, done or failed, `fraction`, `seconds`, `cached`), then one "
    "`picture` (a PictureAnswer) or `problem` (a Problem); the data of each is JSON in one line."
)
PICTURES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture, as `Accept` asks: a file, its layers as OpenRaster, or JSON with all of it.",
        "headers": _PICTURE_HEADERS,
        "content": {
            **{media_type: {"schema": _BINARY} for media_type in _FORMS},
            "application/json": {"schema": ref("PictureAnswer")},
            "text/event-stream": {"schema": {"type": "string", "description": _EVENTS}},
        },
    },
    **problems(403, 404, 406, 413, 415, 422, 502, 503, 504),
}

_PARTS: dict[str, Any] = {
    kind.value: _BINARY | {"description": f"A picture of kind {kind.value}."}
    for kind in INPUT_KINDS
    if PYTHON_TYPE[kind] is not str
}
_FIELDS: dict[str, Any] = {
    "flow": {"type": "string", "contentMediaType": "application/json", "description": "A Flow as JSON."},
    "look": {"type": "string", "description": "A named makeup look."},
    "scene_style": {"type": "string", "description": "A style of procedural scene."},
    "algorithms": {"type": "string", "contentMediaType": "application/json", "description": "Service to algorithm."},
    "params": {"type": "string", "contentMediaType": "application/json", "description": "Service to parameters."},
    "prompt": {"type": "string", "description": "What is wanted, in words."},
    "seed": {"type": "integer", "minimum": 0, "description": "0 when left out."},
}
PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {**_PARTS, **_FIELDS}, "additionalProperties": _BINARY}
            },
            "application/json": {
                "schema": ref("PictureRequest"),
                "examples": {
                    "implied": {
                        "summary": "A look by name, another place by style",
                        "value": {
                            "inputs": {"portrait": {"data": _PIXEL}},
                            "look": "glam",
                            "scene_style": "studio",
                            "seed": 7,
                        },
                    },
                    "flow": {
                        "summary": "A flow with an uploaded asset",
                        "value": {
                            "inputs": {"portrait": {"data": _PIXEL}, "makeup": {"asset": "0" * 64}},
                            "flow": _FLOW,
                        },
                    },
                },
            },
        },
    }
}
FLOW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ref("Flow"), "example": _FLOW}},
    }
}
ASSET_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": _BINARY},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": _BINARY}, "required": ["file"]},
            },
            "image/*": {"schema": _BINARY},
        },
    }
}
