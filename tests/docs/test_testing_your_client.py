"""docs/testing-your-client.md can be pasted, and describes the faults that there are, and no other."""

import json
import re
from pathlib import Path

from moneyer.sandbox.faults.catalogue import catalogue
from moneyer.sandbox.faults.fault import Fault
from tests.docs.pasting import ROOT, pasted

GUIDE = ROOT / "docs" / "testing-your-client.md"


async def test_every_recipe_does_what_the_page_says(tmp_path: Path) -> None:
    """Block by block: what a shell sees of each class of fault."""
    (
        _,
        lost,
        away,
        over,
        clock,
        documented,
        standing,
        from_pytest,
    ) = await pasted(GUIDE, tmp_path)
    assert lost.strip().splitlines() == [
        "no answer: curl ends with 52",
        "the same successor twice",
        "half an answer: curl ends with 18",
        "too slow: curl ends with 28",
    ]
    *statuses, wait, mark = away.strip().splitlines()
    assert [line.split()[0] for line in statuses] == ["503", "429", "500", "502", "302", "200"]
    assert "text/html" in statuses[3]
    assert statuses[4].endswith(" http://captive-portal.invalid/sign-in")
    assert (wait.strip().lower(), mark.strip()) == ("retry-after: 7", "moneyer-fault: unavailable")
    refused, fine, revoked, seconds, stolen = over.strip().splitlines()
    assert json.loads(refused)["code"] == "ACC_00601"
    assert (fine, revoked, seconds) == ("200", "401", "5")
    assert json.loads(stolen)["code"] == "CMN_90016"
    date, known = clock.strip().splitlines()
    assert date.lower().startswith("date: ")
    assert known.startswith("unknown")
    codes = [json.loads(line)["code"] for line in documented.strip().splitlines()]
    assert codes == ["CMN_90006", "CMN_90012", "CMN_90015", "TXN_11003"]
    assert "signed in, in spite of both\nnone\n0 ended" in standing
    assert "3 passed" in from_pytest


def rows() -> list[list[str]]:
    """The cells of every table whose first one is a fault."""
    lines = re.findall(r"^\| (`[a-z].*) \|$", GUIDE.read_text(), re.M)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


def row_of(fault: Fault) -> list[str]:
    """The row of a generated fault: what each dialect says, or what the guard does."""
    if fault.site.words == "an API":
        return [f"`{fault.usage}`", fault.line]
    said = dict(part.split(": ", 1) for part in fault.line.split("; "))
    return [f"`{fault.usage}`", *(said.get(name, "–") for name in ("V2", "standard", "V1"))]


def test_the_page_describes_every_fault_and_no_other() -> None:
    """As it is written, in the order in which it happens."""
    usages = [fault.usage for fault in catalogue().values()]
    assert sorted(row[0].strip("`") for row in rows()) == sorted(usages)


def test_what_the_page_says_of_documented_failures_is_what_is_answered() -> None:
    """Status, code and words, from the dialects' own tables."""
    generated = [
        f for f in catalogue().values() if f.answers and f.line[:2] in {"V2", "V1", "st", "40"}
    ]
    written = [row for row in rows() if row[0] in {f"`{f.usage}`" for f in generated}]
    assert len(generated) > 30
    assert written == [row_of(fault) for fault in generated]
