"""TM-HDR: a request that two readers could read differently is refused, or has its one plain meaning.

Raw sockets against a real server process: what a client library would never send.
"""

import base64

import pytest

from moneyer.sandbox.seed import SandboxFile
from tests.attacks.real_server import RealServer, Reply

FORM = b"grant_type=client_credentials"


@pytest.fixture
def machine(card: SandboxFile) -> bytes:
    """The Authorization line of an application entitled to 00016 and 00042, not to 07301."""
    found = next(a for a in card.applications if a.client_id == "meridian-back-office")
    pair = base64.b64encode(f"{found.client_id}:{found.client_secret}".encode())
    return b"Authorization: Basic " + pair


def request(
    *lines: bytes,
    body: bytes = FORM,
    first: bytes = b"POST /oauth2/v1/token HTTP/1.1",
    host: bytes = b"Host: bank.test",
    length: bytes | None = None,
    media_type: bytes = b"Content-Type: application/x-www-form-urlencoded",
    end: bytes = b"\r\n",
) -> bytes:
    """A request of exactly these lines; the last word is that the connection closes."""
    counted = b"Content-Length: %d" % len(body) if length is None else length
    head = [first, host, media_type, counted, *lines, b"Connection: close"]
    return end.join(line for line in head if line) + end + end + body


def only(answers: list[Reply]) -> Reply:
    assert len(answers) == 1, answers
    return answers[0]


def institution_of(reply: Reply) -> str:
    """The institution that the token in an answer is for."""
    payload = reply.body.split(b'"access_token":"')[1].split(b".")[1]
    claims = base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
    return claims.split(b'"institution_id":"')[1].split(b'"')[0].decode()


def test_the_plain_request_is_answered_so_the_others_are_refused_for_what_is_odd_in_them(
    sandbox: RealServer, machine: bytes
) -> None:
    reply = only(sandbox.exchange(request(machine, b"institutionId: 00016")))
    assert reply.status == 200
    assert institution_of(reply) == "00016"


TWICE = {
    "institutionId, equal": (b"institutionId: 00016", b"institutionId: 00016"),
    "institutionId, different": (b"institutionId: 00016", b"institutionId: 00042"),
    "institutionId, in another case": (b"institutionId: 00016", b"INSTITUTIONID: 00042"),
    "institutionId, one of them empty": (b"institutionId: 00016", b"institutionId:"),
    "two in one": (b"institutionId: 00016, 00042",),
    "transactionId": (
        b"institutionId: 00016",
        b"transactionId: 6fa459ea-ee8a-3ca4-894e-db77e160355e",
        b"transactionid: 6fa459ea-ee8a-3ca4-894e-db77e160355e",
    ),
    "Content-Type": (b"institutionId: 00016", b"Content-Type: application/json"),
    "Host": (b"institutionId: 00016", b"Host: elsewhere.test"),
}


@pytest.mark.parametrize("lines", TWICE.values(), ids=TWICE.keys())
def test_a_header_that_decides_something_may_not_stand_twice(
    sandbox: RealServer, machine: bytes, lines: tuple[bytes, ...]
) -> None:
    assert only(sandbox.exchange(request(machine, *lines))).status == 400


def test_two_authorization_headers_are_refused(sandbox: RealServer, machine: bytes) -> None:
    guess = b"Authorization: Basic " + base64.b64encode(b"a:b")
    for pair in ((machine, guess), (guess, machine), (machine, machine)):
        assert only(sandbox.exchange(request(*pair, b"institutionId: 00016"))).status == 400


MALFORMED = {
    "a folded line": b"institutionId: 00016\r\n 00042",
    "a folded line with a tab": b"institutionId:\r\n\t00016",
    "a blank before the colon": b"institutionId : 00016",
    "a tab before the colon": b"institutionId\t: 00016",
    "a bare CR in the value": b"institutionId: 00016\rX: y",
    "a NUL in the value": b"institutionId: 000\x0016",
    "a NUL in the name": b"institution\x00Id: 00016",
    "no colon": b"institutionId 00016",
    "no name": b": 00016",
}


@pytest.mark.parametrize("line", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_header_line_is_refused(sandbox: RealServer, machine: bytes, line: bytes) -> None:
    assert only(sandbox.exchange(request(machine, line))).status == 400


def test_an_underscore_is_not_a_hyphen_and_makes_no_institution(
    sandbox: RealServer, machine: bytes
) -> None:
    """`institution_id` names nothing here; alone it is a missing header, beside it, idle."""
    for name in (b"institution_id", b"institution-id", b"HTTP_INSTITUTIONID", b"X-institutionId"):
        assert b"CMN_90005" in only(sandbox.exchange(request(machine, name + b": 00016"))).body
        reply = only(sandbox.exchange(request(machine, b"institutionId: 00016", name + b": 00042")))
        assert institution_of(reply) == "00016"


@pytest.fixture
def old_client(card: SandboxFile) -> bytes:
    """The Authorization line of the application that speaks V1, at 00016 and 00042."""
    found = next(a for a in card.applications if a.client_id == "meridian-classic")
    pair = base64.b64encode(f"{found.client_id}:{found.client_secret}".encode())
    return b"Authorization: Basic " + pair


V1 = b"POST /v1/oauth/token HTTP/1.1"
TID = b"di_tid: 6fa459ea-ee8a-3ca4-894e-db77e160355e"


def test_a_header_with_an_underscore_is_read_as_it_is_spelled(
    sandbox: RealServer, old_client: bytes
) -> None:
    """`di_fiid` in any case selects; `di-fiid`, which others fold into it, does not."""
    for name in (b"di_fiid", b"DI_FIID", b"Di_Fiid"):
        reply = only(sandbox.exchange(request(old_client, TID, name + b": 00016", first=V1)))
        assert b"<di_fiid>00016</di_fiid>" in reply.body
        assert reply.header("di_tid") == "6fa459ea-ee8a-3ca4-894e-db77e160355e"
    for name in (b"di-fiid", b"HTTP_DI_FIID", b"institutionId", b"di_fi_id"):
        alone = only(sandbox.exchange(request(old_client, TID, name + b": 00016", first=V1)))
        assert (alone.status, b"Header 'di_fiid' invalid" in alone.body) == (400, True)
        sent = request(old_client, TID, b"di_fiid: 00016", name + b": 00042", first=V1)
        assert b"<di_fiid>00016</di_fiid>" in only(sandbox.exchange(sent)).body


V1_TWICE = {
    "di_fiid, equal": (TID, b"di_fiid: 00016", b"di_fiid: 00016"),
    "di_fiid, different": (TID, b"di_fiid: 00016", b"di_fiid: 00042"),
    "di_fiid, in another case": (TID, b"di_fiid: 00016", b"DI_FIID: 00042"),
    "di_fiid, one of them empty": (TID, b"di_fiid: 00016", b"di_fiid:"),
    "two in one": (TID, b"di_fiid: 00016, 00042"),
    "di_tid": (TID, b"di_fiid: 00016", TID),
    "originating_ip": (TID, b"di_fiid: 00016", b"originating_ip: 1.1.1.1", b"Originating_IP: 1.1.1.1"),
    "folded": (TID, b"di_fiid: 00016\r\n 00042"),
    "a blank before the colon": (TID, b"di_fiid : 00016"),
    "a bare CR": (TID, b"di_fiid: 00016\rdi_fiid: 00042"),
    "a NUL": (TID, b"di_fiid: 000\x0016"),
}


@pytest.mark.parametrize("lines", V1_TWICE.values(), ids=V1_TWICE.keys())
def test_no_header_of_v1_has_two_meanings(
    sandbox: RealServer, old_client: bytes, lines: tuple[bytes, ...]
) -> None:
    assert only(sandbox.exchange(request(old_client, *lines, first=V1))).status == 400


@pytest.mark.parametrize(
    "spelled",
    [
        b"16",
        b"0016",
        b"000016",
        "\uff10\uff10\uff10\uff11\uff16".encode(),
        "\u0660\u0660\u0660\u0661\u0666".encode(),
        b"00016;",
        b"00016/",
        b"%30%30%30%31%36",
        b'"00016"',
        b"00016\xa0",
        b"0x10",
    ],
)
def test_an_institution_has_one_spelling(sandbox: RealServer, machine: bytes, spelled: bytes) -> None:
    assert only(sandbox.exchange(request(machine, b"institutionId: " + spelled))).status in {400, 403}


def test_a_hop_by_hop_mark_cannot_take_the_institution_away(
    sandbox: RealServer, machine: bytes
) -> None:
    """`Connection: institutionId` is for proxies; here the header keeps its meaning."""
    marked = request(machine, b"institutionId: 00016", b"Connection: institutionId, Authorization")
    assert institution_of(only(sandbox.exchange(marked))) == "00016"


def test_forwarding_headers_of_a_stranger_mean_nothing(sandbox: RealServer, machine: bytes) -> None:
    for line in (
        b"X-Forwarded-For: 203.0.113.9, 198.51.100.1",
        b"Forwarded: for=203.0.113.9;proto=https;host=evil.test",
        b"X-Forwarded-Host: evil.test",
        b"X-Original-URL: /health/live",
        b"X-Rewrite-URL: /health/live",
        b"X-HTTP-Method-Override: DELETE",
        b"X-Method-Override: GET",
    ):
        reply = only(sandbox.exchange(request(machine, b"institutionId: 00016", line)))
        assert institution_of(reply) == "00016"


def test_a_method_override_makes_no_post_of_a_get(sandbox: RealServer, machine: bytes) -> None:
    first = b"GET /oauth2/v1/token HTTP/1.1"
    sent = request(machine, b"institutionId: 00016", b"X-HTTP-Method-Override: POST", first=first)
    reply = only(sandbox.exchange(sent))
    assert (reply.status, reply.header("allow")) == (405, "POST")


def test_an_absolute_form_with_another_host_changes_nothing(
    sandbox: RealServer, machine: bytes
) -> None:
    """The path is served as the plain one or not at all; the issuer never follows a Host."""
    first = b"POST http://evil.test/oauth2/v1/token HTTP/1.1"
    for reply in (
        only(sandbox.exchange(request(machine, b"institutionId: 00016", first=first))),
        only(sandbox.exchange(request(machine, b"institutionId: 00016", host=b"Host: evil.test"))),
    ):
        assert reply.status in {200, 400, 404}
        assert b"evil.test" not in reply.head.encode() + reply.body
        if reply.status == 200:
            payload = reply.body.split(b".")[1]
            claims = base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
            assert sandbox.base_url.encode() + b"/i/00016" in claims


def test_lines_that_end_in_lf_alone_have_the_same_meaning_or_none(
    sandbox: RealServer, machine: bytes
) -> None:
    """RFC 9112 section 2.2 lets a reader accept a bare LF; a second meaning it never has."""
    plain = only(sandbox.exchange(request(machine, b"institutionId: 00016", end=b"\n")))
    assert plain.status in {200, 400}
    mixed = request(machine, b"institutionId: 00016\ninstitutionId: 00042")
    assert only(sandbox.exchange(mixed)).status == 400


SMUGGLED = b"POST /oauth2/v1/token HTTP/1.1\r\nHost: bank.test\r\n\r\n"
FRAMES = {
    "CL and TE": (b"Content-Length: 0\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED),
    "TE twice": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b"0\r\n\r\n" + SMUGGLED),
    "TE unknown": (b"Transfer-Encoding: xchunked", b"0\r\n\r\n" + SMUGGLED),
    "TE with a blank": (b"Transfer-Encoding : chunked", b"0\r\n\r\n" + SMUGGLED),
    "CL twice": (b"Content-Length: 0\r\nContent-Length: 54", SMUGGLED),
    "CL in a list": (b"Content-Length: 0, 54", SMUGGLED),
    "CL negative": (b"Content-Length: -1", SMUGGLED),
    "CL with a sign": (b"Content-Length: +0", SMUGGLED),
    "CL in hex": (b"Content-Length: 0x0", SMUGGLED),
    "CL beyond 64 bits": (b"Content-Length: 99999999999999999999", SMUGGLED),
    "a chunk size with a sign": (b"Transfer-Encoding: chunked", b"-1\r\n" + SMUGGLED),
    "a chunk size beyond 64 bits": (b"Transfer-Encoding: chunked", b"fffffffffffffffff\r\n" + SMUGGLED),
}


@pytest.mark.parametrize(("framing", "body"), FRAMES.values(), ids=FRAMES.keys())
def test_a_body_whose_length_is_told_in_two_ways_smuggles_no_second_request(
    sandbox: RealServer, machine: bytes, framing: bytes, body: bytes
) -> None:
    """At most one answer comes back, and none of success: what follows is never read as a request."""
    sent = request(machine, b"institutionId: 00016", length=framing, body=body)
    answers = sandbox.exchange(sent.replace(b"Connection: close", b"Connection: keep-alive"), b"")
    assert len(answers) <= 1
    assert all(400 <= answer.status < 500 for answer in answers)
