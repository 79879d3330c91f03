"""What the audit log says about a drill, held against its ledger."""

from collections import Counter

import msgspec
from sqlalchemy import text

from moneyer.audit.chain import Head, Link, verify_chain
from moneyer.store.database import Database
from moneyer.store.engine import opened
from tests.drills.ledger import Ledger, place_of


def check_events(database: Database, ledger: Ledger) -> None:
    """Every writer's chain is whole, and every acknowledged grant has exactly one event."""
    with opened(database) as engine, engine.connect() as connection:
        heads = [Head(*row) for row in connection.execute(text("SELECT * FROM chain_heads"))]
        links = [
            Link(*row)
            for row in connection.execute(text("SELECT * FROM events ORDER BY writer, sequence"))
        ]
    for head in heads:
        verify_chain([link for link in links if link.writer == head.writer], head)
    events = [msgspec.json.decode(link.body) for link in links]
    issued = Counter(event["token_id"] for event in events if event["name"] == "token:issued")
    assert all(issued[token_id] == 1 for token_id in ledger.token_ids)
    turns = Counter(
        (event["family_id"], event["generation"])
        for event in events
        if event["name"] == "refresh:rotated"
    )
    assert all(turns[turn] == 1 for turn in ledger.turns if turn[1] > 0)
    assert max(turns.values()) == 1
    opened_by = Counter(
        event["family_id"]
        for event in events
        if event["name"] in {"code:taken", "family:opened"} and "family_id" in event
    )
    assert all(opened_by[family_id] == 1 for family_id, _ in ledger.turns)
    revoked = Counter(event["family_id"] for event in events if event["name"] == "family:revoked")
    assert all(revoked[place_of(token)[0]] == 1 for token in ledger.revoked)
    assert not any(event["name"] == "refresh:replayed" for event in events)
