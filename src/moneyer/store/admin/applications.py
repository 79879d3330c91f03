"""Applications, their entitlements and secrets, as operators see and change them."""

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from moneyer.applications.application import Application
from moneyer.applications.secrets import SLOTS, RawSecret, SecretSlot, digest_secret, new_secret
from moneyer.store import schema
from moneyer.store.admin.desk import AdminError, Desk, document_of


class ApplicationDesk(Desk):
    """Registrations. A secret is seen once, when it is made."""

    def add(self, application: Application, secret_key: bytes) -> RawSecret:
        """Registers an application with its entitlements, and gives its first secret, once."""
        now = self._clock.now()
        with self.change("application:added", client_id=application.client_id) as connection:
            if self._document_of(connection, application.client_id) is not None:
                raise AdminError(f"application {application.client_id} exists already")
            connection.execute(
                insert(schema.applications).values(
                    client_id=application.client_id, document=_registration(application)
                )
            )
            self._entitle(connection, application)
            return self._new_secret(connection, application.client_id, 1, secret_key, now)

    def save(self, application: Application) -> None:
        """Replaces a registration and its entitlements. Raises AdminError for an unknown one.

        How long its access tokens ever lived is not forgotten: so long their revocations are told. Its
        sector stays.
        """
        with self.change("application:changed", client_id=application.client_id) as connection:
            before = self._known_application(connection, application.client_id)
            longest = max(before.longest_life, application.longest_access_token)
            if longest > application.longest_life:
                application = msgspec.structs.replace(application, longest_access_token=longest)
            if before.is_third_party or before.sector_identifier:
                application = msgspec.structs.replace(application, sector_identifier=before.sector)
            connection.execute(
                update(schema.applications)
                .where(schema.applications.c.client_id == application.client_id)
                .values(document=_registration(application))
            )
            connection.execute(
                delete(schema.entitlements).where(
                    schema.entitlements.c.client_id == application.client_id
                )
            )
            self._entitle(connection, application)

    def get(self, client_id: str) -> Application:
        """Raises AdminError for an unknown one."""
        with self.look() as connection:
            return self._known_application(connection, client_id)

    def all(self) -> list[Application]:
        with self.look() as connection:
            client_ids = connection.scalars(
                select(schema.applications.c.client_id).order_by(schema.applications.c.client_id)
            ).all()
            return [self._known_application(connection, client_id) for client_id in client_ids]

    def secrets_of(self, client_id: str) -> list[SecretSlot]:
        with self.look() as connection:
            return self._slots(connection, client_id)

    def rotate_secret(
        self, client_id: str, secret_key: bytes, old_until: int | None
    ) -> tuple[RawSecret, list[SecretSlot]]:
        """A new secret in the free slot, or in place of the older one; the others end at `old_until`.

        `old_until` None leaves the other secret as it is. Raises AdminError for an unknown
        application. Gives the secret, once, and the slots as they then stand.
        """
        now = self._clock.now()
        with self.change("application:secret-rotated", client_id=client_id) as connection:
            self._known_application(connection, client_id)
            slots = self._slots(connection, client_id)
            taken = {slot.slot: slot for slot in slots}
            free = [slot for slot in SLOTS if slot not in taken]
            target = free[0] if free else min(slots, key=lambda slot: slot.created_at).slot
            secrets = schema.application_secrets
            connection.execute(
                delete(secrets).where(secrets.c.client_id == client_id, secrets.c.slot == target)
            )
            if old_until is not None:
                connection.execute(
                    update(secrets).where(secrets.c.client_id == client_id).values(expires_at=old_until)
                )
            secret = self._new_secret(connection, client_id, target, secret_key, now)
            return secret, self._slots(connection, client_id)

    def _document_of(self, connection: Connection, client_id: str) -> str | None:
        return connection.scalar(
            select(schema.applications.c.document).where(schema.applications.c.client_id == client_id)
        )

    def _known_application(self, connection: Connection, client_id: str) -> Application:
        document = self._document_of(connection, client_id)
        if document is None:
            raise AdminError(f"there is no application {client_id}")
        institutions = connection.scalars(
            select(schema.entitlements.c.institution_id)
            .where(schema.entitlements.c.client_id == client_id)
            .order_by(schema.entitlements.c.institution_id)
        ).all()
        registration = msgspec.json.decode(document, type=Application)
        return msgspec.structs.replace(registration, institutions=tuple(institutions))

    def _entitle(self, connection: Connection, application: Application) -> None:
        for institution_id in dict.fromkeys(application.institutions):
            self.known_institution(connection, institution_id)
            connection.execute(
                insert(schema.entitlements).values(
                    institution_id=institution_id, client_id=application.client_id
                )
            )

    def _slots(self, connection: Connection, client_id: str) -> list[SecretSlot]:
        table = schema.application_secrets
        rows = connection.execute(
            select(table).where(table.c.client_id == client_id).order_by(table.c.slot)
        )
        return [SecretSlot(*row) for row in rows]

    def _new_secret(
        self, connection: Connection, client_id: str, slot: int, secret_key: bytes, now: int
    ) -> RawSecret:
        secret = new_secret()
        record = SecretSlot(client_id, slot, digest_secret(secret_key, secret), now)
        connection.execute(insert(schema.application_secrets).values(msgspec.structs.asdict(record)))
        return secret


def _registration(application: Application) -> str:
    """The document of a registration; its entitlements have rows of their own."""
    return document_of(msgspec.structs.replace(application, institutions=()))
