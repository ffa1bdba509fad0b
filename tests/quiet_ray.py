"""Ray, imported where its own import may warn."""

import importlib
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Ray 2.60 declares fields as Pydantic 1 did
    importlib.import_module("ray.serve.schema")
