"""GenKOL's own log lines go where Serve's go: one file a replica, in the form that `logging_config` names."""

import logging


def follow_serve() -> None:
    """Send the lines of the logger ``genkol`` to the handlers of this replica's Serve logger. Call it in a replica."""
    serve, ours = logging.getLogger("ray.serve"), logging.getLogger("genkol")
    ours.handlers = list(serve.handlers)
    ours.setLevel(serve.level or logging.INFO)
    ours.propagate = False
