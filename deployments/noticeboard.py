"""Where replicas put up what they are, and Engines read it: the key-value store of Ray's GCS.

Not a call of the deployment: that would wait behind its runs, and wake one that is scaled to zero.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError
from ray.experimental import internal_kv

from deployments.names import Place
from genkol.described import Description
from genkol.errors import PluginError

NAMESPACE = "genkol"


class Notice(BaseModel):
    """What runs at a place.

    Args:
        description: of the algorithm.
        retiring: whether nothing new shall be planned with it.
    """

    model_config = ConfigDict(frozen=True)

    description: Description
    retiring: bool = False


def put_up(place: Place, notice: Notice) -> None:
    """Say what runs at a place, instead of what was said before. Without Ray nobody reads it, and nothing happens."""
    if internal_kv._internal_kv_initialized():
        internal_kv._internal_kv_put(place.application, notice.model_dump_json(), overwrite=True, namespace=NAMESPACE)


def seen(place: Place) -> Notice | None:
    """Return what was put up last, or None when nothing was.

    Raises:
        PluginError: it was put up by another release of GenKOL, which says other things.
    """
    text = internal_kv._internal_kv_get(place.application, namespace=NAMESPACE)
    try:
        return Notice.model_validate_json(text) if text else None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PluginError(
            f"What {place.application} says of itself cannot be read: {where}: {first['msg']}. Let its environment and "
            "the Engine's have the same release of GenKOL."
        ) from error
