"""One of two processes that renew the same refresh token on the same SQLite file.

Run as a module: `python -m tests.concurrency.racer DATABASE MASTER_KEY TOKEN COUNT`; waits for a line
on standard input, then prints one successor a line.
"""

import asyncio
import sys
from pathlib import Path

from moneyer.audit.events import Trace
from moneyer.grants.mint import TokenRequest
from moneyer.grants.refresh_token import TurnFamily
from moneyer.keys.sealing import derive, parse_master_key
from moneyer.protocol.clock import SystemClock
from moneyer.protocol.form import EMPTY
from moneyer.store.admin import Admin
from moneyer.store.engine import opened
from moneyer.store.journal import Journal
from moneyer.store.sqlite.ledger import SqliteLedger
from moneyer.tokens.family import RatchetKeys, read_token, write_token


async def race(database: Path, master_key: str, token: str, count: int) -> list[str]:
    keys = derive(parse_master_key(master_key))
    ratchet = RatchetKeys(keys.refresh_tag, keys.ratchet)
    presented = read_token(ratchet, token)
    with opened(database) as engine:
        admin = Admin(engine)
        request = TokenRequest(
            admin.applications.get("web"),
            admin.institutions.get(presented.institution_id),
            "refresh_token",
            EMPTY,
            lambda: None,
            Trace("192.0.2.1", ""),
            SystemClock().now(),
        )
    ledger = SqliteLedger(database, SystemClock(), writer="racer")
    journal = Journal(ledger)
    sys.stdin.readline()
    turns = await asyncio.gather(
        *(journal.perform(TurnFamily(ratchet, presented, request, None)) for _ in range(count))
    )
    await journal.close()
    await ledger.aclose()
    return [write_token(ratchet, family, secret) for family, secret, _ in turns]


if __name__ == "__main__":
    arguments = sys.argv[1:]
    found = asyncio.run(race(Path(arguments[0]), arguments[1], arguments[2], int(arguments[3])))
    sys.stdout.write("\n".join(found) + "\n")
