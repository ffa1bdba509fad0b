"""Scenes: places made without a camera."""
