"""Reading institutions, applications and keys into a snapshot, and keeping it fresh."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from moneyer.applications.application import Application
from moneyer.applications.secrets import SecretSlot
from moneyer.institutions.institution import Institution
from moneyer.keys.lifecycle import KeyRecord
from moneyer.keys.ring import Ring
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store import schema
from moneyer.store.engine import reading
from moneyer.store.records import key_from_row
from moneyer.store.snapshot import EMPTY, Snapshot

POLL_INTERVAL = 0.25
"""Seconds between looks at the version; a change by another process is seen well within one second."""

log = structlog.get_logger()


def load_snapshot(engine: Engine, sealing: bytes) -> Snapshot:
    """Everything as one transaction sees it. Private keys stay sealed until they are first used."""
    with reading(engine) as connection:
        version = connection.scalar(select(schema.directory_version.c.version)) or 0
        institutions = {
            row.institution_id: msgspec.json.decode(row.document, type=Institution)
            for row in connection.execute(select(schema.institutions))
        }
        entitled: dict[str, list[str]] = defaultdict(list)
        for row in connection.execute(
            select(schema.entitlements).order_by(schema.entitlements.c.institution_id)
        ):
            entitled[row.client_id].append(row.institution_id)
        applications = {
            row.client_id: msgspec.structs.replace(
                msgspec.json.decode(row.document, type=Application),
                institutions=tuple(entitled[row.client_id]),
            )
            for row in connection.execute(select(schema.applications))
        }
        secrets: dict[str, list[SecretSlot]] = defaultdict(list)
        for row in connection.execute(select(schema.application_secrets)):
            secrets[row.client_id].append(SecretSlot(*row))
        keys: dict[str, list[KeyRecord]] = defaultdict(list)
        for row in connection.execute(select(schema.signing_keys)):
            keys[row.institution_id].append(key_from_row(row))
    return Snapshot(
        version,
        institutions,
        applications,
        {client_id: tuple(slots) for client_id, slots in secrets.items()},
        {institution_id: Ring(tuple(found), sealing) for institution_id, found in keys.items()},
    )


class VersionSource(Protocol):
    """Where the present version is read, cheaply."""

    async def directory_version(self) -> int: ...


class Directory:
    """Holds the present snapshot and replaces it within a second of a change.

    `changed` is set by a store that says by itself when another process changed something.
    """

    def __init__(
        self, load: Callable[[], Snapshot], versions: VersionSource, changed: asyncio.Event
    ) -> None:
        self._load = load
        self._versions = versions
        self._changed = changed
        self._refreshing = asyncio.Lock()
        self.snapshot = EMPTY

    async def refresh(self) -> None:
        """Loads again if the version has changed. The load runs beside the event loop.

        Raises StoreUnavailable; the snapshot then stays as it is.
        """
        async with self._refreshing:
            if await self._versions.directory_version() != self.snapshot.version:
                try:
                    self.snapshot = await asyncio.to_thread(self._load)
                except DBAPIError as error:
                    raise StoreUnavailable(f"directory: {error.orig}") from error

    async def follow(self) -> None:
        """Refreshes for ever: when the store says that something changed, and now and then anyway.

        While the store is away, the last snapshot serves on.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL):
                    await self._changed.wait()
            self._changed.clear()
            await quietly(self.refresh)


async def quietly(step: Callable[[], Awaitable[None]]) -> None:
    """Runs a background step; what goes wrong is logged and tried again next time."""
    try:
        await step()
    except StoreUnavailable as unavailable:
        log.warning("store-unavailable", reason=unavailable.reason)
    except Exception as error:
        log.error("background-step-failed", error=type(error).__name__, exc_info=True)
