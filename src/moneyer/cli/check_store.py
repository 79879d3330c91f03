"""What `moneyer check` says about the database."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from moneyer.cli.findings import Finding, Grade
from moneyer.store.database import Database, PostgresqlUrl
from moneyer.store.engine import Engine

_ENCRYPTED = {"require", "verify-ca", "verify-full"}


def store_findings(database: Database, engine: Engine) -> list[Finding]:
    """Who can read it, whether what it says is done stays done, whether its schema is the newest."""
    from moneyer.store.upgrade import current_revision, wanted_revision

    found, wanted = current_revision(engine), wanted_revision()
    schema = (
        Finding(Grade.GOOD, "schema", f"at revision {wanted}")
        if found == wanted
        else Finding(Grade.WARNING, "schema", f"at revision {found}: run `moneyer migrate`")
    )
    if isinstance(database, PostgresqlUrl):
        return [schema, _transport(database), *_server(engine)]
    return [schema, _file(database)]


def _file(path: Path) -> Finding:
    if path.stat().st_mode & 0o077:
        return Finding(Grade.WARNING, "store.sqlite", f"{path} can be read by others: chmod 600")
    return Finding(Grade.GOOD, "store.sqlite", "only its owner can read it")


def _transport(url: PostgresqlUrl) -> Finding:
    parts = urlsplit(url.text)
    mode = parse_qs(parts.query).get("sslmode", ["prefer"])[0]
    if mode == "verify-full":
        return Finding(Grade.GOOD, "store.postgresql", "its certificate is verified")
    if (parts.hostname or "") in {"", "localhost", "127.0.0.1", "::1"}:
        return Finding(Grade.GOOD, "store.postgresql", "reached without a network")
    if mode in _ENCRYPTED:
        words = f"sslmode={mode} does not verify who answers: use verify-full"
        return Finding(Grade.WARNING, "store.postgresql", words)
    return Finding(
        Grade.BAD, "store.postgresql", "the connection may be in the clear: sslmode=verify-full"
    )


def _server(engine: Engine) -> list[Finding]:
    """What PostgreSQL says of itself."""
    from moneyer.store.postgresql.server import Unconfined, durability, require_confined

    found, facts = [], durability(engine)
    for name in ("fsync", "synchronous_commit"):
        if getattr(facts, name) == "off":
            words = f"{name} is off: what was acknowledged can be lost"
            found.append(Finding(Grade.BAD, "postgresql", words))
    if not facts.standbys:
        words = (
            "no standby is waited for: a token renewed just before the primary is lost is lost with it"
        )
        found.append(Finding(Grade.WARNING, "postgresql", words))
    try:
        require_confined(engine)
    except Unconfined as error:
        subject, _, words = str(error).partition(": ")
        found.append(Finding(Grade.BAD, subject, words))
    return found or [Finding(Grade.GOOD, "postgresql", "commits are durable, on more than one machine")]
