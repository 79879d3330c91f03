"""The migrations written out for PostgreSQL: that they compile is seen without a server."""

import io
import re

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateTable

from moneyer.store import schema


def written(direction: str) -> str:
    """The statements of every revision, up from the first or down from the last."""
    config, out = Config(), io.StringIO()
    config.set_main_option("script_location", "moneyer:store/migrations")
    revisions = list(ScriptDirectory.from_config(config).walk_revisions())
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out}
    )
    with Operations.context(context):
        for revision in reversed(revisions) if direction == "upgrade" else revisions:
            getattr(revision.module, direction)()
    return out.getvalue()


def tables(statements: str) -> dict[str, set[str]]:
    """Each table's lines, columns and constraints, without their order and spacing."""
    found = re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", statements, re.S)
    return {
        name: {line.strip().rstrip(",").strip() for line in body.splitlines() if line.strip()}
        for name, body in found
    }


def test_the_migrations_make_postgresql_the_same_tables() -> None:
    """Column by column and key by key those of the schema."""
    dialect = registry.load("postgresql")()
    wanted = "\n".join(
        str(CreateTable(table).compile(dialect=dialect)) for table in schema.metadata.sorted_tables
    )
    assert tables(wanted)
    assert tables(written("upgrade")) == tables(wanted)


def test_every_index_of_the_schema_is_made() -> None:
    """By its name, on its table."""
    made = set(re.findall(r"CREATE (?:UNIQUE )?INDEX (\w+) ON (\w+)", written("upgrade")))
    wanted = {(i.name, t.name) for t in schema.metadata.sorted_tables for i in t.indexes}
    assert made == wanted


def test_the_way_down_drops_every_table() -> None:
    """Nothing of ours is left behind."""
    dropped = set(re.findall(r"DROP TABLE (\w+)", written("downgrade")))
    assert dropped == set(schema.metadata.tables)


def test_instants_and_counters_have_64_bits() -> None:
    """A microsecond since 1970 does not fit into 32."""
    for name, lines in tables(written("upgrade")).items():
        for line in lines:
            column, _, kind = line.partition(" ")
            if column.endswith("_at") or column in {"at", "sequence", "generation", "version"}:
                assert kind.startswith("BIGINT"), (name, line)
