"""What every operators' desk has: one transaction a change, with its event and the new version."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import msgspec
from sqlalchemy import Connection, Engine, insert, select, update

from moneyer.audit.chain import Head, extend
from moneyer.audit.events import Event
from moneyer.institutions.institution import Institution
from moneyer.protocol.clock import Clock
from moneyer.protocol.identifiers import PLATFORM
from moneyer.store import schema
from moneyer.store.engine import EVERY_INSTITUTION, reading, writing


class AdminError(Exception):
    """The change cannot be made; the message says why, in words for the operator."""


class Desk:
    """A part of the operators' side. `writer` names its chain of audit events."""

    def __init__(self, engine: Engine, clock: Clock, writer: str) -> None:
        self._engine = engine
        self._clock = clock
        self._writer = writer

    @contextmanager
    def change(
        self,
        event: str,
        institution_id: str = PLATFORM,
        *,
        client_id: str = "",
        customer_id: str = "",
        seen_by_servers: bool = True,
    ) -> Iterator[Connection]:
        """One transaction: the change in the body, its event, and the new version.

        It touches rows of `institution_id` alone; without one it is a change to the whole platform.
        """
        scope = EVERY_INSTITUTION if institution_id == PLATFORM else institution_id
        with writing(self._engine, scope) as connection:
            yield connection
            if seen_by_servers:
                version = schema.directory_version
                connection.execute(update(version).values(version=version.c.version + 1))
            self._append(
                connection,
                Event(
                    event,
                    self._clock.now(),
                    institution_id,
                    client_id=client_id,
                    customer_id=customer_id,
                ),
            )

    def _append(self, connection: Connection, event: Event) -> None:
        """Adds `event` to this writer's chain, which other commands may be adding to as well."""
        heads = schema.chain_heads
        own = heads.c.writer == self._writer
        found = connection.execute(select(heads).where(own).with_for_update()).first()
        head, links = extend(Head(*found) if found else Head(self._writer), [event])
        values = msgspec.structs.asdict(head)
        connection.execute(
            update(heads).where(own).values(values) if found else insert(heads).values(values)
        )
        connection.execute(insert(schema.events), [link._asdict() for link in links])

    def look(self, institution_id: str = EVERY_INSTITUTION) -> AbstractContextManager[Connection]:
        """One transaction that only reads."""
        return reading(self._engine, institution_id)

    def find_institution(self, connection: Connection, institution_id: str) -> Institution | None:
        document = connection.scalar(
            select(schema.institutions.c.document).where(
                schema.institutions.c.institution_id == institution_id
            )
        )
        return None if document is None else msgspec.json.decode(document, type=Institution)

    def known_institution(self, connection: Connection, institution_id: str) -> Institution:
        """Raises AdminError."""
        institution = self.find_institution(connection, institution_id)
        if institution is None:
            raise AdminError(f"there is no institution {institution_id}")
        return institution


def document_of(value: object) -> str:
    """A struct as it is stored in a `document` column."""
    return msgspec.json.encode(value).decode()
