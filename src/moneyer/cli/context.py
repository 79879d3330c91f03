"""What every command needs: which settings, which store, and how to print."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console

from moneyer.columns import aligned
from moneyer.institutions.institution import GRANT_TYPES
from moneyer.protocol.clock import SECOND

if TYPE_CHECKING:
    from moneyer.keys.sealing import ServerKeys
    from moneyer.settings import Settings
    from moneyer.store.admin import Admin
    from moneyer.store.database import Database
    from moneyer.store.engine import Engine

SANDBOX_FOLDER = Path(".moneyer")

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", help="The settings file; else $MONEYER_SETTINGS."),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="A sandbox's data folder; else .moneyer, where there is one."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]

console = Console()


class Complaint(Exception):
    """Something the operator can mend, in words."""


def settings_for_serving(file: Path | None) -> "Settings":
    """The settings in a file, named or by the environment, and in the environment itself.

    Raises BadSettings.
    """
    from moneyer.settings import read_settings

    return read_settings(_file_named(file))


def settings_for_work(file: Path | None, data: Path | None) -> "Settings":
    """The same for a command that works on a store; a sandbox's folder may take their place.

    That is `data`, or the usual folder where nothing else is said. Raises BadSettings, Complaint.
    """
    settings = settings_for_serving(None if data else file)
    if data is None and _file_named(file) is None and not settings.store.is_set:
        if not SANDBOX_FOLDER.is_dir():
            raise Complaint(
                "which store? There is no sandbox here: name its folder with --data, "
                "or a settings file with --settings"
            )
        data = SANDBOX_FOLDER
    if data is None:
        return settings
    card = data / "sandbox.json"
    if not card.exists():
        raise Complaint(f"{data}: there is no sandbox here")
    try:
        base_url = msgspec.json.decode(card.read_bytes(), type=_Card).base_url
    except msgspec.DecodeError as error:
        raise Complaint(f"{card}: {error}") from None
    return sandbox_settings(settings, data, base_url)


def _file_named(file: Path | None) -> Path | None:
    from moneyer.settings import SETTINGS_VARIABLE

    named = os.environ.get(SETTINGS_VARIABLE)
    return Path(named) if file is None and named else file


class _Card(msgspec.Struct):
    """What a command needs of `sandbox.json`."""

    base_url: str


def sandbox_settings(settings: "Settings", data: Path, base_url: str) -> "Settings":
    """`settings` for the sandbox in the folder `data`."""
    from moneyer.settings import Store

    replace = msgspec.structs.replace
    return replace(
        settings,
        server=replace(settings.server, base_url=base_url),
        store=Store(sqlite=str(data / "moneyer.db"), node="sandbox-1"),
        keys=replace(settings.keys, master_key="", master_key_file=str(data / "master.key")),
    )


class Office:
    """An operator at work: the settings and the store."""

    def __init__(self, settings: "Settings", engine: "Engine", admin: "Admin") -> None:
        self.settings = settings
        self.engine = engine
        self.admin = admin

    @property
    def keys(self) -> "ServerKeys":
        from moneyer.keys.sealing import derive

        return derive(self.settings.master_key())


@contextmanager
def office(file: Path | None, data: Path | None) -> Iterator[Office]:
    """Opens the store for a command. Raises Complaint, BadSettings, SchemaMismatch, DatabaseError."""
    from moneyer.store.admin import Admin
    from moneyer.store.engine import opened
    from moneyer.store.upgrade import require_current

    settings = settings_for_work(file, data)
    require_file(settings.database)
    with opened(settings.database) as engine:
        require_current(engine)
        yield Office(settings, engine, Admin(engine))


def require_file(database: "Database") -> None:
    """Raises Complaint for a SQLite file that is not there; a PostgreSQL answers for itself."""
    if isinstance(database, Path) and not database.exists():
        raise Complaint(f"there is no database at {database}: run `moneyer migrate`")


def text_of(file: Path) -> str:
    """What is in `file`. Raises Complaint where it cannot be read."""
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Complaint(f"cannot read {file}: {error}") from None


def check_grants(grants: Sequence[str]) -> None:
    """Raises Complaint for one that does not exist."""
    for grant in grants:
        if grant not in GRANT_TYPES:
            raise Complaint(f"there is no grant {grant}; there are {', '.join(GRANT_TYPES)}")


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_rows(columns: tuple[str, ...], rows: list[tuple[str, ...]], instead: str = "none") -> None:
    """A table for people; `instead` where it would be empty."""
    if not rows:
        typer.echo(instead)
        return
    heading, *lines = aligned((columns, *rows))
    typer.secho(heading, bold=True)
    for line in lines:
        typer.echo(line)


def in_words(instant: int | None) -> str:
    """An instant as a person reads it, in UTC."""
    if instant is None:
        return "never"
    return datetime.fromtimestamp(instant / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
