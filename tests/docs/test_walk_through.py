"""docs/walk-through.md can be pasted, and does what it says."""

import json
from pathlib import Path

from tests.docs.pasting import ROOT, pasted


async def test_from_a_clone_to_a_transfer(tmp_path: Path) -> None:
    """A customer's token moves 25 once, an institution's 10 more; every refusal has its own code."""
    (
        _,
        before,
        transfers,
        after,
        numbers,
        for_her,
        bakery,
        refusals,
    ) = await pasted(ROOT / "docs" / "walk-through.md", tmp_path)
    first, second = transfers.split()
    assert json.loads(first)["id"] == json.loads(second)["id"]
    newest, balance = after.strip().splitlines()
    shown = json.loads(newest)["transactions"][0]
    assert (shown["type"], shown["amount"]["amount"]) == ("TRANSFER_DEBIT", 25.0)
    assert round(float(before) - float(balance), 2) == 25.0
    assert numbers.split() == ["70010110", "70010110"]
    assert json.loads(for_her)["amount"]["amount"] == 10.0
    assert bakery.strip()
    codes = [json.loads(line)["code"] for line in refusals.strip().splitlines()]
    assert codes == ["ACC_00018", "ACC_00018", "ACC_00018", "PRMSYS_11003", "ACC_00601"]
