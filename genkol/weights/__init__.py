"""Model weights: the catalogue, the verified folder, and what an algorithm's `setup` is given."""

from genkol.weights.catalogue import Weight, catalogue, weight_named, weights_digest
from genkol.weights.folder import WeightsFolder, WeightsSetup, default_folder

__all__ = [
    "Weight",
    "WeightsFolder",
    "WeightsSetup",
    "catalogue",
    "default_folder",
    "weight_named",
    "weights_digest",
]
