"""What a gateway remembers over its own restarts, so that it can work while the token service is away.

Keys and signed bulletins as they came: all of it is verified again when it is read.
"""

import os
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

log = structlog.get_logger()


class Remembered(msgspec.Struct, frozen=True):
    """How far a gateway had come."""

    base_url: str
    cursor: str | None
    heard_at: int
    serves: tuple[str, ...]
    bulletins: dict[str, tuple[str, ...]]
    key_sets: dict[str, str]


class Memory(Protocol):
    """Keeps what is remembered. Neither method raises."""

    def load(self) -> Remembered | None: ...
    def save(self, remembered: Remembered) -> None: ...


class NoMemory:
    """Begins anew at each start."""

    def load(self) -> None:
        """Nothing."""

    def save(self, remembered: Remembered) -> None:
        """Nothing."""


class FileMemory:
    """One file, written whole or not at all, and durable when `save` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Remembered | None:
        """None where there is nothing, or nothing that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.warning("memory-unread", error=type(error).__name__)
            return None

    def save(self, remembered: Remembered) -> None:
        draft = self._path.with_name(self._path.name + ".new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
                file.write(msgspec.json.encode(remembered))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._path)
        except OSError as error:
            log.warning("memory-unwritten", error=type(error).__name__)
