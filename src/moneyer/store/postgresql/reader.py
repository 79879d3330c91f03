"""Reading from the primary outside of groups, and hearing of changes to the directory."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from moneyer.customers.consent import Consent
from moneyer.customers.customer import Customer
from moneyer.customers.factors.factor import Factor
from moneyer.customers.notice import LEASE, LogoutNotice
from moneyer.customers.session import Session
from moneyer.protocol.clock import Clock, SystemClock
from moneyer.protocol.failures import StoreUnavailable
from moneyer.protocol.identifiers import PLATFORM
from moneyer.store.database import PostgresqlUrl
from moneyer.store.engine import EVERY_INSTITUTION
from moneyer.store.kinds import Kind
from moneyer.store.postgresql import statements as sql
from moneyer.store.postgresql.connection import Link, Transaction
from moneyer.store.records import (
    code_from_row,
    consent_from_row,
    customer_from_row,
    family_from_row,
    notice_from_row,
    session_from_row,
)
from moneyer.store.revocations import Ended
from moneyer.store.rows import StoredRequest
from moneyer.tokens.code import Code
from moneyer.tokens.family import Family

DIRECTORY_CHANNEL = "moneyer_directory"
"""Where the database says that the directory's version was raised."""


class PostgresReader:
    """Point reads. Every method names the institution it reads in.

    `changed` is called when another process changed the directory.
    """

    def __init__(self, url: PostgresqlUrl, changed: Callable[[], None]) -> None:
        async def listen(connection: asyncpg.Connection) -> None:
            await connection.add_listener(DIRECTORY_CHANNEL, lambda *_: changed())

        self._link = Link(url, prepare=listen)

    async def customer_by_login(self, institution_id: str, login_key: str) -> Customer | None:
        row = await self._row(institution_id, sql.SELECT_CUSTOMER_BY_LOGIN, login_key)
        return customer_from_row(row) if row else None

    async def customer(self, institution_id: str, customer_id: str) -> Customer | None:
        row = await self._row(institution_id, sql.SELECT_CUSTOMER, customer_id)
        return customer_from_row(row) if row else None

    async def family(self, institution_id: str, family_id: bytes) -> Family | None:
        row = await self._row(institution_id, sql.SELECT_FAMILY, family_id)
        return family_from_row(row) if row else None

    async def code(self, institution_id: str, digest: bytes) -> Code | None:
        row = await self._row(institution_id, sql.SELECT_CODE, digest)
        return code_from_row(row) if row else None

    async def token_is_revoked(self, institution_id: str, token_id: str) -> bool:
        return await self._row(institution_id, sql.SELECT_REVOKED_TOKEN, token_id) is not None

    async def session(self, institution_id: str, digest: bytes) -> Session | None:
        row = await self._row(institution_id, sql.SELECT_SESSION, digest)
        return session_from_row(row) if row else None

    async def consent(self, institution_id: str, consent_id: str) -> Consent | None:
        row = await self._row(institution_id, sql.SELECT_CONSENT, consent_id)
        return consent_from_row(row) if row else None

    async def factor(self, institution_id: str, factor_id: str) -> Factor | None:
        row: Any = await self._row(institution_id, sql.SELECT_FACTOR, factor_id)
        return Factor(*row) if row else None

    async def stored_request(self, institution_id: str, digest: bytes) -> StoredRequest | None:
        row: Any = await self._row(institution_id, sql.SELECT_REQUEST, digest)
        return StoredRequest(*row) if row else None

    async def of_customer(self, institution_id: str, customer_id: str, kind: Kind) -> list[Any]:
        """The records of `kind` that are this customer's, at most a thousand."""
        async with self._reading(institution_id) as transaction:
            rows = await transaction.fetch(
                sql.OF_CUSTOMER[kind.table.name], institution_id, customer_id
            )
        return [kind.from_row(row) for row in rows]

    async def due_notices(self, now: int) -> list[LogoutNotice]:
        """Who is still to be told of a sign-out, at every institution, a hundred at most."""
        async with self._reading(EVERY_INSTITUTION) as transaction:
            rows = await transaction.fetch(sql.DUE_NOTICES, now, now - LEASE)
        return [notice_from_row(row) for row in rows]

    async def blocked_guesses(self, now: int) -> dict[str, int]:
        """Who may not guess at client secrets at present, and until when."""
        async with self._reading(PLATFORM) as transaction:
            return dict(await transaction.fetch(sql.SELECT_BLOCKED, now))

    async def ended_since(self, instant: int) -> list[Ended]:
        """What ended after `instant`, at every institution: each of the rows says which."""
        async with self._reading(EVERY_INSTITUTION) as transaction:
            rows = await transaction.fetch(sql.SELECT_ENDED, instant)
        return [Ended(*row) for row in rows]

    async def directory_version(self) -> int:
        async with self._reading(PLATFORM) as transaction:
            (version,) = await transaction.fetchrow(sql.SELECT_VERSION)
        return int(version)

    async def clock_offset(self) -> int:
        """How many microseconds the database's clock is ahead of this machine's."""
        async with self._reading(PLATFORM) as transaction:
            asked = time.time_ns()
            (there,) = await transaction.fetchrow(sql.SELECT_CLOCK)
            answered = time.time_ns()
        return int(there) - (asked + answered) // 2000

    async def aclose(self) -> None:
        await self._link.close()

    async def _row(self, institution_id: str, statement: str, name: str | bytes) -> object:
        async with self._reading(institution_id) as transaction:
            return await transaction.fetchrow(statement, institution_id, name)

    @asynccontextmanager
    async def _reading(self, institution_id: str) -> AsyncIterator[Transaction]:
        """Raises StoreUnavailable."""
        try:
            async with self._link.transaction({institution_id}, "READ ONLY") as transaction:
                yield transaction
        except asyncpg.PostgresError as error:
            raise StoreUnavailable(f"postgresql: {error}") from error


class DatabaseClock:
    """The primary's clock, as this machine's clock and how far it is off: one time for all machines."""

    def __init__(self, reader: PostgresReader) -> None:
        self._reader = reader
        self._here: Clock = SystemClock()
        self._offset = 0

    def now(self) -> int:
        return self._here.now() + self._offset

    async def align(self) -> None:
        """Measures the difference anew. Raises StoreUnavailable."""
        self._offset = await self._reader.clock_offset()
