"""Serve's local testing mode: deployments in this process, without a cluster."""

import tests.quiet_ray  # noqa: F401
