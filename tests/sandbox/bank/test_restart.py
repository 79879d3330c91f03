"""The journal: what a restart keeps, and what a full disk leaves alone."""

from pathlib import Path

import pytest

from moneyer.sandbox.bank.books.journal import NAME, Journal, JournalDamaged
from tests.bank import TestClock
from tests.sandbox.bank.counter import Counter, state_of, transfer
from tests.sandbox.bank.test_alerts import wanting
from tests.sandbox.bank.test_changes import two


async def test_a_restart_keeps_everything_and_a_torn_line_is_cut_off(
    tmp_path: Path, clock: TestClock
) -> None:
    counter = Counter(tmp_path, clock)
    await counter.got("PUT", "/v1/alert-preferences", body=wanting("TRANSFER_SENT"))
    source, target = await two(counter)
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 1))
    whole = await counter.everything(source)
    counter.bank.close()
    whole_file = (tmp_path / NAME).read_bytes()
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"change":"transfer","institution_id":"000')
    clock.advance(86400 * 30)
    again = Counter(tmp_path, clock, seed="another seed, which an old bank does not take")
    assert state_of(again.bank) == state_of(counter.bank)
    assert (tmp_path / NAME).read_bytes() == whole_file
    assert await again.everything(source) == whole
    await again.got("POST", "/v1/transfers", body=transfer(source, target, 2))
    again.bank.close()
    third = Counter(tmp_path, clock)
    assert len(await third.everything(source)) == len(whole) + 1
    third.bank.close()


def test_a_journal_that_somebody_wrote_into_is_refused_by_the_line(
    tmp_path: Path, clock: TestClock
) -> None:
    Counter(tmp_path, clock).bank.close()
    with (tmp_path / NAME).open("ab") as file:
        file.write(b"nonsense\n")
    with pytest.raises(JournalDamaged, match="line 2"):
        Journal(tmp_path).read()


async def test_a_full_disk_changes_nothing(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = await two(counter)
    balance = await counter.balance(source)
    written = (counter.folder / NAME).read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        said = await counter.ask("POST", "/v1/transfers", body=transfer(source, target, 1))
    assert (said.status, said.code, said.headers["retry-after"]) == (503, "TFR_10001", "1")
    assert await counter.balance(source) == balance
    assert (counter.folder / NAME).read_bytes() == written
    await counter.got("POST", "/v1/transfers", body=transfer(source, target, 1))
    assert await counter.balance(source) == balance - 100


async def test_the_journal_is_its_owners_alone(counter: Counter) -> None:
    assert (counter.folder / NAME).stat().st_mode & 0o777 == 0o600
