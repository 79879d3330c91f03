"""Operators' commands beside a running server, whose behaviour follows within a second or two."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.drills.service import COMMAND, Laptop

NEW_PASSWORD = "a wholly different pass phrase"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Laptop]:
    server = Laptop(tmp_path / "bank")
    await server.start()
    yield server
    server.stop()


def moneyer(server: Laptop, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a command on the server's folder."""
    command = [str(COMMAND), *arguments, "--data", str(server.folder)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=30)


async def run(server: Laptop, *arguments: str, stdin: str = "") -> str:
    """The output of a command that must succeed."""
    done = await asyncio.to_thread(moneyer, server, *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def complaint(server: Laptop, *arguments: str, stdin: str = "") -> str:
    """What a command that must fail says: one line, no traceback, exit status 2."""
    done = await asyncio.to_thread(moneyer, server, *arguments, stdin=stdin)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns when the condition holds; fails after five seconds."""
    for _ in range(100):
        if await condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("the server did not follow")


class Caller:
    """Calls the token endpoint at institution 00016."""

    def __init__(self, server: Laptop) -> None:
        self._url = f"{server.base_url}/oauth2/v1/token"

    async def __call__(self, credentials: tuple[str, str], **form: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as http:
            headers = {"institutionId": "00016"}
            return await http.post(self._url, auth=credentials, headers=headers, data=form)

    async def machine(self, credentials: tuple[str, str]) -> int:
        return (await self(credentials, grant_type="client_credentials")).status_code


@pytest.mark.requirement("CA-11", "CA-12")
async def test_an_application_comes_rotates_its_secret_and_goes(server: Laptop) -> None:
    """Added, usable; a second secret beside the first; the first ended; disabled, refused."""
    call = Caller(server)
    added = json.loads(
        await run(
            server,
            *("application", "add", "--name", "Newcomer", "--grant", "client_credentials"),
            *(
                "--institution",
                "00016",
                "--scope",
                "accounts:read",
                "--client-id",
                "newcomer",
                "--json",
            ),
        )
    )
    first = (added["client_id"], added["client_secret"])

    async def accepts(secret: tuple[str, str], status: int) -> bool:
        return await call.machine(secret) == status

    await eventually(lambda: accepts(first, 200))
    rotated = json.loads(await run(server, "application", "rotate-secret", "newcomer", "--json"))
    second = (rotated["client_id"], rotated["client_secret"])
    await eventually(lambda: accepts(second, 200))
    assert await call.machine(first) == 200
    third = json.loads(
        await run(server, "application", "rotate-secret", "newcomer", "--keep-old-days", "0", "--json")
    )
    await eventually(lambda: accepts((third["client_id"], third["client_secret"]), 200))
    assert await call.machine(first) == 401
    assert await call.machine(second) == 401
    await run(server, "application", "disable", "newcomer")
    await eventually(lambda: accepts((third["client_id"], third["client_secret"]), 401))
    shown = json.loads(await run(server, "application", "show", "newcomer"))
    assert shown["status"] == "disabled"
    assert "secret" not in json.dumps([slot for slot in shown["secrets"] if "digest" in slot])


@pytest.mark.requirement("RT-09")
async def test_a_new_password_ends_everything_and_token_inspect_says_so(server: Laptop) -> None:
    """A family lives until the password is changed; then the old password and its tokens are dead."""
    call, mobile = Caller(server), server.credentials("harbor-mobile")
    old = next(c for c in server.card["customers"] if c["login_id"] == "ben.okafor")["password"]
    sign_in = {"grant_type": "password", "username": "ben.okafor"}
    answer = await call(mobile, password=old, **sign_in)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    for kind in ("access_token", "refresh_token"):
        assert "It would be accepted now." in await run(server, "token", "inspect", tokens[kind])
    short = await complaint(
        server,
        *("customer", "set-password", "ben.okafor", "--institution", "00016", "--password-stdin"),
        stdin="short\n",
    )
    assert "at least 15 characters" in short
    await run(
        server,
        *("customer", "set-password", "ben.okafor", "--institution", "00016", "--password-stdin"),
        stdin=f"{NEW_PASSWORD}\n",
    )
    refused = await call(mobile, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json()["code"] == "CMN_90016"
    for kind in ("access_token", "refresh_token"):
        assert "It would be refused" in await run(server, "token", "inspect", tokens[kind])
    assert (await call(mobile, password=old, **sign_in)).json()["code"] == "CMN_90015"
    assert (await call(mobile, password=NEW_PASSWORD, **sign_in)).status_code == 200


async def test_an_institution_customers_and_keys(server: Laptop) -> None:
    """Added, listed, its keys made and rotated; what cannot be is said in a line."""
    await run(server, "institution", "add", "BANK7", "--name", "Seventh", "--algorithm", "Ed25519")
    assert "exists already" in await complaint(
        server, "institution", "add", "BANK7", "--name", "Seventh"
    )
    await run(
        server,
        *("customer", "add", "eve", "--institution", "BANK7", "--host-user-id", "H7"),
        *("--business", "new", "--password-stdin"),
        stdin=f"{NEW_PASSWORD}\n",
    )
    listed = json.loads(await run(server, "customer", "list", "--institution", "BANK7", "--json"))
    assert [(c["login_id"], c["type"]) for c in listed] == [("eve", "BUSINESS")]
    assert "no keys yet" in await complaint(server, "key", "rotate", "BANK7")

    async def published() -> bool:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{server.base_url}/i/BANK7/oauth2/jwks")
            return answer.status_code == 200 and len(answer.json()["keys"]) == 2

    await eventually(published)
    assert "changes its signing key at" in await run(server, "key", "rotate", "BANK7")
    keys = json.loads(await run(server, "key", "list", "BANK7", "--json"))
    assert sorted(key["state"] for key in keys) == ["active", "announced", "announced"]
    assert "there is no institution" in await complaint(server, "institution", "show", "NOWHERE")


async def test_a_second_server_on_the_same_folder_is_refused(server: Laptop) -> None:
    """With the reason, by sandbox and by serve alike; and more than one worker at once."""
    again = await complaint(server, "sandbox", "--port", "0")
    assert "already serves from this SQLite file" in again
    workers = await asyncio.to_thread(
        subprocess.run,
        [str(COMMAND), "serve", "--workers", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert workers.returncode == 2
    assert "one process at a time may serve from SQLite" in workers.stderr


async def test_check_grades_a_sandbox(server: Laptop) -> None:
    """Plain HTTP is bad, which the exit status says; the password grant is worth a warning."""
    done = await asyncio.to_thread(moneyer, server, "check", "--json")
    assert done.returncode == 1
    grades = {(f["grade"], f["subject"]) for f in json.loads(done.stdout)}
    assert ("bad", "server.base_url") in grades
    assert ("warning", "application harbor-mobile") in grades


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    """In the file and in the environment."""
    file = tmp_path / "moneyer.toml"
    file.write_text("[server]\nprot = 1\n")
    command = [str(COMMAND), "serve", "--settings", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "prot" in done.stderr
    environment = {"MONEYER_SERVER__PROT": "1", "PATH": str(Path(sys.executable).parent)}
    done = subprocess.run(
        [str(COMMAND), "migrate"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 2
    assert "MONEYER_SERVER__PROT" in done.stderr
