"""Bringing a database to the schema this version works with."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from moneyer.store.engine import writing


class SchemaMismatch(Exception):
    """The database is not at the revision this version works with."""


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
    """Runs every migration that is still to be run."""
    with writing(engine) as connection:
        command.upgrade(_config(connection), "head")


def require_current(engine: Engine) -> None:
    """Raises SchemaMismatch, saying what to do, unless the database is ready to serve from."""
    found, wanted = current_revision(engine), wanted_revision()
    if found != wanted:
        raise SchemaMismatch(
            f"the database is at revision {found or 'none'}, this version works with {wanted}: "
            "run `moneyer migrate`"
        )
