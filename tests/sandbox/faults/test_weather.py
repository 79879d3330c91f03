"""Bad weather over a real connection to a real sandbox."""

import time

import httpx
import pytest

from tests.sandbox.faults.integrator import Integrator, applied


def test_after_a_lost_answer_to_a_renewal_the_retry_has_the_same_tokens(integrator: Integrator) -> None:
    """Byte for byte, twice; and the family lives on."""
    refresh_token = integrator.sign_in().json()["refresh_token"]
    with pytest.raises(httpx.RemoteProtocolError):
        integrator.renew(refresh_token, "lost-answer")
    retried, again = integrator.renew(refresh_token), integrator.renew(refresh_token)
    names = ("access_token", "refresh_token")
    assert [retried.json()[n] for n in names] == [again.json()[n] for n in names]
    assert retried.json()["refresh_token"] != refresh_token
    assert integrator.renew(retried.json()["refresh_token"]).status_code == 200


def test_a_lost_answer_is_lost_whole_after_the_request_was_handled(integrator: Integrator) -> None:
    """Not a byte comes. Of a renewal that was handled the next but one finds a replay."""
    assert integrator.raw("lost-answer") == b""
    first = integrator.sign_in().json()["refresh_token"]
    with pytest.raises(httpx.RemoteProtocolError):
        integrator.renew(first, "lost-answer")
    second = integrator.renew(first).json()["refresh_token"]
    assert integrator.renew(second).status_code == 200
    assert integrator.renew(first).json()["code"] == "CMN_90016"


def test_a_truncated_answer_ends_in_the_middle_of_its_body(integrator: Integrator) -> None:
    """The head says how long the body would have been."""
    head, _, body = integrator.raw("truncated-answer").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"moneyer-fault: truncated-answer" in head
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) == length // 2
    assert body.startswith(b'{"access_token":"')


@pytest.mark.parametrize("fault", ["latency=300", "slow-answer=300"])
def test_it_takes_its_time(integrator: Integrator, fault: str) -> None:
    """No less than ordered; and others are served meanwhile, by the one process there is."""
    begun = time.monotonic()
    answer = integrator.back_office(fault)
    assert time.monotonic() - begun >= 0.3
    assert (answer.status_code, applied(answer)) == (200, fault.partition("=")[0])


def test_a_duplicate_is_handled_twice(integrator: Integrator) -> None:
    """Of a renewal the second is a retry, with the same tokens; a code is refused the second time."""
    refresh_token = integrator.sign_in().json()["refresh_token"]
    answer = integrator.renew(refresh_token, "duplicate")
    assert answer.status_code == 200
    assert integrator.renew(refresh_token).json()["refresh_token"] == answer.json()["refresh_token"]
    spent = integrator.token(
        "northstar-budget", "duplicate", grant_type="authorization_code", code=code(integrator)
    )
    assert (spent.status_code, spent.json()["code"]) == (400, "CMN_90016")


def code(integrator: Integrator) -> str:
    """A code that the bank's sign-in page asks for."""
    page = integrator.token("meridian-sign-in", grant_type="client_credentials").json()
    ada = integrator.sandbox.customer("00016")
    answer = integrator.ask(
        "POST",
        "/v1/auth-code",
        headers={"Authorization": f"Bearer {page['access_token']}", "institutionId": "00016"},
        data={
            "client_id": "northstar-budget",
            "scopes": "accounts:read",
            "username": ada["login_id"],
            "institution_user_id": ada["institution_user_id"],
            "requested_scopes": "openid,offline_access",
        },
    )
    return str(answer.json()["code"])


@pytest.mark.parametrize(
    ("fault", "status", "wait"),
    [
        ("unavailable", 503, "1"),
        ("unavailable=7", 503, "7"),
        ("overloaded", 429, "1"),
        ("overloaded=9", 429, "9"),
        ("server-error", 500, None),
    ],
)
def test_the_service_is_away_in_the_words_of_each_dialect(
    integrator: Integrator, fault: str, status: int, wait: str | None
) -> None:
    v2 = integrator.back_office(fault)
    standard = integrator.standard("token", fault, grant_type="client_credentials")
    v1 = integrator.legacy(fault, grant_type="client_credentials")
    for answer in (v2, standard, v1):
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, wait)
        assert applied(answer) == fault.partition("=")[0]
    assert v2.json()["code"] == {503: "CMN_90002", 429: "CMN_90001", 500: "CMN_90000"}[status]
    assert set(standard.json()) == {"error", "error_description"}
    assert v1.headers["content-type"].startswith("application/xml")
    assert v1.text.startswith("<?xml")


def test_nothing_is_done_by_a_service_that_is_away(integrator: Integrator) -> None:
    """The token that was presented is still the family's present one: no retry, no replay."""
    first = integrator.sign_in().json()["refresh_token"]
    second = integrator.renew(first).json()["refresh_token"]
    for fault in ("unavailable", "overloaded", "server-error", "garbage", "redirect"):
        integrator.renew(second, fault)
    third = integrator.renew(second).json()["refresh_token"]
    assert integrator.renew(third).status_code == 200


def test_what_stands_between_answers_in_its_own_words(integrator: Integrator) -> None:
    """A proxy's page, a captive portal, and bytes that say they are JSON."""
    proxy, portal, garbage = map(integrator.back_office, ("wrong-content-type", "redirect", "garbage"))
    assert (proxy.status_code, proxy.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert (portal.status_code, portal.headers["location"]) == (
        302,
        "http://captive-portal.invalid/sign-in",
    )
    assert (garbage.status_code, garbage.headers["content-type"]) == (200, "application/json")
    assert b"\xff" in garbage.content
    named = [applied(answer) for answer in (proxy, portal, garbage)]
    assert named == ["wrong-content-type", "redirect", "garbage"]


def test_weather_comes_over_everything_that_is_served(integrator: Integrator) -> None:
    """Pages, key sets, health, the demo, paths that are nobody's."""
    for path in ("/i/00016/sign-in", "/i/00016/oauth2/jwks", "/health/live", "/demo", "/nowhere"):
        answer = integrator.ask("GET", path, "unavailable=3")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3"), path
    page = integrator.ask("GET", "/i/00016/sign-in", "unavailable")
    assert page.headers["content-type"].startswith("text/html")


def test_faults_come_together(integrator: Integrator) -> None:
    """Whatever their order in the header, the wait comes first."""
    begun = time.monotonic()
    answer = integrator.back_office("unavailable=4, latency=200")
    assert time.monotonic() - begun >= 0.2
    assert (answer.status_code, applied(answer)) == (503, "latency, unavailable")
    assert integrator.raw("lost-answer,server-error") == b""
