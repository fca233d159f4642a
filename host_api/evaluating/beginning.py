"""The start row of a record: written before the first effect, or once a run takes a while.

This file does not know what a run comes to.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from host_api.audit.redact import Redactor
from host_api.store import EvaluationRow, Store


class Beginning:
    """The start row of one run, queued once at most."""

    __slots__ = ("_field", "_queued", "_row", "_store")

    def __init__(self, store: Store, row: EvaluationRow, field: int) -> None:
        """Take the record so far, and how many bytes a field of it has at most."""
        self._store, self._row, self._field = store, row, field
        self._queued: asyncio.Future[None] | None = None

    def queue(self) -> asyncio.Future[None]:
        """Queue it, once. The future is done when it is durable."""
        if self._queued is None:
            self._queued = self._store.start_evaluation(self._opening())
        return self._queued

    async def durably(self) -> None:
        """Have it on the disk; what is there already costs nothing."""
        queued = self.queue()
        if not queued.done():
            await self._store.flush()
        await asyncio.shield(queued)

    def _opening(self) -> EvaluationRow:
        """Return the row as it is now: nobody knows yet which secrets will be read, so it has none of the caller's."""
        row = self._row
        if row.caller is None or (row.args is None and row.code is None):
            return replace(row)
        secrets = self._store.few_secrets(row.caller)
        if secrets is None:
            return replace(row, args=None, code=None)
        redact = Redactor({value: f"@{row.caller}.{name}" for value, name in secrets.items()})
        code = None if row.code is None else redact.text(row.code)
        return replace(row, args=redact.json(row.args, self._field), code=code)
