"""The header: what it may say, what is refused, and that nobody but the sandbox obeys it."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.sandbox.faults.catalogue import catalogue
from moneyer.sandbox.faults.orders import BadOrder, read_order
from tests.cli.process import serving, succeeds
from tests.cli.test_serve import Deployment
from tests.sandbox.faults.integrator import Integrator, applied

KNOWN = catalogue()

HOSTILE = {
    "nothing": "",
    "no such fault": "tsunami",
    "one of several": "latency=1, tsunami",
    "a number where none belongs": "lost-answer=3",
    "no number where one belongs": "latency",
    "no number but a word": "latency=soon",
    "below": "latency=-1",
    "above": "latency=60001",
    "far above": "latency=999999999",
    "longer than any number": "latency=" + "9" * 400,
    "digits of another script": "latency=\u0661\u0662".encode().decode("latin-1"),
    "a sign": "latency=+5",
    "twice the same": "latency=1,latency=2",
    "two answers": "unavailable, server-error",
    "commas": ",,,,",
    "too many": ",".join(["latency=1"] * 9),
    "too long": "latency=1" + " ," * 300 + "x",
    "another header's syntax": "latency;ms=5",
    "bytes": "\x80\xff",
    "elsewhere": "token-missing",
    "no renewal": "rotation-replay",
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_cannot_be_ordered_is_refused_with_what_can(integrator: Integrator, value: str) -> None:
    """400; the names stand in it, what was sent does not; nothing was done and nothing is marked."""
    answer = integrator.ask(
        "POST", "/oauth2/v1/token", headers={"Moneyer-Fault": value.encode("latin-1")}
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert all(name in answer.text for name in KNOWN)
    assert applied(answer) == ""
    assert "tsunami" not in answer.text
    assert "9" * 10 not in answer.text


def test_a_header_that_stands_twice_is_refused(integrator: Integrator) -> None:
    headers = [("Moneyer-Fault", "garbage"), ("Moneyer-Fault", "redirect")]
    answer = integrator._http.get("/health/live", headers=headers)
    assert answer.status_code == 400
    assert "stands twice" in answer.text


@given(st.text(max_size=80))
def test_any_text_is_an_order_or_is_refused(text: str) -> None:
    """And an order comes out within its bounds."""
    try:
        ordered = read_order(text, KNOWN)
    except BadOrder:
        return
    for fault, argument in ordered:
        if fault.argument is not None:
            assert fault.argument.least <= argument <= fault.argument.most


@given(st.lists(st.sampled_from(sorted(KNOWN)), min_size=1, max_size=8, unique=True))
def test_faults_come_in_the_order_of_the_catalogue(names: list[str]) -> None:
    usages = [f"{n}=1" if KNOWN[n].argument else n for n in names]
    if sum(KNOWN[n].answers for n in names) > 1:
        with pytest.raises(BadOrder, match="only one"):
            read_order(",".join(usages), KNOWN)
        return
    ordered = [one.fault.name for one in read_order(" , ".join(usages), KNOWN)]
    assert ordered == [name for name in KNOWN if name in names]


def test_without_the_header_nothing_is_different(integrator: Integrator) -> None:
    assert applied(integrator.back_office()) == ""
    assert integrator.back_office().status_code == 200


def test_what_there_is_can_be_read_where_it_is_served(integrator: Integrator) -> None:
    """The same names on the sandbox's page and from the command line."""
    page = integrator.ask("GET", "/docs/faults").text.splitlines()
    told = succeeds("fault", "names", "--json").json
    usages = [fault.usage for fault in KNOWN.values()]
    assert [line.split(" ")[0] for line in page] == usages
    assert [row["usage"] for row in told] == usages
    assert all(fault.line for fault in KNOWN.values())


def test_a_service_in_earnest_does_not_know_the_header(tmp_path: Path) -> None:
    """Byte for byte the same, whatever was ordered, but for the second in which it was said."""
    deployment = Deployment(tmp_path)
    deployment.prepared()
    base_url, file = deployment.base_url, deployment.file
    with serving("serve", "--settings", file, folder=tmp_path, ready=f"serving {base_url}"):
        plain = asked(base_url, "")
        assert b"CMN_90005" in plain
        for fault in ("lost-answer", "unavailable", "latency=60000", "nonsense", "x" * 300):
            ordered = asked(base_url, f"Moneyer-Fault: {fault}\r\n")
            assert without_date(ordered) == without_date(plain)
        assert asked(base_url, "", "GET /docs/faults").startswith(b"HTTP/1.1 404 ")


def asked(base_url: str, line: str, what: str = "POST /oauth2/v1/token") -> bytes:
    place = urlsplit(base_url)
    head = (
        f"{what} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
        "transactionId: 6f1c1c1e-3d8e-4c0a-9a54-3d6a3e9c7f10\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n{line}Content-Length: 0\r\n\r\n"
    )
    with socket.create_connection((str(place.hostname), int(place.port or 0)), 30) as caller:
        caller.sendall(head.encode())
        received = b""
        while data := caller.recv(65536):
            received += data
    return received


def without_date(answer: bytes) -> list[bytes]:
    return [line for line in answer.split(b"\r\n") if not line.startswith(b"date: ")]
