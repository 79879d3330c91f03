"""Orders that stand for an application: the command line, the counts, restarts, whose they are."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from moneyer.sandbox.faults.standing import Standing, StandingOrders
from tests.cli.process import complaint, sandbox, succeeds
from tests.sandbox.faults.integrator import BACK_OFFICE, MOBILE, Integrator, applied


@pytest.fixture(autouse=True)
def _none_stands(integrator: Integrator) -> None:
    succeeds("fault", "clear", "--data", integrator.sandbox.data)


def order(integrator: Integrator, *arguments: str) -> None:
    succeeds("fault", "set", *arguments, "--data", integrator.sandbox.data)


def standing(integrator: Integrator) -> list[dict[str, object]]:
    told = succeeds("fault", "list", "--json", "--data", integrator.sandbox.data).json
    return list(told)


def test_an_order_comes_true_at_once_as_often_as_was_said(integrator: Integrator) -> None:
    """For its application and no other; then it is gone."""
    order(integrator, BACK_OFFICE, "unavailable=4", "--times", "2")
    assert standing(integrator) == [{"client_id": BACK_OFFICE, "faults": "unavailable=4", "left": 2}]
    statuses = [integrator.back_office().status_code]
    assert integrator.sign_in().status_code == 200
    assert standing(integrator)[0]["left"] == 1
    statuses += [integrator.back_office().status_code for _ in range(2)]
    assert statuses == [503, 503, 200]
    assert standing(integrator) == []


def test_an_order_without_a_count_stands_until_it_is_cleared(integrator: Integrator) -> None:
    order(integrator, BACK_OFFICE, "server-error")
    assert {integrator.back_office().status_code for _ in range(5)} == {500}
    order(integrator, MOBILE, "garbage")
    said = succeeds("fault", "clear", BACK_OFFICE, "--data", integrator.sandbox.data).out
    assert said == "1 ended\n"
    assert integrator.back_office().status_code == 200
    assert applied(integrator.sign_in()) == "garbage"
    assert "garbage" in succeeds("fault", "list", "--data", integrator.sandbox.data).out


def test_orders_come_true_one_after_the_other(integrator: Integrator) -> None:
    order(integrator, BACK_OFFICE, "unavailable", "--times", "1")
    order(integrator, BACK_OFFICE, "overloaded,latency=1", "--times", "1")
    order(integrator, BACK_OFFICE, "redirect", "--times", "1")
    marks = [applied(integrator.back_office()) for _ in range(4)]
    assert marks == ["unavailable", "latency, overloaded", "redirect", ""]


def test_a_header_comes_before_what_stands_and_counts_nothing(integrator: Integrator) -> None:
    order(integrator, BACK_OFFICE, "unavailable", "--times", "1")
    assert applied(integrator.back_office("garbage")) == "garbage"
    assert applied(integrator.back_office()) == "unavailable"


def test_of_many_at_once_exactly_so_many_are_spoiled(integrator: Integrator) -> None:
    """Twenty in parallel, seven ordered: thirteen are served."""
    order(integrator, BACK_OFFICE, "overloaded", "--times", "7")
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda _: integrator.back_office().status_code, range(20)))
    assert sorted(answers) == [200] * 13 + [429] * 7
    assert standing(integrator) == []


def test_no_count_is_lost_between_the_command_line_and_the_server(tmp_path: Path) -> None:
    """Many that take and many that add, on one file, each by itself: the sum is right."""
    given = 40

    def add(_: int) -> None:
        StandingOrders(tmp_path).add(Standing("app", "garbage", 1))

    def take(_: int) -> bool:
        return StandingOrders(tmp_path).take(lambda one: one.client_id == "app") is not None

    with ThreadPoolExecutor(8) as people:
        adding = [people.submit(add, n) for n in range(given)]
        taking = [people.submit(take, n) for n in range(given)]
        taken = sum(task.result() for task in taking)
        assert all(task.result() is None for task in adding)
    assert len(StandingOrders(tmp_path).all()) == given - taken


def test_what_stands_survives_a_restart_and_ends_with_a_new_beginning(tmp_path: Path) -> None:
    with sandbox(tmp_path) as first, Integrator(first) as integrator:
        order(integrator, BACK_OFFICE, "unavailable", "--times", "3")
        assert integrator.back_office().status_code == 503
        first.server.process.kill()
        first.server.process.wait()
    with sandbox(tmp_path) as second, Integrator(second) as integrator:
        assert standing(integrator)[0]["left"] == 2
        assert [integrator.back_office().status_code for _ in range(3)] == [503, 503, 200]
        order(integrator, BACK_OFFICE, "unavailable")
        second.server.stop()
    with sandbox(tmp_path, "--fresh") as third, Integrator(third) as integrator:
        assert standing(integrator) == []
        assert integrator.back_office().status_code == 200


def test_whose_a_request_is_is_found_however_it_says_so(integrator: Integrator) -> None:
    """Basic, the body, and the access token of a call."""
    token = integrator.sign_in().json()["access_token"]
    order(integrator, MOBILE, "latency=1")
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": MOBILE}
    by_body = integrator.ask("POST", "/i/00016/oauth2/token", data=form)
    assert applied(by_body) == "latency"
    assert applied(integrator.renew("x")) == "latency"
    assert applied(integrator.userinfo(token)) == "latency"
    bearer = {"Authorization": f"Bearer {token}"}
    assert applied(integrator.ask("GET", "/v1/accounts", headers=bearer)) == "latency"
    assert applied(integrator.back_office()) == ""
    assert applied(integrator.ask("GET", "/health/live", headers=bearer)) == ""


def test_an_order_waits_for_a_request_that_it_fits(integrator: Integrator) -> None:
    """A theft happens at a renewal, not at the sign-in before it."""
    order(integrator, MOBILE, "rotation-replay", "--times", "1")
    tokens = integrator.sign_in()
    assert (tokens.status_code, applied(tokens)) == (200, "")
    stolen = integrator.renew(tokens.json()["refresh_token"])
    assert (stolen.status_code, applied(stolen)) == (400, "rotation-replay")


def test_an_api_call_is_refused_as_ordered_for_the_applications_token(integrator: Integrator) -> None:
    token = integrator.sign_in().json()["access_token"]
    order(integrator, MOBILE, "token-invalid", "--times", "1")
    assert applied(integrator.renew("x")) == ""
    answer = integrator.ask("GET", "/v1/accounts", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "ACC_00601")


def test_nonsense_in_the_place_of_credentials_is_nobodys(integrator: Integrator) -> None:
    """And is answered as ever."""
    order(integrator, MOBILE, "garbage")
    for value in ("Basic", "Basic !!", "Bearer", "Bearer a.b.c", "Bearer W10.W10.W10", "\x80", ""):
        headers = {"Authorization": value.encode("latin-1")}
        for path in ("/oauth2/v1/token", "/v1/accounts", "/i/00016/oauth2/userinfo"):
            method = "POST" if "token" in path else "GET"
            answer = integrator.ask(method, path, headers=headers, content=b"\xff=%zz")
            assert applied(answer) == ""
            assert answer.status_code < 500


def test_what_cannot_be_ordered_is_complained_about(integrator: Integrator, tmp_path: Path) -> None:
    data = integrator.sandbox.data
    assert "no such fault" in complaint("fault", "set", MOBILE, "rain", "--data", data)
    assert "from 0 to 60000" in complaint("fault", "set", MOBILE, "latency=90000", "--data", data)
    assert "nobody" in complaint("fault", "set", "nobody", "garbage", "--data", data)
    for arguments in (("set", MOBILE, "garbage"), ("list",), ("clear",)):
        said = complaint("fault", *arguments, "--data", tmp_path)
        assert "there is no sandbox here" in said
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_spoils_nothing_and_can_be_cleared(integrator: Integrator) -> None:
    file = integrator.sandbox.data / "faults.json"
    for damage in (b"", b"{", b'{"orders":[{"client_id":1}]}', b"\xff\xfe", b'{"orders":3}'):
        file.write_bytes(damage)
        assert integrator.back_office().status_code == 200
        assert "faults.json" in complaint("fault", "list", "--data", integrator.sandbox.data)
    succeeds("fault", "clear", "--data", integrator.sandbox.data)
    order(integrator, BACK_OFFICE, "unavailable", "--times", "1")
    assert integrator.back_office().status_code == 503


def test_who_waits_holds_up_nobody_and_not_the_end(tmp_path: Path) -> None:
    """Fifty wait for a minute each; another is served, and the server stops long before."""
    with sandbox(tmp_path) as running, Integrator(running) as integrator:
        threads = [threading.Thread(target=endured, args=(integrator,)) for _ in range(50)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        assert integrator.back_office().status_code == 200
        begun = time.monotonic()
        assert running.server.stop() == 0
        assert time.monotonic() - begun < 30
        for thread in threads:
            thread.join()


def endured(integrator: Integrator) -> None:
    try:
        integrator.ask("GET", "/health/live", "latency=60000")
    except httpx.TransportError:
        return
