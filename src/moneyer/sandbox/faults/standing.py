"""Orders that stand for an application, in a file of the sandbox's data folder."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

ORDERS, LOCK = "faults.json", "faults.lock"
"""The files, beside the sandbox's others."""


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One order. `left` is for how many more requests; None for all, until it is cleared."""

    client_id: str
    faults: str
    left: int | None = None


class StandingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written."""

    orders: tuple[Standing, ...] = ()


class Damaged(Exception):
    """The file is not as it was written; the message names it."""


class StandingOrders:
    """The orders of the sandbox in `folder`. Every process that changes them waits for the others.

    Every method raises OSError; those that read, Damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / ORDERS
        self._lock = folder / LOCK

    def all(self) -> tuple[Standing, ...]:
        """In the order in which they were given."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=StandingFile).orders
        except FileNotFoundError:
            return ()
        except msgspec.DecodeError as error:
            raise Damaged(f"{self._file}: {error}") from None

    def state(self) -> tuple[int, int, int]:
        """Changes when the file does."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return 0, 0, 0
        return found.st_ino, found.st_mtime_ns, found.st_size

    def add(self, order: Standing) -> None:
        with self._locked():
            self._write((*self.all(), order))

    def clear(self, client_id: str | None = None) -> int:
        """Ends an application's orders, or all; how many these were. A damaged file is replaced where
        all are ended."""
        with self._locked():
            if client_id is None and self._is_damaged():
                self._write(())
                return 0
            before = self.all()
            kept = tuple(o for o in before if client_id not in (None, o.client_id))
            self._write(kept)
            return len(before) - len(kept)

    def take(self, fits: Callable[[Standing], bool]) -> Standing | None:
        """The first order that fits, counted down; what is written stays so through a loss of power."""
        with self._locked():
            orders = self.all()
            found = next((order for order in orders if fits(order)), None)
            if found is not None and found.left is not None:
                place = orders.index(found)
                left = msgspec.structs.replace(found, left=found.left - 1)
                kept = (left,) if left.left else ()
                self._write((*orders[:place], *kept, *orders[place + 1 :]))
            return found

    def _is_damaged(self) -> bool:
        try:
            self.all()
        except Damaged:
            return True
        return False

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, orders: tuple[Standing, ...]) -> None:
        """Whole or not at all."""
        draft = self._file.with_suffix(".new")
        text = msgspec.json.format(msgspec.json.encode(StandingFile(orders)), indent=2) + b"\n"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
