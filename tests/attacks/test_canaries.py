"""Secrets go through every path, good and bad, at the lowest log level, and come out nowhere."""

import base64
import importlib
import inspect
import pkgutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

import moneyer
from moneyer.keys.sealing import parse_master_key
from moneyer.logging import configure
from moneyer.store.sqlite.reader import SqliteReader
from tests.bank import PASSWORD, Bank, TestClock
from tests.v1 import classic

VERIFIER = "canary-verifier-canary-verifier-canary-verifier"
CHALLENGE = "s-hdGLAtUO6vPfyJIqPLPOGJTFXaFmLTFOJpQNjlyMM"

SECRET_NAMES = {
    "client_secret", "password", "password_hash", "secret", "sealed", "bearer_token", "master_key",
    "refresh_token", "access_token", "id_token", "ratchet", "tag", "pepper", "new_hash",
}  # fmt: skip


async def use_everything(bank: Bank) -> list[str]:
    """Every path, in success and in failure; gives the secrets that went through."""
    signed_in = await bank.sign_in()
    renewed = (await bank.renew(signed_in["refresh_token"])).json()
    bank.clock.advance(120)
    await bank.renew(signed_in["refresh_token"])
    code = await bank.code(
        requested_scopes="openid,profile,offline_access",
        nonce="n",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    await bank.exchange(code, code_verifier=VERIFIER)
    plain = await bank.code(requested_scopes="openid,offline_access")
    exchanged = (await bank.exchange(plain)).json()
    await bank.exchange(plain)
    page = await bank.page_token()
    wrong = "canary-wrong-password-canary"
    await bank.token("mobile", grant_type="password", username="ada", password=wrong)
    guess = "canary-wrong-secret-canary"
    headers = {"Authorization": bank.basic("machine", guess)}
    await bank.token("machine", headers=headers, grant_type="client_credentials")
    in_uri = "canary-in-the-uri-canary"
    await bank.http.post(f"/oauth2/v1/token?client_secret={in_uri}&password={in_uri}")
    in_body = "canary-in-a-broken-body-canary"
    await bank.raw(f"grant_type=password&password={in_body}%zz&username=ada")
    old = await use_the_legacy_endpoint(bank, wrong, in_uri, in_body)
    for client, secret in (("apis", None), ("machine", None), ("apis", guess)):
        follower = {"Authorization": bank.basic(client, secret)}
        for query in ({}, {"after": in_uri}, {"wait": in_uri}):
            await bank.http.get("/oauth2/v1/revocations", params=query, headers=follower)
    await bank.revoke(renewed["refresh_token"])
    await bank.revoke(exchanged["access_token"], "web")
    return [
        PASSWORD, wrong, guess, in_uri, in_body, VERIFIER, code, plain, page, *old,
        *bank.secrets.values(),
        *(signed_in[kind] for kind in ("access_token", "refresh_token")),
        *(renewed[kind] for kind in ("access_token", "refresh_token")),
        *(exchanged[kind] for kind in ("access_token", "refresh_token", "id_token")),
    ]  # fmt: skip


async def use_the_legacy_endpoint(bank: Bank, wrong: str, in_uri: str, in_body: str) -> list[str]:
    """The same in V1; gives the tokens that it made."""
    sign_in = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    answer = (await classic.ask(bank, **sign_in)).text
    made = [classic.tag(answer, name) for name in ("access_token", "refresh_token")]
    await classic.ask(bank, **{**sign_in, "password": wrong})
    await classic.ask(bank, **{**sign_in, "username": "biz"})
    await classic.send(bank, query=f"?client_secret={in_uri}")
    await classic.send(bank, f"grant_type=password&password={in_body}%zz&username=ada")
    await bank.renew(made[1], "classic")
    await bank.revoke(made[1], "classic")
    return [*made, await classic.token(bank)]


def spellings(secret: str) -> set[bytes]:
    """The ways in which a secret could be written down; of a token its unguessable part too."""
    parts = {secret.encode(), secret.rpartition(".")[2].encode()}
    for part in tuple(parts):
        parts |= {base64.b64encode(part).rstrip(b"="), part.hex().encode(), part.hex().upper().encode()}
    raw = secret.rpartition(".")[2].encode()
    if secret.startswith(("mrt_", "mac_")):
        decoded = base64.urlsafe_b64decode(raw + b"=" * (-len(raw) % 4))
        parts |= {decoded, decoded[20:52]} if secret.startswith("mrt_") else {decoded}
    return {part for part in parts if len(part) >= 12}


@pytest.mark.requirement("CA-12", "TE-08")
async def test_no_secret_is_in_a_log_or_in_the_database(
    closed_bank: Bank, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is one of them there after an error that nobody foresaw, which is logged."""
    configure("debug")
    async with closed_bank.open() as bank:
        secrets = await use_everything(bank)

        async def broken(*arguments: Any) -> None:
            raise RuntimeError(f"canary {arguments}")

        monkeypatch.setattr(SqliteReader, "customer_by_login", broken)
        answer = await bank.token("mobile", grant_type="password", username="ada", password=PASSWORD)
        assert (answer.status_code, answer.json()["code"]) == (500, "CMN_90000")
        monkeypatch.undo()
    structlog.reset_defaults()
    output = "".join(capfd.readouterr()).encode()
    assert b"unhandled-exception" in output
    master = parse_master_key((bank.folder / "master.key").read_text())
    files = {path: path.read_bytes() for path in bank.folder.glob("moneyer.db*")}
    assert any(b"token:issued" in content for content in files.values())
    for secret in secrets:
        for spelling in spellings(secret):
            assert spelling not in output
            assert [path.name for path, content in files.items() if spelling in content] == []
    for key in (master, master.hex().encode(), base64.urlsafe_b64encode(master).rstrip(b"=")):
        assert all(key not in content for content in (*files.values(), output))


def structs() -> list[type]:
    """Every struct and named tuple of the package."""
    found: set[type] = set()
    for module in pkgutil.walk_packages(moneyer.__path__, "moneyer."):
        if ".migrations" in module.name:
            continue
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            is_ours = kind.__module__.startswith("moneyer.") and hasattr(kind, "__annotations__")
            if is_ours and (issubclass(kind, msgspec.Struct) or hasattr(kind, "_fields")):
                found.add(kind)
    return sorted(found, key=lambda kind: kind.__qualname__)


PUBLIC = {
    "ApplicationCard": "sandbox.json is made to be read",
    "CustomerCard": "the same",
    "Resident": "stands in the source, for everyone",
    "Lifetimes": "seconds, named after the token they are about",
}


def test_what_holds_a_secret_does_not_show_it() -> None:
    """Every struct with a secret has a repr of its own, which reads none of its secrets."""
    holders = [kind for kind in structs() if SECRET_NAMES & set(inspect.get_annotations(kind))]
    assert len(holders) > 10
    for kind in holders:
        if kind.__name__ not in PUBLIC:
            assert "__repr__" in vars(kind), f"{kind.__qualname__} shows its members"
            shown = inspect.getsource(vars(kind)["__repr__"])
            assert [name for name in SECRET_NAMES if f"self.{name}" in shown] == []


def test_a_master_key_file_is_its_owners_alone(tmp_path: Path, clock: TestClock) -> None:
    """Mode 0600."""
    bank = Bank(tmp_path, clock)
    bank.engine.dispose()
    assert (tmp_path / "master.key").stat().st_mode & 0o077 == 0
