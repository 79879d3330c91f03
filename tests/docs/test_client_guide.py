"""docs/client.md: every block runs, against a sandbox, and does what the page says."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.process import Sandbox, sandbox
from tests.client.middleman import Middleman, Reply, Seen

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "client.md").read_text()
BLOCKS = re.findall(r"<!-- run -->\n```python\n(.*?)```", GUIDE, re.S)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running sandbox."""
    with sandbox(tmp_path_factory.mktemp("bank")) as running:
        yield running


def accounts(seen: Seen) -> Reply:
    """An API that takes any call with all that a call carries."""
    complete = {"authorization", "institutionid", "transactionid"} <= seen.headers.keys()
    return Reply(200 if complete else 400, {"content-type": "application/json"}, b"{}")


def test_the_guide_can_be_pasted(bank: Sandbox, tmp_path: Path) -> None:
    """All blocks, one after the other, in one program; `secret` reads the sandbox's card."""
    assert len(BLOCKS) == len(re.findall("```python", GUIDE)) == 5
    program = "\n".join(BLOCKS).replace("http://127.0.0.1:8080", bank.base_url)
    with Middleman(accounts) as api:
        secrets = {a["client_id"]: a["client_secret"] for a in bank.card["applications"]}
        names = f"API = {api.base_url!r}\nsecret = {secrets!r}.get\n"
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", names + program],
            cwd=tmp_path,
            env={"NO_PROXY": "127.0.0.1", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "200",
        "all that the application holds",
        "sign in again",
        "{200}",
        "200",
        f"{bank.base_url}/i/00016/oauth2/token ('accounts:read', 'transactions:read')",
    ]
    assert [seen.query for seen in api.seen[:1]] == [[("hostUserId", "H1000001")]]
    assert list(tmp_path.iterdir()) == []


def test_the_figures_of_the_guide_are_those_of_the_settings() -> None:
    """The defaults stand in a table for people; this holds the two together."""
    from moneyer.client import Margin, Retry

    retry, margin = Retry(), Margin()
    assert f"more than {margin.seconds:g} s (or a tenth" in GUIDE
    assert margin.share == 0.1
    assert f"up to {retry.attempts} attempts, {retry.first_wait:g} s apart" in GUIDE
    assert f"`Retry-After` up to {retry.longest_wait:g} s" in GUIDE
    assert f"({retry.longest_retry_after / 60:g} minutes at most)" in GUIDE
