"""Who asks: HTTP Basic, one way to say it, and nothing told to whoever guesses."""

import base64
import hashlib
from urllib.parse import quote_plus

import httpx
import pytest
import sqlalchemy as sa

from moneyer.applications.application import Application
from moneyer.protocol.clock import SECOND
from tests.bank import Bank
from tests.contract import wire
from tests.contract.wire import refused

CC = "grant_type=client_credentials"
ENDPOINTS = [("/oauth2/v1/token", "POST", CC), ("/oauth2/v1/revoke", "DELETE", "token=x")]


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.requirement("CA-01", "CA-02", "CA-03")
async def test_id_and_secret_may_be_form_encoded_or_plain(bank: Bank) -> None:
    """What is made here consists of unreserved characters, so both spellings are one."""
    secret = bank.secrets["machine"]
    escaped = "".join(f"%{byte:02X}" for byte in secret.encode())
    for pair in (f"machine:{secret}", f"machine:{quote_plus(secret)}", f"m%61chine:{escaped}"):
        assert (await bank.raw(CC, {"Authorization": basic(pair)})).status_code == 200


@pytest.mark.requirement("CA-04")
@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
async def test_the_scheme_is_read_in_any_case(bank: Bank, scheme: str) -> None:
    header = bank.basic("machine").replace("Basic", scheme)
    assert (await bank.raw(CC, {"Authorization": header})).status_code == 200


@pytest.mark.requirement("CA-04", "CA-05")
@pytest.mark.parametrize("second", ["same", "other", "bearer", "empty"])
@pytest.mark.parametrize("joined", [True, False])
async def test_two_authorization_headers_are_400(bank: Bank, second: str, joined: bool) -> None:
    good = bank.basic("machine")
    other = {"same": good, "other": bank.basic("web"), "bearer": "Bearer x", "empty": ""}[second]
    for pair in ([good, other], [other, good]):
        values = [", ".join(pair)] if joined else pair
        answer = await bank.raw(CC, [("Authorization", value) for value in values])
        refused(answer, wire.HEADER)


@pytest.mark.requirement("CA-05")
@pytest.mark.parametrize(
    "tail",
    [
        "client_secret=x",
        "client_assertion=x",
        "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "%63lient_secret=x",
    ],
)
async def test_a_second_way_to_authenticate_is_invalid_request(bank: Bank, tail: str) -> None:
    refused(await bank.raw(f"{CC}&{tail}"), wire.REQUEST)
    answer = await bank.raw(f"token=x&{tail}", path="/oauth2/v1/revoke", method="DELETE")
    refused(answer, wire.REQUEST)
    secret = bank.secrets["machine"]
    refused(await bank.raw(f"{CC}&client_id=machine&client_secret={secret}"), wire.REQUEST)


@pytest.mark.requirement("CA-06")
async def test_a_client_id_in_the_body_must_be_the_one_in_basic(bank: Bank) -> None:
    assert (await bank.raw(CC + "&client_id=machine")).status_code == 200
    for other in ("web", "Machine", "machine%20", "%C3%A9", "x" * 600):
        refused(await bank.raw(f"{CC}&client_id={other}"), wire.REQUEST)


@pytest.mark.requirement("CA-07", "CA-08", "CA-14")
@pytest.mark.parametrize("authorization", [None, "Bearer x", "Digest x", "", "Basic"])
async def test_only_basic_proves_an_application_whatever_else_it_sends(
    bank: Bank, authorization: str | None
) -> None:
    """No application of this release is registered for another method; a client_id proves nothing."""
    secret = bank.secrets["machine"]
    headers = {} if authorization is None else {"Authorization": authorization}
    for tail in (
        "client_id=machine",
        f"client_id=machine&client_secret={secret}",
        "client_id=machine&client_assertion=eyJhbGciOiJub25lIn0.e30.&client_assertion_type="
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    ):
        refused(await bank.raw(f"{CC}&{tail}", headers, authorize=False), wire.CREDENTIALS)


@pytest.mark.requirement("CA-10")
@pytest.mark.parametrize(("path", "method", "body"), ENDPOINTS)
async def test_unknown_client_and_wrong_secret_get_the_same_bytes(
    bank: Bank, path: str, method: str, body: str
) -> None:
    """Status, every header in its order, and the body are equal, but for the transaction's own id."""
    pairs = ["machine:wrong", "nobody:wrong", f"machine:{'x' * 43}", f"nobody:{'x' * 43}"]
    pairs += [f"machine:{bank.secrets['web']}", "%zz:x", "machine", "machine:"]
    bank.change_application("rival", status="disabled")
    await bank.refresh()
    pairs.append("rival:wrong")
    sent = {"transactionId": "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"}
    answers = [
        await bank.raw(body, {"Authorization": basic(pair), **sent}, path=path, method=method)
        for pair in pairs
    ]
    refused(answers[0], wire.CREDENTIALS)
    assert len({whole(answer) for answer in answers}) == 1


def whole(answer: httpx.Response) -> tuple[int, tuple[tuple[bytes, bytes], ...], bytes]:
    return answer.status_code, tuple(answer.headers.raw), answer.content


@pytest.mark.requirement("CA-09", "CA-10")
async def test_a_throttled_unknown_client_looks_as_a_throttled_known_one(bank: Bank) -> None:
    sent = {"transactionId": "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"}
    seen = set()
    for client_id in ("machine", "nobody"):
        wrong = {"Authorization": basic(f"{client_id}:wrong"), **sent}
        answers = [await bank.raw(CC, wrong) for _ in range(22)]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 2
        seen |= {whole(answer) for answer in answers}
    assert len(seen) == 2


@pytest.mark.requirement("CA-11")
async def test_two_secrets_live_side_by_side_until_the_old_one_ends(bank: Bank) -> None:
    """Each has its slot, its dates and its last use; a third takes the place of the older."""
    old, key = bank.secrets["machine"], bank.keys.client_secret
    bank.clock.advance(10)
    end = bank.clock.now() + 3600 * SECOND
    new, slots = bank.admin.applications.rotate_secret("machine", key, end)
    assert [slot.slot for slot in slots] == [1, 2]
    assert (slots[0].expires_at, slots[1].expires_at) == (end, None)
    assert slots[0].created_at < slots[1].created_at
    await bank.refresh()
    for secret in (old, new):
        answer = await bank.raw(CC, {"Authorization": bank.basic("machine", secret)})
        assert answer.status_code == 200
    used = [slot.last_used_at for slot in bank.admin.applications.secrets_of("machine")]
    assert used == [bank.clock.now()] * 2
    bank.clock.advance(3600)
    refused(await bank.raw(CC, {"Authorization": bank.basic("machine", old)}), wire.CREDENTIALS)
    assert (await bank.raw(CC, {"Authorization": bank.basic("machine", new)})).status_code == 200
    third, slots = bank.admin.applications.rotate_secret("machine", key, None)
    assert len(slots) == 2
    await bank.refresh()
    for secret in (new, third):
        answer = await bank.raw(CC, {"Authorization": bank.basic("machine", secret)})
        assert answer.status_code == 200


@pytest.mark.requirement("CA-12")
async def test_a_secret_is_made_here_shown_once_and_kept_as_a_keyed_hash(bank: Bank) -> None:
    """Nothing in the database holds it, and its plain SHA-256 neither."""
    secret = bank.secrets["machine"]
    await bank.raw(CC)
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    stored = everything_stored(bank)
    (slot,) = bank.admin.applications.secrets_of("machine")
    assert slot.digest in stored
    assert secret.encode() not in stored
    plain = hashlib.sha256(secret.encode()).digest()
    assert plain not in stored
    assert plain.hex().encode() not in stored
    assert secret not in repr(slot)


def everything_stored(bank: Bank) -> bytes:
    """The files of the database, or what its tables hold where it has no files of ours."""
    if files := [*bank.folder.glob("moneyer.db*")]:
        return b"".join(path.read_bytes() for path in files)
    metadata = sa.MetaData()
    metadata.reflect(bank.engine)
    with bank.engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(sa.select(table))]
    values = [value for row in rows for value in row]
    return b"\n".join(v if isinstance(v, bytes) else str(v).encode() for v in values)


@pytest.mark.requirement("CA-13")
async def test_every_endpoint_that_applications_call_wants_proof(bank: Bank) -> None:
    for path, method, body in ENDPOINTS:
        answer = await bank.raw(body, path=path, method=method, authorize=False)
        refused(answer, wire.CREDENTIALS)
    for path in ("/v1/client-authorization", "/v1/auth-code"):
        for headers in ({}, {"Authorization": bank.basic("page")}):
            answer = await bank.raw("client_id=web", headers, path=path, authorize=False)
            refused(answer, wire.BEARER)


@pytest.mark.requirement("CA-03")
async def test_an_id_of_every_unreserved_character_works(bank: Bank) -> None:
    client_id = "Az09._~-"
    bank.add_application(
        Application(client_id, "Odd", ("client_credentials",), ("accounts:read",), ("00016",))
    )
    await bank.refresh()
    for sent in (client_id, quote_plus(client_id), "%41z09%2e_%7E-"):
        pair = f"{sent}:{bank.secrets[client_id]}"
        assert (await bank.raw(CC, {"Authorization": basic(pair)})).status_code == 200


async def test_whoever_was_disabled_a_moment_ago_is_refused_at_once(bank: Bank) -> None:
    assert (await bank.raw(CC)).status_code == 200
    bank.change_application("machine", status="disabled")
    await bank.refresh()
    refused(await bank.raw(CC), wire.NOT_PERMITTED)
