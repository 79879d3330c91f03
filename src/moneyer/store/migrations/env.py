"""Run by Alembic for each migration command; the connection comes from `store.schema_upgrade`."""

from alembic import context

from moneyer.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
