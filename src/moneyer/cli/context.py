"""What every command needs: which settings, which store, and how to print."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from moneyer.keys.sealing import ServerKeys, derive
from moneyer.protocol.clock import SECOND
from moneyer.settings import SETTINGS_VARIABLE, BadSettings, Settings, read_settings
from moneyer.store.admin import Admin
from moneyer.store.engine import opened
from moneyer.store.upgrade import require_current

SANDBOX_FOLDER = Path(".moneyer")

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", help=f"The settings file; else ${SETTINGS_VARIABLE}."),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="A sandbox's data folder; else .moneyer, where there is one."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]

console = Console()


class Complaint(Exception):
    """Something the operator can mend, in words."""


def settings_from(file: Path | None, data: Path | None) -> Settings:
    """The settings a command works with: a file, the environment, or a sandbox's folder.

    Raises BadSettings.
    """
    named = os.environ.get(SETTINGS_VARIABLE)
    if file is None and named and data is None:
        file = Path(named)
    settings = read_settings(file)
    if data is None and not settings.store.sqlite and SANDBOX_FOLDER.is_dir():
        data = SANDBOX_FOLDER
    if data is not None:
        card = data / "sandbox.json"
        if not card.exists():
            raise BadSettings(f"{data}: there is no sandbox here")
        base_url = msgspec.json.decode(card.read_bytes())["base_url"]
        return sandbox_settings(settings, data, base_url)
    return settings


def sandbox_settings(settings: Settings, data: Path, base_url: str) -> Settings:
    """`settings` for the sandbox in the folder `data`."""
    replace = msgspec.structs.replace
    return replace(
        settings,
        server=replace(settings.server, base_url=base_url),
        store=replace(settings.store, sqlite=str(data / "moneyer.db"), node="sandbox-1"),
        keys=replace(settings.keys, master_key="", master_key_file=str(data / "master.key")),
    )


class Office:
    """An operator at work: the settings and the store."""

    def __init__(self, settings: Settings, admin: Admin) -> None:
        self.settings = settings
        self.admin = admin

    @property
    def keys(self) -> ServerKeys:
        return derive(self.settings.master_key())


@contextmanager
def office(file: Path | None, data: Path | None) -> Iterator[Office]:
    """Opens the store for a command. Raises BadSettings, SchemaMismatch, DatabaseError."""
    settings = settings_from(file, data)
    path = settings.database
    if not path.exists():
        raise BadSettings(f"store.sqlite: there is no database at {path}; run `moneyer migrate`")
    with opened(path) as engine:
        require_current(engine)
        yield Office(settings, Admin(engine))


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_rows(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table for people."""
    if not rows:
        console.print("none")
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def in_words(instant: int | None) -> str:
    """An instant as a person reads it, in UTC."""
    if instant is None:
        return "never"
    return datetime.fromtimestamp(instant / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
