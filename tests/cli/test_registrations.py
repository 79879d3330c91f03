"""Registrations changed beside a running server, which follows within a second."""

from collections.abc import Callable

import httpx
import jwt
import pytest

from tests.cli.process import Outcome, Sandbox, eventually, moneyer, succeeds
from tests.v1 import classic

PASSWORD = "a wholly different pass phrase"

Command = Callable[..., Outcome]


@pytest.fixture(scope="module")
def run(sandbox: Sandbox) -> Command:
    """Runs a command on the sandbox's folder that must succeed."""

    def command(*arguments: str, typed: str = "") -> Outcome:
        return succeeds(*arguments, "--data", str(sandbox.data), typed=typed)

    return command


class Newcomer:
    """An application of its own for one test."""

    def __init__(self, sandbox: Sandbox, run: Command, name: str, *more: str) -> None:
        self.sandbox, self.run, self.client_id = sandbox, run, name
        added = run(
            *("application", "add", "--name", name, "--client-id", name, "--json"),
            *("--institution", "00016", "--scope", "accounts:read"),
            *(more or ("--grant", "client_credentials")),
        )
        assert set(added.json) == {"client_id", "client_secret"}
        self.secret: str = added.json["client_secret"]

    def code(self, institution: str = "00016", secret: str = "", **form: str) -> str:
        """The error code of a token request, or "ok"."""
        fields = form or {"grant_type": "client_credentials"}
        answer = self.sandbox.token(self.client_id, secret or self.secret, institution, **fields)
        return "ok" if answer.status_code == 200 else str(answer.json()["code"])

    def comes_to(self, code: str, institution: str = "00016", secret: str = "", **form: str) -> bool:
        """Whether the server comes to answer so, soon."""
        return eventually(lambda: self.code(institution, secret, **form) == code)

    def change(self, action: str, *arguments: str) -> Outcome:
        return self.run("application", action, self.client_id, *arguments)


@pytest.mark.requirement("TE-17")
def test_an_application_is_added_disabled_and_enabled(sandbox: Sandbox, run: Command) -> None:
    """Each is seen by the running server; show and list agree with it."""
    app = Newcomer(sandbox, run, "comes-and-goes")
    assert app.comes_to("ok")
    app.change("disable")
    assert app.comes_to("CMN_90001")
    assert app.change("show").json["status"] == "disabled"
    app.change("enable")
    assert app.comes_to("ok")
    listed = {a["client_id"]: a for a in run("application", "list", "--json").json}
    assert listed["comes-and-goes"]["institutions"] == ["00016"]


def test_entitlements_are_replaced_as_a_whole(sandbox: Sandbox, run: Command) -> None:
    """What is not named is lost, what is named is gained."""
    app = Newcomer(sandbox, run, "moves-house")
    assert app.comes_to("ok")
    assert app.code("00042") == "CMN_90006"
    app.change("entitle", "00042", "07301")
    assert app.comes_to("CMN_90006")
    assert app.code("00042") == "ok"
    assert app.code("07301") == "ok"


@pytest.mark.requirement("PW-05")
def test_the_password_grant_is_switched_on_and_off(sandbox: Sandbox, run: Command) -> None:
    """Registered for it is not enough; on, with an end; off again."""
    app = Newcomer(sandbox, run, "asks-passwords", "--grant", "password", "--grant", "refresh_token")
    ada = sandbox.customer("00016")
    form = {"grant_type": "password", "username": ada["login_id"], "password": ada["password"]}
    assert app.comes_to("CMN_90001", **form)
    assert "on until 2" in app.change("allow-password", "--days", "1").out
    assert app.comes_to("ok", **form)
    assert "is off" in app.change("allow-password", "--days", "0").out
    assert app.comes_to("CMN_90001", **form)


@pytest.mark.requirement("V1-06")
def test_the_legacy_endpoint_is_switched_on_and_off(sandbox: Sandbox, run: Command) -> None:
    """Off unless said otherwise, at registration or later; how long its tokens live is its own."""
    app = Newcomer(sandbox, run, "grows-old")

    def answers(status: int, client_id: str, secret: str) -> bool:
        form = {"grant_type": "client_credentials"}
        return eventually(lambda: sandbox.legacy_token(client_id, secret, **form).status_code == status)

    assert app.comes_to("ok")
    assert answers(403, app.client_id, app.secret)
    assert "is on" in app.change("allow-legacy").out
    assert answers(200, app.client_id, app.secret)
    assert app.change("show").json["is_legacy"] is True
    assert "is off" in app.change("allow-legacy", "--off").out
    assert answers(403, app.client_id, app.secret)
    old = Newcomer(
        *(sandbox, run, "born-old", "--grant", "client_credentials"),
        *("--legacy", "--legacy-seconds", "90"),
    )
    assert answers(200, old.client_id, old.secret)
    given = sandbox.legacy_token(old.client_id, old.secret, grant_type="client_credentials").text
    assert int(classic.tag(given, "expires_in")) in range(80, 91)


@pytest.mark.requirement("CA-11", "CA-12")
def test_two_secrets_live_side_by_side_until_the_old_is_ended(sandbox: Sandbox, run: Command) -> None:
    """The new one and the old one both open; a third takes the oldest's place; 0 days ends the rest."""
    app = Newcomer(sandbox, run, "rotates")
    second = app.change("rotate-secret", "--json").json["client_secret"]
    assert app.comes_to("ok", secret=second)
    assert app.code() == "ok"
    third = app.change("rotate-secret", "--keep-old-days", "7", "--json").json["client_secret"]
    assert app.comes_to("ok", secret=third)
    assert app.code(secret=second) == "ok"
    assert app.code() == "CMN_90004"
    shown = app.change("show")
    assert [slot["slot"] for slot in shown.json["secrets"]] == [1, 2]
    assert sorted(slot["expires_at"] == "never" for slot in shown.json["secrets"]) == [False, True]
    fourth = app.change("rotate-secret", "--keep-old-days", "0").out.split()[2]
    assert app.comes_to("ok", secret=fourth)
    assert app.code(secret=third) == "CMN_90004"
    for secret in (app.secret, second, third, fourth):
        assert secret not in shown.out + run("application", "list", "--json").out


def test_an_institution_is_disabled_and_enabled(sandbox: Sandbox, run: Command) -> None:
    """Nothing is struck for a disabled bank, and its key set is gone; then all is as before."""
    added = run("institution", "add", "BANK9", "--name", "Ninth", "--json").json
    assert added["issuer"] == f"{sandbox.base_url}/i/BANK9"
    app = Newcomer(sandbox, run, "ninth", "--grant", "client_credentials", "--institution", "BANK9")
    assert app.comes_to("ok", "BANK9")
    run("institution", "disable", "BANK9")
    assert eventually(lambda: app.code("BANK9") != "ok")
    assert sandbox.get("/i/BANK9/oauth2/jwks").status_code == 404
    run("institution", "enable", "BANK9")
    assert app.comes_to("ok", "BANK9")


def test_an_institution_allows_exactly_the_grants_that_are_set(sandbox: Sandbox, run: Command) -> None:
    """Whatever the application is registered for; without any, all are allowed again."""
    app = Newcomer(sandbox, run, "curbed", "--grant", "client_credentials", "--institution", "07301")
    assert app.comes_to("ok", "07301")
    run("institution", "set-grants", "07301", "--grant", "refresh_token")
    assert app.comes_to("CMN_90001", "07301")
    run("institution", "set-grants", "07301")
    assert app.comes_to("ok", "07301")
    assert run("institution", "show", "07301").json["issuer"] == f"{sandbox.base_url}/i/07301"


@pytest.mark.requirement("RT-09")
@pytest.mark.parametrize("action", ["disable", "set-password"])
def test_a_customer_is_added_signs_in_and_is_ended(sandbox: Sandbox, run: Command, action: str) -> None:
    """Disabled, or given another password: sign-in, renewal and code bearer end at once."""
    login_id = f"new.{action}"
    where = ("--institution", "00016")
    typed = f"{PASSWORD}\n"
    added = run(
        *("customer", "add", login_id, *where, "--host-user-id", f"H-{action}"),
        *("--business", "new", "--password-stdin", "--json"),
        typed=typed,
    ).json
    assert len(added["institution_user_id"]) == 32
    assert len(added["institution_customer_ids"]) == 1
    tokens = sandbox.sign_in(login_id, PASSWORD).json()
    if action == "disable":
        run("customer", "disable", login_id, *where)
    else:
        run("customer", "set-password", login_id, *where, "--password-stdin", typed=f"{PASSWORD}!\n")
    assert sandbox.renew(tokens["refresh_token"]).json()["code"] == "CMN_90016"
    assert sandbox.sign_in(login_id, PASSWORD).json()["code"] == "CMN_90015"
    run("customer", "enable", login_id, *where)
    assert sandbox.renew(tokens["refresh_token"]).json()["code"] == "CMN_90016"
    password = PASSWORD if action == "disable" else f"{PASSWORD}!"
    assert sandbox.sign_in(login_id, password).status_code == 200
    listed = {c["login_id"]: c for c in run("customer", "list", *where, "--json").json}
    assert listed[login_id]["status"] == "active"
    assert listed[login_id]["type"] == "BUSINESS"


@pytest.mark.requirement("PW-02")
def test_a_new_password_unlocks_a_locked_login(sandbox: Sandbox, run: Command) -> None:
    """After too many wrong ones the right one is refused too, until an operator helps."""
    clara = next(c for c in sandbox.card["customers"] if c["login_id"] == "clara.weiss")
    for _ in range(6):
        assert sandbox.sign_in("clara.weiss", "wrong " * 4).json()["code"] == "CMN_90015"
    assert sandbox.sign_in("clara.weiss", clara["password"]).json()["code"] == "CMN_90015"
    where = ("--institution", "00016")
    typed = f"{PASSWORD}\n"
    run("customer", "set-password", "clara.weiss", *where, "--password-stdin", typed=typed)
    assert sandbox.sign_in("clara.weiss", PASSWORD).status_code == 200


def test_a_key_rotation_announces_first_and_breaks_no_verifier(sandbox: Sandbox, run: Command) -> None:
    """The spare is published long before it signs; old and new tokens verify throughout."""
    issuer = f"{sandbox.base_url}/i/00042"
    token = struck_at_harbor(sandbox)
    before = key_set(issuer)
    said = run("key", "rotate", "00042").out
    assert "changes its signing key at 2" in said
    assert eventually(lambda: key_set(issuer) > before)
    states = [key["state"] for key in run("key", "list", "00042", "--json").json]
    assert sorted(states) == ["active", "announced", "announced"]
    for text in (token, struck_at_harbor(sandbox)):
        key = jwt.PyJWKClient(f"{issuer}/oauth2/jwks").get_signing_key_from_jwt(text)
        claims = jwt.decode(text, key, algorithms=["ES256"], audience=f"{issuer}/apis")
        assert claims["iss"] == issuer
    again = moneyer("key", "rotate", "00042", "--data", sandbox.data)
    assert again.code == 2
    assert again.err == "moneyer: 00042: a rotation is under way\n"


def struck_at_harbor(sandbox: Sandbox) -> str:
    answer = sandbox.token("meridian-back-office", institution="00042", grant_type="client_credentials")
    return str(answer.json()["access_token"])


def key_set(issuer: str) -> set[str]:
    keys = httpx.get(f"{issuer}/oauth2/jwks", trust_env=False).json()["keys"]
    return {key["kid"] for key in keys}
