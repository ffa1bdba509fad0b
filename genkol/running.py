"""The requests that are worked on at this moment, by id, so that whoever knows the id can stop one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class Running:
    """Those of one Engine, all in one event loop. Several may have the same id; they are stopped together."""

    def __init__(self) -> None:
        self._tasks: dict[str, set[asyncio.Task[Any]]] = {}

    async def tracked(self, id: str, work: Awaitable[T]) -> T:
        """Return the work's result; meanwhile it can be stopped under the id."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.setdefault(id, set()).add(task)
        try:
            return await work
        finally:
            self._tasks[id].discard(task)
            if not self._tasks[id]:
                del self._tasks[id]

    def stop_here(self, id: str) -> bool:
        """Cancel what is worked on under the id; return whether there was any."""
        tasks = self._tasks.get(id, set())
        for task in tasks:
            task.cancel()
        return bool(tasks)

    async def stop(self, id: str) -> bool:
        """The same, wherever it is worked on."""
        return self.stop_here(id)
