"""The first schema: institutions to audit events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "application_secrets",
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "slot", name=op.f("pk_application_secrets")),
    )
    op.create_table(
        "applications",
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_applications")),
    )
    op.create_table(
        "attempts",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("window_started_at", sa.BigInteger(), nullable=False),
        sa.Column("window_count", sa.BigInteger(), nullable=False),
        sa.Column("consecutive", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "name", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chain_heads",
        sa.Column("writer", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_chain_heads")),
    )
    op.create_table(
        "codes",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("institution_id", "digest", name=op.f("pk_codes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customers",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("login_id", sa.Text(), nullable=False),
        sa.Column("login_key", sa.Text(), nullable=False),
        sa.Column("host_user_id", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("member_number", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("businesses", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("tokens_not_before", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "customer_id", name=op.f("pk_customers")),
        sa.UniqueConstraint(
            "institution_id", "host_user_id", name=op.f("uq_customers_institution_id_host_user_id")
        ),
        sa.UniqueConstraint(
            "institution_id", "login_key", name=op.f("uq_customers_institution_id_login_key")
        ),
    )
    op.create_table(
        "directory_version",
        sa.Column("only", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_directory_version")),
    )
    op.create_table(
        "entitlements",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "client_id", name=op.f("pk_entitlements")),
    )
    op.create_table(
        "events",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("writer", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "writer", "sequence", name=op.f("pk_events")),
    )
    op.create_table(
        "families",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("family_id", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("grant_type", sa.String(length=32), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("turned_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "family_id", name=op.f("pk_families")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_families_institution_id_customer_id"),
        "families",
        ["institution_id", "customer_id"],
        unique=False,
    )
    op.create_table(
        "institutions",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", name=op.f("pk_institutions")),
    )
    op.create_table(
        "revoked_tokens",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("token_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "token_id", name=op.f("pk_revoked_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signing_keys",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("announced_at", sa.BigInteger(), nullable=False),
        sa.Column("activates_at", sa.BigInteger(), nullable=True),
        sa.Column("retires_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("institution_id", "kid", name=op.f("pk_signing_keys")),
    )
    op.create_index(op.f("ix_families_expires_at"), "families", ["expires_at"])
    op.create_index(op.f("ix_codes_expires_at"), "codes", ["expires_at"])
    op.create_index(op.f("ix_revoked_tokens_expires_at"), "revoked_tokens", ["expires_at"])
    op.create_index(op.f("ix_attempts_touched_at"), "attempts", ["touched_at"])
    op.execute("INSERT INTO directory_version VALUES (1, 0)")


def downgrade() -> None:
    op.drop_index(op.f("ix_families_expires_at"), table_name="families")
    op.drop_index(op.f("ix_codes_expires_at"), table_name="codes")
    op.drop_index(op.f("ix_revoked_tokens_expires_at"), table_name="revoked_tokens")
    op.drop_index(op.f("ix_attempts_touched_at"), table_name="attempts")
    op.drop_table("signing_keys")
    op.drop_table("revoked_tokens")
    op.drop_table("institutions")
    op.drop_index(op.f("ix_families_institution_id_customer_id"), table_name="families")
    op.drop_table("families")
    op.drop_table("events")
    op.drop_table("entitlements")
    op.drop_table("directory_version")
    op.drop_table("customers")
    op.drop_table("codes")
    op.drop_table("chain_heads")
    op.drop_table("attempts")
    op.drop_table("applications")
    op.drop_table("application_secrets")
