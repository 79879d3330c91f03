"""Where a refresh token rests between renewals."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from moneyer.client.errors import StoreFailed

_MOST = 8192
"""Bytes; no refresh token is nearly as long."""


class TokenStore(Protocol):
    """Keeps one refresh token: that of one sign-in of one application at one institution.

    It is asked before each renewal, so that processes which share a store go on from each other's
    renewals. `save` returns when the token would survive a crash. Raises StoreFailed.
    """

    def load(self) -> str | None: ...

    def save(self, refresh_token: str) -> None: ...

    def clear(self) -> None: ...


class MemoryStore:
    """Forgets with the process."""

    def __init__(self) -> None:
        self._refresh_token: str | None = None

    def load(self) -> str | None:
        return self._refresh_token

    def save(self, refresh_token: str) -> None:
        self._refresh_token = refresh_token

    def clear(self) -> None:
        self._refresh_token = None


class FileStore:
    """A file that nobody but its owner reads (0600), replaced as a whole or not at all.

    A file that others can read is refused, like a key by ssh.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def __repr__(self) -> str:
        return f"FileStore({str(self._path)!r})"

    def load(self) -> str | None:
        try:
            with self._path.open("rb") as file:
                is_open_to_others = bool(os.fstat(file.fileno()).st_mode & 0o077)
                kept = file.read(_MOST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failed("read", error) from None
        if is_open_to_others:
            raise StoreFailed("the file of the refresh token is open to others: chmod 600")
        try:
            return kept.decode("ascii").strip() or None
        except ValueError:
            raise StoreFailed("the file of the refresh token holds something else") from None

    def save(self, refresh_token: str) -> None:
        beside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        try:
            self._write(beside, refresh_token.encode("ascii"))
            beside.replace(self._path)
            self._sync_folder()
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise _failed("written", error) from None

    def clear(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise _failed("removed", error) from None

    def _write(self, path: Path, content: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)

    def _sync_folder(self) -> None:
        """The new name survives a crash too."""
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(done: str, error: OSError) -> StoreFailed:
    return StoreFailed(
        f"the file of the refresh token could not be {done}: {os.strerror(error.errno or 0)}"
    )
