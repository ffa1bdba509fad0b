"""Scenes painted by formula: a studio, a gradient, city lights out of focus, a sunset. No weights."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from genkol.algorithm import Algorithm, Effects, Resources, Step
from genkol.algorithm import Params as BaseParams
from genkol.algorithms.scene.bokeh import bokeh
from genkol.algorithms.scene.film import develop
from genkol.algorithms.scene.gradient import gradient
from genkol.algorithms.scene.palette import hex_of
from genkol.algorithms.scene.studio import studio
from genkol.algorithms.scene.sunset import sunset
from genkol.artifacts import F32, Image
from genkol.services import SCENE

Style = Literal["studio", "gradient", "bokeh", "sunset"]

OWN_COLOURS: dict[Style, tuple[str, ...]] = {
    "studio": ("#d9d2c8",),
    "gradient": ("#f6d5c8", "#e9a6a1", "#b9a4d6", "#f8efe6"),
    "bokeh": ("#ffb066", "#ffd9a3", "#ff6f4d", "#8fb7ff"),
    "sunset": ("#ffb45e", "#e8927c", "#8d86ad", "#3d5a8c"),
}
"""What each style wears when no colours are given."""


class ProceduralScene(Algorithm):
    """Paints a backdrop of the chosen style; the seed moves what chance may move."""

    service = SCENE
    name = "procedural"
    effects = Effects()
    resources = Resources(cpus=1, memory_mib=400, seconds=0.3)

    class Params(BaseParams):
        """Knobs of the scene; a style ignores those it has no use for."""

        style: Style = Field("studio", description="studio, gradient, bokeh (city lights) or sunset.")
        colours: tuple[str, ...] = Field(
            (),
            max_length=4,
            description="One to four CSS colours; none takes the style's own. studio: paper, wall light. "
            "gradient: its fields. bokeh: the lights. sunset: horizon up to zenith.",
        )
        width: int = Field(1536, ge=256, le=4096, description="Pixels.")
        height: int = Field(1536, ge=256, le=4096, description="Pixels.")
        horizon: float = Field(
            0.72, ge=0.4, le=0.95, description="Where floor or water begins, 0 top to 1 bottom. studio, bokeh, sunset."
        )
        light_x: float = Field(-0.35, ge=-1, le=1, description="Light or sun, -1 left to 1 right. studio, sunset.")
        amount: float = Field(
            0.5, ge=0, le=1, description="studio: contrast; gradient: softness; bokeh: lights; sunset: clouds."
        )
        vignette: float = Field(0.12, ge=0, le=0.6, description="Light missing in the corners.")
        grain: float = Field(1.2, ge=0, le=6, description="Film grain in 8-bit levels.")

        @field_validator("colours", mode="before")
        @classmethod
        def _colours(cls, value: Any) -> Any:
            """Take a list or ``red,#fff``; keep ``#rrggbb``, so that equal colours are equal params."""
            words = value.split(",") if isinstance(value, str) else value
            if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
                return words
            return tuple(hex_of(word) for word in words if word.strip())

    def run(self, *, params: Params, step: Step) -> Image:
        linear = self._light(params, step)
        step.progress(0.6)
        pixels = develop(linear, params.width, params.height, step.rng, vignette=params.vignette, grain=params.grain)
        step.progress(1.0)
        return Image(pixels)

    @staticmethod
    def _light(params: Params, step: Step) -> F32:
        colours = params.colours or OWN_COLOURS[params.style]
        size = params.width, params.height
        if params.style == "studio":
            return studio(step.rng, *size, colours, params.horizon, params.light_x, params.amount)
        if params.style == "gradient":
            return gradient(step.rng, *size, colours, params.amount)
        if params.style == "bokeh":
            return bokeh(step.rng, *size, colours, params.horizon, params.amount)
        return sunset(step.rng, *size, colours, params.horizon, params.light_x, params.amount)
