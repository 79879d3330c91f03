"""Migrations with rows in every table, and with callers at work: forward, back and forward again."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config

from moneyer.store import upgrade
from moneyer.store.upgrade import OLDEST_SCHEMA, current_revision, move_to
from tests.bank import PASSWORD, Bank

WAY = ("0001", "head", "0001", "head")
NEW_COLUMNS = {"oldest_server", "amr", "claims", "session_id", "revoked_at"}
NEW_TABLES = {"sessions", "consents", "factors", "stored_requests", "logout_notices"}


async def fill(bank: Bank) -> None:
    """Leaves a row of every kind behind."""
    code = await bank.code()
    assert [(await bank.exchange(code)).status_code for _ in range(2)] == [200, 400]
    await bank.sign_in()
    await bank.token("mobile", grant_type="password", username="ada", password="wrong one")


def content(bank: Bank) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    metadata = sa.MetaData()
    metadata.reflect(bank.engine)
    later = {"alembic_version", *NEW_TABLES}
    tables = [table for table in metadata.sorted_tables if table.name not in later]
    with bank.engine.connect() as connection:
        return {
            table.name: sorted(
                (
                    {name: value for name, value in row.items() if name not in NEW_COLUMNS}
                    for row in connection.execute(sa.select(table)).mappings()
                ),
                key=repr,
            )
            for table in tables
        }


async def test_no_row_is_lost_on_the_way(bank: Bank) -> None:
    await fill(bank)
    before = content(bank)
    assert [name for name, rows in before.items() if not rows] == []
    for revision in WAY:
        await asyncio.to_thread(move_to, bank.engine, revision)
        assert content(bank) == before


class Traffic:
    """Callers of every kind, for as long as the block lasts. Each answer is counted."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._over = False
        self.answers: Counter[int] = Counter()
        self.wrong: list[str] = []

    def _count(self, answer: Any) -> bool:
        self.answers[answer.status_code] += 1
        if answer.status_code == 503:
            assert answer.headers["retry-after"]
        elif answer.status_code != 200:
            self.wrong.append(answer.text)
        return bool(answer.status_code == 200)

    async def machine(self) -> None:
        while not self._over:
            self._count(await self._bank.token("machine", grant_type="client_credentials"))

    async def sign_in(self) -> None:
        form: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
        while not self._over:
            self._count(await self._bank.token("mobile", **form))
            await asyncio.sleep(0.02)

    async def renewals(self, token: str) -> str:
        """Turns one family; gives its last token."""
        while not self._over:
            answer = await self._bank.renew(token)
            if self._count(answer):
                token = answer.json()["refresh_token"]
        return token

    def end(self) -> None:
        self._over = True


NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "0005"


def upgrade():
    op.add_column("families", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_families_note", "families", ["note"])
    op.create_table("notes", sa.Column("institution_id", sa.String(32), primary_key=True))


def downgrade():
    op.drop_table("notes")
    op.drop_index("ix_families_note", table_name="families")
    op.drop_column("families", "note")
"""
"""A migration as the release after this one may bring it: it expands what callers are at work on."""


@pytest.fixture
def release_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts it behind those that there are."""
    folder = tmp_path / "later"
    folder.mkdir()
    (folder / "next.py").write_text(NEXT)
    own = upgrade._config

    def config(connection: sa.Connection | None = None) -> Config:
        made = own(connection)
        versions = f"{made.get_main_option('script_location')}/versions"
        made.set_main_option("path_separator", "os")
        made.set_main_option("version_locations", f"{versions}:{folder}")
        return made

    monkeypatch.setattr(upgrade, "_config", config)


@pytest.mark.usefixtures("release_after")
@pytest.mark.requirement("RT-05")
async def test_callers_notice_no_migration(bank: Bank) -> None:
    """Every answer is a success, or a 503 that names when to come again; no family is lost.

    This server serves on while the next release's migration runs, is taken back and runs again.
    """
    traffic = Traffic(bank)
    first = [(await bank.sign_in())["refresh_token"] for _ in range(4)]
    turning = [asyncio.create_task(traffic.renewals(token)) for token in first]
    others = [asyncio.create_task(step()) for step in (traffic.machine, traffic.sign_in)]
    for revision in ("next", OLDEST_SCHEMA, "next"):
        before = traffic.answers[200]
        await asyncio.to_thread(move_to, bank.engine, revision)
        assert current_revision(bank.engine) == revision
        async with asyncio.timeout(20):
            while traffic.answers[200] < before + 30:  # noqa: ASYNC110 - what is counted has no event
                await asyncio.sleep(0.01)
    traffic.end()
    last = await asyncio.gather(*turning)
    await asyncio.gather(*others)
    assert traffic.wrong == []
    assert set(traffic.answers) <= {200, 503}
    for token in last:
        assert (await bank.renew(token)).status_code == 200
