"""Reading from SQLite outside of groups: a second connection, which never waits for the writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moneyer.customers.consent import Consent
from moneyer.customers.customer import Customer
from moneyer.customers.factors.factor import Factor
from moneyer.customers.notice import LEASE, LogoutNotice
from moneyer.customers.session import Session
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.kinds import Kind
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
from moneyer.store.sqlite import statements as sql
from moneyer.store.sqlite.connection import connect
from moneyer.tokens.code import Code
from moneyer.tokens.family import Family


class SqliteReader:
    """Point reads of a few microseconds each. Every method names the institution it reads in."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)

    async def customer_by_login(self, institution_id: str, login_key: str) -> Customer | None:
        row = self._row(sql.SELECT_CUSTOMER_BY_LOGIN, institution_id, login_key)
        return customer_from_row(row) if row else None

    async def customer(self, institution_id: str, customer_id: str) -> Customer | None:
        row = self._row(sql.SELECT_CUSTOMER, institution_id, customer_id)
        return customer_from_row(row) if row else None

    async def family(self, institution_id: str, family_id: bytes) -> Family | None:
        row = self._row(sql.SELECT_FAMILY, institution_id, family_id)
        return family_from_row(row) if row else None

    async def code(self, institution_id: str, digest: bytes) -> Code | None:
        row = self._row(sql.SELECT_CODE, institution_id, digest)
        return code_from_row(row) if row else None

    async def token_is_revoked(self, institution_id: str, token_id: str) -> bool:
        return self._row(sql.SELECT_REVOKED_TOKEN, institution_id, token_id) is not None

    async def session(self, institution_id: str, digest: bytes) -> Session | None:
        row = self._row(sql.SELECT_SESSION, institution_id, digest)
        return session_from_row(row) if row else None

    async def consent(self, institution_id: str, consent_id: str) -> Consent | None:
        row = self._row(sql.SELECT_CONSENT, institution_id, consent_id)
        return consent_from_row(row) if row else None

    async def factor(self, institution_id: str, factor_id: str) -> Factor | None:
        row = self._row(sql.SELECT_FACTOR, institution_id, factor_id)
        return Factor(*row) if row else None

    async def stored_request(self, institution_id: str, digest: bytes) -> StoredRequest | None:
        row = self._row(sql.SELECT_REQUEST, institution_id, digest)
        return StoredRequest(*row) if row else None

    async def of_customer(self, institution_id: str, customer_id: str, kind: Kind) -> list[Any]:
        """The records of `kind` that are this customer's, at most a thousand."""
        with _reading():
            rows = self._connection.execute(
                sql.OF_CUSTOMER[kind.table.name], (institution_id, customer_id)
            ).fetchall()
        return [kind.from_row(row) for row in rows]

    async def due_notices(self, now: int) -> list[LogoutNotice]:
        """Who is still to be told of a sign-out, at every institution, a hundred at most."""
        with _reading():
            rows = self._connection.execute(sql.DUE_NOTICES, (now, now - LEASE)).fetchall()
        return [notice_from_row(row) for row in rows]

    async def blocked_guesses(self, now: int) -> dict[str, int]:
        """Who may not guess at client secrets at present, and until when."""
        with _reading():
            rows = self._connection.execute(sql.SELECT_BLOCKED, (now,)).fetchall()
        return dict(rows)

    async def ended_since(self, instant: int) -> list[Ended]:
        """What ended after `instant`, at every institution: each of the rows says which."""
        with _reading():
            rows = self._connection.execute(sql.SELECT_ENDED, (instant,)).fetchall()
        return [Ended(*row) for row in rows]

    async def directory_version(self) -> int:
        with _reading():
            row = self._connection.execute(sql.SELECT_VERSION).fetchone()
        return int(row[0])

    async def aclose(self) -> None:
        self._connection.close()

    def _row(self, statement: str, institution_id: str, name: str | bytes) -> Any:
        with _reading():
            return self._connection.execute(statement, (institution_id, name)).fetchone()


@contextmanager
def _reading() -> Iterator[None]:
    """Turns the engine's errors into StoreUnavailable."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"sqlite: {error}") from error
