"""What every operators' desk has: one transaction a change, with its event and the new version."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update

from moneyer.audit.chain import Head, extend
from moneyer.audit.events import Event
from moneyer.institutions.institution import Institution
from moneyer.protocol.clock import Clock
from moneyer.protocol.identifiers import PLATFORM
from moneyer.store import schema
from moneyer.store.engine import writing


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
        """One transaction: the change in the body, its event, and the new version."""
        with writing(self._engine) as connection:
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
        heads = schema.chain_heads
        found = connection.execute(select(heads).where(heads.c.writer == self._writer)).first()
        head, links = extend(Head(*found) if found else Head(self._writer), [event])
        connection.execute(insert(schema.events), [msgspec.structs.asdict(link) for link in links])
        connection.execute(delete(heads).where(heads.c.writer == self._writer))
        connection.execute(insert(heads).values(msgspec.structs.asdict(head)))

    def find_institution(self, connection: Connection, institution_id: str) -> Institution | None:
        document = connection.scalar(
            select(schema.institutions.c.document).where(
                schema.institutions.c.institution_id == institution_id
            )
        )
        return None if document is None else msgspec.json.decode(document, type=Institution)

    def known_institution(self, connection: Connection, institution_id: str) -> Institution:
        institution = self.find_institution(connection, institution_id)
        if institution is None:
            raise AdminError(f"there is no institution {institution_id}")
        return institution


def document_of(value: object) -> str:
    """A struct as it is stored in a `document` column."""
    return msgspec.json.encode(value).decode()
