"""TM-FB, TM-SL: a real server bounds what it reads, and how long it waits for it."""

import base64
import resource
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from moneyer.sandbox.seed import SandboxFile
from tests.attacks.real_server import RealServer, Reply, read_all, replies

HEADER_TIMEOUT = 10.0


def basic(card: SandboxFile, client_id: str) -> bytes:
    found = next(a for a in card.applications if a.client_id == client_id)
    pair = base64.b64encode(f"{found.client_id}:{found.client_secret}".encode())
    return b"Authorization: Basic " + pair + b"\r\n"


def post(
    card: SandboxFile, extra: bytes = b"", body: bytes = b"grant_type=client_credentials"
) -> bytes:
    return (
        b"POST /oauth2/v1/token HTTP/1.1\r\nHost: bank.test\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\ninstitutionId: 00016\r\n"
        + basic(card, "meridian-back-office")
        + extra
        + b"Content-Length: %d\r\n\r\n" % len(body)
        + body
    )


def status(answers: list[Reply]) -> int:
    assert len(answers) == 1, answers
    return answers[0].status


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (b"", 200),
        (b"".join(b"X-%d: y\r\n" % n for n in range(58)), 200),
        (b"".join(b"X-%d: y\r\n" % n for n in range(59)), 400),
        (b"".join(b"X-%d: y\r\n" % n for n in range(5000)), 431),
        (b"X: " + b"y" * 15_000 + b"\r\n", 200),
        (b"X: " + b"y" * 16_400 + b"\r\n", 400),
    ],
    ids=["plain", "64 headers", "65 headers", "5,000 headers", "15 KB", "16 KiB"],
)
def test_at_most_64_headers_of_16_kib_are_read(
    sandbox: RealServer, card: SandboxFile, extra: bytes, expected: int
) -> None:
    assert status(sandbox.exchange(post(card, extra))) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(8192, 200), (8193, 400), (20_000, 400), (40_000, 414)], ids=str
)
def test_at_most_8_kib_of_query_are_looked_at(
    sandbox: RealServer, card: SandboxFile, size: int, expected: int
) -> None:
    sent = post(card).replace(b"/token ", b"/token?" + b"y" * size + b" ", 1)
    assert status(sandbox.exchange(sent)) == expected


def test_a_header_without_end_is_cut_off_before_it_fills_the_memory(
    sandbox: RealServer, card: SandboxFile
) -> None:
    """Ten megabytes of one header: refused or closed long before, and the next caller is served."""
    endless = [b"POST /oauth2/v1/token HTTP/1.1\r\nHost: bank.test\r\nX: ", *[b"y" * 65536] * 160]
    assert all(answer.status in {400, 431} for answer in sandbox.exchange(*endless))
    assert status(sandbox.exchange(post(card))) == 200


@pytest.mark.requirement("TE-03")
@pytest.mark.parametrize("size", [32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 50_000_000])
def test_a_body_is_read_up_to_32_kib_and_no_further(
    sandbox: RealServer, card: SandboxFile, size: int
) -> None:
    body = b"grant_type=client_credentials&padding=".ljust(size, b"y")
    answers = sandbox.exchange(post(card, body=body))
    if size > 1_000_000 and not answers:
        return  # the server hung up while we were still sending: as good a refusal as 413
    assert status(answers) == (413 if size > 32 * 1024 else 200)


def test_a_length_that_is_only_announced_is_not_reserved(
    sandbox: RealServer, card: SandboxFile
) -> None:
    """A terabyte announced, 40 kB sent: 413 at once."""
    sent = post(card, body=b"y" * 40_000)
    announced = sent.replace(b"Content-Length: 40000", b"Content-Length: 1099511627776")
    assert status(sandbox.exchange(announced)) == 413


def test_a_chunked_body_is_bounded_too(sandbox: RealServer, card: SandboxFile) -> None:
    head = post(card, b"Transfer-Encoding: chunked\r\n", b"").replace(b"Content-Length: 0\r\n", b"")
    body = b"grant_type=client_credentials"
    whole = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert status(sandbox.exchange(head + whole)) == 200
    chunk = b"2000\r\n" + b"y" * 0x2000 + b"\r\n"
    assert status(sandbox.exchange(head, *[chunk] * 5)) == 413


def test_the_body_of_a_delete_is_read(sandbox: RealServer, card: SandboxFile) -> None:
    """The V2 revocation: a DELETE whose form names the token, after which the family is dead."""
    mobile = next(a for a in card.applications if a.client_id == "harbor-mobile")
    person = next(c for c in card.customers if c.institution == "00016")
    headers = {"institutionId": "00016"}
    form = {"grant_type": "password", "username": person.login_id, "password": person.password}
    with httpx.Client(
        base_url=sandbox.base_url, auth=(mobile.client_id, mobile.client_secret), trust_env=False
    ) as client:
        answer = client.post("/oauth2/v1/token", data=form, headers=headers).json()
        renewal = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
        renewed = client.post("/oauth2/v1/token", data=renewal, headers=headers).json()
        body = b"token=" + renewed["refresh_token"].encode()
        revoked = sandbox.exchange(
            b"DELETE /oauth2/v1/revoke HTTP/1.1\r\nHost: bank.test\r\nConnection: close\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            + basic(card, "harbor-mobile")
            + b"Content-Length: %d\r\n\r\n" % len(body)
            + body
        )
        assert (status(revoked), revoked[0].body) == (204, b"")
        renewal["refresh_token"] = renewed["refresh_token"]
        dead = client.post("/oauth2/v1/token", data=renewal, headers=headers)
    assert (dead.status_code, dead.json()["code"]) == (400, "CMN_90016")


def test_headers_that_do_not_arrive_within_ten_seconds_are_waited_for_no_longer(
    sandbox: RealServer, card: SandboxFile
) -> None:
    """One byte a second would keep a place for hours; fifty such connections hold up nobody."""
    lines = post(card)
    slow = [sandbox.connect(timeout=HEADER_TIMEOUT * 3) for _ in range(50)]
    for connection in slow:
        connection.sendall(lines[:40])
    assert status(sandbox.exchange(post(card))) == 200
    first = slow[0]
    first.settimeout(0.5)
    trickled = 0
    for byte in lines[40:]:
        try:
            first.sendall(bytes([byte]))
            if first.recv(1) == b"":
                break
        except TimeoutError:
            trickled += 1
        except ConnectionError:
            break
    assert trickled < len(lines[40:]), "the server waited for every byte"
    for connection in slow[1:]:
        assert all(answer.status == 408 for answer in replies(read_all(connection)))
        connection.close()
    first.close()


@pytest.fixture
def many_sockets() -> Iterator[int]:
    """How many sockets this process may open, after asking for as many as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 6000), hard))
    yield min(hard, 6000) - 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_thousands_of_silent_connections_keep_nobody_waiting(
    sandbox: RealServer, card: SandboxFile, many_sockets: int
) -> None:
    """Half of them say nothing at all, half begin a request; the next caller is served meanwhile."""
    with ExitStack() as stack:
        for n in range(min(5000, many_sockets)):
            connection = stack.enter_context(sandbox.connect())
            if n % 2:
                connection.sendall(b"POST /oauth2/v1/token HTTP/1.1\r\nHost:")
        # Before the silent ones are closed, for which they have ten seconds.
        assert status(sandbox.exchange(post(card), timeout=5)) == 200
