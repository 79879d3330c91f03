"""A cluster of three under Patroni whose primary is killed: twenty times in `make drill`."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from moneyer.store.database import PostgresqlUrl
from tests.drills.audit import check_events
from tests.drills.drill import drill
from tests.drills.patroni import Cluster
from tests.drills.service import OWNER, ROLES, SERVING, DataCentre

FAILOVERS = int(os.environ.get("FAILOVERS", "0"))


@pytest.mark.skipif(FAILOVERS == 0, reason="long: make drill")
@pytest.mark.requirement("RT-05", "RV-07", "TE-18")
async def test_no_failover_loses_doubles_or_revives_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Strict synchronous mode: what was acknowledged is on the standby that takes over."""
    with Cluster() as cluster:
        cluster.psql(ROLES)
        cluster.psql(f"CREATE DATABASE bank OWNER {OWNER}")
        bank = DataCentre(tmp_path, cluster.url("bank", OWNER), cluster.url("bank", SERVING))

        def fail_over() -> None:
            former = cluster.kill_leader()
            cluster.await_leader()
            cluster.restart_node(former)
            cluster.wait_until_whole()

        async def fail(_: random.Random) -> None:
            await asyncio.to_thread(fail_over)

        try:
            await bank.start()
            ledger = await drill(bank, fail, FAILOVERS, seed=20261124)
        finally:
            bank.stop()
        with capsys.disabled():
            print("\nforced failover, until the cluster is whole again", *ledger.lines(), sep="\n  ")
        assert ledger.faults == []
        assert ledger.cut_off == 0
        assert min(ledger.acknowledged[name] for name in ("tokens", "rotations", "codes")) > FAILOVERS
        check_events(PostgresqlUrl(cluster.url("bank")), ledger)
