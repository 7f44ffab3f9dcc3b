"""Waiting for the disk, where something has to be there before it goes on."""

import asyncio

from ghostcells.runtime.ports import Log


async def unwritten(log: Log) -> Exception | None:
    """Return once all that was appended before is on disk, or what kept it from there."""
    told: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def done(error: Exception | None) -> None:
        if not told.done():
            told.set_result(error)

    log.barrier(done)
    return await told
