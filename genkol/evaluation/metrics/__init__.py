"""Metrics that need no human: each one a pure function of pixels, masks or points."""
