"""A server that is told to stop stops: in good order, soon, whoever is still connected."""

import signal
import socket
from pathlib import Path

import pytest

from tests.cli.process import Sandbox, moneyer, process
from tests.cli.process import sandbox as start

SIGNALS = (signal.SIGTERM, signal.SIGINT)

UNFINISHED = {
    "nothing at all": b"",
    "a whole request, connection kept": b"GET /health/live HTTP/1.1\r\nHost: bank\r\n\r\n",
    "half a header": b"POST /oauth2/v1/token HTTP/1.1\r\nHo",
    "half a body": b"POST /oauth2/v1/token HTTP/1.1\r\nHost: bank\r\nContent-Length: 9\r\n\r\ngr",
}


def stops_in_good_order(running: Sandbox, number: signal.Signals) -> None:
    """Exit status 0, and nothing more is said: no traceback above all."""
    said = running.server.said()
    assert running.server.stop(number) == 0
    assert running.server.said() == said
    assert said.count("\n# ") >= 5


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_it(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT alike; the folder can be served from at once, and commands work on it."""
    with start(tmp_path) as running:
        refresh_token = running.sign_in().json()["refresh_token"]
        stops_in_good_order(running, number)
    seen = moneyer("token", "inspect", refresh_token, "--data", running.data)
    assert "It would be accepted now." in seen.out


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_a_caller_that_hangs_does_not_hold_it(tmp_path: Path, sent: bytes) -> None:
    """Headers and bodies have time limits of 10 s and 30 s; stopping waits for neither."""
    with start(tmp_path) as running:
        host, port = running.base_url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(sent)
            if sent.endswith(b"\r\n\r\n"):
                assert caller.recv(4096)
            else:
                assert running.get("/health/live").status_code == 200
            stops_in_good_order(running, signal.SIGTERM)


def test_a_server_that_was_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    """The next one starts on the same folder and port, and what was answered is still there."""
    with start(tmp_path) as first:
        refresh_token = first.sign_in().json()["refresh_token"]
        assert first.server.stop(signal.SIGKILL) == -signal.SIGKILL
    port = int(first.base_url.rpartition(":")[2])
    with start(tmp_path, port=port) as second:
        assert second.renew(refresh_token).status_code == 200
        assert process("customer", "list", "--institution", "00016", folder=tmp_path).code == 0
