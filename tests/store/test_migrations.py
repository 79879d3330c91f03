"""The schema's history: it leads to the schema that the code works with, on both engines."""

from io import StringIO
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateTable

from moneyer.institutions.institution import Institution
from moneyer.store import schema
from moneyer.store.admin import Admin
from moneyer.store.engine import engine_for, writing
from moneyer.store.upgrade import (
    SchemaMismatch,
    current_revision,
    require_current,
    upgrade,
    wanted_revision,
)

MIGRATIONS = "moneyer:store/migrations"


def test_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    """Nothing is missing, nothing is left over; a second run changes nothing."""
    engine = engine_for(tmp_path / "moneyer.db")
    for _ in range(2):
        upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
    assert current_revision(engine) == wanted_revision()
    engine.dispose()


def test_a_database_that_was_not_migrated_is_refused(tmp_path: Path) -> None:
    """The refusal says what to do."""
    engine = engine_for(tmp_path / "moneyer.db")
    with pytest.raises(SchemaMismatch, match="moneyer migrate"):
        require_current(engine)
    engine.dispose()


def test_down_and_up_again(tmp_path: Path) -> None:
    """A database with data goes back to nothing and comes up again, empty and whole."""
    engine = engine_for(tmp_path / "moneyer.db")
    upgrade(engine)
    Admin(engine).institutions.add(Institution("00016", "First Meridian"))
    with writing(engine) as connection:
        config = Config()
        config.set_main_option("script_location", MIGRATIONS)
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    upgrade(engine)
    assert Admin(engine).institutions.all() == []
    engine.dispose()


def test_the_institution_leads_every_key() -> None:
    """Of every table that has an institution; the others belong to none."""
    without = {
        table.name for table in schema.metadata.tables.values() if "institution_id" not in table.c
    }
    assert without == {"applications", "application_secrets", "chain_heads", "directory_version"}
    for table in schema.metadata.tables.values():
        if table.name not in without:
            assert next(iter(table.primary_key.columns)).name == "institution_id"


def test_postgresql_gets_the_same_schema() -> None:
    """Every table's definition compiles for PostgreSQL, with its bytes and its 64-bit integers."""
    out = StringIO()
    dialect = registry.load("postgresql")()
    for table in schema.metadata.sorted_tables:
        out.write(str(CreateTable(table).compile(dialect=dialect)))
    assert "BYTEA" in out.getvalue()
    assert "BIGINT" in out.getvalue()
