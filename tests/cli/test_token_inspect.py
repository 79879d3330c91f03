"""`moneyer token inspect`: what a token is, and whether and why it would be refused."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from moneyer.protocol.clock import SECOND, SystemClock
from tests.bank import DAY, Bank, TestClock
from tests.cli.process import Sandbox, complaint, eventually, moneyer, process, succeeds
from tests.v1 import classic


class Inspector:
    """Asks the command about tokens of the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __call__(self, token: str) -> Any:
        """The JSON it prints; the words for people say the same."""
        where = ("--data", self.sandbox.data)
        seen = succeeds("token", "inspect", token, "--json", *where).json
        words = succeeds("token", "inspect", token, *where).out
        if seen["accepted"]:
            assert words.endswith("It would be accepted now.\n")
            assert seen["refusal"] is None
        else:
            assert words.endswith(f"It would be refused: {seen['refusal']}.\n")
        for name, value in seen.items():
            if name not in {"kind", "accepted", "refusal"}:
                assert f"{value}\n" in words
        return seen


@pytest.fixture(scope="module")
def inspect(sandbox: Sandbox) -> Inspector:
    return Inspector(sandbox)


def signed_in(sandbox: Sandbox, login_id: str = "ada.marsh") -> dict[str, str]:
    answer = sandbox.sign_in(login_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def code(sandbox: Sandbox) -> str:
    """A code for northstar-budget and ada.marsh."""
    page = sandbox.token("meridian-sign-in", grant_type="client_credentials").json()
    answer = httpx.post(
        f"{sandbox.base_url}/v1/auth-code",
        data={
            "client_id": "northstar-budget",
            "username": "ada.marsh",
            "institution_user_id": sandbox.customer("00016")["institution_user_id"],
            "scopes": "accounts:read",
            "requested_scopes": "openid,offline_access",
        },
        headers={"Authorization": f"Bearer {page['access_token']}", "institutionId": "00016"},
        trust_env=False,
    )
    return str(answer.json()["code"])


def revoke(sandbox: Sandbox, token: str) -> None:
    answer = httpx.request(
        "DELETE",
        f"{sandbox.base_url}/oauth2/v1/revoke",
        data={"token": token},
        auth=("harbor-mobile", sandbox.secret("harbor-mobile")),
        trust_env=False,
    )
    assert answer.status_code == 204


def test_an_access_token_without_a_customer(sandbox: Sandbox, inspect: Inspector) -> None:
    """Whose it is, for which bank, by which grant, until when."""
    answer = sandbox.token("meridian-back-office", grant_type="client_credentials").json()
    seen = inspect(answer["access_token"])
    assert seen["kind"] == "access token"
    assert seen["accepted"] is True
    assert seen["institution"] == "00016"
    assert seen["application"] == "meridian-back-office"
    assert seen["customer"] == "none: institution-scoped"
    assert seen["grant"] == "client_credentials"


def test_a_refresh_token_and_its_access_token(sandbox: Sandbox, inspect: Inspector) -> None:
    """Both name the customer and the family; asking changes nothing."""
    tokens = signed_in(sandbox)
    customer = sandbox.customer("00016")["institution_user_id"]
    access, refresh = inspect(tokens["access_token"]), inspect(tokens["refresh_token"])
    assert (access["kind"], refresh["kind"]) == ("access token", "refresh token")
    assert access["accepted"]
    assert refresh["accepted"]
    assert access["customer"] == refresh["customer"] == customer
    assert access["family"] == refresh["family"]
    assert (refresh["generation"], refresh["present generation"]) == ("0", "0")
    assert sandbox.renew(tokens["refresh_token"]).status_code == 200


def test_tokens_of_the_legacy_endpoint(sandbox: Sandbox, inspect: Inspector) -> None:
    """What they open is said; the refresh token would be refused, while the access token lives."""
    ada = sandbox.customer("00016")
    form = {"grant_type": "password", "username": ada["login_id"], "password": ada["password"]}
    answer = sandbox.legacy_token("meridian-classic", **form).text
    access = inspect(classic.tag(answer, "access_token"))
    assert (access["accepted"], access["opens"]) == (True, "the legacy APIs")
    assert access["customer"] == classic.tag(answer, "di_ficustomer") == ada["institution_user_id"]
    assert "nothing renews" in inspect(classic.tag(answer, "refresh_token"))["refusal"]
    assert inspect(signed_in(sandbox)["access_token"])["opens"] == "the current APIs"
    switch = ("application", "allow-legacy", "meridian-classic", "--data", str(sandbox.data))
    succeeds(*switch, "--off")
    refusal = inspect(classic.tag(answer, "access_token"))["refusal"]
    assert refusal == "the application may not use the legacy endpoint any more"
    succeeds(*switch)


def test_a_turned_token_is_a_retry_and_an_older_one_a_replay(
    sandbox: Sandbox, inspect: Inspector
) -> None:
    """The predecessor gets the same answer again; the one before it would end the family."""
    first = signed_in(sandbox)["refresh_token"]
    second = sandbox.renew(first).json()["refresh_token"]
    retried = inspect(first)
    assert retried["accepted"]
    assert "same answer again" in retried["note"]
    third = sandbox.renew(second).json()["refresh_token"]
    replayed = inspect(first)
    assert replayed["refusal"] == "it was already turned: presenting it would revoke the whole family"
    assert sandbox.renew(third).status_code == 200


def test_a_revoked_family(sandbox: Sandbox, inspect: Inspector) -> None:
    """Revoking the refresh token is seen in both of its tokens."""
    tokens = signed_in(sandbox)
    revoke(sandbox, tokens["refresh_token"])
    for token in ("access_token", "refresh_token"):
        assert inspect(tokens[token])["refusal"] == "its family was revoked"


def test_a_code_before_and_after_its_use(sandbox: Sandbox, inspect: Inspector) -> None:
    """Fresh it is accepted; used it says when."""
    fresh = code(sandbox)
    seen = inspect(fresh)
    assert seen["accepted"]
    assert seen["kind"] == "authorization code"
    assert seen["application"] == "northstar-budget"
    answer = sandbox.token("northstar-budget", grant_type="authorization_code", code=fresh)
    assert answer.status_code == 200
    assert inspect(fresh)["refusal"].startswith("it was used at 2")


def test_a_disabled_application_and_a_disabled_customer(sandbox: Sandbox, inspect: Inspector) -> None:
    """The tokens are whole, and refused because of those they belong to."""
    where = ("--data", sandbox.data)
    tokens = signed_in(sandbox, "ben.okafor")
    succeeds("application", "disable", "harbor-mobile", *where)
    for token in ("access_token", "refresh_token"):
        assert inspect(tokens[token])["refusal"] == "the application is disabled"
    succeeds("application", "enable", "harbor-mobile", *where)
    assert inspect(tokens["refresh_token"])["accepted"]
    succeeds("customer", "disable", "ben.okafor", "--institution", "00016", *where)
    assert not inspect(tokens["refresh_token"])["accepted"]
    assert not inspect(tokens["access_token"])["accepted"]
    succeeds("customer", "enable", "ben.okafor", "--institution", "00016", *where)
    assert eventually(lambda: sandbox.sign_in("ben.okafor").status_code == 200)


def test_a_token_that_was_damaged(sandbox: Sandbox, inspect: Inspector) -> None:
    """Another last character of the signature, of the tag; a piece cut off."""
    tokens = signed_in(sandbox)
    access, refresh = tokens["access_token"], tokens["refresh_token"]
    head, _, signature = access.rpartition(".")
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    assert inspect(f"{head}.{changed}")["refusal"] == "its signature is wrong"
    other = "B" if refresh[-10] == "A" else "A"
    assert "its tag is wrong" in inspect(refresh[:-10] + other + refresh[-9:])["refusal"]
    assert not inspect(refresh[:-4])["accepted"]


def test_a_token_of_another_issuer(inspect: Inspector) -> None:
    """A sound JWT under a key that is not published here."""
    foreign = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, {"sub": "x"}, ECKey.generate_key("P-256"))
    seen = inspect(foreign)
    assert seen["refusal"] == "its header is not that of an access token under a key published here"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("garbage", "unknown"),
        ("", "unknown"),
        ("a.b", "unknown"),
        ("ä.ö.ü", "unknown"),
        ("mrt_", "refresh token"),
        ("mrt_00016.AAAA", "refresh token"),
        ("mrt_00016." + "A" * 5000, "refresh token"),
        ("mac_", "authorization code"),
        ("mac_00016." + "A" * 43, "authorization code"),
        (base64.b64encode(bytes(300)).decode(), "unknown"),
    ],
)
def test_garbage_is_called_by_what_it_looks_like(inspect: Inspector, text: str, kind: str) -> None:
    """It is refused with a reason, never with an error."""
    seen = inspect(text)
    assert seen["kind"] == kind
    assert not seen["accepted"]


def test_a_token_may_come_on_standard_input(sandbox: Sandbox) -> None:
    """So that it stands in no list of processes and no history."""
    token = signed_in(sandbox)["refresh_token"]
    where = ("--data", sandbox.data)
    from_input = succeeds("token", "inspect", "-", *where, typed=f"{token}\n")
    assert from_input == succeeds("token", "inspect", token, *where)


def test_inspecting_leaves_no_trace_of_the_secret(sandbox: Sandbox) -> None:
    """Neither words nor JSON repeat the token."""
    tokens = signed_in(sandbox)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        seen = moneyer("token", "inspect", token, "--json", "--data", sandbox.data)
        assert token not in seen.out
        assert token[-20:] not in seen.out


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (20, "its family was not used for too long"),
        (400, "its family has reached its absolute end"),
    ],
)
async def test_what_has_expired_says_so(tmp_path: Path, days: int, why: str) -> None:
    """An access token after its half hour, a code after its minute, a family left alone."""
    past = TestClock(SystemClock().now() - days * DAY * SECOND)
    bank = Bank(tmp_path, past)
    async with bank.open():
        tokens, spent = await bank.sign_in(), await bank.code()
    bank.engine.dispose()
    variables = {
        "MONEYER_SERVER__BASE_URL": bank.settings.base_url,
        "MONEYER_STORE__SQLITE": str(bank.settings.database),
        "MONEYER_KEYS__MASTER_KEY_FILE": bank.settings.keys.master_key_file,
    }
    for token, reason in (
        (tokens["access_token"], "it has expired"),
        (spent, "it has expired"),
        (tokens["refresh_token"], why),
    ):
        seen = process("token", "inspect", token, folder=tmp_path, variables=variables)
        assert seen.code == 0, seen.err
        assert f"It would be refused: {reason}.\n" in seen.out


def test_no_store_no_answer(tmp_path: Path) -> None:
    """Without a sandbox or settings the command says how to name one."""
    assert complaint("token", "inspect", "x", "--data", tmp_path).endswith("there is no sandbox here")
