"""Tokens that expire, are revoked or stolen, a clock that is off, a key that changes."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.cli.process import eventually
from tests.sandbox.faults.integrator import Integrator, applied, members
from tests.sandbox.faults.test_weather import code


def test_a_new_token_is_revoked_before_it_is_sent(integrator: Integrator) -> None:
    """Really: the service itself says so. The refresh token beside it is good."""
    answer = integrator.sign_in("revoked-token")
    assert (answer.status_code, applied(answer)) == (200, "revoked-token")
    tokens = answer.json()
    assert not integrator.is_active(tokens["access_token"])
    assert integrator.userinfo(tokens["access_token"]).status_code == 401
    renewed = integrator.renew(tokens["refresh_token"])
    assert integrator.is_active(renewed.json()["access_token"])


def test_a_new_token_lives_for_a_second(integrator: Integrator) -> None:
    """It verifies, says so, and is over."""
    answer = integrator.back_office("expired-token").json()
    claims = integrator.verified(answer["access_token"])
    assert claims["exp"] - claims["iat"] <= 2
    assert answer["expires_in"] == "1"
    assert eventually(lambda: not integrator.is_active(answer["access_token"]))


def test_a_new_token_lives_as_long_as_was_ordered(integrator: Integrator) -> None:
    """In each dialect, and its answer says so in the dialect's way."""
    v2 = integrator.back_office("expired-token=90")
    standard = integrator.standard("token", "expired-token=90", grant_type="client_credentials")
    v1 = integrator.legacy("expired-token=90", grant_type="client_credentials")
    assert v2.json()["expires_in"] == "90"
    assert standard.json()["expires_in"] == 90
    assert "<expires_in>90</expires_in>" in v1.text
    legacy = v1.text.partition("<access_token>")[2].partition("<")[0]
    for token in (v2.json()["access_token"], standard.json()["access_token"], legacy):
        claims = integrator.verified(token)
        assert 89 <= claims["exp"] - claims["iat"] <= 91
    assert integrator.is_active(v2.json()["access_token"])


@pytest.mark.parametrize("fault", ["expired-token", "revoked-token"])
def test_a_call_is_refused_as_with_a_token_that_is_over(integrator: Integrator, fault: str) -> None:
    """The same answer as to a real one, but for the mark; the token itself is not harmed."""
    dead = integrator.sign_in("revoked-token").json()["access_token"]
    live = integrator.sign_in().json()["access_token"]
    ordered, real = integrator.userinfo(live, fault), integrator.userinfo(dead)
    assert (ordered.status_code, ordered.content) == (real.status_code, real.content)
    assert ordered.headers["www-authenticate"] == real.headers["www-authenticate"]
    assert real.status_code == 401
    assert integrator.is_active(live)


def test_a_stolen_refresh_token_kills_its_family(integrator: Integrator) -> None:
    """The owner gets invalid token; so does whoever holds anything of that family."""
    first = integrator.sign_in().json()
    answer = integrator.renew(first["refresh_token"], "rotation-replay")
    assert (answer.status_code, answer.json()["code"]) == (400, "CMN_90016")
    assert applied(answer) == "rotation-replay"
    assert integrator.renew(first["refresh_token"]).json()["code"] == "CMN_90016"
    assert not integrator.is_active(first["access_token"])


def test_a_token_that_is_not_the_applications_is_no_theft(integrator: Integrator) -> None:
    """Another application's request leaves the family alone."""
    refresh_token = integrator.sign_in().json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    assert integrator.token("northstar-budget", "rotation-replay", **form).status_code == 400
    assert integrator.renew(refresh_token).status_code == 200


@pytest.mark.parametrize("seconds", [-7200, 7200])
def test_the_servers_clock_is_off(integrator: Integrator, seconds: int) -> None:
    """Date and the token's times agree with each other, and with nobody else."""
    raw = integrator.raw(f"clock-skew={seconds}")
    head = raw.partition(b"\r\n\r\n")[0].decode("latin-1")
    (date,) = [line[6:] for line in head.split("\r\n") if line.lower().startswith("date: ")]
    there = datetime.now(UTC) + timedelta(seconds=seconds)
    assert abs(parsedate_to_datetime(date) - there) < timedelta(seconds=60)
    claims = integrator.verified(members(raw)["access_token"])
    assert abs(claims["iat"] - there.timestamp()) < 60
    assert claims["exp"] - claims["iat"] == 1800
    assert members(raw)["expires_in"] in {"1799", "1800"}
    honest = integrator.verified(integrator.back_office().json()["access_token"])
    assert abs(honest["iat"] - datetime.now(UTC).timestamp()) < 60


def test_an_id_token_by_a_wrong_clock_still_belongs_to_its_access_token(integrator: Integrator) -> None:
    form = {"grant_type": "authorization_code", "code": code(integrator)}
    answer = integrator.token("northstar-budget", "clock-skew=600", **form).json()
    access, identity = (integrator.verified(answer[n]) for n in ("access_token", "id_token"))
    assert abs(access["iat"] - identity["iat"]) <= 1
    assert access["iat"] > datetime.now(UTC).timestamp() + 500
    assert identity["sub"] == access["sub"]


def test_by_a_wrong_clock_a_token_has_expired_or_is_not_yet_good(integrator: Integrator) -> None:
    token = integrator.sign_in().json()["access_token"]
    statuses = [integrator.userinfo(token, f"clock-skew={s}").status_code for s in (1900, -60, 5)]
    assert statuses == [401, 401, 403]


def test_the_key_changes_at_once_to_one_nobody_knows(integrator: Integrator) -> None:
    """A verifier with the old set meets an unknown kid; the new set has it, and the old keys still."""
    before = integrator.back_office().json()["access_token"]
    known = integrator.keys()
    after = integrator.back_office("key-rotation").json()["access_token"]
    kids = [integrator.kid(token) for token in (before, after)]
    assert kids[0] in known
    assert kids[1] not in known
    assert {*known, kids[1]} == integrator.keys()
    assert integrator.verified(before)
    assert integrator.verified(after)
    assert integrator.is_active(before)
    assert integrator.kid(integrator.back_office().json()["access_token"]) == kids[1]


def test_a_refresh_that_is_retried_over_a_change_of_keys_is_the_same(integrator: Integrator) -> None:
    refresh_token = integrator.sign_in().json()["refresh_token"]
    first = integrator.renew(refresh_token).json()
    second = integrator.renew(refresh_token, "key-rotation").json()
    names = ("access_token", "refresh_token")
    assert [first[n] for n in names] == [second[n] for n in names]


def test_however_often_keys_change_the_set_stays_small(integrator: Integrator) -> None:
    for _ in range(25):
        assert integrator.ask("GET", "/i/00042/oauth2/jwks", "key-rotation").status_code == 200
    assert len(integrator.ask("GET", "/i/00042/oauth2/jwks").json()["keys"]) <= 18
