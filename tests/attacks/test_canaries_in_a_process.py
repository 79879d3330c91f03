"""Secrets go through a real server at log level debug, also when its store is damaged under it.

Nothing of them is in what the process prints, nor in the files it leaves behind.
"""

import base64
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from moneyer.keys.ring import Ring
from moneyer.keys.sealing import parse_master_key
from tests.attacks.core import asks_its_core
from tests.attacks.real_server import COMMAND, RealServer, serving
from tests.attacks.test_canaries import spellings, use_everything
from tests.bank import PASSWORD, Bank, TestClock

CORE_BEARER = "canary-bearer-of-the-core-canary"
SETTINGS = """
[store]
sqlite = "{folder}/moneyer.db"
[keys]
master_key_file = "{folder}/master.key"
[log]
level = "debug"
[core_bank.00042]
url = "https://127.0.0.1:1/canary"
bearer_token = "{bearer}"
"""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Bank, RealServer]]:
    """The bank of all tests behind a real socket; 00042 has a core, which is down."""
    bank = Bank(tmp_path, TestClock(time.time_ns() // 1000))
    asks_its_core(bank, "00042")
    bank.engine.dispose()
    settings = tmp_path / "settings.toml"
    settings.write_text(SETTINGS.format(folder=tmp_path, bearer=CORE_BEARER))
    address = {
        "MONEYER_SERVER__PORT": "{port}",
        "MONEYER_SERVER__BASE_URL": "http://127.0.0.1:{port}",
    }
    arguments = ("serve", "--settings", str(settings))
    with serving(tmp_path / "printed", *arguments, environment=address) as server:
        async with httpx.AsyncClient(base_url=server.base_url, trust_env=False) as bank._http:
            yield bank, server
    bank._http = None
    bank.engine.dispose()


def damage(bank: Bank, statement: str, *values: Any) -> None:
    """What a careless hand, a full disk or a broken backup does to the file, beside the server."""
    with closing(sqlite3.connect(bank.settings.store.sqlite, timeout=5)) as connection, connection:
        connection.execute(statement, values)


async def break_everything(bank: Bank) -> list[str]:
    """Each kind of failure that is nobody's input; gives the secrets that went through it."""
    signed_in = await bank.sign_in()
    code, page = await bank.code(), await bank.page_token()
    sign_in: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}

    core_down = await bank.token("rival", "00042", **sign_in)
    assert core_down.status_code == 503

    damage(bank, "UPDATE customers SET person = '{\"given_name\": 7' WHERE institution_id = '00016'")
    for answer in (await bank.token("mobile", **sign_in), await bank.exchange(code)):
        assert answer.status_code == 500, answer.text
        assert answer.json()["code"] == "CMN_90000"
    damage(bank, "UPDATE customers SET person = '{}', password_hash = 'no hash' ")
    assert (await bank.token("mobile", **sign_in)).status_code == 401

    damage(
        bank,
        "CREATE TRIGGER refused BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    for answer in (
        await bank.renew(signed_in["refresh_token"]),
        await bank.exchange(code),
        await bank.revoke(signed_in["refresh_token"]),
        await bank.token("machine", grant_type="client_credentials"),
        await bank.token("mobile", **sign_in),
        await bank.ask_code(bearer=page),
    ):
        assert answer.status_code >= 500, answer.text
    damage(bank, "DROP TRIGGER refused")

    damage(bank, "UPDATE signing_keys SET sealed = zeroblob(200)")
    damage(bank, "UPDATE directory_version SET version = version + 1")
    await bank.refresh()
    machine = await bank.token("machine", grant_type="client_credentials")
    assert (machine.status_code, machine.json()["code"]) == (500, "CMN_90019")
    await bank.renew(signed_in["refresh_token"])
    await bank.ask_code(bearer=page)

    damage(bank, "ALTER TABLE families RENAME TO gone")
    assert (await bank.renew(signed_in["refresh_token"])).status_code == 503
    damage(bank, "ALTER TABLE gone RENAME TO families")
    return [signed_in["access_token"], signed_in["refresh_token"], code, page, CORE_BEARER]


def keys_at_rest(bank: Bank) -> list[bytes]:
    """The master key, every key derived from it, and every signing key, raw."""
    keys = bank.keys
    derived = [
        keys.refresh_tag,
        keys.ratchet,
        keys.client_secret,
        keys.pepper,
        keys.guess,
        keys.sealing,
    ]
    master = parse_master_key((bank.folder / "master.key").read_text())
    signing = []
    for institution_id in ("00016", "00042"):
        for key in Ring(bank.admin.institutions.keys(institution_id), keys.sealing).keys:
            numbers = key._private.private_numbers()  # type: ignore[union-attr]
            signing.append(numbers.private_value.to_bytes(32))  # type: ignore[union-attr]
    assert len(signing) >= 2
    return [master, *derived, *signing]


def forms(key: bytes) -> list[bytes]:
    plain = base64.b64encode(key).rstrip(b"=")
    return [key, key.hex().encode(), key.hex().upper().encode(), plain, plain.translate(TO_URL)]


TO_URL = bytes.maketrans(b"+/", b"-_")


@pytest.mark.requirement("CA-12", "TE-08")
async def test_a_server_prints_and_leaves_behind_no_secret_even_when_its_store_breaks(
    served: tuple[Bank, RealServer],
) -> None:
    bank, server = served
    secrets = await use_everything(bank)
    keys = keys_at_rest(bank)
    secrets += await break_everything(bank)
    images = {path.name: path.read_bytes() for path in bank.folder.glob("moneyer.db*")}
    assert "moneyer.db-wal" in images, "while it runs, the newest pages stand in the log"
    server.stop()
    images |= {f"{p.name} afterwards": p.read_bytes() for p in bank.folder.glob("moneyer.db*")}
    images["printed"] = server.printed()
    for word in (b"unhandled-exception", b"cannot-sign", b"unavailable"):
        assert word in images["printed"]
    assert any(b"token:issued" in content for content in images.values())
    for secret in secrets:
        for spelling in spellings(secret):
            assert [name for name, content in images.items() if spelling in content] == []
    for key in keys:
        for form in forms(key):
            assert [name for name, content in images.items() if form in content] == []


def test_a_start_that_is_refused_does_not_repeat_the_secret_it_was_given(tmp_path: Path) -> None:
    """A master key with a slip in it, a bearer token of the wrong type, in file and environment."""
    for settings, environment in (
        ('[keys]\nmaster_key = "canary-canary-canary"\n', {}),
        ("", {"MONEYER_KEYS__MASTER_KEY": "canary-canary-canary"}),
        ("", {"MONEYER_KEYS__MASTER_KEY_FILE": "", "MONEYER_KEYS__CANARY_SECRET": "canary-canary"}),
        ('[core_bank.00016]\nurl = "https://x"\nbearer_token = ["canary-canary"]\n', {}),
        ('[core_bank.00016]\nurl = "http://x"\nbearer_token = "canary-canary"\n', {}),
        ('[keys]\nmaster_key = "canary-canary', {}),
    ):
        file = tmp_path / "settings.toml"
        file.write_text(f'[store]\nsqlite = "{tmp_path}/moneyer.db"\n{settings}')
        refused = subprocess.run(
            [str(COMMAND), "serve", "--settings", str(file)],
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert refused.returncode != 0
        assert b"canary-canary" not in refused.stdout + refused.stderr
