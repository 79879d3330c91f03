"""The changes on disk: one JSON object a line, each forced to the disk before it counts."""

import os
from pathlib import Path

import msgspec

from moneyer.sandbox.bank.books.changes import AnyChange

NAME = "bank.jsonl"

_DECODER = msgspec.json.Decoder(AnyChange)
_ENCODER = msgspec.json.Encoder()


class JournalDamaged(Exception):
    """A line before the last cannot be read: somebody wrote into the file. Names the line."""


class JournalFull(Exception):
    """A change could not be written, and did not happen."""


class Journal:
    """An open journal. One process writes; the sandbox's lock on its database sees to that."""

    def __init__(self, folder: Path) -> None:
        """Opens the journal in `folder`, or begins one. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(folder / NAME, flags, 0o600)
        self._end = 0

    def read(self) -> list[AnyChange]:
        """Every change, oldest first.

        A last line without its end was never answered for; it is cut off. Raises JournalDamaged.
        """
        os.lseek(self._file, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._file), "rb") as file:
            lines = file.read().split(b"\n")
        changes: list[AnyChange] = []
        for number, line in enumerate(lines[:-1], 1):
            try:
                changes.append(_DECODER.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                raise JournalDamaged(f"{NAME}: line {number} cannot be read") from None
            self._end += len(line) + 1
        os.ftruncate(self._file, self._end)
        return changes

    def append(self, change: AnyChange) -> None:
        """Writes `change` durably. Raises JournalFull; the file is then as it was."""
        line = _ENCODER.encode(change) + b"\n"
        try:
            written = os.pwrite(self._file, line, self._end)
            if written < len(line):
                raise OSError("short write")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise JournalFull("the journal cannot be written") from None
        self._end += len(line)

    def close(self) -> None:
        os.close(self._file)
