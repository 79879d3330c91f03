"""A process on SQLite is killed: `make drill` two hundred times, the suite itself twenty."""

import os
import random
from pathlib import Path

import pytest

from tests.drills.audit import check_events
from tests.drills.drill import drill
from tests.drills.service import Laptop

KILLS = int(os.environ.get("KILLS", "20"))


@pytest.mark.requirement("RT-05", "RV-07", "TE-18")
async def test_a_killed_server_loses_doubles_and_revokes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was acknowledged is there, once, after every SIGKILL; the chain of events is whole."""
    bank = Laptop(tmp_path / "bank")

    async def kill(chance: random.Random) -> None:
        bank.kill()
        if chance.random() < 0.1:
            await bank.kill_while_starting(chance.uniform(0.1, 0.8))
        await bank.start()

    try:
        await bank.start()
        ledger = await drill(bank, kill, KILLS, seed=20261123, keys=False)
    finally:
        bank.stop()
    with capsys.disabled():
        print("\nkill -9 of the one process on SQLite", *ledger.lines(), sep="\n  ")
    assert ledger.faults == []
    assert min(ledger.acknowledged[name] for name in ("tokens", "rotations", "codes")) >= KILLS
    assert min(ledger.acknowledged[name] for name in ("revocations", "retries", "passwords")) > 0
    check_events(bank.database, ledger)
