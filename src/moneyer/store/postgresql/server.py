"""What the server and the role that serves must be like."""

from typing import NamedTuple

from sqlalchemy import Engine

from moneyer.store.engine import is_postgresql


class Unconfined(Exception):
    """The database role that is to serve stands above row-level security."""


def require_confined(engine: Engine) -> None:
    """Raises Unconfined unless a second wall stands between institutions, where there can be one."""
    with engine.connect() as connection:
        if (
            is_postgresql(connection)
            and connection.exec_driver_sql(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).scalar_one()
        ):
            raise Unconfined(
                "store.postgresql: this role bypasses row-level security; serve as a member of "
                "moneyer_serving, and keep the owner for store.postgresql_owner (docs/deploy.md)"
            )


class Durability(NamedTuple):
    """What a commit means. `standbys` is empty when none is waited for."""

    fsync: str
    synchronous_commit: str
    standbys: str


def durability(engine: Engine) -> Durability:
    """As PostgreSQL is set at present, for this role."""
    with engine.connect() as connection:
        return Durability(
            *connection.exec_driver_sql(
                "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
                " current_setting('synchronous_standby_names')"
            ).one()
        )
