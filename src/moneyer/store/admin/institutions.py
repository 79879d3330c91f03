"""Institutions and their keys, as operators see and change them."""

import msgspec
from sqlalchemy import delete, insert, select, update

from moneyer.institutions.institution import Institution
from moneyer.keys.lifecycle import KeyRecord
from moneyer.store import schema
from moneyer.store.admin.desk import AdminError, Desk, document_of
from moneyer.store.records import key_from_row, key_to_row


class InstitutionDesk(Desk):
    """Every method raises AdminError for an institution that does not exist."""

    def add(self, institution: Institution) -> None:
        """Raises AdminError when the id is taken."""
        with self.change("institution:added", institution.institution_id) as connection:
            if self.find_institution(connection, institution.institution_id):
                raise AdminError(f"institution {institution.institution_id} exists already")
            connection.execute(
                insert(schema.institutions).values(
                    institution_id=institution.institution_id, document=document_of(institution)
                )
            )

    def save(self, institution: Institution) -> None:
        """Replaces an institution's name, status and policy. Raises AdminError for an unknown one."""
        with self.change("institution:changed", institution.institution_id) as connection:
            self.known_institution(connection, institution.institution_id)
            connection.execute(
                update(schema.institutions)
                .where(schema.institutions.c.institution_id == institution.institution_id)
                .values(document=document_of(institution))
            )

    def get(self, institution_id: str) -> Institution:
        """Raises AdminError for an unknown one."""
        with self.look() as connection:
            return self.known_institution(connection, institution_id)

    def all(self) -> list[Institution]:
        with self.look() as connection:
            rows = connection.execute(
                select(schema.institutions.c.document).order_by(schema.institutions.c.institution_id)
            )
            return [msgspec.json.decode(row.document, type=Institution) for row in rows]

    def keys(self, institution_id: str) -> tuple[KeyRecord, ...]:
        table = schema.signing_keys
        with self.look() as connection:
            self.known_institution(connection, institution_id)
            rows = connection.execute(
                select(table)
                .where(table.c.institution_id == institution_id)
                .order_by(table.c.announced_at, table.c.kid)
            ).all()
        return tuple(key_from_row(row) for row in rows)

    def save_keys(self, institution_id: str, keys: tuple[KeyRecord, ...]) -> None:
        """Replaces an institution's keys by `keys`, in one transaction that servers see whole."""
        table = schema.signing_keys
        columns = [column.name for column in table.columns]
        with self.change("key:rotated", institution_id) as connection:
            self.known_institution(connection, institution_id)
            # A server that gives this institution its first keys waits, or is waited for.
            connection.execute(
                select(schema.institutions.c.institution_id)
                .where(schema.institutions.c.institution_id == institution_id)
                .with_for_update()
            )
            connection.execute(delete(table).where(table.c.institution_id == institution_id))
            connection.execute(
                insert(table),
                [dict(zip(columns, key_to_row(key), strict=True)) for key in keys],
            )
