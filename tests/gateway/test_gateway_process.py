"""`moneyer gateway` as it runs: asked by proxies, restarted, killed, without its token service."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from moneyer.sandbox.cast import APIS
from tests.cli.process import PATIENCE, Sandbox, Server, eventually, one_line, process, serving
from tests.cli.process import sandbox as start

SETTINGS = """
[token_service]
base_url = "{base_url}"
client_id = "{client_id}"
client_secret_file = "{folder}/secret"

[gateway]
port = 0
memory = "{folder}/memory"
families = ["accounts", "legacy"]
{more}

[[routes]]
method = "GET"
path = "/own/{{thing}}"
family = "transfers"
customer = "none"
"""


class Gateway(NamedTuple):
    """A running gateway."""

    server: Server
    port: int

    def ask(
        self, token: str, target: str = "/v1/accounts", method: str = "GET", how: str = "nginx"
    ) -> httpx.Response:
        """As one of the proxies asks."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{self.port}/check/{how}"
        if how == "envoy":
            return httpx.request(method, url + target, headers=headers, trust_env=False)
        names = {
            "nginx": ("X-Original-Method", "X-Original-URI"),
            "traefik": ("X-Forwarded-Method", "X-Forwarded-Uri"),
        }[how]
        headers |= dict(zip(names, (method, target), strict=True))
        return httpx.get(url, headers=headers, trust_env=False)

    def health(self, name: str) -> int:
        answer = httpx.get(f"http://127.0.0.1:{self.port}/health/{name}", trust_env=False)
        return answer.status_code


@contextmanager
def gateway(folder: Path, sandbox: Sandbox, more: str = "") -> Iterator[Gateway]:
    """A gateway that keeps its things in `folder`."""
    (folder / "secret").write_text(sandbox.secret(APIS) + "\n")
    text = SETTINGS.format(base_url=sandbox.base_url, client_id=APIS, folder=folder, more=more)
    (folder / "gateway.toml").write_text(text)
    arguments = ("gateway", "--settings", folder / "gateway.toml")
    with serving(*arguments, folder=folder, ready="guarding on ") as server:
        place = server.said().partition("guarding on http://127.0.0.1:")[2]
        yield Gateway(server, int(place.split()[0]))


def token_of(sandbox: Sandbox) -> str:
    answer = sandbox.token("meridian-back-office", grant_type="client_credentials")
    return str(answer.json()["access_token"])


def revoke(sandbox: Sandbox, token: str) -> None:
    answer = httpx.post(
        f"{sandbox.base_url}/oauth2/v1/revoke",
        data={"token": token},
        auth=("meridian-back-office", sandbox.secret("meridian-back-office")),
        trust_env=False,
    )
    assert answer.status_code == 204


NAMED = "/v1/accounts?loginId=ada.marsh"


@pytest.mark.requirement("GW-05", "GW-07")
def test_each_proxy_asks_in_its_own_way(tmp_path: Path) -> None:
    """The same decision for each; a refusal as each of them can pass it on."""
    with start(tmp_path) as sandbox, gateway(tmp_path, sandbox) as guard:
        token = token_of(sandbox)
        for how in ("nginx", "traefik", "envoy"):
            good = guard.ask(token, NAMED, how=how)
            assert good.status_code == 200
            assert good.headers["moneyer-institution"] == "00016"
            assert good.headers["moneyer-login-id"] == "ada.marsh"
            assert good.headers["moneyer-application"] == "meridian-back-office"
        for how in ("traefik", "envoy"):
            bad = guard.ask(token, how=how)
            assert (bad.status_code, bad.json()["code"]) == (400, "ACC_00018")
            assert guard.ask(token, "/v1/none", how=how).status_code == 404
        bad = guard.ask(token)
        assert (bad.status_code, bad.headers["moneyer-refusal-status"]) == (403, "400")
        assert '"ACC_00018"' in bad.headers["moneyer-refusal"]
        assert guard.ask(token, "/own/1").status_code == 200
        assert guard.ask(token, "/v1/transactions").headers["moneyer-refusal-status"] == "404"
        assert guard.health("live") == guard.health("ready") == 200
        url = f"http://127.0.0.1:{guard.port}"
        headers = {"Authorization": f"Bearer {token}", "X-Forwarded-Method": "GET"}
        crossed = httpx.get(
            f"{url}/check/nginx",
            headers={**headers, "X-Forwarded-Uri": NAMED},
            trust_env=False,
        )
        assert crossed.status_code == 403, "no caller chooses another convention than its proxy's"
        assert httpx.get(f"{url}/", trust_env=False).status_code == 404
        said = guard.server.said()
        assert "call-refused" in said
        assert token not in said
        assert "ada.marsh" not in said
        assert sandbox.secret(APIS) not in said
        assert guard.server.stop() == 0


@pytest.mark.requirement("GW-04", "GW-06")
def test_the_token_service_stops_and_comes_back(tmp_path: Path) -> None:
    """Valid tokens pass, nothing revoked comes back: over restarts and kills of the gateway, and of
    the service, which revokes on when it is there again."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(start(tmp_path))
        port = int(sandbox.base_url.rpartition(":")[2])
        good, bad, later = (token_of(sandbox) for _ in range(3))
        with gateway(tmp_path, sandbox) as guard:
            assert guard.ask(good, NAMED).status_code == 200
            revoke(sandbox, bad)
            assert eventually(lambda: guard.ask(bad, NAMED).status_code == 401, PATIENCE)
            sandbox.server.stop()
            assert guard.ask(good, NAMED).status_code == 200
            assert guard.ask(bad, NAMED).status_code == 401
            guard.server.stop(signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with gateway(tmp_path, sandbox) as guard:
                assert guard.ask(good, NAMED).status_code == 200
                assert guard.ask(bad, NAMED).status_code == 401
                guard.server.stop(number)
        with gateway(tmp_path, sandbox) as guard:
            again = stack.enter_context(start(tmp_path, port=port))
            revoke(again, later)
            assert eventually(lambda: guard.ask(later, NAMED).status_code == 401, PATIENCE)
            assert guard.ask(good, NAMED).status_code == 200
            assert guard.ask(bad, NAMED).status_code == 401


@pytest.mark.requirement("GW-07", "MT-04")
def test_only_a_trusted_proxy_may_ask(tmp_path: Path) -> None:
    """From anywhere else nothing is told, however good the token."""
    with (
        start(tmp_path) as sandbox,
        gateway(tmp_path, sandbox, 'trusted_proxies = ["10.1.2.0/24"]') as guard,
    ):
        answer = guard.ask(token_of(sandbox), NAMED)
        assert answer.status_code == 403
        assert "moneyer-institution" not in answer.headers
        assert "proxy-not-trusted" in guard.server.said()
        assert guard.health("live") == 200


def test_it_stops_in_good_order(tmp_path: Path) -> None:
    """While it drains it says that it is not ready, and answers on."""
    with start(tmp_path) as sandbox, gateway(tmp_path, sandbox, "drain = 30") as guard:
        token = token_of(sandbox)
        assert eventually(lambda: guard.health("ready") == 200, PATIENCE)
        guard.server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: guard.health("ready") == 503, PATIENCE)
        assert guard.ask(token, NAMED).status_code == 200
        began = time.monotonic()
        assert guard.server.stop() == 0, "a second signal ends the wait"
        assert time.monotonic() - began < PATIENCE


GOOD = """
[token_service]
base_url = "https://tokens.bank.example"
client_id = "x"
client_secret = "y"
[gateway]
families = ["accounts"]
"""


ROUTE = '[[routes]]\nmethod = "GET"\npath = "/x"\nfamily = "none"\n'


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('families = ["accounts"]', 'families = ["acounts"]', "there is no acounts"),
        ('families = ["accounts"]', "", "nothing is guarded"),
        ('families = ["accounts"]', 'familes = ["accounts"]', "familes"),
        ('client_secret = "y"', "", "no secret is set"),
        ('client_secret = "y"', 'client_secret_file = "/nowhere/x"', "No such file"),
        ("https://tokens.bank.example", "tokens.bank.example", "must be an http or https URL"),
        ("https://tokens.bank.example", "https://tokens.bank.example/", "must not end with a slash"),
        ("[gateway]", '[gateway]\ntrusted_proxies = ["x"]', "trusted_proxies"),
        ("[gateway]", f"{ROUTE}[gateway]", "no family none"),
        ("[gateway]", "[gateway", "gateway.toml"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    """One line, before anyone is listened to."""
    (tmp_path / "gateway.toml").write_text(GOOD.replace(old, new))
    outcome = process("gateway", "--settings", tmp_path / "gateway.toml")
    assert outcome.code == 2
    assert words in one_line(outcome.err)
