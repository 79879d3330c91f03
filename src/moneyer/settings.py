"""Settings: one TOML file, overridden by `MONEYER_SECTION__KEY` in the environment.

An unknown key is an error that names it. Every key is described in docs/settings.md.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from moneyer.customers.core_bank import CoreBank
from moneyer.guards.attempts import LoginLimits, RateLimits
from moneyer.keys.sealing import parse_master_key
from moneyer.store.database import Database, PostgresqlUrl

PREFIX = "MONEYER_"
SETTINGS_VARIABLE = "MONEYER_SETTINGS"
"""Names the settings file where `--settings` does not."""

Positive = Annotated[int, msgspec.Meta(ge=1)]


_UNKNOWN = re.compile("Object contains unknown field `(.*)`")


class BadSettings(Exception):
    """The settings cannot be used; the message names the key and says why."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the service listens, and how the world reaches it.

    `drain` is how many seconds a stopping server tells its load balancer so before it closes its doors.
    `allow_private_callbacks` lets applications be called on private addresses: for development alone.
    """

    base_url: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080
    trusted_proxies: tuple[str, ...] = ()
    tls_certificate: str = ""
    tls_key: str = ""
    require_transaction_id: bool = False
    allow_private_callbacks: bool = False
    drain: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0.0


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where everything rests. `node` names this process's chain of audit events.

    `postgresql` is the URL of the role that serves; `postgresql_owner` of the one that migrates.
    """

    sqlite: str = ""
    postgresql: str = ""
    postgresql_owner: str = ""
    node: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,60}$")] = "node-1"

    @property
    def is_set(self) -> bool:
        return bool(self.sqlite or self.postgresql)

    def __repr__(self) -> str:
        return f"Store(node={self.node!r})"


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The master key, as text or in a file; 32 bytes in base64url."""

    master_key: str = ""
    master_key_file: str = ""

    def __repr__(self) -> str:
        return "Keys(…)"


class Passwords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """argon2id's cost, and the bulkhead around it. `threads` 0 means one a processor."""

    memory_kib: Annotated[int, msgspec.Meta(ge=12288)] = 19456
    passes: Positive = 2
    threads: Annotated[int, msgspec.Meta(ge=0)] = 0
    queue: Annotated[int, msgspec.Meta(ge=0)] = 8


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged to standard error, as one JSON object a line."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings, one struct for each concern."""

    server: Server = Server()
    store: Store = Store()
    keys: Keys = Keys()
    passwords: Passwords = Passwords()
    login_limits: LoginLimits = LoginLimits()
    rate_limits: RateLimits = RateLimits()
    core_bank: dict[str, CoreBank] = {}
    log: Log = Log()

    @property
    def base_url(self) -> str:
        """The public root of the service, without a slash at its end."""
        return self.server.base_url or f"http://{self.server.host}:{self.server.port}"

    @property
    def base_path(self) -> str:
        return urlsplit(self.base_url).path

    @property
    def require_tls(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def database(self) -> Database:
        """What is served from. Raises BadSettings when no database is set."""
        if self.store.postgresql:
            return PostgresqlUrl(self.store.postgresql)
        if not self.store.sqlite:
            raise BadSettings("store.sqlite: no database is set: a file here, or store.postgresql")
        return Path(self.store.sqlite)

    @property
    def database_to_migrate(self) -> Database:
        """The same as the role that owns the tables. Raises BadSettings."""
        owner = self.store.postgresql_owner
        return PostgresqlUrl(owner) if owner else self.database

    def trusted_proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(ipaddress.ip_network(text) for text in self.server.trusted_proxies)

    def master_key(self) -> bytes:
        """Raises BadSettings when there is none, or it cannot be read."""
        text = self.keys.master_key
        if not text and self.keys.master_key_file:
            try:
                text = Path(self.keys.master_key_file).read_text()
            except OSError as error:
                file = self.keys.master_key_file
                raise BadSettings(f"keys.master_key_file: {file}: {error.strerror}") from None
        if not text:
            raise BadSettings(
                "keys.master_key_file: no master key is set; `moneyer key new-master` makes one"
            )
        try:
            return parse_master_key(text)
        except ValueError as error:
            key = "keys.master_key" if self.keys.master_key else "keys.master_key_file"
            raise BadSettings(f"{key}: {error}") from None


def read_settings(file: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in `file`, with the environment's on top. Raises BadSettings."""
    document: dict[str, Any] = {}
    if file is not None:
        try:
            document = tomllib.loads(file.read_text())
        except OSError as error:
            raise BadSettings(f"{file}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadSettings(f"{file}: {error}") from None
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable != SETTINGS_VARIABLE:
            _override(document, variable, value)
    try:
        settings = msgspec.convert(document, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise BadSettings(_in_words(error, document)) from None
    _check(settings)
    return settings


def _override(document: dict[str, Any], variable: str, value: str) -> None:
    section, _, key = variable[len(PREFIX) :].lower().partition("__")
    names = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    if not key or section not in names or section == "core_bank":
        raise BadSettings(f"{variable}: there is no such setting; the form is MONEYER_SECTION__KEY")
    fields = {field.name: field.type for field in msgspec.structs.fields(names[section])}
    if key not in fields:
        raise BadSettings(f"{variable}: there is no setting {section}.{key}")
    is_list = fields[key] == tuple[str, ...]
    document.setdefault(section, {})[key] = value.split(",") if is_list else value


def _in_words(error: msgspec.ValidationError, document: dict[str, Any]) -> str:
    """msgspec's message with the key in front: `server.port: Expected …`."""
    what, _, where = str(error).partition(" - at `$")
    where = where.strip(".`")
    if where.startswith("core_bank[...]"):
        where = where.replace("[...]", f".{_bad_core_bank(document)}")
    if unknown := _UNKNOWN.fullmatch(what):
        key = f"{where}.{unknown[1]}" if where else unknown[1]
        return f"{key}: there is no such setting"
    return f"{where or 'settings'}: {what}"


def _bad_core_bank(document: dict[str, Any]) -> str:
    """Which institution's table it is that msgspec, which does not say so, complains about."""
    for institution_id, table in document["core_bank"].items():
        try:
            msgspec.convert(table, CoreBank, strict=False)
        except msgspec.ValidationError:
            return str(institution_id)
    return "?"


def _check(settings: Settings) -> None:
    """Raises BadSettings for values that are well-formed and wrong."""
    url = urlsplit(settings.base_url)
    if url.scheme not in {"http", "https"} or not url.netloc or url.query or url.fragment:
        raise BadSettings("server.base_url: must be an http or https URL without query or fragment")
    if settings.base_url.endswith("/"):
        raise BadSettings("server.base_url: must not end with a slash")
    store = settings.store
    if store.sqlite and (store.postgresql or store.postgresql_owner):
        raise BadSettings("store.sqlite: a file and a PostgreSQL are set; one of them is too many")
    if store.postgresql_owner and not store.postgresql:
        raise BadSettings("store.postgresql: only its owner's URL is set, not the one to serve with")
    for key, text in (("postgresql", store.postgresql), ("postgresql_owner", store.postgresql_owner)):
        if text and not text.startswith("postgresql://"):
            raise BadSettings(f"store.{key}: must begin with postgresql://")
    if bool(settings.server.tls_certificate) != bool(settings.server.tls_key):
        raise BadSettings("server.tls_key: certificate and key are set together or not at all")
    try:
        settings.trusted_proxies()
    except ValueError as error:
        raise BadSettings(f"server.trusted_proxies: {error}") from None
    for institution_id, core in settings.core_bank.items():
        if not core.url.startswith("https://"):
            raise BadSettings(f"core_bank.{institution_id}.url: must begin with https://")
