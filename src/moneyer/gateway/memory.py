"""What a gateway remembers over its own restarts, so that it can work while the token service is away.

A file of lines: all that was known once, then what was heard since. Each line carries a MAC over itself
and the line before, under a key that follows from the gateway's own secret: a file that was written by
another, altered or cut in the middle is read as far as it holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import weakref
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from moneyer.gateway.knowledge import Answer, Everything, KeySet

LEAST_GROWTH = 256 * 1024
"""Bytes of news after which all is written anew, if there was no more than that at the beginning."""

Record = Everything | Answer | KeySet

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


class Memory(Protocol):
    """Keeps what is remembered. No method raises."""

    def load(self) -> list[Record]:
        """What was remembered, in order; it begins with Everything, or is empty."""
        ...

    def begin(self, everything: Everything) -> None:
        """Replaces all that was remembered."""
        ...

    def add(self, record: Answer | KeySet) -> bool:
        """Adds to it, durably; False where it is time to begin anew."""
        ...

    def close(self) -> None:
        """Lets go of it: another may write now."""
        ...


class NoMemory:
    """Begins anew at each start."""

    def load(self) -> list[Record]:
        return []

    def begin(self, everything: Everything) -> None:
        """Nothing."""

    def add(self, record: Answer | KeySet) -> bool:  # noqa: ARG002
        return True

    def close(self) -> None:
        """Nothing."""


class FileMemory:
    """One file of one process, for which a lock beside it keeps it. `secret` is what the gateway proves
    itself with to the token service."""

    def __init__(self, path: Path, secret: str) -> None:
        self._path = path
        self._key = hmac.digest(secret.encode(), b"moneyer/gateway-memory", "sha256")
        self._last = b""
        self._began_with = 0
        self._grown = 0
        self._has_begun = False
        self._lock: weakref.finalize[..., FileMemory] | None = None
        self._has_complained = False

    def load(self) -> list[Record]:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            log.warning("memory-unread", reason=type(error).__name__)
            return []
        records: list[Record] = []
        before = b""
        for line in lines:
            mac, _, body = line.partition(b" ")
            before = self._mac(before, body)
            try:
                if not hmac.compare_digest(mac, before):
                    raise ValueError("another's line, or half of one")
                records.append(_decode(body))
            except ValueError:
                log.warning("memory-cut-short", lines=len(records))
                break
        return records if records and isinstance(records[0], Everything) else []

    def begin(self, everything: Everything) -> None:
        if not self._is_ours():
            return
        draft = self._path.with_name(self._path.name + ".new")
        line = self._line(b"", everything)
        try:
            _write(draft, os.O_TRUNC, line)
            draft.replace(self._path)
            _sync(self._path.parent)
        except OSError as error:
            self._has_begun = False
            log.warning("memory-unwritten", reason=type(error).__name__)
            return
        self._last = line.partition(b" ")[0]
        self._began_with, self._grown, self._has_begun = len(line), 0, True

    def add(self, record: Answer | KeySet) -> bool:
        if not self._has_begun:
            return False
        line = self._line(self._last, record)
        try:
            _write(self._path, os.O_APPEND, line)
        except OSError as error:
            self._has_begun = False
            log.warning("memory-unwritten", reason=type(error).__name__)
            return False
        self._last = line.partition(b" ")[0]
        self._grown += len(line)
        return self._grown <= max(LEAST_GROWTH, self._began_with)

    def close(self) -> None:
        if self._lock is not None:
            self._lock()

    def _is_ours(self) -> bool:
        """Whether nobody else writes this file: two that do would cut each other short."""
        if self._lock is not None:
            return True
        beside = self._path.with_name(self._path.name + ".lock")
        try:
            descriptor = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            log.warning("memory-unwritten", reason=type(error).__name__)
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            if not self._has_complained:
                log.error("memory-is-anothers", reason="each process needs a file of its own")  # noqa: TRY400
            self._has_complained = True
            return False
        self._lock = weakref.finalize(self, os.close, descriptor)
        return True

    def _line(self, before: bytes, record: Record) -> bytes:
        body = _encode(record)
        return self._mac(before, body) + b" " + body + b"\n"

    def _mac(self, before: bytes, body: bytes) -> bytes:
        return hmac.new(self._key, before + b" " + body, hashlib.sha256).hexdigest().encode()


def _write(path: Path, how: int, line: bytes) -> None:
    """Durable when it returns. Raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Makes a new name in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
