"""Bringing a database to the schema this version works with, under traffic.

A migration first expands: servers of the release before go on beside it. What they no longer need is
taken away by the next release's migration, which says so in `directory_version.oldest_server`.
"""

import time
from collections.abc import Callable
from importlib import resources

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import OperationalError

from moneyer.store import schema
from moneyer.store.engine import is_postgresql, writing

OLDEST_SCHEMA = "0005"
"""The oldest revision that this version can serve from while the migration is still to come."""

LOCK_PATIENCE = "2s"
"""For so long a migration waits for a table, and all who want the table wait behind it."""
LOCK_TRIES = 30
_IN_USE = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
"""Callers hold a table, or hold one and want another: the migration steps back, not they."""


class SchemaMismatch(Exception):
    """The database is not at a revision this version works with."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("moneyer.store.migrations")))
    config.attributes["connection"] = connection
    return config


def current_revision(engine: Engine) -> str | None:
    """The revision the database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def wanted_revision() -> str | None:
    """The revision this version works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def upgrade(engine: Engine) -> None:
    """Runs every migration that is still to be run. Servers may go on meanwhile."""
    move_to(engine, "head")


def move_to(engine: Engine, revision: str) -> None:
    """Runs migrations up to `revision`, or takes them back. Raises SchemaMismatch if it is unknown."""
    found = current_revision(engine)
    back = found is not None and revision != "head" and revision < found
    step = command.downgrade if back else command.upgrade
    _migrate(engine, lambda config: step(config, revision))


def require_current(engine: Engine) -> None:
    """Raises SchemaMismatch, saying what to do, unless the database is ready to serve from."""
    found, wanted = current_revision(engine), wanted_revision()
    if found == wanted:
        return
    if found is None or wanted is None or found < OLDEST_SCHEMA:
        raise SchemaMismatch(
            f"the database is at revision {found or 'none'}, this version works with {wanted}: "
            "run `moneyer migrate`"
        )
    if found > wanted:
        with engine.connect() as connection:
            oldest = connection.scalar(select(schema.directory_version.c.oldest_server))
        if oldest is None or oldest > wanted:
            raise SchemaMismatch(
                f"the database is at revision {found}, which no longer serves this version "
                f"({wanted}): install the version that made it"
            )


def _migrate(engine: Engine, run: Callable[[Config], None]) -> None:
    """One transaction; begun again where a table was in use for longer than others should wait."""
    for tries_left in reversed(range(LOCK_TRIES)):
        try:
            with writing(engine) as connection:
                if is_postgresql(connection):
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
                run(_config(connection))
        except CommandError as error:
            raise SchemaMismatch(str(error)) from None
        except OperationalError as error:
            if not isinstance(error.orig, _IN_USE) or not tries_left:
                raise
            time.sleep(0.5)
        else:
            return
