"""PostgreSQL: row-level security, the role that serves, news of changes; on both: which servers fit.

Expands only: servers of revision 0001 go on beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BY_INSTITUTION = ("customers", "families", "codes", "revoked_tokens", "attempts", "events")
"""Read and written by their own institution alone."""

DIRECTORY = ("institutions", "entitlements", "signing_keys")
"""Read whole by every server, written by their own institution alone."""

CHANGES = "SELECT, INSERT, UPDATE"
PRIVILEGES = {
    "institutions": CHANGES,
    "applications": CHANGES,
    "application_secrets": f"{CHANGES}, DELETE",
    "entitlements": f"{CHANGES}, DELETE",
    "customers": CHANGES,
    "signing_keys": f"{CHANGES}, DELETE",
    "families": f"{CHANGES}, DELETE",
    "codes": f"{CHANGES}, DELETE",
    "revoked_tokens": f"{CHANGES}, DELETE",
    "attempts": f"{CHANGES}, DELETE",
    "events": "SELECT, INSERT",
    "chain_heads": CHANGES,
    "directory_version": "SELECT, UPDATE",
    "alembic_version": "SELECT",
}
"""What the serving role may do. Events it can add, never change."""

OWN = (
    "string_to_array(current_setting('moneyer.institutions', true), ',')"
    " && ARRAY[institution_id::text, '*']"
)


def upgrade() -> None:
    op.add_column(
        "directory_version",
        sa.Column("oldest_server", sa.String(length=32), nullable=False, server_default="0001"),
    )
    blocked = sa.text("institution_id = '-' AND blocked_until > 0")
    op.create_index(
        "ix_attempts_blocked",
        "attempts",
        ["blocked_until"],
        sqlite_where=blocked,
        postgresql_where=blocked,
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in DIRECTORY:
        op.execute(f"CREATE POLICY readable ON {table} FOR SELECT USING (true)")
    for table in (*BY_INSTITUTION, *DIRECTORY):
        op.execute(f"CREATE POLICY own ON {table} USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'moneyer_serving')"
        " THEN CREATE ROLE moneyer_serving NOLOGIN; END IF;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    for table, privileges in PRIVILEGES.items():
        op.execute(f"GRANT {privileges} ON {table} TO moneyer_serving")
    op.execute(
        "CREATE FUNCTION moneyer_directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_notify('moneyer_directory', NEW.version::text); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER changed AFTER UPDATE ON directory_version"
        " FOR EACH ROW EXECUTE FUNCTION moneyer_directory_changed()"
    )
    # Room in each page, so that a row that turns stays where it is and touches no index.
    for table, percent in (("families", 70), ("attempts", 70), ("chain_heads", 10)):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("families", "attempts", "chain_heads"):
            op.execute(f"ALTER TABLE {table} RESET (fillfactor)")
        op.execute("DROP TRIGGER changed ON directory_version")
        op.execute("DROP FUNCTION moneyer_directory_changed()")
        for table in (*BY_INSTITUTION, *DIRECTORY):
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
            op.execute(f"DROP POLICY own ON {table}")
        for table in DIRECTORY:
            op.execute(f"DROP POLICY readable ON {table}")
    op.drop_index("ix_attempts_blocked", table_name="attempts")
    op.drop_column("directory_version", "oldest_server")
