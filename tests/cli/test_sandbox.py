"""`moneyer sandbox`: what it writes, what it keeps, and when it refuses to start."""

import socket
import stat
import subprocess
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.cli.process import Sandbox, free_port, one_line, process
from tests.cli.process import sandbox as start
from tests.v1 import classic

CARD = {"base_url", "institutions", "applications", "customers"}
INSTITUTION = {"id", "name", "issuer"}
APPLICATION = {
    "name",
    "client_id",
    "client_secret",
    "grants",
    "scopes",
    "institutions",
    "redirect_uris",
}
CUSTOMER = {
    "institution",
    "login_id",
    "password",
    "type",
    "host_user_id",
    "institution_user_id",
    "institution_customer_ids",
}


def test_the_card_has_exactly_the_members_that_programs_rely_on(sandbox: Sandbox) -> None:
    """No member less, none more, in each of its four parts."""
    assert set(sandbox.card) == CARD
    for part, members in (
        ("institutions", INSTITUTION),
        ("applications", APPLICATION),
        ("customers", CUSTOMER),
    ):
        assert sandbox.card[part]
        for entry in sandbox.card[part]:
            assert set(entry) == members


def test_the_cast_has_a_part_for_every_scene(sandbox: Sandbox) -> None:
    """Three banks and 00016; every grant; one application for one bank, one for two; both types."""
    card = sandbox.card
    ids = [institution["id"] for institution in card["institutions"]]
    assert len(ids) >= 3
    assert "00016" in ids
    assert {grant for a in card["applications"] for grant in a["grants"]} == {
        "client_credentials",
        "password",
        "authorization_code",
        "refresh_token",
    }
    assert {len(a["institutions"]) for a in card["applications"]} >= {1, 2}
    assert {customer["type"] for customer in card["customers"]} == {"RETAIL", "BUSINESS"}
    for customer in card["customers"]:
        assert bool(customer["institution_customer_ids"]) == (customer["type"] == "BUSINESS")


def test_every_credential_on_the_card_opens_what_it_says(sandbox: Sandbox) -> None:
    """Each application at each of its banks, each customer where a password is taken."""
    for application in sandbox.card["applications"]:
        if "client_credentials" in application["grants"]:
            for institution in application["institutions"]:
                answer = sandbox.token(
                    application["client_id"],
                    institution=institution,
                    grant_type="client_credentials",
                )
                assert answer.status_code == 200, answer.text
    for customer in sandbox.card["customers"]:
        if customer["institution"] in sandbox.application("password")["institutions"]:
            assert sandbox.sign_in(customer["login_id"]).status_code == 200


def test_the_issuers_on_the_card_publish_metadata_and_keys(sandbox: Sandbox) -> None:
    """Each issuer's metadata names the issuer itself, and its key set can be read."""
    for institution in sandbox.card["institutions"]:
        issuer = institution["issuer"]
        metadata = httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False).json()
        assert metadata["issuer"] == issuer
        assert httpx.get(metadata["jwks_uri"], trust_env=False).json()["keys"]


def test_what_holds_secrets_can_be_read_by_its_owner_alone(sandbox: Sandbox) -> None:
    """The card, the master key and every file of the database."""
    names = {file.name for file in sandbox.data.iterdir()}
    assert {"sandbox.json", "master.key", "moneyer.db"} <= names
    for file in sandbox.data.iterdir():
        if not file.name.endswith(".serving"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_health_needs_no_credentials(sandbox: Sandbox) -> None:
    """Live and ready are answered to anyone."""
    assert sandbox.get("/health/live").json() == {"status": "live"}
    assert sandbox.get("/health/ready").json() == {"status": "ready"}


def test_a_second_start_on_the_folder_is_refused_and_harms_nothing(sandbox: Sandbox) -> None:
    """The refusal names the process that serves; even --fresh clears nothing then."""
    before = (sandbox.data / "sandbox.json").read_bytes()
    for more in ([], ["--fresh"]):
        again = process("sandbox", "--port", "0", *more, folder=sandbox.server.folder)
        assert again.code == 2
        assert f"process {sandbox.server.process.pid} already serves" in one_line(again.err)
    assert (sandbox.data / "sandbox.json").read_bytes() == before
    assert sandbox.sign_in().status_code == 200


def test_a_port_that_is_taken_is_named_before_anything_is_written(tmp_path: Path) -> None:
    """The new folder stays without a bank."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = process("sandbox", "--port", str(port), "--data", "new", folder=tmp_path)
    assert refused.code == 2
    assert one_line(refused.err) == f"cannot listen on 127.0.0.1 port {port}: Address already in use"
    assert not (tmp_path / "new" / "sandbox.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "nowhere.invalid"), "cannot listen on nowhere.invalid"),
        (("--host", "192.0.2.1"), "cannot listen on 192.0.2.1"),
        (("--data", "a-file"), "a-file: File exists"),
    ],
)
def test_what_hinders_a_start_is_said_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """A host that is not this machine's; a file where the folder should be."""
    (tmp_path / "a-file").touch()
    refused = process("sandbox", "--port", "0", *arguments, folder=tmp_path)
    assert refused.code == 2
    assert said in one_line(refused.err)


def test_data_stay_between_starts_and_fresh_begins_anew(tmp_path: Path) -> None:
    """Secrets, families and disabled applications survive a restart, on another port too."""
    with start(tmp_path) as first:
        refresh_token = first.sign_in().json()["refresh_token"]
        disable = ("application", "disable", "meridian-back-office")
        assert process(*disable, folder=tmp_path).code == 0
        assert first.server.stop() == 0
    with start(tmp_path) as second:
        assert second.base_url != first.base_url
        assert second.card["applications"] == first.card["applications"]
        assert {i["issuer"] for i in second.card["institutions"]} == {
            f"{second.base_url}/i/{i['id']}" for i in first.card["institutions"]
        }
        assert second.renew(refresh_token).status_code == 200
        answer = second.token("meridian-back-office", grant_type="client_credentials")
        assert answer.status_code == 401
        assert second.server.stop() == 0
    with start(tmp_path, "--fresh", port=free_port()) as third:
        assert third.renew(refresh_token).json()["code"] == "CMN_90016"
        assert third.secret("harbor-mobile") != first.secret("harbor-mobile")
        answer = third.token("meridian-back-office", grant_type="client_credentials")
        assert answer.status_code == 200


@pytest.mark.parametrize("missing", ["sandbox.json", "master.key", "moneyer.db"])
def test_a_start_that_was_cut_short_is_made_good_by_the_next(tmp_path: Path, missing: str) -> None:
    """Half a bank is no bank: what is there without the rest is made anew."""
    with start(tmp_path) as first:
        first.server.stop()
    (first.data / missing).unlink()
    with start(tmp_path) as second:
        assert second.sign_in().status_code == 200


def test_strict_demands_a_transaction_id(tmp_path: Path) -> None:
    """As the vendor's host does; the next start without it does not."""
    with start(tmp_path, "--strict") as strict:
        refused = strict.token("meridian-back-office", grant_type="client_credentials")
        assert refused.json()["code"] == "CMN_90008"
        run_the_printed_lines(strict)
        strict.server.stop()
    with start(tmp_path) as lenient:
        answer = lenient.token("meridian-back-office", grant_type="client_credentials")
        assert answer.status_code == 200


def test_every_printed_line_works_when_pasted(sandbox: Sandbox) -> None:
    """One after the other in one shell; after the last the refresh token is dead."""
    run_the_printed_lines(sandbox)


def run_the_printed_lines(sandbox: Sandbox) -> None:
    """Pastes what the sandbox printed from the first `#` on into bash."""
    said = sandbox.server.said()
    lines = said[said.index("# ") : said.index("All of this as JSON")]
    script = f"set -eu\n{lines}\necho; echo $REFRESH; echo $CODE"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    service, signed_in, renewed, exchanged, revoked, old, customer, _, refresh_token, code = (
        done.stdout.splitlines()
    )
    for answer in (service, signed_in, renewed, exchanged):
        assert "access_token" in msgspec.json.decode(answer)
    assert revoked == "204"
    assert classic.tag(old, "di_fiid") == "00016"
    assert classic.tag(old, "access_token").count(".") == 2
    person = sandbox.customer("00016")
    assert classic.tag(customer, "id") == person["institution_user_id"]
    assert classic.tag(customer, "memberNumber")
    assert code.startswith("mac_")
    assert refresh_token == msgspec.json.decode(renewed)["refresh_token"]
    if "transactionId" not in lines:
        assert sandbox.renew(refresh_token).json()["code"] == "CMN_90016"


def test_what_is_printed_can_be_copied(sandbox: Sandbox) -> None:
    """Every id, secret and password stands there in full, though the terminal has 80 columns."""
    said = sandbox.server.said()
    for application in sandbox.card["applications"]:
        assert application["client_secret"] in said.split()
        assert application["client_id"] in said.split()
    for customer in sandbox.card["customers"]:
        assert customer["password"] in said.split()
    commands = said[said.index("# ") : said.index("All of this as JSON")]
    for line in filter(None, commands.splitlines()):
        assert line.startswith("#") or "=$(" in line or line.startswith("curl ")
