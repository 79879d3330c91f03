"""The migrations on a real PostgreSQL."""

import uuid

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from moneyer.store.database import PostgresqlUrl
from moneyer.store.engine import opened
from moneyer.store.schema import metadata
from moneyer.store.upgrade import current_revision, move_to, upgrade, wanted_revision
from tests.postgresql import Postgresql


def test_the_migrations_make_postgresql_the_same_tables(postgresql: Postgresql) -> None:
    """From nothing, and from the revision before: nothing is missing, nothing is too much."""
    url = PostgresqlUrl(postgresql.create_database(f"migrated_{uuid.uuid4().hex}"))
    with opened(url) as engine:
        for step in (upgrade, lambda engine: move_to(engine, "0001"), upgrade):
            step(engine)
        assert current_revision(engine) == wanted_revision()
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
