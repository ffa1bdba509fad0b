"""What all unit tests share."""

from __future__ import annotations

from hypothesis import settings

# No deadline for one example: on a busy machine a slow moment is no defect. pytest's timeout bounds the whole test.
settings.register_profile("genkol", deadline=None)
settings.load_profile("genkol")
