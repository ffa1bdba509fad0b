"""How deployments and applications are called, so that the Engine finds them by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

HOST = "AlgorithmHost"
"""Name of the deployment in every algorithm's application."""

FINISHER = "Finisher"
"""Name of the deployment that composes and encodes."""

LOCAL = "local"
"""The site that an application's name leaves out."""

SITE_LABEL = "genkol/site"
"""Label of a node that says at which site it stands."""

_APPLICATION = re.compile(r"(?P<service>[a-z][a-z0-9-]*)\.(?P<name>[a-z][a-z0-9-]*)(?:@(?P<site>[a-z][a-z0-9-]*))?")


@dataclass(frozen=True)
class Place:
    """An algorithm at a site.

    Args:
        key: ``service/name``.
        site: where its replicas run.

    >>> Place("makeup-transfer/mesh", "local").application
    'makeup-transfer.mesh'
    >>> Place.of("virtual-try-on.flux2-klein@aws")
    Place(key='virtual-try-on/flux2-klein', site='aws')
    """

    key: str
    site: str = LOCAL

    @property
    def application(self) -> str:
        """Name of the application: ``service.name``, and ``@site`` unless that is local. A slash would end up
        in the names of log files.
        """
        return self.key.replace("/", ".") + ("" if self.site == LOCAL else f"@{self.site}")

    @classmethod
    def of(cls, application: str) -> Place | None:
        """The place that an application's name stands for, or None when it names none."""
        found = _APPLICATION.fullmatch(application)
        return cls(f"{found['service']}/{found['name']}", found["site"] or LOCAL) if found else None
