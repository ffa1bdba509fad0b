"""What the operator sets, read from the environment in this one place."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from platformdirs import user_cache_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is the environment variable ``GENKOL_<NAME>``. docs/settings.md lists them all."""

    model_config = SettingsConfigDict(env_prefix="GENKOL_", extra="ignore", frozen=True)

    weights_dir: Path = Field(
        default_factory=lambda: user_cache_path("genkol") / "weights", description="Folder of the model weights."
    )
    assets_dir: Path = Field(
        default_factory=lambda: user_cache_path("genkol") / "assets", description="Folder of uploaded assets."
    )
    assets_max_bytes: int = Field(2 << 30, gt=0, description="Size of the asset folder; oldest go first.")
    cache_url: str | None = Field(
        None, repr=False, description="Database of the step cache, sqlite:///FILE or postgresql://...; none: no cache."
    )
    cache_store: str | None = Field(
        None, description="Where the step cache keeps results: a folder or s3://BUCKET/PREFIX; none: beside the file."
    )
    cache_max_bytes: int = Field(10 << 30, gt=0, description="Size of the step cache; what is unused longest goes.")
    allow_noncommercial: bool = Field(False, description="Allow weights whose licence forbids commercial use.")
    offline: bool = Field(False, description="Never fetch weights; a missing one is an error.")
    max_image_bytes: int = Field(32 << 20, gt=0, description="Largest picture file, bytes.")
    max_image_pixels: int = Field(40_000_000, gt=0, description="Largest picture, pixels.")
    max_image_side: int = Field(12_000, gt=0, description="Longest side, pixels.")
    min_image_side: int = Field(64, gt=0, description="Shortest side, pixels.")
    max_aspect_ratio: float = Field(8.0, ge=1, description="Longest side over shortest side.")
    work_side: int = Field(
        2048, ge=256, description="A larger portrait is reduced to this longest side before it is worked on."
    )
    max_steps: int = Field(32, gt=0, description="Most steps in one flow.")
    max_request_bytes: int = Field(96 << 20, gt=0, description="Largest HTTP request, bytes.")
    bedrock_model: str = Field("amazon.nova-canvas-v1:0", description="Id or ARN of the Nova Canvas model.")
    bedrock_region: str | None = Field(None, description="AWS region; that of the standard chain when left out.")
    bedrock_endpoint_url: str | None = Field(None, description="Another endpoint of Bedrock Runtime (a VPC's own).")
    bedrock_attempts: int = Field(4, ge=1, le=10, description="Most attempts of a call that Bedrock throttles.")
    bedrock_timeout_s: float = Field(90.0, gt=0, description="Longest time for one call with all attempts, seconds.")
    request_timeout_s: float = Field(120.0, gt=0, description="Longest time for one picture, seconds.")
    step_timeout_s: float = Field(60.0, gt=0, description="Longest time for one step, from when a replica takes it.")
    prefer_sites: tuple[str, ...] = Field(
        ("local",), description="Sites where flows run that do not say it themselves, best first; then all others."
    )
    spill_s: float = Field(5.0, ge=0, description="Better sites are left to be done so much earlier, s.")
    site_mib_per_s: float = Field(12.0, gt=0, description="What travels from one site to another each second, MiB.")
    private_inputs: bool = Field(False, description="No input leaves the local site, unless the flow says otherwise.")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
