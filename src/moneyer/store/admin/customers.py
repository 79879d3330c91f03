"""Customers, as operators see and change them."""

import msgspec
from sqlalchemy import Column, Connection, delete, insert, select, update

from moneyer.customers.customer import Customer
from moneyer.customers.notice import notice_for_anyone
from moneyer.store import schema
from moneyer.store.admin.desk import AdminError, Desk
from moneyer.store.records import (
    customer_from_row,
    customer_to_row,
    notice_to_row,
    session_from_row,
)


class CustomerExists(AdminError):
    """Another customer of the institution has the same `what`."""

    def __init__(self, institution_id: str, what: str) -> None:
        super().__init__(f"institution {institution_id} has a customer with this {what}")
        self.what = what


class CustomerDesk(Desk):
    """Customers belong to one institution each; servers read them afresh at every sign-in."""

    def add(self, customer: Customer) -> None:
        """Raises AdminError for an unknown institution, CustomerExists where login or id is taken."""
        with self.change(
            "customer:added",
            customer.institution_id,
            customer_id=customer.customer_id,
            seen_by_servers=False,
        ) as connection:
            self.known_institution(connection, customer.institution_id)
            table = schema.customers
            for column, what in (
                (table.c.login_key, "login id"),
                (table.c.host_user_id, "host user id"),
                (table.c.customer_id, "institution user id"),
            ):
                taken = connection.scalar(
                    select(table.c.customer_id).where(
                        table.c.institution_id == customer.institution_id,
                        column == getattr(customer, column.name),
                    )
                )
                if taken:
                    raise CustomerExists(customer.institution_id, what)
            connection.execute(insert(table).values(tuple(customer_to_row(customer))))

    def by_login(self, institution_id: str, login_key: str) -> Customer:
        """Raises AdminError for an unknown one."""
        return self._find(institution_id, schema.customers.c.login_key, login_key, "login id")

    def by_id(self, institution_id: str, customer_id: str) -> Customer:
        """By institutionUserId. Raises AdminError for an unknown one."""
        column = schema.customers.c.customer_id
        return self._find(institution_id, column, customer_id, "institution user id")

    def by_host_user(self, institution_id: str, host_user_id: str) -> Customer:
        """Raises AdminError for an unknown one."""
        column = schema.customers.c.host_user_id
        return self._find(institution_id, column, host_user_id, "host user id")

    def by_member(self, institution_id: str, member_number: str) -> Customer:
        """The first customer of that member number. Raises AdminError where there is none."""
        column = schema.customers.c.member_number
        return self._find(institution_id, column, member_number, "member number")

    def _find(self, institution_id: str, column: Column[str], value: str, what: str) -> Customer:
        table = schema.customers
        with self.look(institution_id) as connection:
            self.known_institution(connection, institution_id)
            row = connection.execute(
                select(table)
                .where(table.c.institution_id == institution_id, column == value)
                .order_by(table.c.customer_id)
            ).first()
        if row is None:
            raise AdminError(f"institution {institution_id} has no customer with this {what}")
        return customer_from_row(row)

    def all(self, institution_id: str) -> list[Customer]:
        table = schema.customers
        with self.look(institution_id) as connection:
            self.known_institution(connection, institution_id)
            rows = connection.execute(
                select(table)
                .where(table.c.institution_id == institution_id)
                .order_by(table.c.login_key)
            ).all()
        return [customer_from_row(row) for row in rows]

    def save(self, customer: Customer, event: str, attempts_name: str) -> None:
        """Replaces a customer's row, ends everything that was signed in as them, and unlocks the login.

        One transaction: from its commit on, no family of the customer lives and no token struck
        before opens anything.
        """
        table, families, now = schema.customers, schema.families, self._clock.now()
        changed = msgspec.structs.replace(customer, tokens_not_before=now)
        columns = [column.name for column in table.columns]
        with self.change(
            event,
            customer.institution_id,
            customer_id=customer.customer_id,
            seen_by_servers=False,
        ) as connection:
            connection.execute(
                update(table)
                .where(
                    table.c.institution_id == customer.institution_id,
                    table.c.customer_id == customer.customer_id,
                )
                .values(dict(zip(columns, customer_to_row(changed), strict=True)))
            )
            connection.execute(
                update(families)
                .where(
                    families.c.institution_id == customer.institution_id,
                    families.c.customer_id == customer.customer_id,
                    families.c.status == "live",
                )
                .values(status="revoked", revoked_at=now)
            )
            self._tell_applications(connection, customer, now)
            connection.execute(
                delete(schema.attempts).where(
                    schema.attempts.c.institution_id == customer.institution_id,
                    schema.attempts.c.name == attempts_name,
                )
            )

    def _tell_applications(self, connection: Connection, customer: Customer, now: int) -> None:
        """Leaves word of every session that ended with the change, for a server to pass on."""
        table, notices = schema.sessions, schema.logout_notices
        rows = connection.execute(
            select(table).where(
                table.c.institution_id == customer.institution_id,
                table.c.customer_id == customer.customer_id,
                table.c.status == "live",
                table.c.clients != "",
            )
        )
        ended = [session_from_row(row) for row in rows]
        connection.execute(
            update(table)
            .where(
                table.c.institution_id == customer.institution_id,
                table.c.customer_id == customer.customer_id,
            )
            .values(status="ended")
        )
        names = [column.name for column in notices.columns]
        for session in ended:
            row = notice_to_row(notice_for_anyone(session, now))
            connection.execute(insert(notices).values(dict(zip(names, row, strict=True))))
